#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Finding the Debian archive in an apt configuration, in both of its formats.
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lab/lib/mirror.sh
. "$lab/lib/mirror.sh"

# archives: the URIs found in $work/apt, on one line
archives() {
	apt_archives "$work/apt" | paste -sd' '
}

fresh() {
	rm -rf "$work/apt"
	mkdir -p "$work/apt/sources.list.d"
}

fresh
equal nothing '' "$(archives)"

fresh
cat >"$work/apt/sources.list" <<'L'
# deb http://commented.example/debian trixie main
deb-src http://source.example/debian trixie main
deb http://main.example/debian trixie main contrib
deb [arch=amd64 signed-by=/k.gpg] http://options.example/debian trixie non-free main
deb http://main.example/debian-security trixie-security main
deb http://other.example/debian stable/updates main
deb http://vendor.example/apt stable vendor
L
equal one-line 'http://main.example/debian http://options.example/debian' "$(archives)"

fresh
cat >"$work/apt/sources.list.d/debian.sources" <<'L'
Types: deb
# a comment inside
URIs: http://main.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://main.example/debian-security
Suites: bookworm-security
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

types: deb deb-src
uris: http://one.example/debian
 http://two.example/debian
suites: trixie
components: contrib main
L
equal deb822 'http://main.example/debian http://one.example/debian http://two.example/debian' "$(archives)"

fresh
cat >"$work/apt/sources.list.d/debian.sources" <<'L'
Types: deb
URIs: http://last.example/debian
Suites: trixie
Components: main
L
echo 'deb http://first.example/debian trixie main' >"$work/apt/sources.list.d/a.list"
equal both-formats 'http://first.example/debian http://last.example/debian' "$(archives)"

printf '# mirrors\n\nhttp://listed.example/debian\nhttp://second.example/debian\n' >"$work/list"
equal mirror-file http://listed.example/debian "$(resolve_mirror "mirror+file:$work/list")"
equal plain-url https://x.example/debian "$(resolve_mirror https://x.example/debian)"
equal cdrom '' "$(resolve_mirror 'cdrom:[Debian]')"
finish
