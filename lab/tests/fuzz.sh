#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The table of fuzz targets: a source, a file of seeds and a line in meson.build belong together. And the
# reading of gcov's report.
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
top=$lab/..

# sources PART: targets by what defines one
sources() {
	grep -l '^int LLVMFuzzerTestOneInput' "$top/$1"/fuzz/fuzz_*.c | sed 's|.*/fuzz_||; s|\.c$||' | tr _ - | sort | paste -sd' '
}

# seeds PART: targets by their seeds, which is what lab/fuzz knows
seeds() {
	basename -a -s .txt "$top/$1"/fuzz/seeds/*.txt | sort | paste -sd' '
}

# built PART: targets named in its meson.build
built() {
	sed -n '/_fuzz_targets = /,/[]}]$/p' "$top/$1/fuzz/meson.build" | grep -o "'[a-z-]*'\(:\|,\|\]\)" | tr -d "',:]" |
		sort | paste -sd' '
}

for part in emulator libnova tools; do
	equal "$part-seeds" "$(sources $part)" "$(seeds $part)"
	equal "$part-built" "$(sources $part)" "$(built $part)"
done
equal list "$(echo "$(seeds emulator) $(seeds libnova) $(seeds tools)" | tr ' ' '\n' | sort | paste -sd' ')" \
	"$("$lab/fuzz" --list | sort | paste -sd' ')"
equal no-such-target 2 "$("$lab/fuzz" 1 nonsense 2>/dev/null && echo 0 || echo $?)"
equal no-seed 2 "$("$lab/fuzz" --seed 0 1 2>/dev/null && echo 0 || echo $?)"

# gcov names a source once per object it was compiled into, and headers and tests too.
gcov() {
	printf "File '%s'\nLines executed:%s%% of %s\n\n" "$@"
}
equal gcov ' 75.00 % of   40  emulator/emu_pb.c| 10.00 % of    9  libnova/src/bo.c' "$({
	gcov ../../../emulator/emu_pb.c 50.00 40 ../../../emulator/emu_pb.c 75.00 40 ../../../libnova/src/bo.c 10.00 9 \
		../../../emulator/emu.h 100.00 2 ../../../emulator/fuzz/fuzz_bar.c 100.00 3 /usr/include/stdio.h 1.00 1
	echo 'No executable lines'
} | awk -f "$lab/lib/gcov-lines.awk" | paste -sd'|')"
finish
