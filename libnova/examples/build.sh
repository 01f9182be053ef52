#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh MESON BUILD LIBDIR SOURCE...: builds each example as a user would, from what is installed and nothing else.
set -eu

meson=$1
build=$2
libdir=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

DESTDIR=$dir/root "$meson" install -C "$build" --no-rebuild --quiet --tags devel,runtime,man >"$dir/log" 2>&1 || {
	cat "$dir/log"
	exit 1
}
export PKG_CONFIG_PATH="$dir/root$libdir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/root"
cd "$dir"
for source in "$@"; do
	# The last words of the comment at the top say how; this is that, and warnings.
	grep -q "cc $(basename "$source") \$(pkg-config --cflags --libs nova)" "$source" || {
		echo "$source does not say how it is built"
		exit 1
	}
	cp "$source" .
	# shellcheck disable=SC2046 # flags, each a word
	cc -Wall -Wextra -Werror "$(basename "$source")" -o "$(basename "$source" .c)" $(pkg-config --cflags --libs nova)
done
[ -n "$(find root -name nova_heap_create.3)" ]

# The loader finds all it needs: there may be a device here or not, but it can be looked for.
code=0
LD_LIBRARY_PATH="$dir/root$libdir" ./query || code=$?
[ $code -le 1 ]
echo "$# examples"
