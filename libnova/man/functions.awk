# SPDX-License-Identifier: MIT
#
# awk -f functions.awk -v dir=DIR -v th='DATE\t"SOURCE"' -v names='NAME ...' HEADER...
#
# Writes DIR/NAME.3 for each name, and DIR/nova_errors.7, from the kernel-doc comments of the headers. A name without a
# comment is an error. What a page needs besides its function's comment comes from the same headers: structures the
# prototype names, constants the text names, and the comment above a group of functions.

# --- reading ---

FNR == 1 { block++; state = ""; group = ""; doc = ""; title = 1 }

state == "doc" {
	if ($0 ~ /\*\/[ \t]*$/)
		end_doc()
	else
		doc = doc substr_from_star($0) "\n"
	next
}

state == "plain" {
	text = $0
	sub(/[ \t]*\*\/[ \t]*$/, "", text)
	plain = plain substr_from_star(text) "\n"
	if ($0 ~ /\*\/[ \t]*$/)
		state = "after"
	next
}

# A plain comment with an empty line below is about all functions that follow, one above code is about that code.
state == "after" {
	state = ""
	if ($0 ~ /^[ \t]*$/) {
		group = title ? "" : plain
		sub(/^\n+/, "", group)
		sub(/\n+$/, "", group)
		title = 0
		next
	}
}

state == "struct" {
	code = code $0 "\n"
	if ($0 ~ /^};/) {
		struct_code[struct_name] = code
		state = ""
	}
	next
}

state == "function" {
	code = code $0 "\n"
	if ($0 ~ /;[ \t]*$/)
		end_function()
	next
}

/^\/\*\*.*\*\/[ \t]*$/ {
	doc = $0
	sub(/^\/\*\*[ \t]*/, "", doc)
	sub(/[ \t]*\*\/[ \t]*$/, "", doc)
	doc = doc "\n"
	title = 0
	next
}

/^\/\*\*[ \t]*$/ { state = "doc"; doc = ""; next }

/^\/\* SPDX/ { next }

/^\/\*/ {
	plain = $0
	sub(/^\/\*[ \t]*/, "", plain)
	state = plain ~ /\*\/[ \t]*$/ ? "after" : "plain"
	sub(/[ \t]*\*\/[ \t]*$/, "", plain)
	plain = plain "\n"
	next
}

/^#define[ \t]+NOVA_[A-Z0-9_]+[ \t]+[^ \t]/ {
	constants[++constant_count] = $2
	constant_line[$2] = $0
	constant_block[$2] = block
	next
}

/^$/ { block++ }

