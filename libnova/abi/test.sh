#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh ABI.SH: the comparison refuses what breaks programs, and nothing else.
set -eu

abi=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
[ "$(getconf LONG_BIT)" = 64 ] || exit 77

cat >"$dir/probe" <<'E'
#!/bin/sh
cat "${0%/*}/now"
E
chmod +x "$dir/probe"
cat >"$dir/released" <<'E'
# a comment stays
define NOVA_A 0x1
field s.a 0 8
function nova_f int nova_f(void);
struct s 8
E

# try VERB EXPECTED [growing]: with what is in now and list
try() {
	local code=0
	cp "$dir/released" "$dir/list"
	"$abi" "$1" "$dir/probe" "$dir/list" ${3+"$3"} >"$dir/said" 2>&1 || code=$?
	if [ "$code" != "$2" ]; then
		echo "line ${BASH_LINENO[0]}: $1 returned $code, not $2"
		cat "$dir/said"
		exit 1
	fi
}

unchanged() {
	cmp "$dir/released" "$dir/list"
}

same() {
	sed '/^#/d' "$dir/released" >"$dir/now"
}

same
try check 0
try add 0
unchanged

# Gone, another value, another place, another type.
for change in '/NOVA_A/d' 's/NOVA_A 0x1/NOVA_A 0x2/' 's/s.a 0/s.a 4/' 's/int nova_f/void nova_f/' 's/struct s 8/struct s 4/'; do
	same
	sed -i "$change" "$dir/now"
	try check 1
	try add 1
	unchanged
	try check 1 growing
	try add 1 growing
	unchanged
done

# New: to be listed, and then it is.
same
echo 'define NOVA_B 0x2' >>"$dir/now"
try check 1
grep -q 'not in the list: define NOVA_B' "$dir/said"
try add 0
grep -q 'define NOVA_B 0x2' "$dir/list"
grep -q '^# a comment stays' "$dir/list"

# Larger at its end: the kernel's structures may be.
same
sed -i 's/struct s 8/struct s 16/' "$dir/now"
echo 'field s.b 8 8' >>"$dir/now"
try check 1
try add 1
unchanged
try check 1 growing
try add 0 growing
grep -q 'struct s 16' "$dir/list"

# A probe that says nothing is no proof.
: >"$dir/now"
try check 1
echo ok
