# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Messages, locks and the private namespaces every command runs in.

# What `lab run` returns besides the command's own code.
readonly EXIT_USAGE=2 EXIT_SPLAT=70 EXIT_VIOLATION=71 EXIT_TIMEOUT=124 EXIT_LAB=125

say() {
	printf 'lab: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit "$EXIT_LAB"
}

usage_error() {
	say "$*"
	exit "$EXIT_USAGE"
}

is_number() {
	case $1 in '' | *[!0-9]*) return 1 ;; esac
}

# The argument of an option, or a usage error: option_value --smp "$@"
option_value() {
	[ $# -ge 2 ] || usage_error "$1 needs a value"
	printf '%s\n' "$2"
}

need_rights() {
	[ "$(id -u)" -eq 0 ] || die "this needs root rights: run it as root, or with sudo"
	unshare --mount --pid --fork --propagation private true 2>/dev/null ||
		die "this machine does not allow mount and pid namespaces: in a container, start it privileged"
}

declare -A lock_fds

# lock NAME shared|exclusive: held until unlock NAME or the end of this process and its children.
lock() {
	local fd mode=--$2
	mkdir -p "$out/locks"
	exec {fd}>"$out/locks/$1"
	if ! flock "$mode" --nonblock "$fd"; then
		say "waiting for another lab command (lock '$1') ..."
		flock "$mode" "$fd"
	fi
	lock_fds[$1]=$fd
}

unlock() {
	local fd=${lock_fds[$1]}
	exec {fd}>&-
}

# run_logged LOG CMD...: quiet while it goes well; its last lines and the log's name when it does not.
run_logged() {
	local log=$1
	shift
	mkdir -p "${log%/*}"
	"$@" >"$log" 2>&1 </dev/null && return 0
	tail -n 30 "$log" >&2
	return 1
}

inside() {
	[ "${NOVA_INSIDE-}" = 1 ]
}

# enter VERB ARGS...: start this verb over in namespaces of its own. Mounts and processes
# vanish with it, however it ends.
enter() {
	NOVA_INSIDE=1 exec unshare --mount --pid --fork --kill-child --propagation private -- "$self" "$@"
}

# Only inside: the root with /proc, /dev, /tmp, /run and the repository at /nova.
mount_root() {
	[ -d "$root/nova" ] || mkdir "$root/nova"
	mount --rbind "$top" "$root/nova"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
}

# in_root CMD...: only after mount_root. A clean environment: the host's says nothing about the root.
in_root() {
	(exec_in_root "$@")
}

# The same in place of this shell; for the background, where $! is then CMD itself.
exec_in_root() {
	exec chroot "$root" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		/bin/sh -c 'cd /nova && exec "$@"' sh "$@"
}