/^struct [a-z0-9_]+ \{/ {
	struct_name = $2
	struct_doc[struct_name] = doc
	doc = ""
	code = $0 "\n"
	state = "struct"
	next
}

/^[a-z].*\(/ {
	code = $0 "\n"
	state = "function"
	if ($0 ~ /;[ \t]*$/)
		end_function()
}

function substr_from_star(line) {
	sub(/^[ \t]*\*? ?/, "", line)
	return line
}

function end_doc() {
	state = ""
	title = 0
	if (doc ~ /^DOC: libnova\n/)
		overview = doc
	if (doc ~ /^DOC:/)
		doc = ""
}

function end_function(  name) {
	state = ""
	if (match(code, /nova_[a-z0-9_]+\(/) && doc != "") {
		name = substr(code, RSTART, RLENGTH - 1)
		if (index(doc, name "() - ") == 1) {
			function_code[name] = code
			function_doc[name] = doc
			function_group[name] = group
		}
	}
	doc = ""
}

# --- troff ---

function escape(text) {
	gsub(/\\/, "\\e", text)
	return text
}

# Marks up @argument, function(), NOVA_CONSTANT and -ERRNO in a line of text.
function markup(text,  out, word) {
	text = escape(text)
	out = ""
	while (match(text, /@[a-z_][a-z0-9_]*|nova_[a-z0-9_]+\(\)|[a-z]+\([0-9]\)|NOVA_[A-Z0-9_]+\*?|-E[A-Z0-9]+|CLOCK_[A-Z_]+/)) {
		out = out substr(text, 1, RSTART - 1)
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (word ~ /^@/)
			out = out "\\fI" substr(word, 2) "\\fP"
		else if (word ~ /\)$/)
			out = out "\\fB" substr(word, 1, index(word, "(") - 1) "\\fP" substr(word, index(word, "("))
		else if (word ~ /^-/)
			out = out "\\fB\\" word "\\fP"
		else
			out = out "\\fB" word "\\fP"
	}
	return out text
}

# A line of text must not look like a request.
function line_of(text) {
	text = markup(text)
	return text ~ /^['.]/ ? "\\&" text : text
}

function print_code(text,  lines, n, i) {
	n = split(text, lines, "\n")
	print ".nf" >page
	for (i = 1; i <= n; i++) {
		if (i == n && lines[i] == "")
			break
		gsub(/\t/, "    ", lines[i])
		gsub(/\\/, "\\e", lines[i])
		gsub(/-/, "\\-", lines[i])
		print (lines[i] ~ /^ *$/ ? ".P" : "\\fB" lines[i] "\\fP") >page
	}
	print ".fi" >page
}

# Paragraphs, "- " items and literal blocks, which a line with "::" at its end begins.
function print_text(text,  lines, n, i, first, literal) {
	n = split(text, lines, "\n")
	first = 1
	for (i = 1; i <= n; i++) {
		if (literal && (lines[i] == "" || lines[i] ~ /^[ \t]/)) {
			if (lines[i] != "")
				print_code(lines[i] "\n")
			continue
		}
		literal = 0
		if (lines[i] == "") {
			first = 0
			continue
		}
		if (lines[i] ~ /^- /) {
			print ".IP \\(bu 2" >page
			sub(/^- /, "", lines[i])
		} else if (!first && lines[i - 1] == "") {
			print ".P" >page
		}
		literal = lines[i] ~ /::$/
		sub(/::$/, ":", lines[i])
		print line_of(trim(lines[i])) >page
	}
}

function trim(text) {
	sub(/^[ \t]+/, "", text)
	sub(/[ \t]+$/, "", text)
	return text
}

function sentence(text) {
	if (text ~ /^([a-z][a-z]|a )/ && text !~ /^nova_/)
		text = toupper(substr(text, 1, 1)) substr(text, 2)
	return text ~ /[.:]$/ ? text : text "."
}

# --- a comment's parts: short_text, fields[], field_text[], body, result ---

function take_apart(comment,  lines, n, i, at, name) {
	field_count = 0
	body = result = ""
	n = split(comment, lines, "\n")
	short_text = substr(lines[1], index(lines[1], " - ") + 3)
	i = 2
	for (; i <= n && lines[i] != ""; i++) {
		if (lines[i] ~ /^@[a-z_0-9]+:/) {
			at = index(lines[i], ":")
			name = substr(lines[i], 2, at - 2)
			fields[++field_count] = name
			field_text[field_count] = trim(substr(lines[i], at + 1))
		} else if (field_count) {
			field_text[field_count] = field_text[field_count] "\n" trim(lines[i])
		} else {
			short_text = short_text " " trim(lines[i])
		}
	}
	for (; i <= n; i++)
		body = body lines[i] "\n"
	gsub(/^\n+|\n+$/, "", body)
	# "Returns ..." up to the end of its paragraph has a section of its own.
	if (match(body, /(^|[ \n])Returns /)) {
		at = substr(body, RSTART, 1) == "R" ? RSTART : RSTART + 1
		result = substr(body, at)
		body = substr(body, 1, at - 1)
		if (match(result, /\n\n/)) {
			body = body substr(result, RSTART)
			result = substr(result, 1, RSTART - 1)
		}
	}
	gsub(/^\n+|[ \n]+$/, "", body)
}

function print_fields(  i, lines, n, j) {
	for (i = 1; i <= field_count; i++) {
		print ".TP" >page
		print ".I " fields[i] >page
		n = split(field_text[i], lines, "\n")
		for (j = 1; j <= n; j++)
			print line_of(lines[j]) >page
	}
}

# --- sections ---

# Structures named in @text that the headers define, and those these name.
function note_structs(text,  name) {
	while (match(text, /struct [a-z0-9_]+/)) {
		name = substr(text, RSTART + 7, RLENGTH - 7)
		text = substr(text, RSTART + RLENGTH)
		if (name in struct_code && !(name in noted)) {
			noted[name] = 1
			structs[++noted_count] = name
			all_text = all_text " " struct_doc[name]
			note_structs(struct_code[name])
		}
	}
}

function print_structs(  i) {
	if (!noted_count)
		return
	print ".SH STRUCTURES" >page
	for (i = 1; i <= noted_count; i++) {
		take_apart(struct_doc[structs[i]])
		print ".SS struct " structs[i] >page
		print line_of(sentence(short_text)) >page
		print ".P" >page
		print_code(struct_code[structs[i]])
		print_fields()
		if (body result != "") {
			print ".P" >page
			print_text(body (result != "" ? " " : "") result)
		}
	}
}

# Named as it is, with others as NOVA_WAIT_*, or with those below it up to an empty line as NOVA_SEM_EQUAL..
function wants(constant,  i, prefix) {
	if (match(all_text, constant "[^A-Z0-9_*]"))
		return 1
	for (i = 1; i <= constant_count; i++)
		if (constant_block[constants[i]] == constant_block[constant] && index(all_text, constants[i] ".."))
			return 1
	for (i = 1; i <= length(constant); i++) {
		prefix = substr(constant, 1, i)
		if (prefix ~ /_$/ && prefix != "NOVA_" && index(all_text, prefix "*"))
			return 1
	}
	return 0
}

function print_constants(  i, line, at, first) {
	first = 1
	for (i = 1; i <= constant_count; i++) {
		if (!wants(constants[i]))
			continue
		if (first)
			print ".SH CONSTANTS" >page
		first = 0
		line = constant_line[constants[i]]
		at = match(line, /\/\*.*\*\//)
		print ".TP" >page
		print ".B " constants[i] >page
		if (at)
			print line_of(sentence(trim(substr(line, RSTART + 2, RLENGTH - 4)))) >page
		else
			print line_of("The value " trim(substr(line, index(line, constants[i]) + length(constants[i]))) ".") >page
	}
}

function print_see_also(name,  text, seen, found, n, i, j, word) {
	seen[name] = 1
	n = 0
	text = all_text
	while (match(text, /nova_[a-z0-9_]+\(\)/)) {
		word = substr(text, RSTART, RLENGTH - 2)
		text = substr(text, RSTART + RLENGTH)
		if (word in seen)
			continue
		seen[word] = 1
		for (i = ++n; i > 1 && found[i - 1] > word; i--)
			found[i] = found[i - 1]
		found[i] = word
	}
	print ".SH SEE ALSO" >page
	for (j = 1; j <= n; j++)
		print ".BR " found[j] " (3)," >page
	if (function_code[name] ~ /^int[ \n]/)
		print ".BR nova_errors (7)," >page
	print ".BR nova (7)" >page
}

function begin_page(name, section, short) {
	page = dir "/" name "." section
	print ".\\\" SPDX-License-Identifier: MIT" >page
	print ".\\\" Made from the comments of libnova's headers." >page
	print ".TH " name " " section " " th " \"Library Functions\"" >page
	print ".SH NAME" >page
	print name " \\- " markup(short) >page
}

function print_result(name) {
	if (function_code[name] !~ /^int[ \n]/ && result == "")
		return
	print ".SH RETURN VALUE" >page
	if (result != "") {
		sub(/^Returns /, "", result)
		print_text(sentence(result))
	} else {
		print "0 on success, otherwise a negative errno value." >page
	}
	if (function_code[name] ~ /^int[ \n]/) {
		print ".SH ERRORS" >page
		print "An errno has the same meaning in all functions;" >page
		print ".BR nova_errors (7)" >page
		print "lists them." >page
	}
}

function write_function(name,  short, prototype) {
	noted_count = 0
	split("", noted)
	prototype = function_code[name]
	take_apart(function_doc[name])
	all_text = function_doc[name] " " function_group[name]
	short = short_text
	sub(/(;|\. ).*/, "", short)
	begin_page(name, 3, short)
	print ".SH SYNOPSIS" >page
	print_code("#include <nova.h>\n\n" prototype)
	print ".SH DESCRIPTION" >page
	if (short != short_text || body == "")
		print line_of(sentence(short_text)) >page
	print_fields()
	if (body != "") {
		print ".P" >page
		print_text(body)
	}
	if (function_group[name] != "") {
		print ".P" >page
		print_text(function_group[name])
	}
	print_result(name)
	note_structs(prototype " " function_doc[name])
	print_structs()
	print_constants()
	print_see_also(name)
	close(page)
}

function write_errors(  lines, n, i, at) {
	begin_page("nova_errors", 7, "errors of libnova's functions")
	print ".SH DESCRIPTION" >page
	print "A function that can fail returns 0 or a negative errno value, which means the same in all of them." >page
	n = split(overview, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (lines[i] !~ /^-E[A-Z0-9]+  +/)
			continue
		at = index(lines[i], " ")
		print ".TP" >page
		print ".B \\" substr(lines[i], 1, at - 1) >page
		print line_of(sentence(trim(substr(lines[i], at)))) >page
		errors++
	}
	print ".SH SEE ALSO" >page
	print ".BR nova (7)" >page
	close(page)
}

END {
	name_count = split(names, wanted, " ")
	for (i = 1; i <= name_count; i++) {
		if (wanted[i] in function_doc) {
			write_function(wanted[i])
		} else {
			print "functions.awk: no header documents " wanted[i] "()" >"/dev/stderr"
			failed = 1
		}
	}
	write_errors()
	if (!errors) {
		print "functions.awk: nova.h has no list of errors" >"/dev/stderr"
		failed = 1
	}
	exit failed
}
