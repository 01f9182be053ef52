#!/bin/bash
# SPDX-License-Identifier: MIT
#
# usage: vm.sh: what `lab run` promises, seen in real boots. Prints result lines.
set -eu

lab=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# boot NAME OPTIONS... -- CMD...: one run without a GPU; its exit code and output go to $work/NAME.*
boot() {
	local name=$1
	shift
	boot_gpu "$name" --devices 0 "$@"
}

# The same with one.
boot_gpu() {
	local name=$1 code=0
	shift
	"$lab/lab" run "$@" >"$work/$name.out" 2>"$work/$name.err" || code=$?
	echo $code >"$work/$name.code"
}

# expect TEST NAME CODE [FILE TEXT]: the run's exit code, and a line in its output
expect() {
	local why=''
	[ "$(cat "$work/$2.code")" = "$3" ] || why="exit code $(cat "$work/$2.code"), not $3"
	[ $# -lt 5 ] || grep -q -e "$5" "$work/$2.$4" || why="$why no line '$5' in its $4"
	if [ -n "$why" ]; then
		printf 'FAIL\tlab/%s\t%s\n' "$1" "$why"
		sed 's/^/# /' "$work/$2.err" >&2
	else
		printf 'PASS\tlab/%s\t\n' "$1"
	fi
}

# Side by side: two VMs share the root, the repository and nothing else.
boot first -- sh -c 'echo to-stdout; echo to-stderr >&2; echo again >/dev/stdout; exit 37' &
boot second --iommu -- sh -c 'test -d /sys/class/iommu/dmar0 && touch /usr/first-layer && cat /proc/cmdline'
wait
expect exit-code first 37
expect stdout first 37 out '^to-stdout$'
expect stdout-reopened first 37 out '^again$'
expect stderr first 37 err '^to-stderr$'
expect iommu second 0 out 'iommu.strict=1'

boot splat -- sh -c 'echo "WARNING: made by the lab test" >/dev/kmsg' &
boot died -- busybox poweroff -f
wait
expect splat splat 70 err 'kernel splat: .*made by the lab test'
expect guest-died died 125 err "without the command's exit code"

boot hang --timeout 25 -- sleep 1000 &
boot root-is-clean -- sh -c 'cat /proc/sys/kernel/warn_limit && test ! -e /usr/first-layer'
wait
expect timeout hang 124 err 'no end after 25 s'
expect root-stays-clean root-is-clean 0
expect reports-are-limited root-is-clean 0 out '^10$'

# Nobody waits for a kernel that has died.
boot panic -- sh -c 'echo c >/proc/sysrq-trigger; sleep 1000' &

# A register written after the driver has gone, as somebody who has its address can.
# shellcheck disable=SC2016 # for the guest
boot_gpu violation -- sh -c '
	watch=/nova/out/build/igt-tests/nova-watch
	$watch /tmp/findings
	gpu=$(echo /sys/bus/pci/drivers/nova_core/0*)
	read -r bar0 _ <"$gpu/resource"
	echo "${gpu##*/}" >"$gpu/driver/unbind"
	IGT_HOOK_EVENT=post-subtest IGT_HOOK_TEST_FULLNAME=igt@innocent $watch /tmp/findings
	busybox devmem $((bar0 + 0x140)) 32 1
	IGT_HOOK_EVENT=post-subtest IGT_HOOK_TEST_FULLNAME=igt@guilty $watch /tmp/findings
	cat /tmp/findings'
wait
expect panic panic 70 err 'kernel splat: .*Kernel panic'
expect violation violation 71 err 'emulator 0 counted 2 violations: .*after shutdown'
expect violation-attributed violation 71 out '^igt@guilty.GPU 0: violations: 2$'
