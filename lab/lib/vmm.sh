# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What only the VMM's side can do to a GPU, done when the guest asks for it: one command per line through the port
# nova.vmm, one line back, "ok" or "error: why". A command that has nothing left to do is ok.
#
#   unplug N  hot-unplug; answered when the guest has let go of the GPU
#   plug N    hot-plug
#   kill N    end the emulator's process at once, whatever it does
#   start N   start it again, for a GPU that is unplugged
#
# Port and monitor are pipes to QEMU: x.in is what QEMU reads, x.out what it writes.

readonly vmm_patience_s=120

# vmm_pipes: before QEMU starts.
vmm_pipes() {
	mkfifo "$root/run/nova/vmm.in" "$root/run/nova/vmm.out" "$root/run/nova/qmp.in" "$root/run/nova/qmp.out"
}

# vmm_arguments: QEMU's ends, into the array vm_args.
vmm_arguments() {
	vm_args+=(-chardev pipe,id=vmm,path=/run/nova/vmm -device virtserialport,chardev=vmm,name=nova.vmm
		-chardev pipe,id=vmm-qmp,path=/run/nova/qmp -mon chardev=vmm-qmp,mode=control)
}

# vmm_serve: for the background, until the run ends.
vmm_serve() {
	local verb index answer plugged=() i
	exec {vmm_from}<>"$root/run/nova/vmm.out" {vmm_to}<>"$root/run/nova/vmm.in"
	exec {qmp_from}<>"$root/run/nova/qmp.out" {qmp_to}<>"$root/run/nova/qmp.in"
	for ((i = 0; i < vm_devices; i++)); do
		plugged[i]=1
	done
	printf '{"execute":"qmp_capabilities"}\n' >&"$qmp_to"
	while read -r verb index <&"$vmm_from"; do
		answer=ok
		if ! is_number "$index" || [ "$index" -ge "$vm_devices" ]; then
			answer="error: there is no GPU '$index'"
		else
			case $verb in
			unplug | plug | kill | start) "vmm_$verb" "$index" ;;
			*) answer="error: there is no command '$verb'" ;;
			esac
		fi
		printf '%s %s: %s\n' "$verb" "$index" "$answer"
		printf '%s\n' "$answer" >&"$vmm_to"
	done
}

# vmm_qmp COMMAND PATTERN: one command, and the wait for a line that says it is done; otherwise sets answer.
vmm_qmp() {
	local line
	printf '%s\n' "$1" >&"$qmp_to"
	while read -r -t "$vmm_patience_s" line <&"$qmp_from"; do
		printf '%s\n' "$line"
		# shellcheck disable=SC2254 # a pattern it is
		case $line in
		'{"error"'*)
			answer="error: $(sed -nE 's/.*"desc": "([^"]*)".*/\1/p' <<<"$line")"
			return 1
			;;
		$2) return 0 ;;
		esac
	done
	answer='error: no end of it'
	return 1
}

vmm_unplug() {
	[ -n "${plugged[$1]}" ] || return 0
	vmm_qmp "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"nova$1\"}}" "*\"DEVICE_DELETED\"*\"nova$1\"*" || return 0
	plugged[$1]=
}

vmm_plug() {
	[ -z "${plugged[$1]}" ] || return 0
	# The answer to a command; events have no such member.
	vmm_qmp "{\"execute\":\"device_add\",\"arguments\":$(vm_device "$1")}" '{"return"*' || return 0
	plugged[$1]=1
}

# Between two register accesses: QEMU aborts when its peer dies in the middle of one. DMA and jobs are cut wherever
# they are.
vmm_kill() {
	local pid
	pid=$(emulator_pid "$1")
	vmm_qmp '{"execute":"stop"}' '{"return"*' || return 0
	kill -KILL "$pid" 2>/dev/null || true
	tail --pid="$pid" -s 0.01 -f /dev/null
	vmm_qmp '{"execute":"cont"}' '{"return"*' || return 0
}

vmm_start() {
	! kill -0 "$(emulator_pid "$1")" 2>/dev/null || return 0
	if [ -n "${plugged[$1]}" ]; then
		answer="error: GPU $1 is plugged in: QEMU does not connect a second time"
		return
	fi
	rm -f "$root/run/nova/emu.$1" "$root/run/nova/ctl.$1"
	emulator_start "$1"
	emulator_wait "$1" || answer="error: nova-emu did not start"
}
