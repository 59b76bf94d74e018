#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual names what there is: every capability, extension of Sieve, check and
# option, and no capability or extension that there is not.
set -u

tree=$(cd "$(dirname "$0")/../.." && pwd)
count=0

# What of the words on standard input the manual PAGE has no line for, MACRO
# and word.
missing() { # PAGE MACRO
	while read -r word; do
		grep -qE "^\.It $2 $word( |\$)" "$tree/man/$1" || echo "$word"
	done
}

verdict() { # WHAT MISSING
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "$2" | sed 's/^/# missing: /'
	fi
}

escaped() {
	sed 's/[+.]/\\&/g'
}

# The table, and those that depend on settings.
capabilities() {
	sed -n '/^} capabilities/,/^};/p' "$tree/src/imap/capability.c" |
		grep -o '{ "[^"]*"' | cut -d '"' -f 2
	echo APPENDLIMIT
	echo IMAPSIEVE
	sed -n '/ rows\[\] = {/,/^};/p' "$tree/src/auth/sasl.c" |
		grep -o '{ "[^"]*"' | sed 's/{ "\(.*\)"/AUTH=\1/'
}

listed() {
	sed -n '/^\.Ss Capabilities/,/^\.Ss The connection/p' \
		"$tree/man/dbmail-imapd.8" | sed -n 's/^\.It Li //p'
}

# Of Sieve: lines of name, blank and RFC, or draft, which some rows of the table
# have on lines of their own and some in two strings.
extensions() {
	sed -n '/^} rows\[/,/^};/p' "$tree/src/sieve/extension.c" | tr -d '\n\t' |
		sed -e 's/" *"//g' -e 's/},/},\n/g' |
		sed -n -e 's/.*{ "\([^"]*\)", *"\([0-9]*\)".*/\1 RFC \2/p' \
			-e 's/.*{ "\([^"]*\)", *"\(draft[^"]*\)".*/\1 \2/p' |
		sort
}

sieve_listed() {
	sed -n '/^\.Ss Extensions/,/^\.Ss Where/p' "$tree/man/dbmail-sieve.7" |
		awk '/^\.It Li / { name = $3; next }
			name != "" { gsub(/[;,]/, " "); out = name " " $1
				print $1 == "RFC" ? out " " $2 : out; name = "" }' |
		sort
}

known=$(capabilities | grep -c .)
[ "$known" -gt 60 ]
verdict "there are capabilities ($known)" "$([ "$known" -gt 60 ] || echo some)"
verdict "dbmail-imapd(8) has every capability" \
	"$(capabilities | escaped | missing dbmail-imapd.8 Li)"
verdict "dbmail-imapd(8) has no other" \
	"$(listed | while read -r name; do
		capabilities | grep -qxF -- "$name" || echo "$name"
	done)"
known=$(extensions | grep -c .)
rows=$(grep -c '^	\[SIEVE_EXT_' "$tree/src/sieve/extension.c")
verdict "there are extensions of Sieve ($known)" \
	"$([ "$known" -gt 40 ] && [ "$known" -eq "$rows" ] || echo some)"
verdict "dbmail-sieve(7) has them all with their RFCs, and no other" \
	"$(diff <(extensions) <(sieve_listed) | grep '^[<>]')"
verdict "dbmail-util(8) has every check" \
	"$(sed -n 's/.*{ \.name = "\([a-z-]*\)".*/\1/p' \
		"$tree/src/store/check.c" | missing dbmail-util.8 Li)"

for page in deliver.8 export.8 import.8 sievecmd.1 users.8 util.8; do
	tool=${page%.*}
	verdict "dbmail-$page has every option" \
		"$(grep -hoE '^	"  -[A-Za-z]' "$tree/src/tools/$tool.c" |
			sed 's/.*-//' | sort -u |
			while read -r letter; do
				grep -qE "^\.It Fl ($letter( |\$)|. , $letter\$)" \
					"$tree/man/dbmail-$page" ||
					echo "-$letter"
			done)"
done

# Pages that are made by the build have their source here.
verdict "every page that one refers to is there" \
	"$(cat "$tree"/man/*.[178] "$tree"/man/*.in |
		sed -n -e 's/^\.Xr \(dbmail[^ ]*\) \([0-9]\).*/\1.\2/p' \
			-e 's/^\.BR \(dbmail[^ ]*\) (\([0-9]\)).*/\1.\2/p' |
		tr -d '\\' | sort -u | while read -r page; do
		[ -f "$tree/man/$page" ] || [ -f "$tree/man/$page.in" ] ||
			echo "$page"
	done)"
verdict "dbmail(7) refers to all of them" \
	"$(cd "$tree/man" && printf '%s\n' *.[1578] *.in | sed 's/\.in$//' |
		sort -u | grep -vx dbmail.7 | while read -r page; do
		grep -qxE "\.BR $(echo "${page%.*}" | sed 's/-/\\\\-/g') \(${page##*.}\),?" \
			dbmail.7 || echo "$page"
	done)"
if command -v groff >/dev/null; then
	verdict "groff finds nothing wrong" \
		"$(for page in "$tree"/man/*.[178]; do
			groff -mandoc -Tutf8 -ww -z "$page" 2>&1
		done)"
fi
echo "1..$count"
