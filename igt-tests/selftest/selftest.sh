#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Can the harness fail? Runs tests whose results are known through run.sh and compares what it says.
# usage: selftest.sh BUILD-DIRECTORY (where igt_selftest and igt-results are). TAP.
set -u

here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0

# check NAME EXPECTED-CODE EXPECTED-OUTPUT-LINE... -- RUN-OPTIONS...: every line must be there
check() {
	local name=$1 code=$2 got lines=() line verdict=ok
	shift 2
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	# Level -1: the host's own kernel messages are not what is tested.
	"$here/../run.sh" --tests "$build" --out "$work/$name" --dmesg-level -1 "$@" >"$work/$name.log" 2>"$work/$name.err"
	got=$?
	[ $got = "$code" ] || verdict='not ok'
	for line in ${lines[@]+"${lines[@]}"}; do
		grep -qxF -- "$line" "$work/$name.log" "$work/$name.err" || {
			echo "# missing: $line"
			verdict='not ok'
		}
	done
	number=$((number + 1))
	echo "$verdict $number - $name"
	if [ "$verdict" != ok ]; then
		failed=1
		echo "# exit code $got, expected $code"
		sed 's/^/# /' "$work/$name.log" "$work/$name.err"
	fi
}

check all-results 1 \
	'PASS igt_selftest@pass' \
	'PASS igt_selftest@pass-safe-read' \
	'PASS igt_selftest@pass-bus-error' \
	'FAIL igt_selftest@fail fd == 8; values: 7 and 8' \
	'SKIP igt_selftest@skip this one always skips' \
	'FAIL igt_selftest@crash crash' \
	'FAIL igt_selftest@hang Timed out: something that never ends' \
	'igt: 3 passed, 4 failed, 1 skipped' -- igt_selftest
check one-process 1 \
	'PASS igt_selftest@pass-bus-error' \
	'FAIL igt_selftest@fail fd == 8; values: 7 and 8' \
	'SKIP igt_selftest@skip this one always skips' \
	'FAIL igt_selftest@crash crash' \
	'igt: 3 passed, 3 failed, 1 skipped' -- --batch 'igt_selftest@pass*' 'igt_selftest@fail*' igt_selftest@skip igt_selftest@crash
check passes 0 'igt: 3 passed, 0 failed, 0 skipped' -- 'igt_selftest@pass*'
check pass-and-skip 0 'igt: 1 passed, 0 failed, 1 skipped' -- igt_selftest@pass igt_selftest@skip
check one-failure 1 'igt: 1 passed, 1 failed, 0 skipped' -- igt_selftest@pass igt_selftest@fail
check only-skips 1 'igt: 0 passed, 0 failed, 1 skipped' -- igt_selftest@skip
check no-subtests 0 'PASS igt_selftest_simple' 'igt: 1 passed, 0 failed, 0 skipped' -- igt_selftest_simple
IGT_SELFTEST_FAILS=1 check no-subtests-fails 1 'igt: 1 passed, 1 failed, 0 skipped' -- igt_selftest_simple igt_selftest@pass
check unknown-test 2 "run.sh: there is no test nova_unknown in $build or /usr/libexec/igt-gpu-tools" -- nova_unknown
check unknown-subtest 2 'run.sh: no subtest igt_selftest@nonesuch' -- igt_selftest@nonesuch
echo '# nothing' >"$work/empty"
check subtest-of-none 2 'run.sh: no subtest igt_selftest_simple@any' -- 'igt_selftest_simple@any'
check empty-list 2 "run.sh: no test in $work/empty" -- --list "$work/empty"

# Results that never arrived, and a kernel log that tells what the test did not see.
number=$((number + 1))
printf '%s\n' '{"tests": {' \
	'"igt@a@splat": {"result": "pass", "dmesg": "<4>[ 1.0] x\n<4>[ 1.1] WARNING: lib/x.c:1 at y\n", "out": "", "err": ""},' \
	'"igt@a@warn": {"result": "dmesg-warn", "dmesg": "", "out": "", "err": ""},' \
	'"igt@a@told": {"result": "dmesg-warn", "dmesg-warnings": "<4>[ 1.0] clocksource: slow\n<4>[ 1.1] nova: odd\n"},' \
	'"igt@a@noise": {"result": "dmesg-warn", "dmesg-warnings": "<4>[ 1.0] clocksource: slow\n"},' \
	'"igt@a@lines": {"result": "warn", "dmesg": "", "out": "", "err": "Starting subtest: lines\n(a:1) INFO: x\nSubtest lines: SUCCESS\n"},' \
	'"igt@a@warned": {"result": "warn", "dmesg": "", "out": "", "err": "Starting subtest: warned\n(a:1) WARNING: odd\nSubtest warned: SUCCESS\n"},' \
	'"igt@a@good": {"result": "pass", "dmesg": "<6>[ 1.0] [IGT] a: executing\n", "out": "", "err": ""}}}' >"$work/r.json"
printf 'igt@a@%s\n' splat warn told noise lines warned good lost >"$work/r.list"
"$build/igt-results" "$work/r.json" "$work/r.list" "$work/r.tsv" >"$work/r.out"
code=$?
cat >"$work/r.expected" <<'END'
FAIL a@splat <4>[ 1.1] WARNING: lib/x.c:1 at y
FAIL a@warn dmesg-warn
FAIL a@told <4>[ 1.1] nova: odd
PASS a@noise
PASS a@lines
FAIL a@warned odd
PASS a@good
FAIL a@lost did not run
igt: 3 passed, 5 failed, 0 skipped
END
if [ $code = 1 ] && diff "$work/r.expected" "$work/r.out" >"$work/r.diff" &&
	[ "$(cut -f1 "$work/r.tsv" | tr '\n' ' ')" = 'FAIL FAIL FAIL PASS PASS FAIL PASS FAIL ' ]; then
	echo "ok $number - reader"
else
	failed=1
	echo "not ok $number - reader"
	sed 's/^/# /' "$work/r.diff"
fi
echo "1..$number"
exit $failed
