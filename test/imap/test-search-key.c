/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH's keys and the trees they become. */
#include "syntax/search-key.h"

#include "imap/search-args.h"
#include "wire.h"

static const char *const kinds[] = {
	[SEARCH_ALL] = "all",
	[SEARCH_AND] = "and",
	[SEARCH_OR] = "or",
	[SEARCH_NOT] = "not",
	[SEARCH_FLAGS] = "flags",
	[SEARCH_KEYWORD] = "keyword",
	[SEARCH_RECENT] = "recent",
	[SEARCH_SEQUENCE] = "seq",
	[SEARCH_UID] = "uid",
	[SEARCH_SIZE] = "size",
	[SEARCH_INTERNAL_DATE] = "date",
	[SEARCH_SENT_DATE] = "sent",
	[SEARCH_MODSEQ] = "modseq",
	[SEARCH_HEADER] = "header",
	[SEARCH_BODY] = "body",
	[SEARCH_TEXT] = "text",
	[SEARCH_AGE] = "age",
	[SEARCH_SAVE_DATE] = "saved",
	[SEARCH_SAVE_DATE_SUPPORTED] = "savedates",
	[SEARCH_EMAIL_ID] = "emailid",
	[SEARCH_THREAD_ID] = "threadid",
};

static void show(const SearchKey *key, GString *out)
{
	static const char *const compares[] = { "<", "=", ">=", ">", "<=" };

	g_string_append_printf(
		out, "%s%s", kinds[key->kind], key->fuzzy ? "~" : "");
	if (key->kind == SEARCH_FLAGS)
		g_string_append_printf(
			out, " %x/%x", key->flags_value, key->flags_mask);
	if (key->kind == SEARCH_MODSEQ || key->kind == SEARCH_EMAIL_ID)
		g_string_append_printf(out, " %" G_GUINT64_FORMAT, key->number);
	if (key->kind == SEARCH_SIZE || key->kind == SEARCH_AGE)
		g_string_append_printf(out, "%s%" G_GUINT64_FORMAT,
			compares[key->compare], key->number);
	if (key->kind == SEARCH_INTERNAL_DATE ||
		key->kind == SEARCH_SENT_DATE || key->kind == SEARCH_SAVE_DATE)
		g_string_append_printf(out, "%s%d-%d-%d",
			compares[key->compare], key->day.year, key->day.month,
			key->day.day);
	if (key->set != NULL) {
		g_string_append_c(out, ' ');
		numset_append_text(key->set, out);
	}
	if (key->field != NULL)
		g_string_append_printf(out, " %s:", key->field);
	if (key->text != NULL)
		g_string_append_printf(out, " %s", key->text);
	if (key->first_child == NULL)
		return;
	g_string_append_c(out, '(');
	for (const SearchKey *child = key->first_child; child != NULL;
		child = child->next) {
		show(child, out);
		if (child->next != NULL)
			g_string_append(out, ", ");
	}
	g_string_append_c(out, ')');
}

