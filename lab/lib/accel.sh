# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# KVM where a guest really boots with it, TCG elsewhere. That /dev/kvm opens says little: nested or
# emulated, it may never get a kernel past its first instruction.

# 39 bits of physical address: with more, the firmware puts the window of 64-bit BARs where QEMU reserves a range,
# and a device that comes back by hot-plug or rescan gets no BAR1. Four levels of page tables: with five,
# KASAN finds a wild access in the kernel's own early boot.
readonly accel_tcg='-accel tcg,thread=multi -cpu max,phys-bits=39,la57=off'
readonly accel_kvm='-accel kvm -cpu host,host-phys-bits-limit=39'
readonly accel_probe_s=10

# accel_options: prints QEMU's options. Only inside; the answer is kept until the machine reboots.
accel_options() {
	local cache=$out/accel boot answer
	boot=$(cat /proc/sys/kernel/random/boot_id)
	if [ "$(sed -n 1p "$cache" 2>/dev/null)" = "$boot" ]; then
		answer=$(sed -n 2p "$cache")
	else
		answer=tcg
		if [ -w /dev/kvm ]; then
			say "looking whether a guest boots under KVM (at most $accel_probe_s s) ..."
			if accel_kvm_boots; then
				answer=kvm
			else
				say "no guest boots under KVM here: emulating the processor (TCG)"
			fi
		fi
		printf '%s\n' "$boot" "$answer" >"$cache.new"
		mv "$cache.new" "$cache"
	fi
	case $answer in
	kvm) printf '%s\n' "$accel_kvm" ;;
	*) printf '%s\n' "$accel_tcg" ;;
	esac
}

# Boots the initramfs, which says that it is up and powers off.
accel_kvm_boots() {
	local log=$out/log/kvm-probe.log
	mkdir -p "$out/log"
	# shellcheck disable=SC2086 # options
	in_root timeout --kill-after=1 "$accel_probe_s" qemu-system-x86_64 -M q35 $accel_kvm -smp 2 -m 512M \
		-nic none -vga none -display none -serial stdio -no-reboot \
		-kernel "$k_image" -initrd "$k_initramfs" -append 'console=ttyS0 panic=-1 quiet nova.probe' \
		>"$log" 2>&1 </dev/null
	grep -aq 'nova: up' "$log"
}
