/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What FETCH may be asked for. */
#include "imap/fetch-item.h"

#include "wire.h"

static const struct {
	const char *text;
	const char *shown; /* the items as names; NULL: an error */
	guint column;
} cases[] = {
	{ "FLAGS", "FLAGS", 0 },
	{ "(FLAGS UID)", "FLAGS UID", 0 },
	{ "ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", 0 },
	{ "fast", "FLAGS INTERNALDATE RFC822.SIZE", 0 },
	{ "Full", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY", 0 },
	{ "body", "BODY", 0 },
	{ "BODYSTRUCTURE", "BODYSTRUCTURE", 0 },
	{ "RFC822", "RFC822", 0 },
	{ "RFC822.HEADER", "RFC822.HEADER", 0 },
	{ "RFC822.TEXT", "RFC822.TEXT", 0 },
	{ "RFC822.SIZE", "RFC822.SIZE", 0 },
	{ "BODY[]", "BODY[]", 0 },
	{ "BODY.PEEK[]<7.9>", "BODY.PEEK[]<7.9>", 0 },
	{ "body.peek[1.2.mime]", "BODY.PEEK[1.2.MIME]", 0 },
	{ "BODY[TEXT]", "BODY[TEXT]", 0 },
	{ "BODY[HEADER]", "BODY[HEADER]", 0 },
	{ "BODY[1.HEADER]", "BODY[1.HEADER]", 0 },
	{ "BODY[HEADER.FIELDS (From \"To\")]", "BODY[HEADER.FIELDS (From To)]",
		0 },
	{ "BODY[2.HEADER.FIELDS.NOT (X)]", "BODY[2.HEADER.FIELDS.NOT (X)]", 0 },
	{ "BODY[HEADER.FIELDS ({4}\nFrom)]", "BODY[HEADER.FIELDS (From)]", 0 },
	{ "BODY[HEADER.FIELDS (\"]\" x)]", "BODY[HEADER.FIELDS (\"]\" x)]", 0 },
	{ "BINARY[]", "BINARY[]", 0 },
	{ "binary.peek[1.2]<0.5>", "BINARY.PEEK[1.2]<0.5>", 0 },
	{ "BINARY.SIZE[3]", "BINARY.SIZE[3]", 0 },
	{ "(EMAILID THREADID SAVEDATE)", "EMAILID THREADID SAVEDATE", 0 },
	{ "FLAGS ", "FLAGS", 0 },
	{ "BODY[]<4294967296.9223372036854775807>",
		"BODY[]<4294967296.9223372036854775807>", 0 },
	{ "modseq", "MODSEQ", 0 },
	{ "FLAGS (CHANGEDSINCE 5)", "FLAGS MODSEQ", 0 },
	{ "(MODSEQ UID) (changedsince 0)", "MODSEQ UID", 0 },
	{ "FLAGS (CHANGEDSINCE)", NULL, 28 },
	{ "FLAGS (CHANGEDSINCE 9223372036854775808)", NULL, 29 },
	{ "FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)", NULL, 31 },
	{ "FLAGS (CHANGEDSINCE 1 VANISHED)", NULL, 39 },
	{ "PREVIEW", "PREVIEW", 0 },
	{ "PREVIEW (LAZY)", "PREVIEW", 0 },
	{ "(preview (lazy) UID)", "PREVIEW UID", 0 },
	{ "(PREVIEW UID)", "PREVIEW UID", 0 },
	{ "PREVIEW (LAZY", NULL, 22 },
	{ "PREVIEW (LAZYX)", NULL, 18 },
	{ "PREVIEW (LAZY X)", NULL, 23 },
	{ "BINARY[HEADER]", NULL, 16 },
	{ "BINARY[1.MIME]", NULL, 16 },
	{ "BINARY[1.TEXT]", NULL, 16 },
	{ "BINARY.SIZE[1]<0.1>", NULL, 23 },
	{ "BINARY", NULL, 9 },
	{ "FLAGS ()", NULL, 16 },
	{ "FLAGS (X)", NULL, 16 },
	{ "FLAGS (PARTIAL 1:2)", NULL, 23 },
	{ "BODY[", NULL, 14 },
	{ "BODY[X]", NULL, 14 },
	{ "BODY[0]", NULL, 14 },
	{ "BODY[1.]", NULL, 14 },
	{ "BODY[MIME]", NULL, 14 },
	{ "BODY[HEADER.FIELDS ()]", NULL, 14 },
	{ "BODY[]<1>", NULL, 17 },
	{ "BODY[]<1.0>", NULL, 19 },
	{ "BODY[]<1.2", NULL, 19 },
	{ "BODY[]<1.9223372036854775808>", NULL, 18 },
	{ "BODY.PEEK", NULL, 9 },
	{ "FLAGSX", NULL, 9 },
	{ "()", NULL, 10 },
	{ "(FLAGS", NULL, 15 },
	{ "(FLAGS  UID)", NULL, 16 },
	{ "(ALL)", NULL, 10 },
	{ "FLAGS UID", NULL, 15 },
};

static void show(const FetchArgs *args, GString *out)
{
	for (guint i = 0; i < args->count; i++) {
		const FetchItem *item = &args->items[i];
		g_string_append_printf(
			out, "%s%s", i > 0 ? " " : "", item->row->name);
		if (!g_str_has_suffix(item->row->name, "["))
			continue;
		mime_section_write(&item->section, out);
		g_string_append_c(out, ']');
		if (item->has_partial)
			g_string_append_printf(out,
				"<%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ">",
				item->offset, item->size);
	}
}

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strdup_printf("a FETCH 1 %s", cases[i].text);
		g_autoptr(GString) shown = g_string_new(NULL);
		Wire wire;
		g_test_message("%s", text);
		wire_parse_text(&wire, text, IMAP_SELECTED, 1);
		if (cases[i].shown == NULL) {
			g_assert_cmpint(wire.status, ==, PARSE_ERROR);
			/* The table's columns count from "FETCH 1 ". */
			g_assert_cmpuint(parser_column(&wire.parser), ==,
				cases[i].column + 2);
		} else {
			g_assert_cmpint(wire.status, ==, PARSE_OK);
			show(wire.command.args, shown);
			g_assert_cmpstr(shown->str, ==, cases[i].shown);
		}
		wire_clear(&wire);
	}
}

