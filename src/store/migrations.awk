# SPDX-License-Identifier: GPL-2.0-or-later
# Turns the migrations sql/NNNN-name.sql, given in order, into one C table.
#
#     static const Migration migrations[] = {
#         { 1, "store", "CREATE TABLE ..." },
#     };
#
# Numbers count from 1 without a gap.

function fail(text)
{
	printf "%s: %s\n", FILENAME, text > "/dev/stderr"
	failed = 1
	exit 1
}

function finish()
{
	if (version > 0)
		printf "\t\"\" },\n"
}

BEGIN {
	printf "/* Made by migrations.awk; do not edit. */\n"
	printf "static const Migration migrations[] = {\n"
}

FNR == 1 {
	finish()
	base = FILENAME
	sub(/^.*\//, "", base)
	if (base !~ /^[0-9][0-9][0-9][0-9]-[a-z0-9-]+\.sql$/)
		fail("not named NNNN-name.sql")
	if (substr(base, 1, 4) + 0 != version + 1)
		fail("migration " version + 1 " expected here")
	version++
	printf "\t{ %d, \"%s\",\n", version, substr(base, 6, length(base) - 9)
}

/^--/ || /^[ \t]*$/ {
	next
}

{
	gsub(/["\\]/, "\\\\&")
	gsub(/\t/, " ")
	printf "\t\"%s\\n\"\n", $0
}

END {
	if (failed)
		exit 1
	finish()
	printf "};\n"
}
