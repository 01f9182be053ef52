#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demonstration, run as root in the guest with the modules loaded. The picture is left in $NOVA_OUT/demo.png.
set -u

build=${NOVA_BUILD:-/nova/out/build}
out=${NOVA_OUT:-/nova/out}
ctl=/dev/virtio-ports/nova-ctl.0

say() {
	printf '\n== %s\n' "$*"
}

fail() {
	echo "demo: $*" >&2
	echo 'demo: the last of the kernel log:' >&2
	dmesg | tail -n 40 >&2
	exit 1
}

pci_line() {
	driver=$(readlink "$1/driver") || driver=none
	printf '%s class %s id %s:%s driver %s\n' "${1##*/}" "$(cat "$1/class")" \
		"$(cat "$1/vendor")" "$(cat "$1/device")" "${driver##*/}"
}

say 'the GPU on the PCI bus'
found=
for device in /sys/bus/pci/devices/*; do
	case $(cat "$device/vendor"):$(cat "$device/device") in
	0x1234:0x6e76)
		found=1
		pci_line "$device"
		;;
	esac
done
[ -n "$found" ] || fail 'no GPU 1234:6e76'

say 'the driver probes'
dmesg | grep -E 'nova_core [0-9a-f]{4}:|nova-drm' | tail -n 12

say 'what the device says'
"$build/tools/nova-info" || fail 'nova-info failed'

say 'four clients draw; the driver is unbound under them and bound again; they draw again'
set -- --clients 4 --unbind-after 500 --out "$out/demo.png"
[ ! -e "$ctl" ] || set -- "$@" --ctl "$ctl"
"$build/tools/nova-demo" "$@" || fail 'nova-demo failed'
