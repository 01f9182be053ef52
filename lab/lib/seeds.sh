# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Command lines of what goes through seeds: SEEDS [FIRST] [RUN-OPTIONS] [-- TEST-OPTIONS]. The help of the
# script that reads this is its own first comment.

# shellcheck source=lab/lib/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

# seeds_parse ARGUMENT...: sets seeds, first, run_options and test_options; ends the script on --help and on what is wrong.
# shellcheck disable=SC2034 # they are the caller's
seeds_parse() {
	case ${1-} in
	-h | --help)
		sed -n '3,/^set /{s/^# \{0,1\}//;/^set /d;p}' "$0"
		exit 0
		;;
	esac
	if ! is_number "${1-}" || [ "$1" -eq 0 ]; then
		echo "usage: ${0##*/} SEEDS [FIRST] [RUN-OPTIONS] [-- TEST-OPTIONS]" >&2
		exit 2
	fi
	seeds=$1 first=1
	shift
	if is_number "${1-}"; then
		first=$1
		shift
	fi
	run_options=() test_options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		run_options+=("$1")
		shift
	done
	[ $# -eq 0 ] || test_options=("${@:2}")
}
