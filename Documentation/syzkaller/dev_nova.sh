#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: dev_nova.sh check|const
#
# check: is all of nova_drm.h in dev_nova.txt, with the right sizes, and do calls pass on what others made? TAP.
# const: writes dev_nova.txt.const, as syz-extract would for a kernel with this header. CC is the compiler.
set -u

here=$(dirname "$(readlink -f "$0")")
header=$here/../../include/uapi/drm/nova_drm.h
text=$here/dev_nova.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Constants that the descriptions use, but for those that syzkaller knows for each architecture.
grep -v '^#' "$text" | grep -oE '\b(DRM_IOCTL_)?(DRM_)?NOVA_[A-Z0-9_]+\b|\bCLOCK_[A-Z_]+\b|\bAT_FDCWD\b|\bO_RDWR\b' |
	grep -v '^NOVA_[A-Z_]*$' >"$work/used"
grep -v '^#' "$text" | grep -oE '\bNOVA_GETPARAM_[A-Z0-9_]+\b' >>"$work/used"
sort -u -o "$work/used" "$work/used"
grep -oE '^struct drm_nova_[a-z_]+' "$header" | cut -d' ' -f2 | sort -u >"$work/structs"
grep -oE '^#define DRM_IOCTL_NOVA_[A-Z_]+' "$header" | cut -d' ' -f2 | sort -u >"$work/ioctls"

# values: NAME VALUE of all of these, as the compiler has them; it fails on one that does not exist
values() {
	{
		echo '#define _GNU_SOURCE'
		echo '#include <fcntl.h>'
		echo '#include <stdio.h>'
		echo '#include <time.h>'
		echo '#include "nova_drm.h"'
		echo 'int main(void)'
		echo '{'
		sed 's/.*/\tprintf("& %llu\\n", (unsigned long long)(long long)&);/' "$work/used" "$work/ioctls"
		sed 's/.*/\tprintf("& %zu\\n", sizeof(struct &));/' "$work/structs"
		echo '	return 0;'
		echo '}'
	} >"$work/values.c"
	# shellcheck disable=SC2046,SC2086 # words
	${CC:-cc} $(pkg-config --cflags libdrm 2>/dev/null) -I"$(dirname "$header")" -o "$work/values" "$work/values.c" &&
		"$work/values" | sort -u
}

make_const() {
	echo '# SPDX-License-Identifier: MIT'
	echo '# Made by dev_nova.sh const.'
	echo 'arches = amd64, arm64'
	{
		awk 'NR == FNR { used[$1]; next } $1 in used { print $1 " = " $2 }' "$work/used" "$work/all"
		echo '__NR_ioctl = 29, amd64:16'
		echo '__NR_mmap = 222, amd64:9'
		echo '__NR_openat = 56, amd64:257'
	} | LC_ALL=C sort
}

number=0
failed=0
# empty NAME FILE: what is in the file is wrong
empty() {
	number=$((number + 1))
	if [ -s "$2" ]; then
		failed=1
		echo "not ok $number - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $number - $1"
	fi
}

