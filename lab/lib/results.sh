# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Result lines, and suites that end early.

# result VERDICT NAME [WHY] >>FILE
result() {
	printf '%s\t%s\t%s\n' "$1" "$2" "${3-}"
}

# ended SUITE CODE FILE: what passed until a suite died is no success: one that fails names what failed.
ended() {
	[ "$2" -eq 0 ] || grep -qs '^FAIL' "$3" || result FAIL "$1" "it did not run to its end (exit code $2)" >>"$3"
}
