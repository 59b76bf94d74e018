# SPDX-License-Identifier: GPL-2.0-or-later
# The list of settings, from src/base/settings.def: for the manual page with
# -v form=man, as a commented configuration file with -v form=conf.

# The whole file as one text, without comments.  A macro's body is kept apart.
{
	line = $0
	if (line ~ /^#define DAEMON_SETTINGS/)
		in_macro = 1
	is_continued = sub(/\\$/, "", line)
	if (line ~ /^#/)
		line = ""
	if (in_macro)
		macro = macro line "\n"
	else
		text = text line "\n"
	if (!is_continued)
		in_macro = 0
}

END {
	text = without_comments(text)
	while (match(text, /DAEMON_SETTINGS\([A-Z]+, *[0-9]+, *[0-9]+\)/)) {
		call = substr(text, RSTART + 16, RLENGTH - 17)
		rest = substr(text, RSTART + RLENGTH)
		rows(substr(text, 1, RSTART - 1))
		split(call, given, /, */)
		rows(expanded(given[1], given[2], given[3]))
		text = rest
	}
	rows(text)
}

function without_comments(from, start, end, out) {
	while ((start = index(from, "/*")) > 0) {
		out = out substr(from, 1, start - 1)
		from = substr(from, start)
		end = index(from, "*/")
		from = substr(from, end + 2)
	}
	return out from
}

function expanded(section, port, tls_port, body) {
	body = macro
	gsub(/\(section,/, "(" section ",", body)
	gsub(/default_port/, port, body)
	gsub(/default_tls_port/, tls_port, body)
	return body
}

function rows(from, kind) {
	while (match(from, /SETTING_[A-Z]+\(/)) {
		kind = substr(from, RSTART + 8, RLENGTH - 9)
		from = substr(from, RSTART + RLENGTH)
		from = arguments(from)
		row(kind)
	}
}

# Fills argument[1..]; strings lose their quotes and are joined.  Returns what
# follows the closing parenthesis.
function arguments(from, c, n, is_string) {
	n = 1
	argument[1] = ""
	while (from != "") {
		c = substr(from, 1, 1)
		from = substr(from, 2)
		if (c == "\"") {
			is_string = !is_string
		} else if (is_string && c == "\\") {
			argument[n] = argument[n] substr(from, 1, 1)
			from = substr(from, 2)
		} else if (!is_string && c == ",") {
			argument[++n] = ""
		} else if (!is_string && c == ")") {
			return from
		} else if (is_string || c !~ /[ \t\n]/) {
			argument[n] = argument[n] c
		}
	}
	return from
}

function row(kind, section, name, value, range, help) {
	section = argument[1]
	name = argument[2]
	value = argument[3]
	if (kind == "NUMBER") {
		range = argument[6] ", " argument[4] " to " argument[5]
		help = argument[7]
	} else if (kind == "BOOL") {
		value = value == "TRUE" ? "yes" : "no"
		range = "yes or no"
		help = argument[4]
	} else if (kind == "WORD") {
		range = argument[4]
		gsub(/\|/, ", ", range)
		sub(/, [^,]*$/, " or" substr(range, match(range, /, [^,]*$/) + 1),
			range)
		help = argument[5]
	} else {
		range = "text"
		help = argument[4]
	}
	if (form == "man")
		row_man(section, name, value, range, help)
	else
		row_conf(section, name, value, range, help)
	last_section = section
}

function roff(words) {
	gsub(/\\/, "\\e", words)
	gsub(/-/, "\\-", words)
	gsub(/^[.']/, "\\\\\\&&", words)
	return words
}

function row_man(section, name, value, range, help) {
	if (section != last_section)
		print ".SH [" section "]"
	print ".TP"
	print ".B " name
	print roff(toupper(substr(help, 1, 1)) substr(help, 2)) "."
	print "(" roff(range) "; default: " \
		(value == "" ? "empty" : roff(value)) ")"
}

function row_conf(section, name, value, range, help) {
	if (section != last_section)
		print "\n[" section "]"
	print "# " help " (" range ")"
	print "#" name " =" (value == "" ? "" : " " value)
}
