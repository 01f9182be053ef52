# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The roots: main, in which all is built and run, kernel and clang for those who ask for them. Each is made from its
# recipe in lab/root/NAME, whole in a directory of its own, then renamed into place.

readonly root_suite=trixie
readonly root_space_mib=3072

help_up() {
	cat <<'U'
usage: lab/lab up [--fresh] [--root NAME | --kernel NAME]

Builds the lab's root (Debian, out/root, about 1 GB, two minutes), or refreshes it when its recipe
(lab/root/main) changed; otherwise does nothing. Host packages it needs are installed.
  --fresh        build it anew whatever is there, with the archive's present versions
  --root NAME    another root: main, kernel (builds kernels) or clang (static checks), in out/root-NAME
  --kernel NAME  a debug kernel, kasan or kcsan (lab/kernel), in out/kernel/NAME: 10 minutes and 6 GB, once
U
}

cmd_up() {
	local all=("$@") fresh='' kernel='' name=main
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) help_up && return ;;
		--fresh) fresh=1 ;;
		--root) name=$(option_value "$@") && shift ;;
		--kernel) kernel=$(option_value "$@") && shift ;;
		*) usage_error "up: unknown argument '$1'" ;;
		esac
		shift
	done
	need_rights
	if [ -n "$kernel" ]; then
		kernel_up "$kernel" "$fresh" "${all[@]}"
		return
	fi
	root_use "$name"
	if [ -z "$fresh" ] && root_current; then
		say "the root is up to date ($root)"
		return
	fi
	[ -z "${NOVA_ROOT-}" ] || die "NOVA_ROOT=$NOVA_ROOT is used as it is and not built; unset it for the lab's own"
	root_build "$fresh"
}

# root_use NAME: the root that all below is about. NOVA_ROOT replaces the main one only.
root_use() {
	[ -f "$lab/root/$1/packages" ] || usage_error "there is no root '$1'; lab/root has their recipes"
	root_name=$1
	case $1 in
	main) root=${NOVA_ROOT:-$out/root} ;;
	*) root=$out/root-$1 NOVA_ROOT='' ;;
	esac
}

# For the other verbs: up, without a word when there is nothing to do.
need_root() {
	need_rights
	root_current || root_build ''
}

