# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Which kernel to boot, and the small initramfs that mounts the guest's root. All paths are as in the root.

readonly initramfs_modules='virtio_pci virtio_console 9pnet_virtio 9p overlay'

# kernel_resolve stock|NAME|DIR: sets k_release, k_image, k_headers and k_modules (the directory with modules.dep,
# empty when the kernel came without modules). NAME is a debug kernel of lab/kernel. DIR is a kernel build directory below the repository; modules
# are looked for where `make modules_install INSTALL_MOD_PATH=DIR` puts them.
kernel_resolve() {
	local dir
	if [ "$1" = stock ]; then
		k_release=$(kernel_stock_release)
		[ -n "$k_release" ] || die "there is no kernel with headers in $root: run lab/lab up --fresh"
		k_image=/boot/vmlinuz-$k_release
		k_headers=/lib/modules/$k_release/build
		k_modules=/lib/modules/$k_release
		return
	fi
	dir=$1
	if kernel_known "$1"; then
		kernel_current "$1" || die "there is no $1 kernel, or an older one: run lab/lab up --kernel $1"
		dir=$out/kernel/$1
	fi
	dir=$(readlink -f "$dir") && [ -f "$dir/arch/x86/boot/bzImage" ] ||
		die "--kernel $1: neither stock, $(kernel_names | xargs | sed 's/ /, /g'), nor a kernel build directory with arch/x86/boot/bzImage"
	case $dir/ in
	"$top"/*) ;;
	*) die "--kernel $1: the build directory must be below $top, the guest sees nothing else" ;;
	esac
	k_release=$(cat "$dir/include/config/kernel.release")
	k_headers=/nova${dir#"$top"}
	k_image=$k_headers/arch/x86/boot/bzImage
	k_modules=$k_headers/lib/modules/$k_release
	[ -f "$dir/lib/modules/$k_release/modules.dep" ] || k_modules=
}

kernel_stock_release() {
	local dir newest=
	for dir in $(printf '%s\n' "$root"/lib/modules/*/ | sort -V); do
		dir=$(basename "$dir")
		[ -f "$root/boot/vmlinuz-$dir" ] && [ -f "$root/lib/modules/$dir/build/Makefile" ] && newest=$dir
	done
	printf '%s\n' "$newest"
}

# module_order DEPFILE NAME...: the files to load, dependencies first; a name depmod does not know is built in.
module_order() {
	local dep=$1
	shift
	awk -v wanted="$*" '
		function stem(path) {
			sub(/.*\//, "", path)
			sub(/\.ko.*/, "", path)
			gsub(/-/, "_", path)
			return path
		}
		{
			path = $1
			sub(/:$/, "", path)
			file[stem(path)] = path
			$1 = ""
			needs[path] = $0
		}
		function load(path,    i, n, list) {
			if (done[path]++)
				return
			n = split(needs[path], list, " ")
			for (i = n; i >= 1; i--)
				load(list[i])
			print path
		}
		END {
			n = split(wanted, names, " ")
			for (i = 1; i <= n; i++)
				if (stem(names[i]) in file)
					load(file[stem(names[i])])
		}
	' "$dep"
}

# initramfs: prints the path (in the root) of the initramfs for the resolved kernel, made when it is not there yet.
# Only inside.
initramfs() {
	local id path work=$root/tmp/initramfs file name
	id=$(cat "$lab/guest/initramfs-init" "$lab/lib/kernel.sh" "$root$k_image" | sha256sum | cut -c1-16)
	path=/nova/out/initramfs/$k_release-$id.cpio
	if [ ! -f "$root$path" ]; then
		mkdir -p "$root/nova/out/initramfs" "$work/bin" "$work/modules"
		cp "$root/usr/bin/busybox" "$work/bin/"
		install -m 755 "$lab/guest/initramfs-init" "$work/init"
		: >"$work/modules/order"
		if [ -n "$k_modules" ]; then
			# shellcheck disable=SC2086 # a list of names
			for file in $(module_order "$root$k_modules/modules.dep" $initramfs_modules); do
				name=$(basename "$file" .xz)
				unpack_module "$root$k_modules/$file" >"$work/modules/$name"
				printf '%s\n' "$name" >>"$work/modules/order"
			done
		fi
		in_root sh -c 'cd /tmp/initramfs && find . | busybox cpio -o -H newc >"$1.$$" 2>/dev/null && mv "$1.$$" "$1"' sh "$path"
		rm -rf "$work"
	fi
	printf '%s\n' "$path"
}

unpack_module() {
	case $1 in
	*.xz) in_root xz -dc "${1#"$root"}" ;;
	*) cat "$1" ;;
	esac
}
