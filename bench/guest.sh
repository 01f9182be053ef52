#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: guest.sh [nova-bench's options]: the benchmark, run as root in the guest with nova-drm loaded. Loads what it is
# compared with.
set -eu

build=${NOVA_BUILD:-/nova/out/build}

# No console on virtio-gpu: its buffer would be lost with each unbind, which the kernel warns of.
modprobe drm_client_lib active= || true
# Nothing may be missing without a word: nova-bench tells, and report --strict counts it.
for module in vgem virtio-gpu nova_door_cost; do
	modprobe "$module" || echo "bench: there is no $module" >&2
done
exec "$build/bench/nova-bench" "$@"
