# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Which Debian mirror to use: the one this machine's apt already uses.

# apt_archives DIR: the URIs of DIR's (as /etc/apt) enabled binary archives, one per line, best guess
# first. Security, updates and backports are other suites or other archives.
apt_archives() {
	local file
	for file in "$1"/sources.list "$1"/sources.list.d/*.list; do
		[ -f "$file" ] && one_line_archives "$file"
	done
	for file in "$1"/sources.list.d/*.sources; do
		[ -f "$file" ] && deb822_archives "$file"
	done
	return 0
}

one_line_archives() {
	sed -nE 's/#.*//; s/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]*)?//p' "$1" |
		awk '$2 !~ /[-\/](security|updates|backports)/ && / main( |$)/ { print $1 }'
}

deb822_archives() {
	awk '
		function flush(    i, n, uris, suites) {
			n = split(field["uris"], uris, " ")
			suites = " " field["suites"] " "
			if ((" " field["types"] " ") ~ / deb / && field["enabled"] !~ /no|false/ &&
			    (" " field["components"] " ") ~ / main / && suites !~ /-security /)
				for (i = 1; i <= n; i++)
					print uris[i]
			delete field
		}
		/^#/ { next }
		/^[[:space:]]*$/ { flush(); next }
		/^[[:space:]]/ { field[name] = field[name] " " $0; next }
		{
			name = tolower($0); sub(/:.*/, "", name)
			value = $0; sub(/^[^:]*:/, "", value)
			gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
			field[name] = value
		}
		END { flush() }
	' "$1"
}

# Cloud images name a file that lists mirrors; the root needs the mirror itself.
resolve_mirror() {
	case $1 in
	mirror+file:*) awk '!/^#/ && NF { print $1; exit }' "${1#mirror+file:}" 2>/dev/null ;;
	http://* | https://* | file:/*) printf '%s\n' "$1" ;;
	esac
}

# Does the URL hold a Debian archive with our suite? Asked through apt: its proxies, its certificates.
mirror_answers() {
	local release=$out/tmp/InRelease.$$ found=1
	mkdir -p "$out/tmp"
	if /usr/lib/apt/apt-helper -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
		download-file "$1/dists/$root_suite/InRelease" "$release" >/dev/null 2>&1 &&
		grep -q '^Origin: Debian$' "$release"; then
		found=0
	fi
	rm -f "$release"
	return $found
}

# Prints the mirror, or says in one line what is missing.
find_mirror() {
	local uri mirror tried=
	if [ -n "${NOVA_MIRROR-}" ]; then
		mirror_answers "${NOVA_MIRROR%/}" ||
			die "NOVA_MIRROR=$NOVA_MIRROR does not answer as a Debian archive with $root_suite: check the URL and the network"
		printf '%s\n' "${NOVA_MIRROR%/}"
		return
	fi
	for uri in $(apt_archives /etc/apt); do
		mirror=$(resolve_mirror "$uri")
		mirror=${mirror%/}
		case " $tried " in *" $mirror "*) continue ;; esac
		[ -n "$mirror" ] || continue
		if mirror_answers "$mirror"; then
			printf '%s\n' "$mirror"
			return
		fi
		tried="$tried $mirror"
	done
	[ -n "$tried" ] ||
		die "the apt configuration names no Debian archive: set NOVA_MIRROR to the URL of a Debian mirror"
	die "no Debian archive with $root_suite answers (asked:$tried): check the network, or set NOVA_MIRROR"
}
