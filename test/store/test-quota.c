/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What quotas count and forbid, and who they are of. */
#include "store/quota.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "fixture.h"

static Store *store;

#define OK(call) \
	do { \
		g_autoptr(GError) error = NULL; \
		if (!(call)) \
			database_check(error); \
	} while (0)

#define FAILS(code, call) \
	do { \
		g_autoptr(GError) error = NULL; \
		g_assert_false(call); \
		g_assert_true(dbmail_error_is(error, code)); \
	} while (0)

static void set(gint64 user, gint64 bytes, gint64 messages, gint64 mailboxes)
{
	const gint64 limits[QUOTA_RESOURCES] = {
		[QUOTA_STORAGE] = bytes,
		[QUOTA_MESSAGES] = messages,
		[QUOTA_MAILBOXES] = mailboxes,
	};

	OK(quota_set(store, user, limits, &error));
}

static void assert_used(
	gint64 user, gint64 bytes, gint64 messages, gint64 mailboxes)
{
	g_auto(Quota) quota = { 0 };

	OK(quota_get(store, NULL, user, &quota, &error));
	g_assert_cmpint(quota.used[QUOTA_STORAGE], ==, bytes);
	g_assert_cmpint(quota.used[QUOTA_MESSAGES], ==, messages);
	g_assert_cmpint(quota.used[QUOTA_MAILBOXES], ==, mailboxes);
}

static void test_limits(void)
{
	gint64 user = fixture_user(store, "Quin", 0);
	g_auto(Quota) quota = { 0 };
	g_auto(Quota) same = { 0 };
	g_auto(Quota) none = { 0 };

	OK(quota_get(store, "qUIN", 0, &quota, &error));
	g_assert_cmpint(quota.user, ==, user);
	g_assert_cmpstr(quota.name, ==, "Quin");
	for (guint i = 0; i < QUOTA_RESOURCES; i++)
		g_assert_cmpint(quota.limit[i], ==, QUOTA_UNLIMITED);
	set(user, 0, 0, 7);
	OK(quota_get(store, NULL, user, &same, &error));
	g_assert_cmpint(same.limit[QUOTA_STORAGE], ==, 1);
	g_assert_cmpint(same.limit[QUOTA_MESSAGES], ==, 0);
	g_assert_cmpint(same.limit[QUOTA_MAILBOXES], ==, 7);
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		quota_get(store, "quinn", 0, &none, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		quota_get(store, "\xff", 0, &none, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		quota_get(store, NULL, 123456789, &none, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		quota_set(store, 123456789, same.limit, &error));
	g_assert_null(none.name);
}

static void copy(gint64 box, guint32 uid, gboolean fits)
{
	g_autoptr(NumSet) uids = numset_new();
	MessageCopied copied = { 0 };

	numset_add(uids, uid);
	if (fits)
		OK(message_copy(store, box, uids, box, FALSE, &copied, &error));
	else
		FAILS(DBMAIL_ERROR_OVER_QUOTA,
			message_copy(
				store, box, uids, box, FALSE, &copied, &error));
	message_copied_clear(&copied);
}

/* What is there already stays, and nothing comes in over the limit. */
static void test_messages(void)
{
	gint64 user = fixture_user(store, "mia", 0);
	gint64 inbox = fixture_inbox(user);

	fixture_deliver(
		store, inbox, bytes_of_string("0123456789"), DELIVERY_STORED);
	set(user, QUOTA_UNLIMITED, 2, QUOTA_UNLIMITED);
	copy(inbox, 1, TRUE);
	copy(inbox, 1, FALSE);
	assert_used(user, 20, 2, 1);
	set(user, 29, QUOTA_UNLIMITED, QUOTA_UNLIMITED);
	copy(inbox, 1, FALSE);
	set(user, 30, 3, QUOTA_UNLIMITED);
	copy(inbox, 1, TRUE);
	set(user, 1, 0, QUOTA_UNLIMITED);
	assert_used(user, 30, 3, 1);
	copy(inbox, 1, FALSE);
}

static void test_mailboxes(void)
{
	gint64 user = fixture_user(store, "moe", 0);
	g_autoptr(Mailbox) one = NULL;
	g_autoptr(Mailbox) two = NULL;

	set(user, QUOTA_UNLIMITED, QUOTA_UNLIMITED, 3);
	FAILS(DBMAIL_ERROR_OVER_QUOTA,
		mailbox_create(store, user, "a/b/c", NULL, &one, &error));
	assert_used(user, 0, 0, 1);
	OK(mailbox_create(store, user, "a/b", NULL, &one, &error));
	FAILS(DBMAIL_ERROR_OVER_QUOTA,
		mailbox_create(store, user, "c", NULL, &two, &error));
	FAILS(DBMAIL_ERROR_OVER_QUOTA,
		mailbox_rename(store, user, "a/b", "c/b", &error));
	OK(mailbox_rename(store, user, "a/b", "b", &error));
	assert_used(user, 0, 0, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store("default_folders =");
	g_test_add_func("/store/quota/limits", test_limits);
	g_test_add_func("/store/quota/messages", test_messages);
	g_test_add_func("/store/quota/mailboxes", test_mailboxes);
	int status = g_test_run();
	store_close(&store);
	return status;
}
