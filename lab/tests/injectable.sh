#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Can every init step of both probes be made to fail? A step is a function of ours that a probe, or
# another step, calls for a result that says whether it worked: it has its ALLOW_ERROR_INJECTION, from
# where igt-tests/nova_inject takes it. A static one is never inlined, or the injection would miss the copy, and its
# caller must not know which errors it returns: GCC turns another one into one of those.
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
top=${lab%/*}

# What a probe calls and is no step of it, and why.
not_steps() {
	cat <<'L'
nova_core_from_aux	cannot fail
nova_core_dma_dev	the same
nova_core_state	reports what failed elsewhere
nova_core_rpc_call	every request to the firmware; the emulator makes it fail
nova_core_time_ns	reading the clock; the emulator makes it fail
nova_core_alarm_arm	fails with the clock only
nova_core_fw_reset_function	only for a device that was left running; nova_chaos has one that fails it
nova_core_dma_alloc	an allocation: nova_failnth_driver makes it fail
L
}

# missing DIRECTORY: one line per step, below DIRECTORY, that cannot be made to fail
missing() {
	find "$1" -name tests -prune -o -name '*.c' -print | sort | xargs cat |
		awk -v exceptions="$(not_steps)" '
		BEGIN {
			n = split(exceptions, line, "\n")
			for (i = 1; i <= n; i++) {
				sub(/\t.*/, "", line[i])
				excepted[line[i]] = 1
			}
		}
		# Static, but for the unit tests.
		{ sub(/^VISIBLE_IF_KUNIT /, "static ") }
		# A definition begins in the first column, may have its type on a line of its own, and has its body
		# between braces there.
		/^[a-z_ *]+$/ { type_line = $0 " "; next }
		/^[a-z].*[a-z0-9_]+\(/ && !/;$/ {
			name = type_line $0
			sub(/\(.*/, "", name)
			result = name
			sub(/^.*[ *]/, "", name)
			sub(/[a-z0-9_]+$/, "", result)
		}
		{ type_line = "" }
		/^{/ { inside = 1; type[name] = result }
		/^}/ { inside = 0 }
		inside { body[name] = body[name] "\n" $0 }
		/^ALLOW_ERROR_INJECTION\(/ {
			step = $0
			gsub(/^[^(]*\(|,.*/, "", step)
			marked[step] = 1
		}
		function visit(name,    rest, called) {
			if (seen[name]++)
				return
			rest = body[name]
			while (match(rest, /([a-z] = |return |if \(!?)nova_[a-z0-9_]+\(/)) {
				called = substr(rest, RSTART, RLENGTH - 1)
				rest = substr(rest, RSTART + RLENGTH)
				sub(/^.*[ (!]/, "", called)
				if (type[called] !~ /(int|\*) *$/ || type[called] ~ /unsigned/)
					continue
				if (called in excepted) {
					met[called] = 1
					continue
				}
				if (!(called in marked))
					print called ": no ALLOW_ERROR_INJECTION, called by " name "()"
				else if (type[called] ~ /static/ && type[called] !~ /noinline __noipa/)
					print called ": static and not noinline __noipa"
				visit(called)
			}
		}
		END {
			visit("nova_core_probe")
			visit("nova_drv_probe")
			for (name in seen)
				reached++
			if (reached < 20)
				print "only " reached " functions found: this test does not understand the sources"
			for (name in marked)
				if (!(name in seen))
					print name ": ALLOW_ERROR_INJECTION, but no probe calls it"
			for (name in excepted)
				if (!(name in met))
					print name ": excepted, but no probe calls it"
		}' | sort -u
}

equal sources '' "$(missing "$top/drivers/gpu")"

cp -r "$top/drivers/gpu" "$work/gpu"
# broken NAME FILE SED-SCRIPT EXPECTED: the sources with one fault
broken() {
	cp "$top/drivers/gpu/$2" "$work/gpu/$2"
	sed -i "$3" "$work/gpu/$2"
	equal "$1" "$4" "$(missing "$work/gpu")"
	cp "$top/drivers/gpu/$2" "$work/gpu/$2"
}
broken no-mark nova-core/nova_core_mmu.c '/^ALLOW_ERROR_INJECTION/d' \
	'nova_core_mmu_init: no ALLOW_ERROR_INJECTION, called by nova_core_device_start()'
broken no-mark-deep drm/nova/nova_vram.c '/^ALLOW_ERROR_INJECTION/d' \
	'nova_vram_init: no ALLOW_ERROR_INJECTION, called by nova_ttm_init()'
broken no-mark-pointer drm/nova/nova_bound.c '/^ALLOW_ERROR_INJECTION(nova_bound_create/d' \
	'nova_bound_create: no ALLOW_ERROR_INJECTION, called by nova_drv_probe()'
broken inlined nova-core/nova_core_timer.c 's/noinline __noipa int nova_core_timer_test/int nova_core_timer_test/' \
	'nova_core_timer_test: static and not noinline __noipa'
broken new-step nova-core/nova_core_irq.c \
	's/^	nova_core_irq_quiet(core);$/	ret = nova_core_irq_new(core);/; s/^\/\* Arms the tree/static int nova_core_irq_new(struct nova_core *core)\n{\n	return 0;\n}\n\n&/' \
	'nova_core_irq_new: no ALLOW_ERROR_INJECTION, called by nova_core_irq_init()'
finish
