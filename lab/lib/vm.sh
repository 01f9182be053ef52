# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The VM: one emulator process per GPU, QEMU, and the verdict on what happened.

readonly max_devices=4
readonly emulator=/nova/out/build/emulator/nova-emu

vm_options_help() {
	cat <<'U'
  --kernel K          stock: the root's own (default); kasan, kcsan: a debug kernel; or a kernel build directory
                      below the repository
  --devices N         emulated GPUs, 0 to 4 (default 1)
  --vram SIZE         video memory of each (default: the emulator's)
  --emulator-log L    what the emulators log: error, warn, info, debug (default warn)
  --iommu             a virtual IOMMU in between, strict: each GPU reaches only what is mapped for it
  --virtio-gpu        a virtio-gpu as well, for what compares with it
  --smp N             processors (default 2)
  --mem SIZE          memory (default 2G)
  --append ARGS       more for the kernel's command line
  --udev              run udev in the guest
  --no-load           do not load the driver first
U
}

help_run() {
	cat <<'U'
usage: lab/lab run [OPTIONS] [--] CMD...

Boots the VM, runs CMD in it as root with the repository at /nova, and returns CMD's exit code.
A relative CMD is looked for in out/build, then in the repository: igt-tests/nova_vm is out/build/igt-tests/nova_vm.
CMD's output comes here; the kernel's log, the emulators' logs and statistics stay in out/runs/ID (out/runs/last).

U
	vm_options_help
	cat <<'U'
  --timeout S         give up after S seconds (default 600)
  --verbose           show the guest's console, too

Exit codes of its own, each with a line saying why:
  70   the kernel's log has a splat, or the kernel is tainted; an oops or the tenth warning ends
       the run at once
  71   an emulator counted violations: the driver touched what it must not
  124  the time was up
  125  the VM or an emulator did not run, or died
U
}

help_shell() {
	cat <<'U'
usage: lab/lab shell [OPTIONS]

Boots the VM with a shell on this terminal. Leave it with `exit`; the VM goes with it.

U
	vm_options_help
}

cmd_run() {
	vm_shell=0
	vm_main run "$@"
}

cmd_shell() {
	vm_shell=1
	vm_main shell "$@"
}

vm_main() {
	local all=("$@")
	vm_parse "$@"
	[ $vm_shell = 1 ] || vm_command[0]=$(vm_program "${vm_command[0]}")
	if ! inside; then
		[ $vm_shell = 0 ] || [ -t 0 ] || usage_error "shell: this needs a terminal; use lab/lab run -- CMD"
		need_root
		NOVA_RUN_ID=$(date +%Y%m%d-%H%M%S)-$$
		export NOVA_RUN_ID
		enter "${all[@]}"
	fi
	lock "root-$root_name" shared
	run_id=$NOVA_RUN_ID
	run_dir=$out/runs/$run_id
	vm_start
	vm_wait
	vm_verdict
}

is_size() {
	is_number "${1%[MGmg]}"
}

vm_parse() {
	local verb=$1
	shift
	vm_kernel=stock vm_devices=1 vm_vram= vm_emulator_log=warn vm_iommu= vm_virtio_gpu= vm_smp=2 vm_mem=2G vm_append= vm_udev=0 vm_load=1
	vm_timeout=600 vm_verbose= vm_command=()
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) "help_$verb" && exit 0 ;;
		--kernel) vm_kernel=$(option_value "$@") && shift ;;
		--devices) vm_devices=$(option_value "$@") && shift ;;
		--vram) vm_vram=$(option_value "$@") && shift ;;
		--emulator-log) vm_emulator_log=$(option_value "$@") && shift ;;
		--iommu) vm_iommu=1 ;;
		--virtio-gpu) vm_virtio_gpu=1 ;;
		--smp) vm_smp=$(option_value "$@") && shift ;;
		--mem) vm_mem=$(option_value "$@") && shift ;;
		--append) vm_append=$(option_value "$@") && shift ;;
		--udev) vm_udev=1 ;;
		--no-load) vm_load=0 ;;
		--timeout) vm_timeout=$(option_value "$@") && shift ;;
		--verbose) vm_verbose=1 ;;
		--) shift && break ;;
		-*) usage_error "$verb: unknown argument '$1'" ;;
		*) break ;;
		esac
		shift
	done
	vm_command=("$@")
	vm_check "$verb"
}

