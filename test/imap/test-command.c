/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as they come: which are taken, and what is said of the others. */
#include "imap/command.h"

#include "imap/args.h"
#include "imap/list-args.h"
#include "wire.h"

#define NO_AUTH IMAP_NOT_AUTHENTICATED
#define AUTH IMAP_AUTHENTICATED
#define BOX IMAP_SELECTED

static const struct {
	ImapState state;
	const char *text;
	const char *error; /* NULL: taken */
	guint column;      /* 0: the error has no place */
} cases[] = {
	{ NO_AUTH, "a CAPABILITY", NULL, 0 },
	{ NO_AUTH, "a capability ", NULL, 0 },
	{ NO_AUTH, "a NOOP x", "Unexpected argument", 8 },
	{ NO_AUTH, "", "Missing tag", 1 },
	{ NO_AUTH, " NOOP", "Missing tag", 1 },
	{ NO_AUTH, "a", "Missing space", 2 },
	{ NO_AUTH, "a ", "Missing word", 3 },
	{ NO_AUTH, "a+ NOOP", "Missing space", 2 },
	{ NO_AUTH, "a] NOOP", NULL, 0 },
	{ NO_AUTH, "a FROBNICATE", "Unknown command", 0 },
	{ NO_AUTH, "a UID NOOP", "Unknown command", 0 },
	{ NO_AUTH, "a SELECT x", "Not before log-in", 0 },
	{ AUTH, "a FETCH 1 ALL", "Not now, select a mailbox", 0 },
	{ AUTH, "a LOGIN a b", "Not after log-in", 0 },
	{ AUTH, "a SELECT x ", NULL, 0 },
	{ AUTH, "a SELECT x (CONDSTORE)", NULL, 0 },
	{ AUTH, "a EXAMINE x (condstore qresync (1 2))", NULL, 0 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 3:9,12))", NULL, 0 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 3:9 (1:3 3:5)))", NULL, 0 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 (1,9 4,20)))", NULL, 0 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 (9:1 4:11,3)))", NULL, 0 },
	{ AUTH, "a SELECT x CONDSTORE", "Unexpected argument", 12 },
	{ AUTH, "a SELECT x ()", "Unknown parameter", 13 },
	{ AUTH, "a SELECT x (QRESYNC (1))", "Missing space", 23 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 *))", "No * here", 26 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 0))", "Number 0", 26 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 1:*))", "No * here", 28 },
	{ AUTH, "a SELECT x (QRESYNC (1 2 (1 1:2)))",
		"Not as many UIDs as numbers", 32 },
	{ AUTH, "a SELECT x (QRESYNC (4294967296 2))", "Number too large", 22 },
	{ BOX, "a STORE 1 (UNCHANGEDSINCE 0) +FLAGS (x)", NULL, 0 },
	{ BOX, "a UID STORE 1 (UNCHANGEDSINCE 7) FLAGS.SILENT x", NULL, 0 },
	{ BOX, "a STORE 1 (X 1) FLAGS ()", "Unknown STORE modifier", 12 },
	{ BOX, "a STORE 1 (UNCHANGEDSINCE) FLAGS ()", "Missing space", 26 },
	{ BOX, "a UID FETCH 1 UID (CHANGEDSINCE 1 VANISHED)", NULL, 0 },
	{ BOX, "a UID FETCH 1 UID (VANISHED CHANGEDSINCE 1)", NULL, 0 },
	{ BOX, "a UID FETCH 1 UID (VANISHED)", "VANISHED without CHANGEDSINCE",
		28 },
	{ BOX, "a FETCH 1 UID (CHANGEDSINCE 1 VANISHED)",
		"VANISHED is for UID FETCH", 39 },
	{ NO_AUTH, "a LOGIN joe secret", NULL, 0 },
	{ NO_AUTH, "a LOGIN joe", "Missing space", 12 },
	{ NO_AUTH, "a LOGIN joe ", "Missing argument", 13 },
	{ NO_AUTH, "a LOGIN joe a b", "Unexpected argument", 15 },
	{ NO_AUTH, "a LOGIN \"jo\\\"e\" \"\"", NULL, 0 },
	{ NO_AUTH, "a LOGIN \"joe", "Missing \"", 13 },
	{ NO_AUTH, "a LOGIN {3}\njoe {4}\npass", NULL, 0 },
	{ NO_AUTH, "a LOGIN {3+}\njoe \"b\"", NULL, 0 },
	{ NO_AUTH, "a LOGIN {x}", "Broken literal", 9 },
	{ NO_AUTH, "a LOGIN {3}x", "Broken literal", 9 },
	{ NO_AUTH, "a LOGIN {}", "Broken literal", 9 },
	{ NO_AUTH, "a LOGIN {3}\njoex", "Missing space", 1 },
	{ NO_AUTH, "a AUTHENTICATE PLAIN", NULL, 0 },
	{ NO_AUTH, "a AUTHENTICATE PLAIN AGEAYg==", NULL, 0 },
	{ NO_AUTH, "a AUTHENTICATE PLAIN =", NULL, 0 },
	{ NO_AUTH, "a AUTHENTICATE", "Missing space", 15 },
	{ AUTH, "a SELECT INBOX", NULL, 0 },
	{ AUTH, "a SELECT", "Missing space", 9 },
	{ AUTH, "a SELECT in(x", "Unexpected argument", 12 },
	{ AUTH, "a RENAME a b", NULL, 0 },
	{ AUTH, "a RENAME a", "Missing space", 11 },
	{ AUTH, "a STATUS INBOX (MESSAGES UNSEEN)", NULL, 0 },
	{ AUTH, "a STATUS INBOX ()", "Unknown STATUS item", 17 },
	{ AUTH, "a STATUS INBOX (MESSAGES", "Missing )", 25 },
	{ AUTH, "a STATUS INBOX MESSAGES", "Missing (", 16 },
	{ AUTH, "a STATUS INBOX (MESSAGESX)", "Unknown STATUS item", 17 },
	{ AUTH,
		"a STATUS x (messages recent UIDNEXT UIDVALIDITY UNSEEN "
		"DELETED "
		"SIZE HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE)",
		NULL, 0 },
	{ AUTH, "a CREATE x (USE (\\Sent \\Drafts))", NULL, 0 },
	{ AUTH, "a CREATE x (use ())", NULL, 0 },
	{ AUTH, "a CREATE x ()", "Unknown CREATE parameter", 13 },
	{ AUTH, "a CREATE x (USE)", "Missing space", 16 },
	{ AUTH, "a CREATE x (USE (Sent))", "Missing \\", 18 },
	{ AUTH, "a CREATE x (USE (\\))", "Missing atom", 19 },
	{ AUTH, "a CREATE x (FOO bar)", "Unknown CREATE parameter", 13 },
	{ AUTH, "a LIST \"\" *", NULL, 0 },
	{ AUTH, "a LIST a %/x", NULL, 0 },
	{ AUTH, "a LIST (SPECIAL-USE) \"\" *", NULL, 0 },
	{ AUTH, "a LIST () \"\" (a b%) RETURN (CHILDREN SPECIAL-USE)", NULL,
		0 },
	{ AUTH, "a LIST \"\" * RETURN ()", NULL, 0 },
	{ AUTH, "a LIST (RECURSIVEMATCH) \"\" *",
		"RECURSIVEMATCH needs another option", 25 },
	{ AUTH, "a LIST (CHILDREN) \"\" *", "Unknown LIST option", 9 },
	{ AUTH, "a LIST \"\" * RETURN (REMOTE)", "Unknown LIST option", 21 },
	{ AUTH, "a LIST \"\" * FOO", "Missing RETURN", 13 },
	{ AUTH, "a LIST (REMOTE RECURSIVEMATCH) \"\" *",
		"RECURSIVEMATCH needs another option", 32 },
	{ AUTH, "a LIST (REMOTE SUBSCRIBED SUBSCRIBED) \"\" *", NULL, 0 },
	{ AUTH, "a LIST (SUBSCRIBED", "Missing )", 19 },
	{ AUTH, "a LIST \"\" () RETURN (SUBSCRIBED)", "Missing pattern", 12 },
	{ AUTH, "a LIST \"\" (\"\" INBOX)", NULL, 0 },
	{ AUTH, "a LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)",
		NULL, 0 },
	{ AUTH, "a LIST \"\" % return (children status (size))", NULL, 0 },
	{ AUTH, "a LIST \"\" % RETURN (STATUS)", "Missing space", 27 },
	{ AUTH, "a LIST \"\" % RETURN (STATUS ())", "Unknown STATUS item", 29 },
	{ AUTH, "a LIST \"\" % RETURN (STATUS (FOO))", "Unknown STATUS item",
		29 },
	{ AUTH, "a LIST (STATUS (SIZE)) \"\" %", "Unknown LIST option", 9 },
	{ AUTH, "a LIST \"\" % RETURN (MYRIGHTS SPECIAL-USE)", NULL, 0 },
	{ AUTH, "a LIST \"\" % RETURN (METADATA (/shared/comment))", NULL, 0 },
	{ AUTH, "a LIST \"\" % RETURN (METADATA (\"/shared/x\" /private/y))",
		NULL, 0 },
	{ AUTH, "a LIST \"\" % RETURN (METADATA /shared/comment)", "Missing (",
		30 },
	{ AUTH, "a LIST \"\" % RETURN (METADATA ())", "Missing argument", 31 },
	{ AUTH, "a LSUB \"\" %", NULL, 0 },
	{ AUTH, "a LSUB () \"\" %", "Missing argument", 8 },
	{ AUTH, "a ID NIL", NULL, 0 },
	{ AUTH, "a ID ()", NULL, 0 },
	{ AUTH, "a ID (\"name\" \"x\" \"os\" NIL)", NULL, 0 },
	{ AUTH, "a ID (name x)", "Missing string", 7 },
	{ AUTH, "a ENABLE CONDSTORE X", NULL, 0 },
	{ AUTH, "a ENABLE", "Missing space", 9 },
	{ AUTH, "a APPEND INBOX {5}\nhello", NULL, 0 },
	{ AUTH, "a APPEND INBOX {5}\nhello ", NULL, 0 },
	{ AUTH, "a REPLACE 1 INBOX {1}\nx", "Not now, select a mailbox", 0 },
	{ BOX, "a REPLACE 1 INBOX (\\Seen) {1}\nx", NULL, 0 },
	{ BOX, "a UID REPLACE * INBOX CATENATE (URL /x)", NULL, 0 },
	{ BOX, "a REPLACE 1:2 INBOX {1}\nx", "Missing space", 12 },
	{ BOX, "a REPLACE 0 INBOX {1}\nx", "Number 0", 11 },
	{ BOX, "a REPLACE 4294967296 INBOX {1}\nx", "Number too large", 11 },
	{ BOX, "a REPLACE 1 INBOX {1}\nx {1}\ny", "Unexpected argument", 2 },
	{ AUTH, "a APPEND INBOX {5}\nhello (\\Seen) ~{1}\nx", NULL, 0 },
	{ AUTH, "a APPEND INBOX {5}\nhello x", "Missing literal", 2 },
	{ AUTH, "a APPEND INBOX ~hello", "Missing literal", 16 },
	{ AUTH, "a APPEND INBOX UTF8 (~{1}\nx)", NULL, 0 },
	{ AUTH, "a APPEND INBOX UTF8 ~{1}\nx", "Missing (", 21 },
	{ AUTH, "a APPEND x CATENATE (URL /x TEXT {1}\nx URL /x) {1}\nx", NULL,
		0 },
	{ AUTH, "a APPEND x CATENATE ()", "Missing TEXT, UTF8 or URL", 22 },
	{ AUTH, "a APPEND x CATENATE (URL /x", "Missing )", 28 },
	{ AUTH, "a APPEND x CATENATE (TEXT x)", "Missing literal", 27 },
	{ AUTH, "a APPEND INBOX (\\Seen foo) {5+}\nhello", NULL, 0 },
	{ AUTH, "a APPEND INBOX () \"17-Jul-1996 02:44:25 -0700\" {1}\nx", NULL,
		0 },
	{ AUTH, "a APPEND INBOX \" 7-Jul-1996 02:44:25 -0700\" {1}\nx", NULL,
		0 },
	{ AUTH, "a APPEND {5}\nINBOX {1}\nx", NULL, 0 },
	{ AUTH, "a APPEND INBOX hello", "Missing literal", 16 },
	{ AUTH, "a APPEND INBOX (\\Recent) {1}\nx", "\\Recent cannot be set",
		17 },
	{ AUTH, "a APPEND INBOX (\\Foo) {1}\nx", "Unknown flag", 17 },
	{ AUTH, "a APPEND INBOX \"32-Jul-1996 02:44:25 -0700\" {1}\nx",
		"Wrong date, it should be like \"17-Jul-1996 02:44:25 -0700\"",
		16 },
	{ AUTH, "a IDLE", NULL, 0 },
	{ AUTH, "a CLOSE", "Not now, select a mailbox", 0 },
	{ BOX, "a CLOSE", NULL, 0 },
	{ BOX, "a EXPUNGE", NULL, 0 },
	{ BOX, "a EXPUNGE 1", "Unexpected argument", 11 },
	{ BOX, "a UID EXPUNGE 1:*", NULL, 0 },
	{ BOX, "a UID EXPUNGE", "Missing space", 14 },
	{ BOX, "a COPY 1:3 x", NULL, 0 },
	{ BOX, "a COPY 4 x", "No such message, the last is 3", 0 },
	{ BOX, "a COPY 4:* x", NULL, 0 },
	{ BOX, "a COPY 2:9 x", "No such message, the last is 3", 0 },
	{ BOX, "a UID COPY 4 x", NULL, 0 },
	{ BOX, "a COPY 0 x", "Number 0", 8 },
	{ BOX, "a COPY 1, x", "Missing number", 10 },
	{ BOX, "a COPY 1: x", "Missing number", 10 },
	{ BOX, "a COPY 4294967296 x", "Number too large", 8 },
	{ BOX, "a UID COPY 4294967295 x", NULL, 0 },
	{ BOX, "a STORE 1 FLAGS ()", NULL, 0 },
	{ BOX, "a STORE 1 +FLAGS.SILENT (\\Seen)", NULL, 0 },
	{ BOX, "a STORE 1 -flags \\Seen \\Deleted $Junk", NULL, 0 },
	{ BOX, "a STORE 1 FLAGS", "Missing space", 16 },
	{ BOX, "a STORE 1 FLAGS ", "Missing flag", 17 },
	{ BOX, "a STORE 1 FLAGSX (a)", "Missing FLAGS", 11 },
	{ BOX, "a STORE 1 +FLAGS (\\Seen", "Missing )", 24 },
	{ BOX, "a STORE 1 +FLAGS (\\*)", "Missing flag", 20 },
};

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Wire wire;
		g_test_message("%s", cases[i].text);
		wire_parse_text(&wire, cases[i].text, cases[i].state, 3);
		g_assert_cmpint(wire.status, ==,
			cases[i].error == NULL ? PARSE_OK : PARSE_ERROR);
		g_assert_cmpstr(wire.parser.error, ==, cases[i].error);
		if (cases[i].error != NULL)
			g_assert_cmpuint(wire.parser.is_whole ?
					0 :
					parser_column(&wire.parser),
				==, cases[i].column);
		wire_clear(&wire);
	}
}

