/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions written on a line and read back. */
#include "sieve/action.h"

#include "base/errors.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static const struct {
	SieveAction action;
	const char *line;
} vectors[] = {
	{ { .kind = SIEVE_KEEP }, "keep" },
	{ { .kind = SIEVE_KEEP, .file.flags = LIST("\\Seen") },
		"keep :flags \"\\\\Seen\"" },
	{ { .kind = SIEVE_KEEP, .file.flags = LIST() }, "keep :flags \"\"" },
	{ { .kind = SIEVE_FILEINTO,
		  .file.mailbox = "X",
		  .file.flags = LIST("\\Seen", "$a") },
		"fileinto \"X\" :flags [\"\\\\Seen\", \"$a\"]" },
	{ { .kind = SIEVE_FILEINTO,
		  .file.mailbox = "X",
		  .file.special_use = "\\Junk",
		  .file.mailbox_id = "F1",
		  .file.creates = TRUE,
		  .is_copy = TRUE },
		"fileinto \"X\" :mailboxid \"F1\" :specialuse \"\\\\Junk\" "
		":create :copy" },
	{ { .kind = SIEVE_REDIRECT, .address = "a@b" }, "redirect \"a@b\"" },
	{ { .kind = SIEVE_REDIRECT, .list = "tag:x", .is_copy = TRUE },
		"redirect :list \"tag:x\" :copy" },
	{ { .kind = SIEVE_DISCARD }, "discard" },
	{ { .kind = SIEVE_REJECT, .text = "no\r\n\"you\"\\ \033[1m\303\244" },
		"reject \"no\\r\\n\\\"you\\\"\\\\ \\x1b[1m\303\244\"" },
	{ { .kind = SIEVE_EREJECT, .text = "" }, "ereject \"\"" },
	{ { .kind = SIEVE_VACATION,
		  .text = "away",
		  .handle = "h",
		  .seconds = 604800 },
		"vacation \"away\" :handle \"h\" :seconds 604800" },
	{ { .kind = SIEVE_VACATION,
		  .text = "away",
		  .handle = "",
		  .subject = "S",
		  .from = "a@b",
		  .is_mime = TRUE,
		  .addresses = LIST("a@b", "c@d"),
		  .has_fcc = TRUE,
		  .file.mailbox = "Sent",
		  .file.creates = TRUE,
		  .file.flags = LIST("\\Seen") },
		"vacation \"away\" :mime :subject \"S\" :from \"a@b\" "
		":addresses [\"a@b\", \"c@d\"] :handle \"\" :seconds 0 "
		":fcc \"Sent\" :create :flags \"\\\\Seen\"" },
	{ { .kind = SIEVE_NOTIFY,
		  .method = "mailto:a@b",
		  .text = "new",
		  .importance = "1",
		  .from = "c@d",
		  .options = LIST("x=y") },
		"notify \"mailto:a@b\" :from \"c@d\" :message \"new\" "
		":importance \"1\" :options \"x=y\"" },
	{ { .kind = SIEVE_ADDHEADER, .field = "X", .text = "v" },
		"addheader \"X\" \"v\"" },
	{ { .kind = SIEVE_ADDHEADER,
		  .field = "X",
		  .text = "",
		  .is_last = TRUE },
		"addheader \"X\" \"\" :last" },
	{ { .kind = SIEVE_DELETEHEADER, .field = "X" }, "deleteheader \"X\"" },
	{ { .kind = SIEVE_DELETEHEADER, .field = "X", .index = 2 },
		"deleteheader \"X\" :index 2" },
	{ { .kind = SIEVE_DELETEHEADER, .field = "X", .index = -1 },
		"deleteheader \"X\" :index 1 :last" },
	{ { .kind = SIEVE_REPLACE, .text = "gone", .subject = "S" },
		"replace \"gone\" :subject \"S\"" },
	{ { .kind = SIEVE_ENCLOSE, .text = "t", .headers = LIST("To", "Cc") },
		"enclose \"t\" :headers [\"To\", \"Cc\"]" },
};

static void test_round_trip(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) line = g_string_new(NULL);
		g_autoptr(GString) again = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		SieveAction action;

		sieve_action_write(&vectors[i].action, line);
		g_assert_cmpstr(line->str, ==, vectors[i].line);
		gboolean done = sieve_action_parse(
			bytes_of(line->str, line->len), arena, &action, &error);
		g_assert_no_error(error);
		g_assert_true(done);
		g_assert_cmpint(action.kind, ==, vectors[i].action.kind);
		g_assert_cmpstr(action.text, ==, vectors[i].action.text);
		g_assert_cmpint(action.index, ==, vectors[i].action.index);
		g_assert_cmpint(action.has_fcc, ==, vectors[i].action.has_fcc);
		sieve_action_write(&action, again);
		g_assert_cmpstr(again->str, ==, line->str);
	}
}

static const char *const bad[] = { "", " keep", "keep ", "kept", "keep x",
	"keep :flags", "keep :flags ", "keep :flags x", "keep :flags \"",
	"keep :flags [", "keep :flags [\"a\"", "keep :flags [\"a\" \"b\"]",
	"keep :copy", "fileinto", "fileinto X", "fileinto :copy",
	"fileinto \"X\" :copy :create", "fileinto \"X\"  :copy",
	"fileinto \"\\q\"", "fileinto \"\\x0\"", "fileinto \"\\x00\"",
	"fileinto \"\\", "fileinto \"\377\"", "redirect",
	"redirect \"a\" :list \"b\"", "vacation \"x\"",
	"vacation \"x\" :handle \"h\" :seconds -1",
	"vacation \"x\" :handle \"h\" :seconds 99999999999999999999",
	"deleteheader \"X\" :index 2 :first", "addheader \"X\"", "keep\n" };

static void test_bad(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GError) error = NULL;
		SieveAction action = { .line = 7 };

		g_assert_false(sieve_action_parse(
			bytes_of_string(bad[i]), arena, &action, &error));
		g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_INVALID);
		g_assert_cmpuint(action.line, ==, 7);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/action/round-trip", test_round_trip);
	g_test_add_func("/sieve/action/bad", test_bad);
	return g_test_run();
}
