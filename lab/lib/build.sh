# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# User space (Meson, out/build) and the modules (Kbuild, out/modules/RELEASE), both inside the root.

help_build() {
	cat <<'U'
usage: lab/lab build [--kernel stock|kasan|kcsan|DIR] [--user | --modules]

Builds user space into out/build and the modules into out/modules/RELEASE; only what changed.
  --kernel   the kernel the modules are for: the root's own, a debug kernel, or a kernel build directory below the repository
  --user     user space only
  --modules  the modules only
U
}

cmd_build() {
	local all=("$@") kernel=stock user=1 modules=1
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) help_build && return ;;
		--kernel) kernel=$(option_value "$@") && shift ;;
		--user) modules= ;;
		--modules) user= ;;
		*) usage_error "build: unknown argument '$1'" ;;
		esac
		shift
	done
	if ! inside; then
		need_root
		need_kernel "$kernel"
		enter build "${all[@]}"
	fi
	lock "root-$root_name" shared
	lock build exclusive
	kernel_resolve "$kernel"
	mount_root
	[ -z "$user" ] || build_user
	[ -z "$modules" ] || build_modules
}

# A build directory configured in another root holds that root's compiler and libraries: start over.
build_user() {
	local stamp=$out/build/.nova-recipe recipe started=$SECONDS
	recipe=$(cat "$root/.nova-recipe" 2>/dev/null || echo "$root")
	if [ -f "$out/build/build.ninja" ] && [ "$(cat "$stamp" 2>/dev/null)" != "$recipe" ]; then
		rm -rf "$out/build"
	fi
	say "building user space ..."
	if [ ! -f "$out/build/build.ninja" ]; then
		run_logged "$out/log/build-setup.log" in_root meson setup \
			-Dtools=enabled -Dtests=enabled /nova/out/build ||
			die "configuring user space failed: see $out/log/build-setup.log"
		printf '%s\n' "$recipe" >"$stamp"
	fi
	run_logged "$out/log/build-user.log" in_root ninja -C /nova/out/build ||
		die "building user space failed: see $out/log/build-user.log"
	say "user space is built ($((SECONDS - started)) s)"
}

build_modules() {
	local started=$SECONDS coverage='' bench=1
	# A kernel that can keep the counters is there to have them kept, those of the drivers.
	! in_root grep -qs '^CONFIG_GCOV_KERNEL=y' "$k_headers/.config" || coverage=1 bench=
	say "building the modules for $k_release${coverage:+, to count what runs} ..."
	run_logged "$out/log/build-modules.log" in_root make -j"$(nproc)" modules KDIR="$k_headers" NOVA_COVERAGE=$coverage NOVA_BENCH=$bench ||
		die "building the modules failed: see $out/log/build-modules.log"
	index_modules
	say "the modules are built ($((SECONDS - started)) s)"
}

# depmod over the kernel's modules and ours, so that modprobe in the guest finds both. The kernel's
# directory in the root stays as its packages made it.
index_modules() {
	local ours=$out/modules/$k_release index tree
	index=$ours/index
	if [ -f "$index/modules.dep" ] && [ -z "$(find "$ours" -maxdepth 1 -name '*.ko' -newer "$index/modules.dep")" ]; then
		return
	fi
	tree=$root/tmp/depmod/lib/modules/$k_release
	mkdir -p "$tree/extra"
	cp "$ours"/*.ko "$tree/extra/"
	if [ -n "$k_modules" ]; then
		ln -s "$k_modules/kernel" "$tree/kernel"
		cp "$root$k_modules"/modules.builtin* "$root$k_modules/modules.order" "$tree/"
	fi
	run_logged "$out/log/depmod.log" in_root depmod -b /tmp/depmod "$k_release" ||
		die "indexing the modules failed: see $out/log/depmod.log"
	rm -rf "$index" "$index.new"
	mkdir -p "$index.new"
	cp "$tree"/modules.* "$index.new/"
	mv "$index.new" "$index"
	rm -rf "$root/tmp/depmod"
}