static const struct {
	const char *text;
	const char *tree;
} cases[] = {
	{ "ALL", "and(all)" },
	{ "SEEN UNSEEN", "and(flags 1/1, flags 0/1)" },
	{ "answered unanswered", "and(flags 2/2, flags 0/2)" },
	{ "FLAGGED UNFLAGGED", "and(flags 4/4, flags 0/4)" },
	{ "DELETED UNDELETED", "and(flags 8/8, flags 0/8)" },
	{ "DRAFT UNDRAFT", "and(flags 10/10, flags 0/10)" },
	{ "KEYWORD $Junk", "and(keyword $Junk)" },
	{ "UNKEYWORD a", "and(not(keyword a))" },
	{ "RECENT", "and(uid 20:30)" },
	{ "OLD", "and(not(uid 20:30))" },
	{ "NEW", "and(and(uid 20:30, flags 0/1))" },
	{ "BCC x CC y", "and(header Bcc: x, header Cc: y)" },
	{ "FROM a TO b SUBJECT c",
		"and(header From: a, header To: b, header Subject: c)" },
	{ "HEADER X-Y \"a b\"", "and(header X-Y: a b)" },
	{ "HEADER X-Y \"\"", "and(header X-Y: )" },
	{ "BODY x TEXT y", "and(body x, text y)" },
	{ "BEFORE 1-Feb-1994", "and(date<1994-2-1)" },
	{ "ON \"01-Feb-1994\"", "and(date=1994-2-1)" },
	{ "SINCE 28-Feb-2000", "and(date>=2000-2-28)" },
	{ "SENTBEFORE 1-Feb-1994 SENTON 1-Feb-1994 SENTSINCE 1-Feb-1994",
		"and(sent<1994-2-1, sent=1994-2-1, sent>=1994-2-1)" },
	{ "LARGER 10 SMALLER 20", "and(size>10, size<20)" },
	{ "UID 10,20:*", "and(uid 10,20:30)" },
	{ "2:*", "and(seq 2:3)" },
	{ "1,3 SEEN", "and(seq 1,3, flags 1/1)" },
	{ "7", "and(seq 7)" },
	{ "NOT SEEN", "and(not(flags 1/1))" },
	{ "NOT NOT ALL", "and(not(not(all)))" },
	{ "OR SEEN DELETED", "and(or(flags 1/1, flags 8/8))" },
	{ "OR OR SEEN DRAFT NOT ALL",
		"and(or(or(flags 1/1, flags 10/10), "
		"not(all)))" },
	{ "(SEEN)", "and(and(flags 1/1))" },
	{ "OR (SEEN 1) (NOT (ALL))",
		"and(or(and(flags 1/1, seq 1), and(not(and(all)))))" },
	{ "SUBJECT {3}\nabc SEEN", "and(header Subject: abc, flags 1/1)" },
	{ "CHARSET UTF-8 SUBJECT \"gr\xc3\xbcn\"",
		"and(header Subject: gr\xc3\xbcn)" },
	{ "CHARSET ISO-8859-1 SUBJECT {4}\ngr\xfcn",
		"and(header Subject: gr\xc3\xbcn)" },
	{ "charset us-ascii all", "and(all)" },
	{ "SUBJECT {5}\ngr\xc3\xbcn", "and(header Subject: gr\xc3\xbcn)" },
	{ "ALL ", "and(all)" },
	{ "YOUNGER 60 OLDER 3600", "and(age<=60, age>=3600)" },
	{ "SAVEDBEFORE 1-Feb-1994 SAVEDON 1-Feb-1994 SAVEDSINCE 1-Feb-1994",
		"and(saved<1994-2-1, saved=1994-2-1, saved>=1994-2-1)" },
	{ "SAVEDATESUPPORTED", "and(savedates)" },
	{ "MODSEQ 0", "and(modseq 0)" },
	{ "MODSEQ 620162338", "and(modseq 620162338)" },
	{ "MODSEQ \"/flags/\\\\draft\" all 620162338",
		"and(modseq 620162338)" },
	{ "MODSEQ \"/flags/$mdnsent\" priv 7 SEEN",
		"and(modseq 7, flags 1/1)" },
	{ "EMAILID M12 THREADID Tab-_9",
		"and(emailid 12 M12, threadid Tab-_9)" },
	{ "EMAILID X12", "and(emailid 0 X12)" },
	{ "EMAILID M12x", "and(emailid 0 M12x)" },
	{ "FUZZY SUBJECT a SUBJECT b",
		"and(and(header~ Subject: a), header Subject: b)" },
	{ "FUZZY (BODY a NOT (FROM b)) TEXT c",
		"and(and(and(body~ a, not(and(header~ From: b)))), text c)" },
	{ "NOT FILTER on-the-road", "and(not(all))" },
	{ "$", "and(seq 1,3)" },
	{ "UID $ $ 2", "and(uid 10,25:30, seq 1,3, seq 2)" },
	{ "OR $,$,2 SEEN", "and(or(seq 1:3, flags 1/1))" },
	{ "CHARSET x-none SUBJECT \"a\"", "and(header Subject: a)" },
};

/* Messages 1 to 3 have UIDs 10, 20, 30; "$" is 1 and 3 and one that is gone. */
static const ViewMessage messages[] = {
	{ .uid = 10 },
	{ .uid = 20 },
	{ .uid = 30 },
};

static void parse(Wire *wire, const char *text, const NumSet *recent)
{
	g_autofree char *line = g_strdup_printf("a SEARCH %s", text);
	g_autoptr(NumSet) saved = numset_new();
	MailboxView view = { .count = 3, .messages = messages };
	ImapNumbers numbers = { .messages = 3,
		.last_uid = 30,
		.recent = recent,
		.saved = saved,
		.view = &view };

	numset_add(saved, 10);
	numset_add_range(saved, 25, 30);
	wire_parse_numbers(wire, line, numbers);
}

static void test_cases(void)
{
	g_autoptr(NumSet) recent = numset_new();

	numset_add_range(recent, 20, 30);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) tree = g_string_new(NULL);
		Wire wire;
		g_test_message("%s", cases[i].text);
		parse(&wire, cases[i].text, recent);
		g_assert_cmpint(wire.status, ==, PARSE_OK);
		const SearchArgs *args = wire.command.args;
		show(args->program.key, tree);
		g_assert_cmpstr(tree->str, ==, cases[i].tree);
		wire_clear(&wire);
	}
}

