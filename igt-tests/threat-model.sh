#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does the threat model name tests that exist, and all that are about it?
# usage: threat-model.sh BUILD-DIRECTORY (where the tests are) [DOCUMENT]. TAP.
set -u

build=$1
document=${2-$(dirname "$(readlink -f "$0")")/../Documentation/threat-model.rst}
security='nova_access nova_isolation nova_limits nova_overflow nova_reach nova_security'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -o '``nova_[a-z_]*@[a-z0-9-]*``' "$document" | tr -d '`' | sort -u >"$work/named"
# The names of all tests that the document mentions or has to.
{
	sed 's/@.*//' "$work/named"
	printf '%s\n' $security
} | sort -u | while read -r program; do
	"$build/$program" --list-subtests | sed "s/^/$program@/"
done | sort -u >"$work/exist"
for program in $security; do
	grep "^$program@" "$work/exist"
done | sort -u >"$work/security"
# A row of a table has three cells, the last of which names a test.
awk '/^   \* - Threat$/ { next } /^   \* - / { if (row && !test) print row; row = $0; test = 0 }
	/^     - ``nova_/ { test = 1 } /^[A-Z]/ { if (row && !test) print row; row = "" }' "$document" >"$work/untested"

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

[ -s "$work/named" ] && [ -s "$work/security" ] || echo "nothing to compare" >"$work/nothing"
touch "$work/nothing"
comm -23 "$work/named" "$work/exist" >"$work/unknown"
comm -13 "$work/named" "$work/security" >"$work/missing"
empty "there is something to compare" "$work/nothing"
empty "each test that is named exists" "$work/unknown"
empty "each security test is named" "$work/missing"
empty "each threat has a test" "$work/untested"
echo "1..$number"
exit $failed
