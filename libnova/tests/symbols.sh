#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh LIBRARY HEADER...: the library exports what the headers declare, in version NOVA_0, and nothing else.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

library=$1
shift
nm -D --defined-only "$library" | awk '$2 == "T" { print $3 }' | sort >"$dir/exported"
grep -hE '^(int|void|int64_t|uint32_t|uint64_t|const uint32_t|struct [a-z_]+)[ *]' "$@" |
	grep -oE 'nova_[a-z0-9_]+\(' | tr -d '(' | sed 's/$/@@NOVA_0/' | sort >"$dir/declared"

[ -s "$dir/declared" ]
diff "$dir/declared" "$dir/exported"
[ "$(nm -D --defined-only "$library" | awk '$2 != "T" && $2 != "A"' | wc -l)" = 0 ]
echo "$(wc -l <"$dir/exported") functions"
