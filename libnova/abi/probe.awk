# SPDX-License-Identifier: MIT
#
# awk -f probe.awk HEADER...: writes a C program that prints what programs built with these headers rely on: sizes and
# offsets of structures, values of constants, numbers of ioctls, and the functions as they are declared.

BEGIN { print "#include <stddef.h>\n#include <stdio.h>" }

FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	print "#include \"" name "\""
}

# What a comment says is nobody's ABI. None begins behind code and ends on another line.
{ gsub(/\/\*.*\*\//, "") }
/^[ \t]*\/\*/ { comment = 1 }
comment { if (/\*\//) comment = 0; next }

/^struct [a-z0-9_]+ \{/ {
	structure = $2
	body = body "\tSIZE(" structure ");\n"
	next
}

/^\}/ { structure = "" }

structure != "" && /;/ {
	field = $0
	if (match(field, /\(\*[a-z0-9_]+\)/))	# a pointer to a function
		field = substr(field, RSTART + 2, RLENGTH - 3)
	sub(/(\[[^\]]*\])?;.*/, "", field)
	sub(/.*[ \t*]/, "", field)
	body = body "\tFIELD(" structure ", " field ");\n"
	next
}

/^#define[ \t]+DRM_IOCTL_NOVA_/ {
	body = body "\tIOCTL(" $2 ");\n"
	next
}

/^#define[ \t]+(DRM_)?NOVA_[A-Z0-9_]+[ \t]+[^ \t"]/ {
	body = body "\tVALUE(" $2 ");\n"
	next
}

structure == "" && (prototype != "" || /^[a-z].*\(/) && !/^(extern|static|typedef)/ {
	prototype = prototype " " $0
	if (prototype !~ /;/)
		next
	gsub(/[ \t]+/, " ", prototype)
	sub(/^ /, "", prototype)
	if (match(prototype, /nova_[a-z0-9_]+\(/))
		body = body "\tputs(\"function " substr(prototype, RSTART, RLENGTH - 1) " " prototype "\");\n"
	prototype = ""
}

END {
	print "#define SIZE(s) printf(\"struct %s %zu\\n\", #s, sizeof(struct s))"
	print "#define FIELD(s, f) printf(\"field %s.%s %zu %zu\\n\", #s, #f, \\"
	print "\toffsetof(struct s, f), sizeof(((struct s *)0)->f))"
	print "#define VALUE(v) printf(\"define %s %#llx\\n\", #v, (unsigned long long)(v))"
	# Without the size: it is that of the structure, which may grow.
	print "#define IOCTL(i) printf(\"ioctl %s %u %#x %#x\\n\", #i, (unsigned int)_IOC_DIR(i), \\"
	print "\t(unsigned int)_IOC_TYPE(i), (unsigned int)_IOC_NR(i))"
	print "int main(void)\n{\n" body "\treturn 0;\n}"
}
