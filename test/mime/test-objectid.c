/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Object identifiers. */
#include "mime/objectid.h"

static const struct {
	const char *references;
	const char *in_reply_to;
	const char *message_id;
	const char *root; /* message id that has the same thread */
} cases[] = {
	{ "<a@x> <b@x>", "<b@x>", "<c@x>", "<a@x>" },
	{ "", "<b@x> <d@x>", "<c@x>", "<b@x>" },
	{ NULL, "", "<c@x>", "<c@x>" },
	{ NULL, NULL, NULL, "M17" },
	{ "", "", "", "M17" },
};

static void test_thread(void)
{
	char one[MIME_OBJECTID_SIZE];
	char two[MIME_OBJECTID_SIZE];

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		mime_thread_id(cases[i].references, cases[i].in_reply_to,
			cases[i].message_id, 17, one);
		mime_thread_id(NULL, NULL, cases[i].root, 99, two);
		g_assert_cmpstr(one, ==, two);
	}
	/* As sha256sum has it. */
	mime_thread_id(NULL, NULL, "<a@x>", 1, one);
	g_assert_cmpstr(one, ==, "T79baa4529ab1d2f073d22e2a7cc87c9f");
}

static const struct {
	const char *text;
	gint64 id; /* 0: none */
} emails[] = {
	{ "M1", 1 },
	{ "M9223372036854775807", G_MAXINT64 },
	{ "M9223372036854775808", 0 },
	{ "M", 0 },
	{ "M0", 0 },
	{ "M01", 0 },
	{ "M-1", 0 },
	{ "m1", 0 },
	{ "M1x", 0 },
	{ "T1", 0 },
	{ "", 0 },
};

static void test_email(void)
{
	char text[MIME_OBJECTID_SIZE];

	for (gsize i = 0; i < G_N_ELEMENTS(emails); i++) {
		gint64 id = 0;
		g_test_message("%s", emails[i].text);
		g_assert_cmpint(mime_email_id_parse(emails[i].text, &id), ==,
			emails[i].id != 0);
		g_assert_cmpint(id, ==, emails[i].id);
		if (id == 0)
			continue;
		mime_email_id(id, text);
		g_assert_cmpstr(text, ==, emails[i].text);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/objectid/thread", test_thread);
	g_test_add_func("/mime/objectid/email", test_email);
	return g_test_run();
}