static const struct {
	const char *text;
	ParseStatus status;
	const char *error;
} wrong[] = {
	{ "", PARSE_ERROR, "Unknown SEARCH key" },
	{ "FOO", PARSE_ERROR, "Unknown SEARCH key" },
	{ "SEENX", PARSE_ERROR, "Unknown SEARCH key" },
	{ "NOT", PARSE_ERROR, "Missing space" },
	{ "OR SEEN", PARSE_ERROR, "Missing space" },
	{ "OR SEEN ", PARSE_ERROR, "Unknown SEARCH key" },
	{ "(SEEN", PARSE_ERROR, "Missing )" },
	{ "()", PARSE_ERROR, "Unknown SEARCH key" },
	{ "SEEN)", PARSE_ERROR, "Unexpected argument" },
	{ "SUBJECT", PARSE_ERROR, "Missing space" },
	{ "HEADER x", PARSE_ERROR, "Missing space" },
	{ "BEFORE 30-Feb-1994", PARSE_ERROR,
		"Wrong date, it should be like 1-Feb-1994" },
	{ "LARGER x", PARSE_ERROR, "Missing number" },
	{ "UID 0", PARSE_ERROR, "Number 0" },
	{ "CHARSET", PARSE_ERROR, "Missing space" },
	{ "YOUNGER 0", PARSE_ERROR, "Number 0" },
	{ "OLDER 4294967296", PARSE_ERROR, "Number too large" },
	{ "MODSEQ x", PARSE_ERROR, "Missing number" },
	{ "MODSEQ \"/x/y\" all 1", PARSE_ERROR, "Unknown metadata item" },
	{ "MODSEQ \"/flags/x\" some 1", PARSE_ERROR,
		"Missing priv, shared or all" },
	{ "MODSEQ \"/flags/x\" all", PARSE_ERROR, "Missing space" },
	{ "MODSEQ 9223372036854775808", PARSE_ERROR, "Number too large" },
	{ "EMAILID \"a b\"", PARSE_ERROR, "Wrong object id" },
	{ "THREADID \"\"", PARSE_ERROR, "Wrong object id" },
	{ "FUZZY", PARSE_ERROR, "Missing space" },
	{ "FILTER a/b", PARSE_ERROR, "Wrong name of a filter" },
	{ "$1", PARSE_ERROR, "Unexpected argument" },
	{ "$:2", PARSE_ERROR, "Unexpected argument" },
	{ "RETURN (ALL PARTIAL 1:2) ALL", PARSE_ERROR,
		"More than one of PARTIAL and ALL" },
	{ "RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL", PARSE_ERROR,
		"More than one of PARTIAL and ALL" },
	{ "RETURN (PARTIAL 0:2) ALL", PARSE_ERROR, "Places count from 1" },
	{ "RETURN (PARTIAL 1:-2) ALL", PARSE_ERROR, "Missing number" },
	{ "RETURN (PARTIAL -1:2) ALL", PARSE_ERROR, "Missing -" },
	{ "RETURN (PARTIAL 1:*) ALL", PARSE_ERROR, "Missing number" },
	{ "RETURN (MINI) ALL", PARSE_ERROR, "Unknown RETURN option" },
	{ "RETURN (MIN", PARSE_ERROR, "Missing )" },
	{ "RETURN (MIN)", PARSE_ERROR, "Missing space" },
};

static void test_wrong(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		Wire wire;
		g_test_message("%s", wrong[i].text);
		parse(&wire, wrong[i].text, NULL);
		g_assert_cmpint(wire.status, ==, wrong[i].status);
		g_assert_cmpstr(wire.parser.error, ==, wrong[i].error);
		wire_clear(&wire);
	}
}

/* Nesting costs stack: it ends at a limit, however it is written. */
static void test_depth(void)
{
	static const char *const openings[] = { "(", "NOT ", "OR ALL " };

	for (gsize i = 0; i < G_N_ELEMENTS(openings); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		Wire wire;
		for (guint k = 0; k < 20000; k++)
			g_string_append(text, openings[i]);
		g_string_append(text, "ALL");
		parse(&wire, text->str, NULL);
		g_assert_cmpint(wire.status, ==, PARSE_ERROR);
		g_assert_cmpstr(wire.parser.error, ==, "Nested too deeply");
		wire_clear(&wire);
	}
}

static void test_count(void)
{
	g_autoptr(GString) text = g_string_new("ALL");
	Wire wire;

	for (guint k = 0; k < 20000; k++)
		g_string_append(text, " ALL");
	parse(&wire, text->str, NULL);
	g_assert_cmpint(wire.status, ==, PARSE_ERROR);
	g_assert_cmpstr(wire.parser.error, ==, "Too many keys");
	wire_clear(&wire);
}

/* Each text costs time for each message. */
static void test_texts(void)
{
	g_autoptr(GString) text = g_string_new("ALL");
	Wire wire;

	for (guint k = 0; k < SEARCH_TEXTS_MAX; k++)
		g_string_append(text, k % 2 ? " TEXT a" : " HEADER x a");
	parse(&wire, text->str, NULL);
	g_assert_cmpint(wire.status, ==, PARSE_OK);
	wire_clear(&wire);
	g_string_append(text, " SUBJECT a");
	parse(&wire, text->str, NULL);
	g_assert_cmpint(wire.status, ==, PARSE_REFUSED);
	g_assert_cmpstr(wire.parser.refusal, ==, "[LIMIT] Too many texts");
	wire_clear(&wire);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/search-key/cases", test_cases);
	g_test_add_func("/imap/search-key/wrong", test_wrong);
	g_test_add_func("/imap/search-key/depth", test_depth);
	g_test_add_func("/imap/search-key/count", test_count);
	g_test_add_func("/imap/search-key/texts", test_texts);
	return g_test_run();
}
