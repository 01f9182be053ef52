# SPDX-License-Identifier: MIT
#
# gcov's report on standard input; one line per source file: executed lines in per cent, lines, name.
/^File / {
	file = $0
	sub(/^File '/, "", file)
	sub(/'$/, "", file)
	sub(/^(\.\.\/)*/, "", file)
}
/^Lines executed:/ && file ~ /^(emulator\/[^\/]*|libnova\/src\/[^\/]*)\.c$/ {
	split($0, part, /[:%]/)
	# The same source in two libraries: the better of the two.
	if (!(file in best) || part[2] + 0 > best[file]) {
		best[file] = part[2] + 0
		count[file] = $NF
	}
}
END {
	for (file in best)
		printf "%6.2f %% of %4d  %s\n", best[file], count[file], file | "sort -k5"
}
