/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages into mailboxes: stored whole, once, for all targets or none. */
#include "store/message.h"

#include "fixture.h"

static Store *store;

#define BODY \
	"Content-Type: multipart/mixed; boundary=x\r\n\r\n" \
	"preamble\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n" \
	"--x\r\nContent-Type: application/octet-stream\r\n\r\n" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n--x--\r\n"

static Bytes message_with(const char *subject, char **text)
{
	*text = g_strdup_printf("From: a@example.org\r\nSubject: %s\r\n" BODY,
		subject);
	return bytes_of_string(*text);
}

static gint64 last_physmessage(void)
{
	return fixture_number("SELECT max(id) FROM dbmail_physmessage");
}

static void assert_stored(gint64 physmessage, Bytes message)
{
	g_autoptr(GByteArray) joined = fixture_join(physmessage);

	g_assert_cmpmem(
		joined->data, joined->len, message.data, message.size);
}

static void test_one(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "one", 0));
	g_autofree char *text = NULL;
	const Bytes message = message_with("one", &text);

	g_assert_cmpuint(
		fixture_deliver(store, inbox, message, DELIVERY_STORED), ==, 1);
	assert_stored(last_physmessage(), message);
	g_assert_cmpuint(
		fixture_deliver(store, inbox, message, DELIVERY_STORED), ==, 2);
	fixture_assert_sums();
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/message/one", test_one);
	status = g_test_run();
	store_close(&store);
	return status;
}
