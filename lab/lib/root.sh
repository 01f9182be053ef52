# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The root: built whole in a directory of its own, then renamed into place.

readonly root_suite=trixie
readonly root_space_mib=3072

help_up() {
	cat <<'U'
usage: lab/lab up [--fresh]

Builds the lab's root (Debian, out/root, about 1 GB, two minutes), or refreshes it when its recipe
(lab/root) changed; otherwise does nothing. Host packages it needs are installed.
  --fresh  build it anew whatever is there, with the archive's present versions
U
}

cmd_up() {
	local fresh=
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) help_up && return ;;
		--fresh) fresh=1 ;;
		*) usage_error "up: unknown argument '$1'" ;;
		esac
		shift
	done
	need_rights
	if [ -z "$fresh" ] && root_current; then
		say "the root is up to date ($root)"
		return
	fi
	[ -z "${NOVA_ROOT-}" ] || die "NOVA_ROOT=$NOVA_ROOT is used as it is and not built; unset it for the lab's own"
	root_build "$fresh"
}

# For the other verbs: up, without a word when there is nothing to do.
need_root() {
	need_rights
	root_current || root_build ''
}

root_recipe() {
	{
		cat "$lab/root/packages" "$lab/root/pins" "$lab/root/excludes"
		declare -f root_bootstrap
	} | sha256sum | cut -d' ' -f1
}

root_current() {
	if [ -n "${NOVA_ROOT-}" ]; then
		[ -x "$root/bin/sh" ] || die "NOVA_ROOT=$NOVA_ROOT is no root file system"
		return 0
	fi
	[ "$(cat "$root/.nova-recipe" 2>/dev/null)" = "$(root_recipe)" ]
}

# Debian 12's first keyring does not know the keys trixie is signed with.
keyring_current() {
	local version
	version=$(dpkg-query -W -f='${Version}' debian-archive-keyring 2>/dev/null) &&
		dpkg --compare-versions "$version" ge 2023.3+deb12u2
}

host_packages() {
	local missing=()
	command -v apt-get >/dev/null && [ -x /usr/lib/apt/apt-helper ] ||
		die "this needs apt: a Debian 12 or 13 machine, or a derivative of it"
	[ "$(dpkg --print-architecture)" = amd64 ] || die "this needs an amd64 machine: the guest's kernel and root are amd64"
	command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
	command -v make >/dev/null || missing+=(make)
	keyring_current || missing+=(debian-archive-keyring)
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing on this machine: ${missing[*]} ..."
	run_logged "$out/log/host-packages.log" host_install "${missing[@]}" ||
		die "cannot install ${missing[*]}: see $out/log/host-packages.log, or install them by hand"
}

host_install() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get update && apt-get install -y --no-install-recommends "$@"
}

need_space() {
	local free
	free=$(df --output=avail -B1M "$out" | tail -n 1 | tr -d " ")
	[ "$free" -ge "$root_space_mib" ] ||
		die "$out has $free MiB of free disk space, the root needs $root_space_mib: make room, or clone the repository elsewhere"
}

root_build() {
	local new=$out/root.new old=$out/root.old started=$SECONDS mirror
	mkdir -p "$out"
	lock root exclusive
	if [ -z "$1" ] && root_current; then
		unlock root
		return
	fi
	rm -rf --one-file-system "$new" "$old"
	host_packages
	need_space
	mirror=$(find_mirror)
	say "building the root from $mirror (about 90 s) ..."
	root_bootstrap "$new" "$mirror"
	root_check "$new"
	root_recipe >"$new/.nova-recipe"
	[ ! -d "$root" ] || mv "$root" "$old"
	mv "$new" "$root"
	rm -rf --one-file-system "$old"
	say "the root is ready after $((SECONDS - started)) s"
	unlock root
}

# The proxy apt is told to use here, for the apt that fills the root.
root_proxy() {
	local name value
	for name in http https; do
		value=$(apt-config dump --format '%v' "Acquire::$name::Proxy" 2>/dev/null)
		[ -z "$value" ] || printf '%s\n' "--aptopt=Acquire::$name::Proxy \"$value\""
	done
}

root_bootstrap() {
	local new=$1 mirror=$2 log=$out/log/root.log packages options
	packages=$(sed 's/#.*//' "$lab/root/packages" | xargs | tr ' ' ,)
	mapfile -t options < <(root_proxy)
	mkdir -p "$out/log"
	# INITRD=No: the kernel's package needs no initramfs, the lab makes its own.
	# The path filters come after the essential packages: mmdebstrap would filter those much more slowly.
	if ! INITRD=No unshare --mount --pid --fork --kill-child --mount-proc --propagation private -- \
		mmdebstrap --mode=root --format=directory --variant=minbase --include="$packages" "${options[@]}" \
		--aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
		--setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\" && cp '$lab/root/pins' \"\$1/etc/apt/preferences.d/nova\"" \
		--essential-hook="cp '$lab/root/excludes' \"\$1/etc/dpkg/dpkg.cfg.d/nova\"" \
		"$root_suite" "$new" \
		"deb $mirror $root_suite main" \
		"deb $mirror $root_suite-backports main" \
		"deb [check-valid-until=no] $mirror forky main" 2>&1 </dev/null | tee "$log" | sed -un 's/^I: /lab:   /p' >&2; then
		grep -a '^E: ' "$log" | tail -n 5 >&2
		die "building the root failed: see $log (set NOVA_MIRROR for another mirror)"
	fi
	rm -f "$new/etc/apt/apt.conf.d/99mmdebstrap"
	mkdir "$new/nova"
}

root_check() {
	chroot "$1" qemu-system-x86_64 -device help 2>/dev/null | grep -q '"vfio-user-pci"' ||
		die "the root's QEMU has no vfio-user-pci device (10.1 or newer has it): use a mirror with $root_suite-backports"
	compgen -G "$1/lib/modules/*/build/include/config/kernel.release" >/dev/null ||
		die "the root has no kernel headers: see $out/log/root.log"
}

help_exec() {
	cat <<'U'
usage: lab/lab exec -- CMD...

Runs CMD in the root (chroot), the repository at /nova and as working directory. Mounts are private to it.
U
}

cmd_exec() {
	local all=("$@")
	case ${1-} in
	-h | --help) help_exec && return ;;
	--) shift ;;
	-*) usage_error "exec: unknown argument '$1'" ;;
	esac
	[ $# -gt 0 ] || usage_error "exec: no command given"
	if ! inside; then
		need_root
		enter exec "${all[@]}"
	fi
	lock root shared
	mount_root
	in_root "$@"
}

help_clean() {
	cat <<'U'
usage: lab/lab clean [--all]

Removes what was built and the logs of the VM's runs; with --all the root as well.
U
}

cmd_clean() {
	local all=
	case ${1-} in
	-h | --help) help_clean && return ;;
	--all) all=1 ;;
	'') ;;
	*) usage_error "clean: unknown argument '$1'" ;;
	esac
	[ -d "$out" ] || return 0
	lock root exclusive
	if [ -n "$all" ]; then
		need_rights
		rm -rf --one-file-system "$out"
		return
	fi
	find "$out" -mindepth 1 -maxdepth 1 ! -name root ! -name locks -exec rm -rf --one-file-system {} +
}
