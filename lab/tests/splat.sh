#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What counts as a kernel splat, and what does not.
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=lab/lib/splat.sh
. "$lab/lib/splat.sh"

# verdict LINE: splat or clean
verdict() {
	printf '[    0.000000] Linux version\n%s\n' "$1" >"$work/log"
	if splat_find "$work/log" >/dev/null; then echo splat; else echo clean; fi
}

n=0
while read -r line; do
	n=$((n + 1))
	equal "splat-$n" splat "$(verdict "[   12.345678] $line")"
done <<'L'
WARNING: drivers/gpu/drm/nova/nova_gem.c:42 at nova_gem_free+0x10/0x20 [nova_drm], CPU#1: nova-demo/99
BUG: unable to handle page fault for address: ffffffffc0000000
BUG: KASAN: slab-use-after-free in nova_core_remove+0x1/0x2
Oops: Oops: 0000 [#1] SMP NOPTI
Kernel panic - not syncing: Fatal exception
Oops: general protection fault, probably for non-canonical address 0xdead000000000100
WARNING: possible circular locking dependency detected
UBSAN: shift-out-of-bounds in nova_pt.c:10:3
refcount_t: underflow; use-after-free.
list_del corruption. prev->next should be ffff888000000000
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kworker/0:1:12]
INFO: task nova-demo:123 blocked for more than 60 seconds.
DMA-API: nova_core 0000:01:00.0: device driver failed to check map error
DMA-API: nova_core 0000:01:00.0: device driver has pending DMA allocations while released from device [count=1]
DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr 0xfff00000 [fault reason 0x06] PTE Read access is not set
irq 24: nobody cared (try booting with the "irqpoll" option)
nova_core 0000:01:00.0: audit: dma buffer survived, allocated at nova_core_fw_boot+0x40
nova_core 0000:01:00.0: audit: 2 objects survived remove
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
kobject: kobject_add_internal failed for 32 with -EEXIST, don't try to register things with the same name
BUG nova_fence (Tainted: G O): Objects remaining in nova_fence on __kmem_cache_shutdown()
L

printf '[    %s\n' '1.0] [IGT] nova_vm: starting subtest first' '2.0] [IGT] nova_vm: starting subtest second' '3.0] WARNING: at x' \
	'3.1] Call Trace:' '4.0] [IGT] nova_vm: starting subtest third' >"$work/log"
equal splat-at '3:[    3.0] WARNING: at x' "$(splat_at "$work/log")"
equal splat-context '[    2.0] [IGT] nova_vm: starting subtest second' "$(splat_context "$work/log" | head -n 1)"
equal splat-context-end '[    4.0] [IGT] nova_vm: starting subtest third' "$(splat_context "$work/log" | tail -n 1)"

# race FRAME: what KCSAN says about a race, and what comes after.
race() {
	printf '[    %s\n' '1.0] ======' '1.0] BUG: KCSAN: data-race in set_nlink / set_nlink' '1.0] ' \
		'1.0] write to 0xffff888000844cd0 of 4 bytes by task 12 on cpu 0:' "1.0]  $1" '1.0] ======' '2.0] nova_core: fine'
}
race 'kernfs_refresh_inode+0x13d/0x150' >"$work/log"
equal race-kernel clean "$(if splat_find "$work/log" >/dev/null; then echo splat; else echo clean; fi)"
equal race-lines 7 "$(splat_mask "$work/log" | wc -l)"
race 'nova_drv_remove+0xba/0x1f0 [nova_drm]' >"$work/log"
equal race-ours '2:[    1.0] BUG: KCSAN: data-race in set_nlink / set_nlink' "$(splat_at "$work/log")"
{ race 'do_idle+0x68/0x120' && race 'nova_core_rpc_call+0x1/0x2 [nova_core]' && race 'do_idle+0x68/0x120'; } >"$work/log"
equal race-second '9:[    1.0] BUG: KCSAN: data-race in set_nlink / set_nlink' "$(splat_at "$work/log")"

# Megabytes may come after it.
{
	printf '[    1.0] WARNING: at x\n'
	yes '[    2.0] nova-drm: and more' | head -n 100000
} >"$work/log"
equal splat-early splat "$(set -o pipefail; if splat_find "$work/log" >/dev/null; then echo splat; else echo clean; fi)"

n=0
while read -r line; do
	n=$((n + 1))
	equal "clean-$n" clean "$(verdict "$line")"
done <<'L'
[    1.186539] mtrr: your CPUs had inconsistent variable MTRR settings
[    1.000000] DMA-API: preallocated 65536 debug entries
[    1.000000] DMA-API: debugging enabled by kernel config
[    1.000000] DMAR: Host address width 39
[    5.000000] nova_core: loading out-of-tree module taints kernel.
[    5.000000] nova_core 0000:01:00.0: audit: clean
[    5.000000] kobject: kobject_add_internal failed for 32 (error: -12 parent: irq)
[    6.000000] [IGT] nova_hotunplug: starting subtest unbind-rebind
WARNING: a line that a program printed
L

leaks='[    7.000000] kmemleak: 44 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
known="[    8.000000] nova-leaks: all known to be the kernel's own"
equal known-leaks clean "$(verdict "$leaks"$'\n'"$known")"
equal splat-beside-known-leaks splat "$(verdict "$leaks"$'\n'"$known"$'\nWARNING: x\n[    9.000000] Oops: 0000')"

verdict_taint() {
	printf '[    0.000000] Linux version\n%s\n' "${2-}" >"$work/log"
	if taint_bad "$1" "$work/log"; then echo bad; else echo good; fi
}
equal taint-none good "$(verdict_taint 0)"
equal taint-modules good "$(verdict_taint 12288)"
equal taint-warning bad "$(verdict_taint $((12288 + 512)))"
equal taint-oops bad "$(verdict_taint $((12288 + 128)))"
equal taint-lockup bad "$(verdict_taint 16384)"
equal taint-sw-sync good "$(verdict_taint $((12288 + 16384)) '[    1.0] [IGT] sw_sync: executing')"
equal taint-sw-sync-and-warning bad "$(verdict_taint $((512 + 16384)) '[    1.0] [IGT] sw_sync: executing')"
finish
