#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Counting: Meson's log to result lines, result lines to the sum, and what must not pass as success.
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lab/lib/results.sh
. "$lab/lib/results.sh"
# shellcheck source=lab/lib/kernel.sh
. "$lab/lib/kernel.sh"
# shellcheck source=lab/lib/vm.sh
. "$lab/lib/vm.sh"

# results JSON-LINE: the result lines, on one line
results() {
	printf '%s\n' "$1" >"$work/testlog.json"
	awk -f "$lab/lib/meson-results.awk" "$work/testlog.json" | tr '\t' ' ' | sed 's/ *$//' | paste -sd,
}

equal cmocka 'PASS gmmu/walk_4k,PASS gmmu/walk_64k' "$(results \
	'{"name": "nova:emulator / gmmu", "stdout": "[==========] gmmu: Running 2 test(s).\n[ RUN      ] walk_4k\n[       OK ] walk_4k\n[ RUN      ] walk_64k\n[       OK ] walk_64k\n[  PASSED  ] 2 test(s).\n", "result": "OK"}')"
equal cmocka-failure 'FAIL gmmu/walk_4k,PASS gmmu/walk_64k' "$(results \
	'{"name": "gmmu", "stdout": "[  FAILED  ] walk_4k\n[       OK ] walk_64k\n[  FAILED  ] gmmu: 1 test(s), listed below:\n[  FAILED  ] walk_4k\n", "result": "FAIL"}')"
equal cmocka-stderr 'FAIL gmmu/walk_4k' "$(results \
	'{"name": "gmmu", "stdout": "[ RUN      ] walk_4k\n", "stderr": "[  FAILED  ] walk_4k\n", "result": "FAIL"}')"
equal tap 'PASS x/a,FAIL x/b,SKIP x/c' "$(results \
	'{"name": "x", "stdout": "ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP\n1..3\n", "result": "FAIL"}')"
equal sanitizer 'PASS x/a,FAIL x fail' "$(results \
	'{"name": "x", "stdout": "[       OK ] a\n", "stderr": "ERROR: AddressSanitizer\n", "result": "FAIL"}')"
equal plain 'PASS x' "$(results '{"name": "x", "stdout": "said \"result\": \"FAIL\"", "result": "OK"}')"
equal timeout 'FAIL x timeout' "$(results '{"name": "x", "result": "TIMEOUT"}')"
equal skip 'SKIP x' "$(results '{"name": "x", "result": "SKIP"}')"

# tally FILES: the last line and the exit code
tally() {
	local code=0 last
	last=$("$lab/tally" "$@" | tail -n 1; exit "${PIPESTATUS[0]}") || code=$?
	printf '%s (%s)' "$last" $code
}

printf 'PASS\ta\t\nPASS\tb\t\nSKIP\tc\twhy\n' >"$work/good.tsv"
printf 'PASS\ta\t\nFAIL\tb\twhy\n' >"$work/bad.tsv"
printf 'SKIP\ta\twhy\n' >"$work/skip.tsv"
printf 'what\n' >"$work/garbage.tsv"
: >"$work/empty.tsv"
equal tally-good '2 passed, 0 failed, 1 skipped (0)' "$(tally "$work/good.tsv")"
equal tally-bad '3 passed, 1 failed, 1 skipped (1)' "$(tally "$work/good.tsv" "$work/bad.tsv")"
equal tally-only-skips '0 passed, 0 failed, 1 skipped (1)' "$(tally "$work/skip.tsv")"
equal tally-empty '2 passed, 1 failed, 1 skipped (1)' "$(tally "$work/good.tsv" "$work/empty.tsv")"
equal tally-missing '2 passed, 1 failed, 1 skipped (1)' "$(tally "$work/good.tsv" "$work/missing.tsv")"
equal tally-garbage '2 passed, 1 failed, 1 skipped (1)' "$(tally "$work/good.tsv" "$work/garbage.tsv")"

# suite CODE LINES: the sum over a suite that printed LINES and returned CODE
suite() {
	printf '%b' "$2" >"$work/suite.tsv"
	ended suite "$1" "$work/suite.tsv"
	tally "$work/suite.tsv"
}

equal ended-well '1 passed, 0 failed, 0 skipped (0)' "$(suite 0 'PASS\ta\t\n')"
equal ended-failed '1 passed, 1 failed, 0 skipped (1)' "$(suite 1 'PASS\ta\t\nFAIL\tb\t\n')"
equal ended-early '1 passed, 1 failed, 0 skipped (1)' "$(suite 137 'PASS\ta\t\n')"
equal ended-without-a-line '0 passed, 1 failed, 0 skipped (1)' "$(suite 2 '')"
equal ended-without-a-test '0 passed, 1 failed, 0 skipped (1)' "$(suite 0 '')"

cat >"$work/modules.dep" <<'L'
kernel/fs/netfs/netfs.ko.xz:
kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs/netfs.ko.xz
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz
kernel/drivers/gpu/gpu-sched.ko:
L
equal module-order 'kernel/fs/netfs/netfs.ko.xz kernel/net/9p/9pnet.ko.xz kernel/net/9p/9pnet_virtio.ko.xz kernel/drivers/gpu/gpu-sched.ko' \
	"$(module_order "$work/modules.dep" virtio_pci 9pnet_virtio 9pnet gpu_sched | paste -sd' ')"
# shellcheck disable=SC2034 # violations() reads it
run_dir=$work
echo '{"counters":{"faults":7},"dma":{"ranges":3},"violations":{"total":12,"dma_unmapped":12},"recent":["total 9"]}' >"$work/stats.0.json"
echo '{"counters": {"faults": 7}, "violations": {"dma_unmapped": 0, "total": 0}, "recent": []}' >"$work/stats.1.json"
equal violations 12 "$(violations 0)"
equal no-violations 0 "$(violations 1)"
equal no-answer '' "$(violations 2)"
finish
