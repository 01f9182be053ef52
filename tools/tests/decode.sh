#!/bin/sh
# SPDX-License-Identifier: MIT
# decode.sh NOVA-DECODE: the command line, push buffers, and what is wrong with a file.
set -eu

decode=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# expect CODE PATTERN ARGS...: of standard output and error together
expect() {
	code=$1 pattern=$2
	shift 2
	got=0
	"$decode" "$@" >"$dir/out" 2>&1 </dev/null || got=$?
	if [ "$got" != "$code" ] || ! grep -q -e "$pattern" "$dir/out"; then
		echo "nova-decode $*: $got, not $code, or no '$pattern' in:"
		cat "$dir/out"
		exit 1
	fi
}

expect 0 'usage: nova-decode' --help
expect 2 'usage: nova-decode' --nonsense
expect 2 'usage: nova-decode' a b
expect 2 'usage: nova-decode' --va=0 "$dir/none"
expect 2 'usage: nova-decode' --push --va=x "$dir/none"
expect 2 'usage: nova-decode' --push --va=-1 "$dir/none"
expect 1 'No such file' "$dir/none"
expect 1 'too short for a header'
# SEM_ADDR_LO and SEM_ADDR_HI, in the byte order of all machines this is tested on
printf '\027\000\002\040\000\020\000\000\001\000\000\000' >"$dir/push"
expect 0 '0000010004  00001000  0 c46f SEM_ADDR_LO = 0x1000' --push --va=0x10000 "$dir/push"
printf '\000' >>"$dir/push"
expect 1 'no whole push buffer' --push "$dir/push"
printf '\000\000\000\100' >"$dir/push"
expect 1 'BAD: a reserved operation' --push "$dir/push"
expect 1 'no dump of a nova device' /bin/sh
"$decode" --help >/dev/full 2>/dev/null && exit 1
echo ok