# described: NAME SIZE of each structure of the header in the descriptions, the sum of its fields; and its attribute,
# if that differs. Of other structures, which stand for one of these, only the latter.
described() {
	awk '
		function basic(type) {
			if (type ~ /^int64|, int64\]$|^ptr64\[|^vma64/) return 8
			if (type ~ /^int32|, int32\]$/) return 4
			if (type in resource) return resource[type]
			if (type ~ /^drm_nova_array\[/) return 16
			if (match(type, /^array\[[a-z_]+, [0-9]+\]$/)) {
				split(substr(type, 7, length(type) - 7), part, ", ")
				return size[part[1]] * part[2]
			}
			return size[type]
		}
		/^resource / {
			bytes = $2 ~ /\[int64\]/ ? 8 : 4
			sub(/\[.*/, "", $2)
			resource[$2] = bytes
		}
		/^#/ { next }
		/^(type )?(drm_)?nova_[a-z_]*.* \{$/ {
			name = $1 == "type" ? $2 : $1
			sub(/\[.*/, "", name)
			sum = 0
			next
		}
		name && /^\}/ {
			match($0, /size\[[0-9]+\]/)
			attribute = substr($0, RSTART + 5, RLENGTH - 6)
			size[name] = sum
			if (name ~ /^drm_/ || attribute != sum)
				print name, sum, (attribute == sum ? "" : "attribute " attribute)
			name = ""
		}
		name {
			type = $0
			sub(/^\t[a-z_]+\t+/, "", type)
			sub(/\t\((in|out|inout)\)$/, "", type)
			n = basic(type)
			if (!n)
				print name, "unknown type", type
			sum += n
		}
		BEGIN { resource["drm_syncobj"] = 4 }
	' "$1"
}

# idle: resources that no call makes, or that none takes; and results for mmap() that are no resource, so that no
# program would ever pass them on
idle() {
	awk '
		/^#/ { next }
		/^resource / { sub(/\[.*/, "", $2); resource[$2]; next }
		# A call: what it returns, and its arguments.
		/^[a-z_]+\$?[A-Za-z_]*\(/ {
			if (match($0, /\) [a-z_]+$/))
				made[substr($0, RSTART + 2)]
			gsub(/[(),]/, " , ")
			for (i = 2; i < NF; i++)
				if ($(i + 1) == ",")
					taken[$i]
			next
		}
		# A field.
		/^\t[a-z_]+\t/ {
			if ($2 ~ /^fileoff/)
				print $1, "is no resource"
			if ($0 ~ /\((out|inout)\)$/)
				made[$2]
			if ($0 !~ /\(out\)$/)
				taken[$2]
		}
		END {
			for (name in resource) {
				if (!(name in made))
					print name, "is made by nobody"
				if (!(name in taken))
					print name, "is taken by nobody"
				n++
			}
			if (!n)
				print "no resources"
		}
	' "$1" | sort
}

check() {
	touch "$work/nothing"
	[ -s "$work/structs" ] && [ -s "$work/ioctls" ] || echo 'nothing to compare' >"$work/nothing"
	empty 'there is something to compare' "$work/nothing"
	while read -r name; do
		short=${name#DRM_IOCTL_}
		argument=$(echo "$short" | tr 'A-Z' 'a-z')
		grep -q "^ioctl\\\$$short(fd fd_nova, cmd const\[$name\], arg ptr\[[a-z]*, drm_$argument\])\$" "$text" ||
			echo "$name"
	done <"$work/ioctls" >"$work/missing"
	empty 'each ioctl is described' "$work/missing"
	described "$text" | sed 's/ *$//' | sort >"$work/described"
	grep -F -f "$work/structs" -w "$work/all" | grep '^drm_' | sort | comm -3 - "$work/described" >"$work/sizes"
	empty 'each structure is described, with its size' "$work/sizes"
	idle "$text" >"$work/idle"
	empty 'each resource is made by a call and taken by one' "$work/idle"
	make_const | diff - "$text.const" >"$work/const" 2>&1
	empty 'the constants are the header'"'"'s (dev_nova.sh const)' "$work/const"
	# An element added to the header is one that nobody tries: flags and values of each kind.
	grep -oE '^#define (DRM_)?NOVA_[A-Z0-9_]+[[:space:]]' "$header" | awk '{ print $2 }' |
		grep -vE '^DRM_NOVA_((QUEUE|VM)_STATE_|ENGINE_|FEATURE_|USERQ_|GEM_INFO_IMPORTED)' | sort -u >"$work/defined"
	sed 's/^DRM_IOCTL_/DRM_/' "$work/used" "$work/ioctls" | sort -u | comm -23 "$work/defined" - >"$work/unused"
	empty 'each constant that is an input is described' "$work/unused"
	echo "1..$number"
	exit $failed
}

values >"$work/all" || exit 1
case ${1-} in
check) check ;;
const) make_const >"$text.const" ;;
*)
	sed -n '3,/^set /{s/^# \{0,1\}//;/^set /d;p}' "$0" >&2
	exit 2
	;;
esac
