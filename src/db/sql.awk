# SPDX-License-Identifier: GPL-2.0-or-later
# Turns named SQL statements into C constants.
#
# src/store/foo.sql:
#     -- name: foo_find
#     -- What it does; $1 user, $2 name.
#     SELECT foo_idnr FROM dbmail_foo
#      WHERE owner_idnr = $1::bigint AND name = $2::text;
#
# becomes in src/store/foo-sql.h, in the build tree:
#     static const DbStatement SQL_FOO_FIND = { "foo_find", "SELECT ..." };
#     static const DbStatement *const FOO_SQL[] = { &SQL_FOO_FIND, NULL };
#
# The folder's Makefile.inc says
#     SQL_FILES += src/store/foo.sql
# and nothing else; src/store/foo.c says #include "store/foo-sql.h".
# Names are lower case, unique in the program, at most 63 bytes.  Comment
# lines (two dashes first) stay out of the text.  Cast every parameter.

function fail(text)
{
	printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	failed = 1
	exit 1
}

function finish()
{
	if (name == "")
		return
	sub(/[ \t\n]*;?[ \t\n]*$/, "", body)
	if (body == "")
		fail("statement " name " is empty")
	printf "static const DbStatement SQL_%s G_GNUC_UNUSED = {\n", \
		toupper(name)
	printf "\t\"%s\",\n", name
	count = split(body, lines, "\n")
	for (i = 1; i <= count; i++) {
		line = lines[i]
		gsub(/["\\]/, "\\\\&", line)
		gsub(/\t/, " ", line)
		printf "\t\"%s%s\"%s\n", line, i < count ? "\\n" : "", \
			i < count ? "" : ","
	}
	printf "};\n\n"
	list = list "\t&SQL_" toupper(name) ",\n"
	name = ""
	body = ""
}

NR == 1 {
	base = FILENAME
	sub(/^.*\//, "", base)
	sub(/\.sql$/, "", base)
	gsub(/[^a-zA-Z0-9]/, "_", base)
	base = toupper(base)
	printf "/* Made by sql.awk; do not edit. */\n"
	printf "#ifndef STORE_%s_SQL_H\n#define STORE_%s_SQL_H\n\n", base, base
	printf "#include <glib.h>\n\n#include \"db/statement.h\"\n\n"
}

/^-- name:/ {
	finish()
	name = $3
	if (name !~ /^[a-z][a-z0-9_]*$/ || length(name) > 63 || NF != 3)
		fail("not a statement name: " $0)
	if (name in seen)
		fail("statement " name " is here twice")
	seen[name] = 1
	next
}

/^[ \t]*--/ || (body == "" && /^[ \t]*$/) {
	next
}

name == "" {
	fail("SQL before the first name")
}

{
	body = body $0 "\n"
}

END {
	if (failed)
		exit 1
	finish()
	if (list == "")
		fail("no statement")
	printf "static const DbStatement *const %s_SQL[] G_GNUC_UNUSED = {\n", \
		base
	printf "%s\tNULL,\n};\n\n#endif\n", list
}
