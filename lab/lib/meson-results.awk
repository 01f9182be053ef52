# SPDX-License-Identifier: MIT
#
# Meson's testlog.json (one JSON object per line and test program) to result lines. A program whose output lists
# its tests (cmocka, TAP) counts with each of them, another as one test. A program that failed without naming a
# test, as a sanitizer makes it, is a failed test of its own.

function text(key,    value) {
	if (!match($0, "\"" key "\": \"[^\"]*\""))
		return ""
	value = substr($0, RSTART, RLENGTH)
	sub(/^[^:]*: "/, "", value)
	sub(/"$/, "", value)
	return value
}

function record(verdict, name) {
	if (!(name in seen))
		order[++tests] = name
	if (seen[name] != "FAIL")
		seen[name] = verdict
}

{
	program = text("name")
	sub(/.* \/ /, "", program)
	result = text("result")
	tests = failed = 0
	split("", seen)
	split("", order)
	lines = split($0, line, /\\n|": "/)
	for (i = 1; i <= lines; i++) {
		name = line[i]
		if (name ~ /test\(s\)/)
			continue
		if (sub(/^\[ +OK +\] /, "", name) || sub(/^ok [0-9]+ (- )?/, "", name))
			record(name ~ /# SKIP/ ? "SKIP" : "PASS", name)
		else if (sub(/^\[ +FAILED +\] /, "", name) || sub(/^not ok [0-9]+ (- )?/, "", name))
			record("FAIL", name)
		else if (sub(/^\[ +SKIPPED +\] /, "", name))
			record("SKIP", name)
	}
	for (i = 1; i <= tests; i++) {
		failed += seen[order[i]] == "FAIL"
		name = order[i]
		sub(/[" ].*/, "", name)
		printf "%s\t%s/%s\t\n", seen[order[i]], program, name
	}
	if (result == "SKIP" && !tests)
		printf "SKIP\t%s\t\n", program
	else if (result != "OK" && result != "SKIP" && !failed)
		printf "FAIL\t%s\t%s\n", program, tolower(result)
	else if (result == "OK" && !tests)
		printf "PASS\t%s\t\n", program
}
