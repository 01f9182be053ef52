#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does the check of the documents find what a merge breaks? And does it leave alone what is right?
set -eu
# shellcheck source=lab/tests/lib.sh
. "$(dirname "$0")/lib.sh"
check=$lab/../Documentation/check-rst.sh

# findings TEXT: of a document with that behind its title
findings() {
	printf '.. SPDX-License-Identifier: MIT\n\n=====\nTitle\n=====\n\n%b' "$1" >"$work/text.rst"
	"$check" "$work/text.rst" | sed -n 's/^# //p' | paste -sd'|'
}

table='===  ====\na    b\n===  ====\n1    2\n3    a long one\n===  ====\n'
equal fine '' "$(findings "Text.\n\nOne\n===\n\n$table\nTwo\n---\n\n- a\n  b\n- c::\n\n    ======\n\nTerm\n  meaning\nAnother\n  meaning\n")"
equal cut-table '7: the border of a table that does not end' "$(findings '===  ====\nText.\n\nOne\n===\n\nText.\n')"
equal open-table '7: the border of a table that does not end' "$(findings '===  ====\na    b\n===  ====\n1    2\n' | sed 's/|.*//')"
equal borders-differ '9: a border unlike that of the table in line 7' "$(findings '===  ====\na    b\n===  ===\n1    2\n===  ====\n')"
equal empty-table '8: borders with nothing in between' "$(findings '===  ====\n===  ====\n')"
equal text-in-margin '8: text between the columns of a table' "$(findings '===  ====\nabcd b\n===  ====\n1    2\n===  ====\n')"
equal table-ends '10: no blank line behind a table' "$(findings '===  ====\na    b\n===  ====\n===  ====\nText.\n' | sed 's/.*|//')"
equal lone-line '9: a line that underlines nothing' "$(findings 'Text of a paragraph.\nMore of it.\n=======\nText.\n')"
equal short-underline '10: shorter than its title' "$(findings 'Text.\n\nSection\n======\n\nText.\n')"
equal title-in-title '10: no blank line behind a title|11: no blank line before a title|9: a title without text' \
	"$(findings 'Text.\n\nSection\n=======\nAnother\n=======\n\nText.\n')"
equal no-text '9: a title without text' "$(findings 'Text.\n\nSection\n=======\n\nAnother\n=======\n\nText.\n')"
equal twice '15: a title that was there before' "$(findings 'Text.\n\nA\n===\n\nText.\n\n\nA\n===\n\nText.\n')"
equal level '22: a title of a level that cannot follow' \
	"$(findings 'Text.\n\nA\n===\n\nText.\n\nB\n---\n\nText.\n\nC\n===\n\nD\n~~~\n\nText.\n')"
equal literal '7: a literal without its end' "$(findings 'Some ``text`` of ``it.\n\nText.\n')"
equal list-ends '9: no blank line behind what is indented' "$(findings '- a\n  b\ntext\n')"
equal indented '9: no blank line before what is indented' "$(findings 'Two\nlines\n  indented\n')"
equal cells '13: a row of 1 cells, not of 2' "$(findings '.. list-table::\n\n   * - a\n     - b\n   * - c\n     - d\n   * - e\n')"
equal merge '7: the mark of a merge' "$(findings '<<<<<<< ours\nText.\n')"
equal last-line 'the last line has no end' "$(findings 'Text.')"
printf 'Text.\n\n=====\nTitle\n=====\n\nText.\n' >"$work/text.rst"
equal before-title '1: something before the title' "$("$check" "$work/text.rst" | sed -n 's/^# //p')"
equal fails 1 "$("$check" "$work/text.rst" >"$work/out" && echo 0 || echo $?)"
finish