root_recipe() {
	{
		root_filters
		cat "$lab/root/$root_name"/{sources,packages}
		cat "$lab/root/$root_name/pins" 2>/dev/null || true
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

# need_space MIB: below out/
need_space() {
	local free
	free=$(df --output=avail -B1M "$out" | tail -n 1 | tr -d " ")
	[ "$free" -ge "$1" ] ||
		die "$out has $free MiB of free disk space, this needs $1: make room, or clone the repository elsewhere"
}

root_build() {
	local new=$root.new old=$root.old started=$SECONDS mirror
	mkdir -p "$out"
	lock "root-$root_name" exclusive
	if [ -z "$1" ] && root_current; then
		unlock "root-$root_name"
		return
	fi
	rm -rf --one-file-system "$new" "$old"
	host_packages
	need_space $root_space_mib
	mirror=$(find_mirror)
	say "building the $root_name root from $mirror (1 or 2 minutes) ..."
	root_bootstrap "$new" "$mirror"
	root_check "$new"
	root_recipe >"$new/.nova-recipe"
	[ ! -d "$root" ] || mv "$root" "$old"
	mv "$new" "$root"
	rm -rf --one-file-system "$old"
	say "the root is ready after $((SECONDS - started)) s"
	unlock "root-$root_name"
}

# The proxy apt is told to use here, for the apt that fills the root.
root_proxy() {
	local name value
	for name in http https; do
		value=$(apt-config dump --format '%v' "Acquire::$name::Proxy" 2>/dev/null)
		[ -z "$value" ] || printf '%s\n' "--aptopt=Acquire::$name::Proxy \"$value\""
	done
}

# dpkg's path filters: those of all roots and the root's own.
root_filters() {
	cat "$lab/root/excludes"
	cat "$lab/root/$root_name/excludes" 2>/dev/null || true
}

# The suites of a recipe as apt's lines.
root_sources() {
	sed -nE "s#^(\\[[^]]*\\] )?([a-z-]+)\$#deb \\1$2 \\2 main#p" "$1"
}

root_first_suite() {
	sed -nE 's/^(\[[^]]*\] )?([a-z-]+)$/\2/p' "$1" | head -n 1
}

root_bootstrap() {
	local new=$1 mirror=$2 recipe=$lab/root/$root_name log=$out/log/root-$root_name.log packages options sources
	packages=$(sed 's/#.*//' "$recipe/packages" | xargs | tr ' ' ,)
	mapfile -t sources < <(root_sources "$recipe/sources" "$mirror")
	mapfile -t options < <(root_proxy)
	mkdir -p "$out/log" "$out/tmp"
	root_filters >"$out/tmp/excludes"
	[ ! -f "$recipe/pins" ] ||
		options+=(--setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\" && cp '$recipe/pins' \"\$1/etc/apt/preferences.d/nova\"")
	# INITRD=No: the kernel's package needs no initramfs, the lab makes its own.
	# The path filters come after the essential packages: mmdebstrap would filter those much more slowly.
	if ! INITRD=No unshare --mount --pid --fork --kill-child --mount-proc --propagation private -- \
		mmdebstrap --mode=root --format=directory --variant=minbase --include="$packages" "${options[@]}" \
		--aptopt='Acquire::Languages "none"' --dpkgopt=force-unsafe-io \
		--essential-hook="cp '$out/tmp/excludes' \"\$1/etc/dpkg/dpkg.cfg.d/nova\"" \
		"$(root_first_suite "$recipe/sources")" "$new" "${sources[@]}" 2>&1 </dev/null | tee "$log" | sed -un 's/^I: /lab:   /p' >&2; then
		grep -a '^E: ' "$log" | tail -n 5 >&2
		die "building the root failed: see $log (set NOVA_MIRROR for another mirror)"
	fi
	rm -f "$new/etc/apt/apt.conf.d/99mmdebstrap"
	mkdir "$new/nova"
}

root_check() {
	[ "$root_name" = main ] || return 0
	chroot "$1" qemu-system-x86_64 -device help 2>/dev/null | grep -q '"vfio-user-pci"' ||
		die "the root's QEMU has no vfio-user-pci device (10.1 or newer has it): use a mirror with $root_suite-backports"
	compgen -G "$1/lib/modules/*/build/include/config/kernel.release" >/dev/null ||
		die "the root has no kernel headers: see $out/log/root-main.log"
}

help_exec() {
	cat <<'U'
usage: lab/lab exec [--root NAME] -- CMD...

Runs CMD in the root (chroot), the repository at /nova and as working directory. Mounts are private to it.
U
}

cmd_exec() {
	local all=("$@")
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) help_exec && return ;;
		--root)
			root_use "$(option_value "$@")"
			shift
			;;
		--) shift && break ;;
		-*) usage_error "exec: unknown argument '$1'" ;;
		*) break ;;
		esac
		shift
	done
	[ $# -gt 0 ] || usage_error "exec: no command given"
	if ! inside; then
		need_root
		enter exec "${all[@]}"
	fi
	lock "root-$root_name" shared
	mount_root
	in_root "$@"
}

help_clean() {
	cat <<'U'
usage: lab/lab clean [--all]

Removes what was built and the logs of the VM's runs; with --all the roots, the debug kernels and what the fuzzers found
as well.
U
}

cmd_clean() {
	local all='' recipe
	case ${1-} in
	-h | --help) help_clean && return ;;
	--all) all=1 ;;
	'') ;;
	*) usage_error "clean: unknown argument '$1'" ;;
	esac
	[ -d "$out" ] || return 0
	for recipe in "$lab"/root/*/; do
		lock "root-$(basename "$recipe")" exclusive
	done
	if [ -n "$all" ]; then
		need_rights
		rm -rf --one-file-system "$out"
		return
	fi
	find "$out" -mindepth 1 -maxdepth 1 ! -name 'root*' ! -name kernel ! -name locks ! -name fuzz \
		-exec rm -rf --one-file-system {} +
	[ ! -d "$out/fuzz" ] ||
		find "$out/fuzz" -mindepth 1 -maxdepth 1 ! -name corpus ! -name findings -exec rm -rf --one-file-system {} +
}
