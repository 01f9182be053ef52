# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Reading a kernel log for what a healthy run does not print.

readonly splat_leaks_known='nova-leaks: all known to be the kernel.s own'

splat_patterns() {
	cat <<'P'
BUG[: ]
WARNING:
Oops:
Kernel panic
general protection fault
unable to handle
KASAN:
KCSAN:
KFENCE:
UBSAN:
ODEBUG:
kmemleak: [0-9]+ new suspected
refcount_t:
list_(add|del)
possible .* detected
inconsistent lock state
suspicious RCU usage
bad unlock balance
sleeping function called from invalid context
scheduling while atomic
rcu.*(detected stalls|self-detected stall|detected expedited stalls)
(soft|hard) lockup
task .* blocked for more than
DMA-API: .*(device driver|exceeded|error)
DMAR: .*[Ff]ault
nobody cared
sysfs: cannot create duplicate
kobject_add_internal failed .* -EEXIST
trying to free already-free
[Oo]bjects? remaining
double free
Trying to vfree
Call Trace:
nova_core.*audit: .*survived
P
}

# splat_mask LOG: prints the log without the reports of KCSAN that are about the kernel alone, no line of which is in a
# module of ours; empty lines take their place. The kernel is full of races that it lives with.
splat_mask() {
	LC_ALL=C awk '
		function flush(  i) {
			for (i = 1; i <= held; i++)
				print ours ? lines[i] : ""
			held = 0
		}
		/BUG: KCSAN: / { flush(); ours = 0; reporting = 1 }
		!reporting { print; next }
		{ lines[++held] = $0 }
		/\[nova_(core|drm)\]/ { ours = 1 }
		/======/ { flush(); reporting = 0 }
		END { flush() }' "$1"
}

# splat_at LOG: prints "NUMBER:LINE" of the log's first line that is a splat; fails when there is none. Only lines with
# the kernel's time stamp count: what programs print is theirs. What kmemleak suspects is none when nova-leaks has said
# in the log that it knows all of it.
splat_at() {
	local none='^$' at
	! grep -aq "$splat_leaks_known" "$1" || none='kmemleak: [0-9]* new suspected'
	# Each reads to the end: one that stops at the first line would have the others die of SIGPIPE.
	at=$(splat_mask "$1" | grep -anE '^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\]' | grep -av "$none" | grep -aE -f <(splat_patterns) | sed -n 1p)
	[ -n "$at" ] && printf '%s\n' "$at"
}

# splat_find LOG: prints the line alone.
splat_find() {
	local at
	at=$(splat_at "$1") && printf '%s\n' "${at#*:}"
}

# splat_context LOG: prints the test that ran and the splat.
splat_context() {
	local at
	at=$(splat_at "$1") || return
	at=${at%%:*}
	sed -n "1,${at}p" "$1" | sed -n '/\[IGT\] .* starting subtest\|# Subtest:/h; ${x; /./p}'
	sed -n "$at,$((at + 39))p" "$1"
}

# taint_bad VALUE LOG: is the kernel tainted by more than being a test subject? Out-of-tree (4096) and unsigned (8192)
# modules and a test module (262144) are what the lab loads. The kernel's sw_sync, opened by its test, taints as a soft
# lockup (16384) does, which for its part is in the log.
taint_bad() {
	local good=$((4096 | 8192 | 262144))
	! grep -aq '\[IGT\] sw_sync: executing' "$2" || good=$((good | 16384))
	[ $(($1 & ~good)) -ne 0 ]
}
