#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The tree passes check-layers and check-style, and both can fail.
set -u

tests=$(cd "$(dirname "$0")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
count=0

verdict() { # STATUS WHAT
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$tree/out"
	fi
}

# A tree of its own with one file in it.
fails() { # CHECKER FILE TEXT EXPECTED-COMPLAINT
	rm -rf "$tree/src" "$tree/sql"
	mkdir -p "$tree/src" "$tree/$(dirname "$2")"
	cp "$tests/../src/README.md" "$tree/src/"
	printf '%b' "$3" >"$tree/$2"
	! "$tests/$1" "$tree" >"$tree/out" 2>&1 &&
		grep -qF -- "$4" "$tree/out"
	verdict $? "$1 finds: $2: $4"
}

passes() { # CHECKER FILE TEXT
	rm -rf "$tree/src" "$tree/sql"
	mkdir -p "$tree/src" "$tree/$(dirname "$2")"
	cp "$tests/../src/README.md" "$tree/src/"
	printf '%b' "$3" >"$tree/$2"
	"$tests/$1" "$tree" >"$tree/out" 2>&1
	verdict $? "$1 takes: $2"
}

top='/* SPDX-License-Identifier: GPL-2.0-or-later */\n/* A file. */\n'

"$tests/check-layers" >"$tree/out" 2>&1
verdict $? "check-layers on this tree"
"$tests/check-style" >"$tree/out" 2>&1
verdict $? "check-style on this tree"

passes check-layers src/imap/a.c '#include "store/user.h"\n#include "imap/b.h"\n'
fails check-layers src/base/a.c '#include "db/pool.h"\n' \
	'base/ (floor 0) must not know db/ (floor 1)'
fails check-layers src/mime/a.h '#include "db/pool.h"\n' \
	'mime/ (floor 1) must not know db/ (floor 1)'
fails check-layers src/imap/a.c '  #  include "pop3/session.h"\n' \
	'imap/ (floor 4) must not know pop3/ (floor 4)'
fails check-layers src/store/a.c '#include "auth/sasl.h"\n' 'must not know'
fails check-layers src/imap/a.c '#include "session.h"\n' 'without its folder'
fails check-layers src/imap/a.c '#include "attic/session.h"\n' \
	'attic/ has no floor'
fails check-layers src/attic/a.c '\n' 'attic/ has no floor'
fails check-layers src/imap/a.c '#include <libpq-fe.h>\n' 'belongs to db/'
fails check-layers src/imap/a.c 'x = "SELECT a FROM b";\n' 'SQL text belongs'
fails check-layers src/imap/a.sql '-- x\n' 'SQL belongs to store/'

passes check-style src/imap/a.c "$top"
fails check-style src/imap/a.c 'int a;\n' 'no SPDX'
fails check-style src/imap/a.c \
	'/* SPDX-License-Identifier: GPL-2.0-or-later */\nint a;\n' \
	'no sentence of purpose'
fails check-style src/imap/a.c "$top"'int f(void)\n{\n\tgoto out;\n}\n' goto
# Put together, so that this file does not break the rule itself.
fails check-style src/imap/a.c "$top/* TO""DO */\n" 'work left to do'
fails check-style src/imap/a.c "$top#if ""0\n#endif\n" 'switched off'
fails check-style src/imap/a.c \
	"$top"'int f(void)\n{\n'"$(printf '%0101d' 0 | sed 's/0/\\n/g')"'}\n' \
	'a function of'
fails check-style src/imap/a.c "$top$(printf '%0900d' 0 | sed 's/0/\\n/g')" \
	'over 900 lines'
fails check-style sql/0009-a.sql 'SELECT 1;\n' 'no SPDX'

echo "1..$count"
