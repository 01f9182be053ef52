#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does Documentation/lifetimes.rst name tests and functions that exist, and all tests of its requirements?
# usage: lifetimes.sh BUILD-DIRECTORY (where the tests are) [DOCUMENT]. TAP.
set -u

build=$1
top=$(dirname "$(dirname "$(readlink -f "$0")")")
document=${2-$top/Documentation/lifetimes.rst}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tests PROGRAM...: their subtests, by their full names
tests() {
	local program
	for program; do
		"$build/$program" --list-subtests | sed "s/^/$program@/"
	done
}

grep -o '``nova_[a-z_]*@[a-z0-9*-]*``' "$document" | tr -d '`' | sort -u >"$work/named"
# shellcheck disable=SC2046 # words are wanted
tests $(cut -d@ -f1 "$work/named" | sort -u) >"$work/exist"
tests nova_hotunplug nova_remove >"$work/required"

# Names may have a wildcard at their end.
while read -r test; do
	grep -q "^${test%\*}" "$work/exist" && { [ "$test" != "${test%\*}" ] || grep -qx "$test" "$work/exist"; } || echo "$test"
done <"$work/named" >"$work/unknown"
while read -r test; do
	found=
	while read -r named; do
		# shellcheck disable=SC2254 # a pattern it is
		case $test in $named) found=1 ;; esac
	done <"$work/named"
	[ -n "$found" ] || echo "$test"
done <"$work/required" >"$work/missing"

# A row's number is that of its tests, and there are twenty rows.
awk '
	/^   \* - H[0-9]+$/ { number = substr($3, 2); rows++ }
	/@h[0-9][0-9]-/ {
		line = $0
		while (match(line, /@h[0-9][0-9]-/)) {
			if (substr(line, RSTART + 2, 2) + 0 != number)
				print "H" number " has the test of another: " $0
			tests[number]++
			line = substr(line, RSTART + RLENGTH)
		}
	}
	END {
		for (i = 1; i <= 20; i++)
			if (!tests[i])
				print "H" i " has no test"
		if (rows != 20)
			print rows " rows"
	}
' "$document" >"$work/rows"

grep -o '``[a-z_0-9]*()``' "$document" | tr -d '`()' | sort -u >"$work/functions"
while read -r function; do
	grep -rq "\<$function(" "$top/drivers" "$top/include" || echo "$function()"
done <"$work/functions" >"$work/no-function"

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

: >"$work/nothing"
[ -s "$work/named" ] && [ -s "$work/exist" ] && [ -s "$work/functions" ] || echo "nothing to compare" >"$work/nothing"
empty "there is something to compare" "$work/nothing"
empty "each test that is named exists" "$work/unknown"
empty "each test of a requirement is named" "$work/missing"
empty "each requirement has its tests" "$work/rows"
empty "each function that is named exists" "$work/no-function"
echo "1..$number"
exit $failed
