# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The debug kernels: linux-source of the kernel root, unmodified, configured by lab/kernel/base.config and NAME.config,
# built into out/kernel/NAME. Kernel and modules stay where all roots and the guest see them at the same path.

readonly kernel_space_mib=6144

kernel_names() {
	local config
	for config in "$lab"/kernel/*.config; do
		config=${config##*/}
		[ "$config" = base.config ] || printf '%s\n' "${config%.config}"
	done
}

kernel_known() {
	[ "$1" != base ] && [ -f "$lab/kernel/$1.config" ]
}

kernel_recipe() {
	{
		cat "$lab/kernel/Kconfig" "$lab/kernel/base.config" "$lab/kernel/$1.config" "$lab"/root/kernel/{sources,packages}
	} | sha256sum | cut -d' ' -f1
}

kernel_current() {
	[ "$1" != source ] || [ -f "$out/kernel/source/.nova-unpacked" ] || return 1
	[ "$1" = source ] || [ "$(cat "$out/kernel/$1/.nova-recipe" 2>/dev/null)" = "$(kernel_recipe "$1")" ]
}

# kernel_up NAME FRESH ARGS...: makes the debug kernel; ARGS are `up`'s own, to start over inside. The name "source"
# stands for the unpacked source alone.
kernel_up() {
	local name=$1 fresh=$2
	shift 2
	[ "$name" = source ] || kernel_known "$name" ||
		usage_error "there is no kernel '$name', only: $(kernel_names | xargs) source"
	if [ -z "$fresh" ] && kernel_current "$name"; then
		say "the kernel is up to date ($out/kernel/$name)"
		return
	fi
	root_use kernel
	if ! inside; then
		need_root
		enter up "$@"
	fi
	lock "root-$root_name" shared
	lock kernel exclusive
	[ -n "$fresh" ] || ! kernel_current "$name" || return 0
	need_space $kernel_space_mib
	mount_root
	kernel_source
	[ "$name" = source ] || kernel_build "$name"
}

# For the other verbs: the kernel of that name, without a word when it is there. Anything else is theirs to find.
need_kernel() {
	! kernel_known "$1" || kernel_current "$1" || "$self" up --kernel "$1"
}

# The source, unpacked once; `out/kernel/source` is its name in all roots.
kernel_source() {
	local archive source=$out/kernel/source
	archive=$(echo "$root"/usr/src/linux-source-*.tar.xz)
	[ ! -f "$source/.nova-unpacked" ] || return 0
	say "unpacking the kernel's source ..."
	rm -rf "$source"
	mkdir -p "$source"
	run_logged "$out/log/kernel-source.log" in_root tar -C /nova/out/kernel/source --strip-components=1 -xf "${archive#"$root"}" ||
		die "unpacking the kernel's source failed: see $out/log/kernel-source.log"
	touch "$source/.nova-unpacked"
}

kernel_build() {
	local name=$1 dir=/nova/out/kernel/$1 config log=$out/log/kernel-$1.log started=$SECONDS
	local make=(make -C /nova/out/kernel/source O="$dir" KBUILD_KCONFIG="$dir/nova.Kconfig"
		KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=nova)
	say "building the $name kernel (10 to 20 minutes; $log) ..."
	mkdir -p "$out/kernel/$name" "$out/log"
	rm -f "$out/kernel/$name/.nova-recipe"
	config=$out/kernel/$name/nova.config
	cat "$lab/kernel/base.config" "$lab/kernel/$name.config" >"$config"
	# A file with the kernel's own statements first: they cannot be sourced.
	printf 'source "/nova/lab/kernel/Kconfig"\n' | cat "$out/kernel/source/Kconfig" - >"$out/kernel/$name/nova.Kconfig"
	in_root "${make[@]}" KCONFIG_ALLCONFIG="$dir/nova.config" allnoconfig >"$log" 2>&1 </dev/null ||
		die "configuring the kernel failed: see $log"
	kernel_config_check "$config" "$out/kernel/$name/.config"
	if ! in_root "${make[@]}" -j"$(nproc)" bzImage modules 2>&1 </dev/null | tee -a "$log" | kernel_progress; then
		tail -n 20 "$log" >&2
		die "building the kernel failed: see $log"
	fi
	run_logged "$out/log/kernel-$name-modules.log" in_root "${make[@]}" INSTALL_MOD_PATH="$dir" modules_install ||
		die "installing the kernel's modules failed: see $out/log/kernel-$name-modules.log"
	kernel_recipe "$name" >"$out/kernel/$name/.nova-recipe"
	say "the $name kernel is ready after $((SECONDS - started)) s"
}

# A line a minute or so: make prints one for each file.
kernel_progress() {
	awk '++n % 500 == 0 { printf "lab:   %d steps\n", n; fflush() }' >&2
}

# A symbol that its dependencies switched off again would be a check that silently is not there.
kernel_config_check() {
	local symbol missing=
	while read -r symbol; do
		grep -qx "$symbol" "$2" || missing+=" ${symbol%%=*}"
	done < <(awk -F= '/^CONFIG_/ { line[$1] = $0 } END { for (s in line) if (line[s] !~ /=n$/) print line[s] }' "$1" | sort)
	[ -z "$missing" ] || die "the kernel's configuration does not take:$missing"
}