vm_check() {
	is_number "$vm_devices" && [ "$vm_devices" -le $max_devices ] || usage_error "--devices takes 0 to $max_devices"
	is_number "$vm_smp" && [ "$vm_smp" -ge 1 ] || usage_error "--smp takes a number of processors"
	is_number "$vm_timeout" && [ "$vm_timeout" -ge 1 ] || usage_error "--timeout takes seconds"
	is_size "$vm_mem" || usage_error "--mem takes a size as 2G or 512M"
	[ -z "$vm_vram" ] || is_size "$vm_vram" || usage_error "--vram takes a size as 256M"
	[ "$vm_devices" -gt 0 ] || vm_load=0
	if [ "$1" = run ]; then
		[ ${#vm_command[@]} -gt 0 ] || usage_error "run: no command given"
	else
		[ ${#vm_command[@]} -eq 0 ] || usage_error "shell: takes no command; use lab/lab run"
	fi
}

# What the guest is told, as files in the run's directory.
vm_settings() {
	local size=''
	[ $vm_shell = 0 ] || size=$(stty size 2>/dev/null) || size=
	cat >"$run_dir/settings" <<S
NOVA_DEVICES=$vm_devices
NOVA_LOAD=$vm_load
NOVA_UDEV=$vm_udev
NOVA_IOMMU=${vm_iommu:-0}
NOVA_SHELL=$vm_shell
NOVA_MODULES=$k_modules
NOVA_TERM=${TERM:-dumb}
NOVA_ROWS=${size% *}
NOVA_COLUMNS=${size#* }
export NOVA_DEVICES NOVA_IOMMU
S
	[ $vm_shell = 1 ] || {
		printf 'cd /nova\nexec'
		printf ' %q' "${vm_command[@]}"
		printf '\n'
	} >"$run_dir/command"
}

# The program as the guest finds it.
vm_program() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*/*)
		if [ -x "$out/build/$1" ]; then
			printf '/nova/out/build/%s\n' "$1"
		elif [ -e "$top/$1" ]; then
			printf '/nova/%s\n' "$1"
		else
			die "there is no $1 in out/build or in the repository (is it built? lab/lab build)"
		fi
		;;
	*) printf '%s\n' "$1" ;;
	esac
}

vm_start() {
	kernel_resolve "$vm_kernel"
	[ "$vm_load" = 0 ] || [ -f "$out/modules/$k_release/index/modules.dep" ] ||
		die "there are no modules for $k_release: run lab/lab build"
	[ "$vm_devices" = 0 ] || [ -x "$top${emulator#/nova}" ] || die "there is no nova-emu: run lab/lab build"
	mkdir -p "$run_dir"
	ln -sfn "$run_id" "$out/runs/last.$run_id"
	mv -T "$out/runs/last.$run_id" "$out/runs/last"
	vm_settings
	mount_root
	# What the guest gets is the root as it is on disk, without this namespace's mounts.
	mkdir -p "$root/run/nova/root"
	mount --bind "$root" "$root/run/nova/root"
	lock initramfs exclusive
	k_initramfs=$(initramfs)
	vm_accel=$(accel_options)
	unlock initramfs
	emulators_start
	vmm_pipes
	vmm_serve >"$run_dir/vmm.log" 2>&1 </dev/null &
	vm_boot
}

# What is running now: the guest may have had it killed and started again.
emulator_pid() {
	cat "$root/run/nova/emu.$1.pid"
}

emulator_start() {
	local vram=()
	[ -z "$vm_vram" ] || vram=(--vram "$vm_vram")
	exec_in_root "$emulator" --socket "/run/nova/emu.$1" --control "/run/nova/ctl.$1" \
		--log "$vm_emulator_log" "${vram[@]}" \
		>>"$run_dir/emu.$1.log" 2>&1 </dev/null &
	printf '%s\n' $! >"$root/run/nova/emu.$1.pid"
	# No job of this shell's: it shall not announce how it ends.
	disown $!
}

# Its sockets are there, or it died.
emulator_wait() {
	until [ -S "$root/run/nova/emu.$1" ] && [ -S "$root/run/nova/ctl.$1" ]; do
		kill -0 "$(emulator_pid "$1")" 2>/dev/null || return 1
		sleep 0.02
	done
}

emulators_start() {
	local i
	for ((i = 0; i < vm_devices; i++)); do
		emulator_start $i
	done
	for ((i = 0; i < vm_devices; i++)); do
		if ! emulator_wait $i; then
			tail -n 5 "$run_dir/emu.$i.log" >&2
			die "nova-emu did not start: see $run_dir/emu.$i.log"
		fi
	done
}

# A GPU as QEMU wants it described, on the command line and in its monitor.
vm_device() {
	printf '{"driver":"vfio-user-pci","bus":"rp%d","id":"nova%d","rombar":0,"socket":{"type":"unix","path":"/run/nova/emu.%d"}}' \
		"$1" "$1" "$1"
}

# QEMU's arguments that depend on the options, into the array vm_args.
vm_arguments() {
	local i run=/nova/out/runs/$run_id
	# An oops ends the run: what it leaves behind, locks above all, would only be waited for until the time is up. So do
	# ten reports of any other kind: what wrote into freed memory once can write there all night.
	# A processor that the host takes away for half a minute is no lockup of the guest's.
	local append="console=ttyS0 loglevel=5 oops=panic sysctl.kernel.warn_limit=10 panic=-1 mitigations=off no_timer_check tsc=nowatchdog watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 log_buf_len=4M nova.run=$run_id"
	vm_args=(-M q35)
	read -ra accel <<<"$vm_accel"
	vm_args+=("${accel[@]}" -smp "$vm_smp" -m "$vm_mem"
		-object "memory-backend-memfd,id=memory,size=$vm_mem,share=on" -machine memory-backend=memory
		-nic none -vga none -display none -no-reboot -monitor none
		-qmp "unix:$run/qmp,server=on,wait=off"
		-chardev "file,id=console,path=$1" -serial chardev:console)
	if [ -n "$vm_iommu" ]; then
		vm_args+=(-device intel-iommu,caching-mode=on)
		# DMA addresses as high as a device takes them: nobody relies on those below 4 GiB, which come first else.
		append+=" intel_iommu=on iommu.strict=1 iommu.forcedac=1"
	fi
	[ -z "$vm_virtio_gpu" ] || vm_args+=(-device virtio-gpu-pci)
	# The guest may sleep, and its file systems' driver cannot set a device up again: so these keep their state. They can as
	# PCI Express devices only, which those on the root bus are not.
	local port=bus=virtio,multifunction=on,x-pcie-pm-no-soft-reset=on
	vm_args+=(-device pcie-root-port,id=virtio,chassis=100,slot=100,hotplug=off
		-device "virtio-serial-pci,max_ports=16,$port,addr=0.0"
		-fsdev "local,id=root,path=/run/nova/root,security_model=none,readonly=on,multidevs=remap"
		-device "virtio-9p-pci,fsdev=root,mount_tag=root,$port,addr=0.1"
		-fsdev "local,id=nova,path=/nova,security_model=none,multidevs=remap"
		-device "virtio-9p-pci,fsdev=nova,mount_tag=nova,$port,addr=0.2")
	for ((i = 0; i < vm_devices; i++)); do
		vm_args+=(-device "pcie-root-port,id=rp$i,chassis=$((i + 1)),slot=$((i + 1)),mem-reserve=32M,pref64-reserve=512M"
			-device "$(vm_device $i)"
			-chardev "socket,id=ctl$i,path=/run/nova/ctl.$i,reconnect-ms=20"
			-device "virtserialport,chardev=ctl$i,name=nova-ctl.$i"
			-chardev "socket,id=watch$i,path=/run/nova/ctl.$i,reconnect-ms=20"
			-device "virtserialport,chardev=watch$i,name=nova-watch.$i")
	done
	vmm_arguments
	vm_args+=(-kernel "$k_image" -initrd "$k_initramfs" -append "$append $vm_append")
}

# CMD's two streams come through ports of their own, each by a pipe to a tee that keeps a copy.
vm_boot() {
	local console=/nova/out/runs/$run_id/console.log
	: >"$run_dir/console.log"
	vm_tees=()
	if [ -n "$vm_verbose" ]; then
		exec {console_fd}> >(exec tee "$run_dir/console.log" >&2)
		vm_tees+=($!)
		console=/dev/fd/$console_fd
	fi
	vm_arguments "$console"
	if [ $vm_shell = 1 ]; then
		vm_args+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty)
		return
	fi
	exec {stdout_fd}> >(exec tee "$run_dir/stdout.log")
	vm_tees+=($!)
	exec {stderr_fd}> >(exec tee "$run_dir/stderr.log" >&2)
	vm_tees+=($!)
	vm_args+=(-chardev "file,id=stdout,path=/dev/fd/$stdout_fd" -device virtserialport,chardev=stdout,name=nova.stdout
		-chardev "file,id=stderr,path=/dev/fd/$stderr_fd" -device virtserialport,chardev=stderr,name=nova.stderr)
}

# Runs QEMU to its end. In the background, so that a signal ends this at once, and with it the namespace.
vm_wait() {
	local tee i
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	vm_timed_out=
	vm_code=0
	if [ $vm_shell = 1 ]; then
		in_root qemu-system-x86_64 "${vm_args[@]}" 2>"$run_dir/qemu.log" || vm_code=$?
	else
		exec_in_root timeout --kill-after=5 "$vm_timeout" qemu-system-x86_64 "${vm_args[@]}" \
			>"$run_dir/qemu.log" 2>&1 </dev/null &
		wait $! || vm_code=$?
		exec {stdout_fd}>&- {stderr_fd}>&-
	fi
	[ -z "$vm_verbose" ] || exec {console_fd}>&-
	for tee in "${vm_tees[@]}"; do
		wait "$tee" || true
	done
	case $vm_code in 124 | 137) vm_timed_out=1 ;; esac
	vm_dead=
	for ((i = 0; i < vm_devices; i++)); do
		kill "$(emulator_pid $i)" 2>/dev/null || vm_dead="$vm_dead $i"
	done
}

# violations N: the total that emulator N counted, nothing when it gave no answer.
violations() {
	sed -nE '1s/.*"violations": *\{[^}]*"total": *([0-9]+).*/\1/p' "$run_dir/stats.$1.json" 2>/dev/null || true
}

console_tail() {
	say "the console's last lines ($run_dir/console.log):"
	tail -n "$1" "$run_dir/console.log" | tr -d '\r' >&2
}

# What the emulators say of the run: sets verdict, which a splat may have set before.
emulators_verdict() {
	local i total
	for ((i = 0; i < vm_devices; i++)); do
		total=$(violations $i)
		if [ -z "$total" ]; then
			say "emulator $i gave no statistics at the end (see $run_dir/emu.$i.log)"
			[ $verdict -ne 0 ] || verdict=$EXIT_LAB
		elif [ "$total" -ne 0 ]; then
			say "emulator $i counted $total violations: $(sed -n 's/.*"recent"/"recent"/p' "$run_dir/stats.$i.json")"
			[ $verdict -ne 0 ] || verdict=$EXIT_VIOLATION
		fi
	done
	for i in $vm_dead; do
		say "emulator $i died (see $run_dir/emu.$i.log)"
		[ $verdict -ne 0 ] || verdict=$EXIT_LAB
	done
}

# The one place that decides what a run returns.
vm_verdict() {
	local code='' taint=0 splat verdict=0
	[ ! -f "$run_dir/exit" ] || read -r code taint <"$run_dir/exit"
	if splat=$(splat_find "$run_dir/console.log"); then
		splat_context "$run_dir/console.log" | tr -d '\r' >&2
		say "kernel splat: $(tr -d '\r' <<<"$splat") (see $run_dir/console.log)"
		verdict=$EXIT_SPLAT
	elif taint_bad "$taint" "$run_dir/console.log"; then
		say "the kernel is tainted: $taint (see $run_dir/console.log)"
		verdict=$EXIT_SPLAT
	fi
	if [ -z "$code" ] && [ -n "$vm_timed_out" ]; then
		console_tail 15
		say "no end after $vm_timeout s: the VM was stopped"
		exit "$EXIT_TIMEOUT"
	elif [ -z "$code" ]; then
		console_tail 15
		tail -n 3 "$run_dir/qemu.log" >&2
		say "the VM ended without the command's exit code (QEMU: $vm_code, see $run_dir)"
		[ $verdict -ne 0 ] || verdict=$EXIT_LAB
		exit $verdict
	fi
	emulators_verdict
	if [ $verdict -ne 0 ]; then
		[ "$code" -eq 0 ] || say "the command's own exit code was $code"
		exit $verdict
	fi
	exit "$code"
}
