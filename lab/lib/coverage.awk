# SPDX-License-Identifier: MIT
#
# Reads exceptions, then lines with their counts (see lab/coverage), both with tabs between fields. Prints coverage and
# what is not covered. Variables: all (print what has a reason, too), minimum (percent per module), chance (lines without
# a reason that are only named).

function module_of(file) {
	return file ~ /nova-core\// ? "nova_core" : "nova_drm"
}

function percent(covered, total) {
	return total ? 100 * covered / total : 0
}

function print_row(name, covered, total) {
	printf "%-50s %5d of %5d lines %6.1f %%\n", name, covered, total, percent(covered, total)
}

function complain(what) {
	print "coverage: " what
	failed = 1
}

# The exception for a line of a function, or 0. The longest text is the most exact one.
function exception_of(function_name, text,    i, best, length_best) {
	best = 0
	length_best = -1
	for (i = 1; i <= exceptions; i++) {
		if (functions[i] != function_name || (texts[i] != "*" && !index(text, texts[i])))
			continue
		met[i]++
		if (length(texts[i]) > length_best) {
			best = i
			length_best = length(texts[i])
		}
	}
	return best
}

# Exceptions: kind, function, text, reason.
FNR == NR {
	if ($0 ~ /^(#|$)/)
		next
	if (NF != 4 || ($1 != "unreached" && $1 != "sometimes")) {
		complain("line " FNR " of the exceptions is not \"unreached|sometimes, function, text, reason\"")
		next
	}
	exceptions++
	kinds[exceptions] = $1
	functions[exceptions] = $2
	texts[exceptions] = $3
	reasons[exceptions] = $4
	next
}

{
	file = $1
	module = module_of(file)
	if (!(file in file_total))
		files[++file_count] = file
	file_total[file]++
	module_total[module]++
	if ($3 > 0) {
		file_covered[file]++
		module_covered[module]++
	}
	exception = exception_of($4, $5)
	if ($3 > 0)
		next
	if (exception)
		used[exception]++
	else
		open_count++
	if (exception && !all)
		next
	if ($4 != last_function) {
		uncovered[++uncovered_count] = file ": " $4 "()"
		last_function = $4
	}
	uncovered[++uncovered_count] = sprintf("%8d  %s%s", $2, $5, exception ? "   [" reasons[exception] "]" : "")
}

END {
	for (i = 1; i <= file_count; i++)
		print_row(files[i], file_covered[files[i]], file_total[files[i]])
	split("nova_core nova_drm", modules, " ")
	for (i = 1; i <= 2; i++) {
		module = modules[i]
		print_row(module, module_covered[module], module_total[module])
		if (percent(module_covered[module], module_total[module]) < minimum)
			complain(module " is covered less than " minimum " %")
	}
	if (uncovered_count)
		print all ? "\nuncovered, with its reason if it has one:" : "\nuncovered without a reason:"
	for (i = 1; i <= uncovered_count; i++)
		print uncovered[i]
	if (open_count > chance)
		complain(open_count " lines are not covered and not in the exceptions")
	else if (open_count)
		print "coverage: " open_count " lines were missed, maybe by chance: less than " chance + 1 " are only named"
	for (i = 1; i <= exceptions; i++) {
		if (!met[i])
			complain("no code matches the exception \"" functions[i] ", " texts[i] "\"")
		else if (!used[i] && kinds[i] == "unreached")
			print "coverage: covered after all is \"" functions[i] ", " texts[i] "\": the exception can go"
	}
	exit failed
}