static void test_needs(void)
{
	static const struct {
		const char *items;
		guint needs;
	} wanted[] = {
		{ "(FLAGS UID RFC822.SIZE)", NEED_VIEW },
		{ "INTERNALDATE", NEED_META },
		{ "ALL", NEED_META | NEED_ENVELOPE },
		{ "FULL", NEED_META | NEED_ENVELOPE | NEED_STRUCTURE },
		{ "BODY.PEEK[]", NEED_SECTION },
		{ "BODY[]", NEED_SECTION | NEED_SETS_SEEN },
		{ "BODY[HEADER]", NEED_SECTION | NEED_SETS_SEEN },
		{ "RFC822", NEED_SECTION | NEED_SETS_SEEN },
		{ "RFC822.TEXT", NEED_SECTION | NEED_SETS_SEEN },
		{ "RFC822.HEADER", NEED_SECTION },
		{ "BODY", NEED_STRUCTURE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autofree char *text =
			g_strdup_printf("a FETCH 1 %s", wanted[i].items);
		Wire wire;
		wire_parse_text(&wire, text, IMAP_SELECTED, 1);
		const FetchArgs *args = wire.command.args;
		g_test_message("%s", text);
		g_assert_cmpuint(args->needs, ==, wanted[i].needs);
		wire_clear(&wire);
	}
}

/* RFC 3501 section 6.4.8. */
static void test_uid(void)
{
	g_autoptr(GString) shown = g_string_new(NULL);
	Wire wire;

	wire_parse_text(&wire, "a UID FETCH 1:* FLAGS", IMAP_SELECTED, 1);
	show(wire.command.args, shown);
	g_assert_cmpstr(shown->str, ==, "UID FLAGS");
	wire_clear(&wire);
	g_string_assign(shown, "");
	wire_parse_text(&wire, "a UID FETCH 1:* (FLAGS UID)", IMAP_SELECTED, 1);
	show(wire.command.args, shown);
	g_assert_cmpstr(shown->str, ==, "FLAGS UID");
	wire_clear(&wire);
}

static const struct {
	const char *text;
	guint32 first; /* 0: an error */
	guint32 last;
	gboolean from_end;
} partials[] = {
	{ "FLAGS", 1, G_MAXUINT32, FALSE },
	{ "FLAGS (PARTIAL 1:100)", 1, 100, FALSE },
	{ "(UID FLAGS) (partial 500:400)", 400, 500, FALSE },
	{ "FAST (PARTIAL -1:-100)", 1, 100, TRUE },
	{ "FAST (PARTIAL -100:-1)", 1, 100, TRUE },
	{ "FAST (PARTIAL 4294967295:1)", 1, 4294967295, FALSE },
	{ "FAST (PARTIAL 1:4294967296)", 0, 0, FALSE },
	{ "FAST (PARTIAL 0:1)", 0, 0, FALSE },
	{ "FAST (PARTIAL -1:1)", 0, 0, FALSE },
	{ "FAST (PARTIAL 1:*)", 0, 0, FALSE },
	{ "FAST (PARTIAL 1)", 0, 0, FALSE },
	{ "FAST (PARTIAL)", 0, 0, FALSE },
	{ "FAST (PARTIAL 1:2", 0, 0, FALSE },
	{ "FAST (PARTIAL 1:2 PARTIAL 1:2)", 0, 0, FALSE },
	{ "FAST (PARTIAL 1:2) ()", 0, 0, FALSE },
};

static void test_partial(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(partials); i++) {
		g_autofree char *text =
			g_strdup_printf("a UID FETCH 1 %s", partials[i].text);
		Wire wire;
		g_test_message("%s", text);
		wire_parse_text(&wire, text, IMAP_SELECTED, 1);
		const FetchArgs *args = wire.command.args;
		g_assert_cmpint(wire.status, ==,
			partials[i].first > 0 ? PARSE_OK : PARSE_ERROR);
		if (partials[i].first > 0) {
			g_assert_cmpuint(
				MIN(args->partial.first, args->partial.last),
				==, partials[i].first);
			g_assert_cmpuint(
				MAX(args->partial.first, args->partial.last),
				==, partials[i].last);
			g_assert_cmpint(args->partial.from_end, ==,
				partials[i].from_end);
		}
		wire_clear(&wire);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/fetch-item/cases", test_cases);
	g_test_add_func("/imap/fetch-item/needs", test_needs);
	g_test_add_func("/imap/fetch-item/uid", test_uid);
	g_test_add_func("/imap/fetch-item/partial", test_partial);
	return g_test_run();
}