static ParseStatus parse_list(gsize reference, gsize pattern)
{
	g_autofree char *start = g_strnfill(reference, 'r');
	g_autofree char *rest = g_strnfill(pattern, '%');
	g_autofree char *text = g_strdup_printf(
		"a LIST \"%s\" (%s %s) RETURN (CHILDREN)", start, rest, rest);
	Wire wire;

	wire_parse_text(&wire, text, AUTH, 0);
	ParseStatus status = wire.status;
	wire_clear(&wire);
	return status;
}

/* Patterns that would take long to match are refused, not a mistake. */
static void test_long_patterns(void)
{
	const gsize half = LIST_PATTERN_BYTES_MAX / 2;

	g_assert_cmpint(parse_list(0, half), ==, PARSE_OK);
	g_assert_cmpint(parse_list(0, half + 1), ==, PARSE_REFUSED);
	g_assert_cmpint(parse_list(half - 1, 1), ==, PARSE_OK);
	g_assert_cmpint(parse_list(half, 1), ==, PARSE_REFUSED);
}

static void test_literals(void)
{
	static const struct {
		const char *text;
		guint64 size;
		gboolean is_sync;
		ImapLiteralUse use;
	} wanted[] = {
		{ "a SELECT {5}", 5, TRUE, LITERAL_STRING },
		{ "a SELECT {0+}", 0, FALSE, LITERAL_STRING },
		{ "a APPEND x (\\Seen) {99999}", 99999, TRUE, LITERAL_MESSAGE },
		{ "a APPEND {5}", 5, TRUE, LITERAL_STRING },
		{ "a APPEND {1}\nx {7+}", 7, FALSE, LITERAL_MESSAGE },
		{ "a APPEND x ~{7+}", 7, FALSE, LITERAL_MESSAGE },
		{ "a APPEND x {1}\nx () {8}", 8, TRUE, LITERAL_MESSAGE },
		{ "a APPEND x UTF8 (~{8}", 8, TRUE, LITERAL_MESSAGE },
		{ "a APPEND x CATENATE (TEXT {9}", 9, TRUE,
			LITERAL_MESSAGE_PART },
		{ "a APPEND x CATENATE (URL {9}", 9, TRUE, LITERAL_STRING },
		{ "a SELECT {99999999999999999999}", G_MAXUINT64, TRUE,
			LITERAL_STRING },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		Wire wire;
		g_test_message("%s", wanted[i].text);
		wire_parse_text(&wire, wanted[i].text, AUTH, 0);
		g_assert_cmpint(wire.status, ==, PARSE_LITERAL);
		g_assert_cmpuint(wire.parser.literal.size, ==, wanted[i].size);
		g_assert_cmpint(
			wire.parser.literal.is_sync, ==, wanted[i].is_sync);
		g_assert_cmpint(wire.parser.literal_use, ==, wanted[i].use);
		wire_clear(&wire);
	}
}

