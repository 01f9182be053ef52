# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For the lab's unit tests: each check prints one TAP line; the program fails when one did.
checks=0
failures=0

# equal NAME EXPECTED GOT
equal() {
	checks=$((checks + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $checks - $1"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $checks - $1"
	printf '# expected: %s\n# got:      %s\n' "$2" "$3"
}

finish() {
	echo "1..$checks"
	exit $((failures > 0))
}

# shellcheck disable=SC2034 # for the tests
lab=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
