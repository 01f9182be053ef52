#!/bin/bash
# SPDX-License-Identifier: MIT
#
# abi.sh check|add PROBE LIST [growing]: compares what the headers say now with the list of what they said before.
#
#   check    fails when something in the list is gone or different, or when something is not in the list
#   add      puts what is new into the list, and refuses what check would refuse for another reason
#   growing  structures may become larger at their end (the kernel's may, the library's are its callers')
#
# Who has to change something all the same, because it was never released, deletes its lines first.
set -eu -o pipefail
export LC_ALL=C

verb=$1
probe=$2
list=$3
growing=${4-}

# Both lists are long for 64 bits; pointers are not of that size everywhere.
if [ "$(getconf LONG_BIT)" != 64 ]; then
	echo "the list is that of 64-bit machines"
	exit 77
fi
now=$(mktemp)
trap 'rm -f "$now"' EXIT
"$probe" | sort >"$now"
[ -s "$now" ]

code=0
awk -v verb="$verb" -v growing="$growing" '
	/^#/ { next }
	{ key = $1 " " $2; value = substr($0, length(key) + 2) }
	NR == FNR { old[key] = value; next }
	{
		seen[key] = 1
		if (!(key in old)) {
			added++
			if (verb == "check")
				print "not in the list: " $0
		} else if (old[key] != value) {
			if ($1 == "struct" && growing != "" && value + 0 > old[key] + 0) {
				added++
				if (verb == "check")
					print "has grown from " old[key] ": " $0
			} else {
				wrong++
				print "was " old[key] ": " $0
			}
		}
	}
	END {
		for (key in old) {
			if (!(key in seen)) {
				wrong++
				print "is gone: " key " " old[key]
			}
		}
		if (wrong)
			print "programs that are built would break"
		else if (added && verb == "check")
			print "ninja abi-add puts it into the list"
		exit wrong ? 1 : added ? 2 : 0
	}' "$list" "$now" || code=$?

case $verb:$code in
*:0) ;;
add:2)
	{
		sed -n '/^#/p' "$list"
		cat "$now"
	} >"$list.new"
	mv "$list.new" "$list"
	;;
*) exit 1 ;;
esac
echo "$(wc -l <"$now") facts"
