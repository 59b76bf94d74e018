/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 100,000 messages of random boundary-like fragments, the same each run, are
 * split and joined unchanged, and have a sound structure. */
#include "mime/join.h"
#include "mime/split.h"

#define MESSAGES 100000
#define FRAGMENTS_MAX 40

/* NUL is written as \001 here. */
static const char *const fragments[] = {
	"\r\n",
	"\n",
	"\r",
	"\r\n\r\n",
	"\n\n",
	" ",
	"\t",
	"\001",
	"\377",
	"--b",
	"--b\r\n",
	"--b\n",
	"--b--",
	"--b--\r\n",
	"--b--\n",
	"--b \t\r\n",
	"--c\n",
	"--c--\n",
	"--bb\n",
	"--",
	"-",
	"--b\r",
	"\n--b\n\n",
	"\r\n--c\r\n",
	"b",
	"Subject: x\r\n",
	"no colon\n",
	":\n",
	" folded\n",
	"From a@b Mon Jan  1 00:00:00 2001\n",
	"text",
	"text\r\n",
	"\n.\n",
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
	"Content-Type: multipart/mixed; boundary=b\n\n",
	"Content-Type:multipart/x;boundary=\"c\"\n",
	"Content-Type:\n multipart/alternative;\n boundary=bb\n\n",
	"Content-Type: multipart/digest; boundary*0=b; boundary*1*=%62\n\n",
	"Content-Type: multipart/digest; boundary=c\n\n--c\n\n",
	"Content-Type: message/rfc822\n\n",
	"Content-Type: message/rfc822\r\n",
	"Content-Transfer-Encoding: base64\n",
	"Content-Type: text/plain\n\n",
	"Content-Type: multipart/mixed; boundary=\n\n",
	"--b\nContent-Type: multipart/mixed; boundary=b\n\n",
	"--b\nContent-Type: message/rfc822\n\n",
};

static GString *make_message(GRand *random)
{
	GString *message = g_string_new(g_rand_int_range(random, 0, 4) == 0 ?
			"" :
			"A: b\nContent-Type: multipart/mixed; boundary=b\n\n");
	gint count = g_rand_int_range(random, 0, FRAGMENTS_MAX);
	for (gint i = 0; i < count; i++)
		g_string_append(message,
			fragments[g_rand_int_range(
				random, 0, G_N_ELEMENTS(fragments))]);
	for (gsize i = 0; i < message->len; i++) {
		if (message->str[i] == '\001')
			message->str[i] = '\0';
	}
	/* Now and then a byte is lost or changed. */
	if (message->len > 0 && g_rand_int_range(random, 0, 4) == 0)
		message->str[g_rand_int_range(random, 0, (gint)message->len)] =
			(char)g_rand_int_range(random, 0, 256);
	if (message->len > 0 && g_rand_int_range(random, 0, 4) == 0)
		g_string_erase(message,
			g_rand_int_range(random, 0, (gint)message->len), 1);
	return message;
}

static void check_entity(const MimeScan *scan, guint index)
{
	const MimeEntity *e = mime_scan_entity(scan, index);
	g_assert_cmpuint(e->begin, <=, e->header);
	g_assert_cmpuint(e->header, <=, e->body);
	g_assert_cmpuint(e->body, <=, e->closing);
	g_assert_cmpuint(e->closing, <=, e->end);
	g_assert_cmpuint(e->body_end, ==, e->end);
	if (index == 0) {
		g_assert_cmpuint(e->begin, ==, 0);
		g_assert_cmpuint(e->end, ==, mime_scan_size(scan));
		return;
	}
	g_assert_cmpuint(e->parent, <, index);
	const MimeEntity *parent = mime_scan_entity(scan, e->parent);
	g_assert_cmpint(parent->kind, !=, MIME_LEAF);
	g_assert_cmpuint(e->depth, ==, parent->depth + 1);
	g_assert_cmpuint(e->begin, >=, parent->body);
	g_assert_cmpuint(e->end, <=, parent->closing);
	if (parent->kind == MIME_MESSAGE)
		g_assert_cmpuint(e->header, ==, parent->body);
}

static void check_message(
	const GString *text, const MimeLimits *limits, guint *entities)
{
	Bytes message = bytes_of(text->str, text->len);
	g_autoptr(MimeScan) scan = mime_scan_new(message, limits);
	g_autoptr(GArray) pieces = mime_split(scan);

	for (guint i = 0; i < mime_scan_count(scan); i++)
		check_entity(scan, i);
	*entities += mime_scan_count(scan);
	if (!mime_pieces_join_to(message, pieces)) {
		g_autofree char *shown = g_strescape(text->str, NULL);
		g_test_message("%s", shown);
		g_test_fail();
	}
}

static void test_random(void)
{
	GRand *random = g_rand_new_with_seed(20261121);
	MimeLimits narrow = { 2, 5, 50 };
	guint entities = 0;

	for (guint i = 0; i < MESSAGES; i++) {
		g_autoptr(GString) message = make_message(random);
		check_message(message, i % 8 == 0 ? &narrow : NULL, &entities);
	}
	g_rand_free(random);
	g_test_message("%u messages, %u entities", MESSAGES, entities);
	/* The fragments must make parts, or this tests little. */
	g_assert_cmpuint(entities, >, 2 * MESSAGES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/join/random", test_random);
	return g_test_run();
}
