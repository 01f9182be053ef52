#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: check-rst.sh [FILE...]
#
# Are the documents well formed? Without FILE all of them. TAP, one test per file.
# It finds what a merge or an edit breaks: tables and titles above all. What it does not know it leaves alone.
set -u

if [ $# -eq 0 ]; then
	top=$(cd "$(dirname "$0")/.." && pwd)
	cd "$top" || exit 1
	# shellcheck disable=SC2046 # names without spaces
	set -- $(find Documentation -name '*.rst' | LC_ALL=C sort)
fi

# findings FILE: LINE: what is wrong, one per line
findings() {
	[ -z "$(tail -c 1 "$1")" ] || echo 'the last line has no end'
	LC_ALL=C awk '
		function wrong(at, what) { print at ": " what }
		function blank(at) { return at < 1 || at > count || line[at] ~ /^[ \t]*$/ }
		function indent(at) { match(line[at], /^ */); return RLENGTH }
		# Characters, of which UTF-8 has several bytes each.
		function width(text) { gsub(/[\200-\277]/, "", text); return length(text) }
		# What titles and the ends of a merge are marked with: one character again and again.
		function adornment(at,   text, first, i) {
			text = line[at]
			if (blank(at) || length(text) < 3 || text !~ /^[^A-Za-z0-9 \t]/)
				return ""
			first = substr(text, 1, 1)
			for (i = 2; i <= length(text); i++)
				if (substr(text, i, 1) != first)
					return ""
			return first
		}
		function border(at) { return line[at] ~ /^ *==+( +==+)+ *$/ }
		function marker(at) { return line[at] ~ /^ *([-*+]|[0-9]+\.|#\.|\.\.|:[a-z ]+:)( |$)/ }

		# --- titles ---
		function title(at, style, text,   level) {
			level = style in level_of ? level_of[style] : styles + 1
			if (level > depth + 1)
				wrong(at, "a title of a level that cannot follow")
			if (!(style in level_of))
				level_of[style] = ++styles
			if (titled && level <= depth && !content)
				wrong(titled, "a title without text")
			if (text in seen && seen[text] == level)
				wrong(at, "a title that was there before")
			seen[text] = level
			depth = level
			titled = at
			content = 0
		}
		# An overlined title, or an underlined one at @at: returns the line behind it.
		function overlined(at) {
			if (!blank(at - 1) || blank(at + 1) || line[at + 2] != line[at]) {
				wrong(at, "a line that underlines nothing")
				return at + 1
			}
			if (width(line[at + 1]) > length(line[at]))
				wrong(at, "shorter than its title")
			if (!blank(at + 3))
				wrong(at + 2, "no blank line behind a title")
			title(at + 1, "over " adornment(at), line[at + 1])
			return at + 3
		}
		function underlined(at) {
			if (!blank(at - 1))
				wrong(at, "no blank line before a title")
			if (width(line[at]) > length(line[at + 1]))
				wrong(at + 1, "shorter than its title")
			if (!blank(at + 2))
				wrong(at + 1, "no blank line behind a title")
			title(at, adornment(at + 1), line[at])
			return at + 2
		}

		# --- tables ---
		function margin(at, top,   j) {
			for (j = indent(at) + 1; j < last_column; j++)
				if (substr(top, j, 1) != "=" && j <= length(line[at]) && substr(line[at], j, 1) != " ")
					return 1
			return 0
		}
		function table(at,   top, text, borders, rows, start) {
			top = line[start = at]
			sub(/ *$/, "", top)
			match(top, /=+$/)
			last_column = RSTART
			if (!blank(at - 1))
				wrong(at, "no blank line before a table")
			borders = 1
			rows = 0
			while (++at <= count) {
				if (border(at)) {
					text = line[at]
					sub(/ *$/, "", text)
					if (text != top)
						wrong(at, "a border unlike that of the table in line " start)
					if (!rows)
						wrong(at, "borders with nothing in between")
					rows = 0
					if (++borders == 3 || blank(at + 1)) {
						if (!blank(at + 1))
							wrong(at, "no blank line behind a table")
						return at + 1
					}
				} else if (adornment(at) != "") {
					break
				} else if (!blank(at)) {
					rows++
					if (margin(at, top))
						broken[++breaks] = at
				}
			}
			# Then nothing behind it is one, either.
			breaks = 0
			wrong(start, "the border of a table that does not end")
			return start + 1
		}

		# --- everything else: lines up to a blank one ---
		function literals(from, to,   text, j) {
			text = ""
			for (j = from; j <= to; j++)
				text = text line[j] "\n"
			if (gsub(/``/, "", text) % 2)
				wrong(from, "a literal without its end")
		}
		# Behind deeper lines only what begins a list item or a definition may follow without a blank line.
		function shape(from, to,   j, same) {
			same = 1
			for (j = from + 1; j <= to; j++) {
				if (indent(j) < indent(j - 1)) {
					if (!marker(j) && !(j < to && indent(j + 1) > indent(j)))
						wrong(j, "no blank line behind what is indented")
					same = 1
				} else if (indent(j) > indent(j - 1)) {
					if (same > 1 && !marker(j - 1))
						wrong(j, "no blank line before what is indented")
					same = 1
				} else {
					same = marker(j) ? 1 : same + 1
				}
			}
		}
		# Lines deeper than @depth_of are not looked at: literal text, what a directive has, comments.
		function skip(at, depth_of) {
			while (at <= count && (blank(at) || indent(at) > depth_of))
				at++
			if (at <= count && !blank(at - 1))
				wrong(at, "no blank line behind what is indented")
			return at
		}
		# Rows of a list-table, from behind its directive to before @to, have as many cells each.
		function cells(at, to,   depth_of, n, wanted, row) {
			for (wanted = 0; at <= to; at++) {
				if (at < to && line[at] ~ /^ *\* - /) {
					depth_of = indent(at)
				} else if (at < to) {
					if (row && line[at] ~ /^ *- / && indent(at) == depth_of + 2)
						n++
					continue
				}
				if (row && wanted && n != wanted)
					wrong(row, "a row of " n " cells, not of " wanted)
				wanted = wanted ? wanted : row ? n : 0
				row = at
				n = 1
			}
		}
		function block(at,   from, n) {
			from = at
			if (line[at] ~ /^ *\.\.( |$)/) {
				if (!titled && line[at] ~ /::/)
					wrong(at, "something before the title")
				content += line[at] ~ /::/
				at = skip(at + 1, indent(at))
				if (line[from] ~ /list-table::/)
					cells(from + 1, at)
				return at
			}
			if (!titled) {
				wrong(at, "something before the title")
				titled = at
			}
			content++
			while (at <= count && !blank(at) && !border(at)) {
				if (adornment(at) != "" && line[at] !~ /^\.\.\.$|^::+$/)
					wrong(at, "a line that underlines nothing")
				at++
			}
			literals(from, at - 1)
			shape(from, at - 1)
			if (line[at - 1] !~ /::$/)
				return at
			from = at
			at = skip(at, text_at(at - 1))
			for (n = from; n < at && blank(n); n++)
				;
			if (n == from || n == at)
				wrong(from - 1, "nothing literal behind it")
			return at
		}
		# Where the text of a line begins, which may be an item of a list.
		function text_at(at) {
			return match(line[at], /^ *([-*+]|[0-9]+\.|#\.) +/) ? RLENGTH : indent(at)
		}

		{ line[++count] = $0 }
		END {
			for (n = 1; n <= count; n++)
				if (line[n] ~ /^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)/)
					wrong(n, "the mark of a merge")
			depth = 0
			for (at = 1; at <= count; ) {
				if (blank(at)) {
					at++
				} else if (border(at)) {
					breaks = 0
					content++
					at = table(at)
					for (n = 1; n <= breaks; n++)
						wrong(broken[n], "text between the columns of a table")
				} else if (adornment(at) != "" && line[at] !~ /^::+$/) {
					at = overlined(at)
				} else if (indent(at) == 0 && adornment(at + 1) != "" && line[at + 1] !~ /^::+$/) {
					at = underlined(at)
				} else {
					at = block(at)
				}
			}
			if (!titled)
				print "no title"
			else if (!content)
				wrong(titled, "a title without text")
		}
	' "$1"
}

number=0
failed=0
for file; do
	number=$((number + 1))
	found=$(findings "$file")
	if [ -z "$found" ]; then
		echo "ok $number - $file"
	else
		failed=1
		echo "not ok $number - $file"
		echo "$found" | sed 's/^/# /'
	fi
done
echo "1..$number"
exit $failed
