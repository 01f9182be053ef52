#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs IGT tests of the driver, in the VM as root with the modules loaded.
#
# usage: run.sh [--iommu] [--faults] [--batch] [--list FILE] [--tests DIR] [--out DIR] [--dmesg-level N] [TEST[@SUBTEST]...]
#
#   TEST@SUBTEST       run these (shell wildcards) and not the whole list; TEST: all subtests, or the test if it has none
#   --list FILE        the list, one TEST[@SUBTEST] per line (default: test-list.txt beside this script)
#   --iommu            the list for a guest with an IOMMU and two devices; unmapped DMA is checked
#   --faults           and the list for a kernel that can inject faults (test-list-faults.txt; after --iommu
#                      test-list-iommu-faults.txt)
#   --tests DIR        where our tests are (default: out/build/igt-tests)
#   --out DIR          where results go (default: $NOVA_RUN, else a new directory in /tmp)
#   --batch            all subtests of a test in one process, which takes half the time
#   --dmesg-level N    kernel messages of this level and below fail a test (default 4, warnings)
#
# Prints "PASS|FAIL|SKIP test[@subtest] [why]" for each and "igt: N passed, N failed, N skipped" at the end.
# OUT/igt.tsv has the same as a table, OUT/igt/ all that igt_runner kept. Exit code 0: none failed and one passed at
# least; 1: not so; 2: nothing was run.
set -u -o pipefail

here=$(dirname "$(readlink -f "$0")")
lists=("$here/test-list.txt")
tests=$here/../out/build/igt-tests
out=${NOVA_RUN-}
level=4
upstream=/usr/libexec/igt-gpu-tools
timeouts=(--per-test-timeout 300 --inactivity-timeout 240)
batch=()
patterns=()

die() {
	echo "run.sh: $*" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--iommu)
		lists[0]=$here/test-list-iommu.txt
		export NOVA_IOMMU=1
		;;
	--faults) lists[1]=${lists[0]%.txt}-faults.txt ;;
	--batch)
		batch=(--multiple-mode)
		timeouts=(--inactivity-timeout 300)
		;;
	--list | --tests | --out | --dmesg-level)
		[ $# -ge 2 ] || die "$1 needs a value"
		case $1 in
		--list) lists[0]=$2 ;;
		--tests) tests=$2 ;;
		--out) out=$2 ;;
		--dmesg-level) level=$2 ;;
		esac
		shift
		;;
	-h | --help)
		sed -n '3,/^set /{s/^# \{0,1\}//;/^set /d;p}' "$0"
		exit 0
		;;
	-*) die "unknown option $1" ;;
	*) patterns+=("$1") ;;
	esac
	shift
done

[ -x "$tests/igt-results" ] || die "no tests in $tests: build them first (lab/lab build)"
command -v igt_runner >/dev/null || die "igt_runner is not installed"
[ -n "$out" ] || out=$(mktemp -d /tmp/nova-igt.XXXXXX)
mkdir -p "$out" || die "cannot write to $out"
if [ ${#patterns[@]} -eq 0 ]; then
	mapfile -t patterns < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "${lists[@]}")
	[ ${#patterns[@]} -gt 0 ] || die "no test in ${lists[*]}"
fi

# The runner takes one directory of tests: ours and the installed ones, side by side.
root=$(mktemp -d /tmp/nova-igt-tests.XXXXXX)
trap 'rm -rf "$root"' EXIT

# link TEST: makes it known to the runner
link() {
	local directory
	[ ! -e "$root/$1" ] || return 0
	for directory in "$tests" "$upstream"; do
		[ -x "$directory/$1" ] || continue
		ln -s "$(readlink -f "$directory/$1")" "$root/$1"
		return 0
	done
	die "there is no test $1 in $tests or $upstream"
}

# expand TEST@PATTERN: the runner's names of what matches
expand() {
	local test=${1%%@*} pattern='*' subtests subtest found=0 code=0
	subtests=$("$root/$test" --list-subtests) || code=$?
	# IGT_EXIT_INVALID: it has none, and is one itself.
	if [ "$test" = "$1" ] && [ $code = 79 ]; then
		echo "igt@$test"
		return
	fi
	[ "$test" = "$1" ] || pattern=${1#*@}
	while read -r subtest; do
		# shellcheck disable=SC2254 # a pattern it is
		case $subtest in $pattern) ;; *) continue ;; esac
		echo "igt@$test@$subtest"
		found=1
	done <<<"$subtests"
	[ $found = 1 ] || die "no subtest $1"
}

for pattern in "${patterns[@]}"; do
	link "${pattern%%@*}"
done
for pattern in "${patterns[@]}"; do
	expand "$pattern" || exit 2
done | awk '!seen[$0]++' >"$out/igt.list" || exit 2
{
	echo TESTLIST
	ls "$root"
	echo END TESTLIST
} >"$root/list" && mv "$root/list" "$root/test-list.txt"

# Without its control port an emulated GPU cannot be asked what it saw: nothing would be checked after an unbind.
if grep -q 'igt@nova_\(hotunplug\|remove\|fault\)@' "$out/igt.list" &&
	grep -qs 0x6e76 /sys/bus/pci/devices/*/device && [ ! -e /dev/virtio-ports/nova-ctl.0 ]; then
	die "no control port /dev/virtio-ports/nova-ctl.0"
fi

# The first look at it mounts it, and the kernel warns that this is an old habit: not in somebody's test.
ls /sys/kernel/debug/tracing >/dev/null 2>&1

# Each GPU is asked what it saw, between the tests.
watch=$(readlink -f "$tests")/nova-watch
findings=$out/watch.tsv
rm -f "$findings" "$findings.state"
"$watch" "$findings" || exit 2

# Its exit code says nothing of the tests; what it prints is progress. It reads and writes its results many times over:
# here first, where OUT may be the host's. Without its socket: what comes through that it cuts in the wrong places when a
# process has run several subtests.
IGT_RUNNER_DISABLE_SOCKET_COMMUNICATION=1 IGT_FORCE_DRIVER=nova-drm igt_runner --name nova --overwrite --sync --dmesg-warn-level "$level" \
	"${timeouts[@]}" ${batch[@]+"${batch[@]}"} --abort-on-monitored-error=taint,lockdep \
	--hook "pre-test,post-test,post-subtest,post-dyn-subtest:'$watch' '$findings'" \
	--test-list "$out/igt.list" "$root" "$root/results" 2>&1 |
	tee "$out/igt-runner.log" | sed -un 's/^\[[0-9. ]*\] *\(\[[0-9]*\/\)/\1/p' >&2
rm -rf "$out/igt"
cp -r "$root/results" "$out/igt"

IGT_HOOK_EVENT=end "$watch" "$findings"

if [ ! -s "$out/igt/results.json" ]; then
	tail -n 3 "$out/igt-runner.log" >&2
	printf 'FAIL igt the runner left no results\nigt: 0 passed, 1 failed, 0 skipped\n'
	exit 1
fi
"$tests/igt-results" "$out/igt/results.json" "$out/igt.list" "$out/igt.tsv" "$findings"