static void test_sets(void)
{
	static const struct {
		const char *command;
		guint32 messages;
		const char *set;
	} wanted[] = {
		{ "a COPY 1 x", 3, "1" },
		{ "a COPY 1,2,3 x", 3, "1:3" },
		{ "a COPY 3:1 x", 3, "1:3" },
		{ "a COPY * x", 3, "3" },
		{ "a COPY 2:* x", 3, "2:3" },
		{ "a COPY *:2 x", 3, "2:3" },
		{ "a COPY 9:* x", 3, "3" },
		{ "a COPY 3,1,3,2:1 x", 3, "1:3" },
		{ "a COPY 1:* x", 0, "" },
		{ "a COPY * x", 0, "" },
		{ "a UID COPY 5,7:9 x", 3, "5,7:9" },
		{ "a UID COPY * x", 3, "30" },
		{ "a UID COPY 99:* x", 3, "30" },
		{ "a UID COPY 25:* x", 3, "25:30" },
		{ "a UID COPY 1:* x", 0, "" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		Wire wire;
		g_test_message("%s", wanted[i].command);
		wire_parse_text(
			&wire, wanted[i].command, BOX, wanted[i].messages);
		g_assert_cmpint(wire.status, ==, PARSE_OK);
		const CopyArgs *args = wire.command.args;
		numset_append_text(args->set, text);
		g_assert_cmpstr(text->str, ==, wanted[i].set);
		wire_clear(&wire);
	}
}

static void test_arguments(void)
{
	Wire wire;

	wire_parse_text(
		&wire, "tag LOGIN \"a\\\\\\\"b\" {2}\n\r\n", NO_AUTH, 0);
	const LoginArgs *login = wire.command.args;
	g_assert_cmpstr(wire.command.tag, ==, "tag");
	g_assert_true(bytes_equal(login->user, bytes_of("a\\\"b", 4)));
	g_assert_true(bytes_equal(login->password, bytes_of("\r\n", 2)));
	wire_clear(&wire);

	wire_parse_text(&wire, "a STORE 1 -FLAGS.SILENT (\\seen A a \\Draft b)",
		BOX, 1);
	const StoreArgs *store = wire.command.args;
	g_assert_cmpint(store->action, ==, FLAG_REMOVE);
	g_assert_true(store->silent);
	g_assert_cmpint(store->flags.flags, ==, FLAG_SEEN | FLAG_DRAFT);
	g_assert_cmpstr(store->flags.keywords[0], ==, "A");
	g_assert_cmpstr(store->flags.keywords[1], ==, "b");
	g_assert_null(store->flags.keywords[2]);
	wire_clear(&wire);

	wire_parse_text(&wire, "a LIST (SUBSCRIBED) r (x %) RETURN (CHILDREN)",
		AUTH, 0);
	const ListArgs *list = wire.command.args;
	g_assert_cmpuint(list->select, ==, LIST_SUBSCRIBED);
	g_assert_cmpuint(list->give, ==, LIST_CHILDREN);
	g_assert_cmpuint(list->count, ==, 2);
	g_assert_true(bytes_equal(list->patterns[1], bytes_of("%", 1)));
	wire_clear(&wire);
}

/* What would cost a server dearly is refused, or is cheap. */
static void test_limits(void)
{
	g_autoptr(GString) text = g_string_new("a STORE 1 FLAGS (");
	Wire wire;

	for (guint i = 0; i < 300; i++)
		g_string_append_printf(text, "k%u ", i);
	wire_parse_text(&wire, text->str, BOX, 1);
	g_assert_cmpint(wire.status, ==, PARSE_REFUSED);
	wire_clear(&wire);

	g_string_assign(text, "a STORE 1 FLAGS (");
	for (guint i = 0; i < 300; i++)
		g_string_append_c(text, 'k');
	g_string_append_c(text, ')');
	wire_parse_text(&wire, text->str, BOX, 1);
	g_assert_cmpint(wire.status, ==, PARSE_REFUSED);
	wire_clear(&wire);

	g_string_assign(text, "a UID COPY 1000000");
	for (guint i = 500000; i > 400001; i--)
		g_string_append_printf(text, ",%u", i * 2);
	g_string_append(text, " x");
	wire_parse_text(&wire, text->str, BOX, 1);
	g_assert_cmpint(wire.status, ==, PARSE_OK);
	wire_clear(&wire);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/command/cases", test_cases);
	g_test_add_func("/imap/command/long-patterns", test_long_patterns);
	g_test_add_func("/imap/command/literals", test_literals);
	g_test_add_func("/imap/command/sets", test_sets);
	g_test_add_func("/imap/command/arguments", test_arguments);
	g_test_add_func("/imap/command/limits", test_limits);
	return g_test_run();
}
