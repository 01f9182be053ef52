#!/bin/sh
# SPDX-License-Identifier: MIT
# pages.sh LIBRARY PAGE...: each exported function has a page, pages refer to pages there
# are, and nothing in them is unknown to man(7). Where a linter is installed it is asked as well.
set -eu

library=$1
shift
failed=0
complain() {
	echo "$*"
	failed=1
}

all=' '
for page in "$@"; do
	all="$all$(basename "$page") "
done

exported=$(nm -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }')
[ -n "$exported" ]
for name in $exported; do
	case $all in
	*" $name.3 "*) ;;
	*) complain "$name has no page" ;;
	esac
done

# What a page must have: its own name, its sections in order, and words in them.
look='
BEGIN {
	split("TH SH SS TP P B I BR BI IR RB IP nf fi", known, " ")
	for (i in known)
		is_known[known[i]] = 1
}
/^\.\\"/ { next }
/^[.\047]/ {
	request = substr($1, 2)
	if ($0 ~ /^\047/ || !(request in is_known))
		print "line " FNR ": unknown request " $1
	if (last == request && (request == "SH" || request == "SS" || request == "TP" || request == "P"))
		print "line " FNR ": nothing between two ." request
	if (request == "SH") {
		section = $0
		sub(/^\.SH /, "", section)
		sections = sections "|" section
	}
	last = request
}
/^[^.\047]/ { last = "" }
/(^|[^\\])\\[^fe&("-]/ { print "line " FNR ": unknown escape: " $0 }
/^[ \t]*$/ { print "line " FNR ": an empty line" }
{ words[section] = words[section] " " $0 }
END {
	if (sections !~ /^\|NAME\|(SYNOPSIS\|)?DESCRIPTION/ || sections !~ /\|SEE ALSO$/)
		print "sections " sections
	if (words["NAME"] !~ name " \\\\- [^ ]")
		print "no line for apropos"
	if (split(words["DESCRIPTION"], unused, " ") < 4)
		print "no description"
}'

for page in "$@"; do
	file=$(basename "$page")
	name=${file%.*}
	said=$(awk -v name="$name" "$look" "$page")
	[ -z "$said" ] || complain "$file: $said"
	for reference in $(sed -n 's/^\.BR \(nova[a-z0-9_]*\) (\([37]\)).*/\1.\2/p' "$page"); do
		case $all in
		*" $reference "*) ;;
		*) complain "$file refers to $reference, which is not there" ;;
		esac
	done
	if command -v mandoc >/dev/null; then
		said=$(mandoc -T lint -W warning "$page" 2>&1) || complain "$file: $said"
	elif command -v groff >/dev/null; then
		said=$(groff -ww -b -z -man -Tutf8 "$page" 2>&1)
		[ -z "$said" ] || complain "$file: $said"
	fi
done
echo "$# pages"
exit $failed
