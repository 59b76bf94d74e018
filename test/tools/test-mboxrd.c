/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mboxrd: what is written is read back, whatever it is and however cut. */
#include "tools/mboxrd.h"

#include "tools/folder.h"

static const char *const messages[] = {
	"",
	"x",
	"\n",
	"\r\n",
	"Subject: a\r\n\r\nbody\r\n",
	"Subject: a\n\nno line end",
	"From a b\nFrom c\n>From d\n>>From e\nFro\nFrom\n> From f\n",
	"From ",
	">From ",
	">>From x",
	">>>",
	"a\n>",
	"\nFrom x\n\n\nFrom y\n\n",
	"F\nFr\nFro\nFrom\nFrom\tx\n",
};

/* Writes all messages in pieces of the given size, and reads them back. */
static void round_trip(gsize piece)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	Timestamp date = 837596665 * TIMESTAMP_SECOND;

	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
		MboxrdWriter writer;
		Bytes rest = bytes_of_string(messages[i]);
		mboxrd_write_begin(&writer, file, i % 2 ? "a@b c" : "", date);
		while (rest.size > 0) {
			mboxrd_write(&writer, bytes_slice(rest, 0, piece));
			rest = bytes_slice(rest, piece, rest.size);
		}
		mboxrd_write_end(&writer);
	}
	fclose(file);

	MboxrdReader reader = { .rest = bytes_of(text, size) };
	g_autoptr(GByteArray) out = g_byte_array_new();
	gboolean has_date;
	Timestamp read_date;
	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_assert_true(mboxrd_read(&reader, out, &has_date, &read_date));
		g_assert_cmpmem(
			out->data, out->len, messages[i], strlen(messages[i]));
		g_assert_true(has_date);
		g_assert_cmpint(read_date, ==, date);
	}
	g_assert_false(mboxrd_read(&reader, out, &has_date, &read_date));
	free(text);
}

static void test_round_trip(void)
{
	for (gsize piece = 1; piece < 12; piece++)
		round_trip(piece);
	round_trip(1 << 20);
}

/* What other programs write: no blank line at the end, odd From lines. */
static void test_foreign(void)
{
	static const char text[] =
		"From x Tue Jan  2 03:04:05 2024\nA: b\n\nc\n"
		"\nFrom somebody at some time\nB: c\n\nd";
	MboxrdReader reader = { .rest = bytes_of_string(text) };
	g_autoptr(GByteArray) out = g_byte_array_new();
	gboolean has_date;
	Timestamp date;

	g_assert_true(mboxrd_read(&reader, out, &has_date, &date));
	g_assert_cmpmem(out->data, out->len, "A: b\n\nc\n", 8);
	g_assert_true(has_date);
	g_assert_cmpint(date, ==, 1704164645 * TIMESTAMP_SECOND);
	g_assert_true(mboxrd_read(&reader, out, &has_date, &date));
	g_assert_cmpmem(out->data, out->len, "B: c\n\nd", 7);
	g_assert_false(has_date);
	g_assert_false(mboxrd_read(&reader, out, &has_date, &date));
}

static void test_folder(void)
{
	static const struct {
		const char *name;
		const char *path;
	} vectors[] = {
		{ "INBOX", "INBOX" },
		{ "A/B c", "A/B c" },
		{ ".hidden/..", "%2Ehidden/%2E." },
		{ "cur/new/tmp/curs", "%63ur/%6Eew/%74mp/curs" },
		{ "100%", "100%25" },
		{ "Entw\xc3\xbcrfe", "Entw\xc3\xbcrfe" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *path = folder_to_path(vectors[i].name);
		g_assert_cmpstr(path, ==, vectors[i].path);
		g_autofree char *name = folder_from_path(path);
		g_assert_cmpstr(name, ==, vectors[i].name);
	}
	g_assert_null(folder_from_path("a%2"));
	g_assert_null(folder_from_path("a%zz"));
	g_assert_null(folder_from_path("\xff"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mboxrd/round-trip", test_round_trip);
	g_test_add_func("/mboxrd/foreign", test_foreign);
	g_test_add_func("/folder", test_folder);
	return g_test_run();
}
