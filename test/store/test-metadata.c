/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Annotations: names, scopes, depths, limits, and where they go. */
#include "store/metadata.h"

#include "fixture.h"
#include "store/mailbox.h"

static Store *store;

#define OK(call) \
	do { \
		GError *error = NULL; \
		if (!(call)) \
			database_check(error); \
	} while (0)

static const struct {
	const char *name;
	const char *kept;  /* NULL: refused */
	gboolean is_whole; /* can be set, too */
} names[] = {
	{ "/private/comment", "/private/comment", TRUE },
	{ "/SHARED/Comment", "/shared/comment", TRUE },
	{ "/private", "/private", FALSE },
	{ "/shared/vendor/x/y", "/shared/vendor/x/y", TRUE },
	{ "/shared/vendor/x", "/shared/vendor/x", FALSE },
	{ "/shared/vendor", "/shared/vendor", FALSE },
	{ "/shared/vendors", "/shared/vendors", TRUE },
	{ "/private/a b.c-d", "/private/a b.c-d", TRUE },
	{ "", NULL, FALSE },
	{ "/", NULL, FALSE },
	{ "private/comment", NULL, FALSE },
	{ "/comment", NULL, FALSE },
	{ "/privateer/x", NULL, FALSE },
	{ "/private/", NULL, FALSE },
	{ "/private//x", NULL, FALSE },
	{ "/private/*", NULL, FALSE },
	{ "/private/%", NULL, FALSE },
	{ "/private/\xc3\xa9", NULL, FALSE },
	{ "/private/a\tb", NULL, FALSE },
};

static void test_names(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const Bytes name = bytes_of_string(names[i].name);
		g_autofree char *kept =
			metadata_entry_normalise(name, FALSE, NULL);
		g_autofree char *whole =
			metadata_entry_normalise(name, TRUE, NULL);

		g_assert_cmpstr(kept, ==, names[i].kept);
		g_assert_cmpstr(
			whole, ==, names[i].is_whole ? names[i].kept : NULL);
	}
	g_assert_null(metadata_entry_normalise(
		bytes_of("/private/\0", 10), FALSE, NULL));
}

static MetadataChange change_of(const char *entry, const char *value)
{
	return (MetadataChange){
		.entry = entry,
		.is_nil = value == NULL,
		.value = value != NULL ? bytes_of_string(value) :
					 bytes_of(NULL, 0),
	};
}

static void set(
	gint64 user, gint64 mailbox, const char *entry, const char *value)
{
	const MetadataChange change = change_of(entry, value);

	OK(metadata_set(store, user, mailbox, &change, 1, &error));
}

static void refused(gint64 user, gint64 mailbox, const MetadataChange *changes,
	guint count, DbmailErrorCode code, const char *cause)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(
		metadata_set(store, user, mailbox, changes, count, &error));
	g_assert_true(dbmail_error_is(error, code));
	g_assert_cmpstr(dbmail_error_cause(error), ==, cause);
}

/* "entry=value entry=value", "(size)" for a value too large. */
static void assert_got(gint64 user, gint64 mailbox, const char *entries,
	MetadataDepth depth, guint64 max_size, const char *expected)
{
	g_auto(GStrv) words = g_strsplit(entries, " ", -1);
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	MetadataQuery query = {
		.user = user,
		.mailboxes = &mailbox,
		.mailbox_count = 1,
		.entries = (const char *const *)words,
		.depth = depth,
		.max_size = max_size,
	};

	OK(metadata_get(store, &query, &found, &error));
	for (guint i = 0; i < found->len; i++) {
		const MetadataEntry *entry = found->pdata[i];

		g_assert_cmpint(entry->mailbox, ==, mailbox);
		g_string_append_printf(
			text, "%s%s=", i > 0 ? " " : "", entry->entry);
		if (entry->value != NULL)
			g_string_append_len(
				text, entry->value, (gssize)entry->size);
		else
			g_string_append_printf(
				text, "(%" G_GUINT64_FORMAT ")", entry->size);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_scopes(void)
{
	gint64 ann = fixture_user(store, "ann", 0);
	gint64 ben = fixture_user(store, "ben", 0);
	gint64 inbox = fixture_inbox(ann);

	set(ann, inbox, "/private/comment", "mine");
	set(ann, inbox, "/shared/comment", "ours");
	set(ben, inbox, "/private/comment", "");
	assert_got(ann, inbox, "/private/comment /shared/comment /shared/x",
		METADATA_DEPTH_0, G_MAXUINT64,
		"/private/comment=mine /shared/comment=ours");
	assert_got(ben, inbox, "/private/comment /shared/comment",
		METADATA_DEPTH_0, G_MAXUINT64,
		"/private/comment= /shared/comment=ours");
	assert_got(ann, METADATA_SERVER, "/private/comment /shared/comment",
		METADATA_DEPTH_0, G_MAXUINT64, "");
	set(ann, METADATA_SERVER, "/shared/comment", "all");
	assert_got(ben, METADATA_SERVER, "/shared/comment", METADATA_DEPTH_0,
		G_MAXUINT64, "/shared/comment=all");
	set(ben, inbox, "/shared/comment", NULL);
	set(ben, inbox, "/shared/comment", NULL);
	assert_got(ann, inbox, "/private /shared", METADATA_DEPTH_1,
		G_MAXUINT64, "/private/comment=mine");
	set(ann, METADATA_SERVER, "/shared/comment", NULL);
}

static void test_depth(void)
{
	gint64 user = fixture_user(store, "depth", 0);

	set(user, METADATA_SERVER, "/private/a", "1");
	set(user, METADATA_SERVER, "/private/a/b", "22");
	set(user, METADATA_SERVER, "/private/a/b/c", "333");
	set(user, METADATA_SERVER, "/private/a-b", "4");
	set(user, METADATA_SERVER, "/private/ab", "5");
	assert_got(user, METADATA_SERVER, "/private/a", METADATA_DEPTH_0,
		G_MAXUINT64, "/private/a=1");
	assert_got(user, METADATA_SERVER, "/private/a", METADATA_DEPTH_1,
		G_MAXUINT64, "/private/a=1 /private/a/b=22");
	assert_got(user, METADATA_SERVER, "/private/a /private/a/b",
		METADATA_DEPTH_INFINITY, 2,
		"/private/a=1 /private/a/b=22 /private/a/b/c=(3)");
	assert_got(user, METADATA_SERVER, "/private", METADATA_DEPTH_1, 0,
		"/private/a=(1) /private/a-b=(1) /private/ab=(1)");
}

static void test_limits(void)
{
	gint64 user = fixture_user(store, "limits", 0);
	g_autofree char *large = g_strnfill(2000, 'x');
	g_autofree char *larger = g_strnfill(2001, 'x');
	const MetadataChange two[] = {
		change_of("/private/one", "1"),
		change_of("/private/two", larger),
	};
	g_autofree char *name = NULL;

	set(user, METADATA_SERVER, "/private/large", large);
	refused(user, METADATA_SERVER, two, 2, DBMAIL_ERROR_LIMIT,
		METADATA_TOO_LARGE);
	for (guint i = 1; i < 12; i++) {
		g_free(name);
		name = g_strdup_printf("/private/n%u", i);
		set(user, METADATA_SERVER, name, "x");
	}
	refused(user, METADATA_SERVER, two, 1, DBMAIL_ERROR_LIMIT,
		METADATA_TOO_MANY);
	set(user, METADATA_SERVER, "/private/n1", "instead");
	set(user, METADATA_SERVER, "/shared/one", "another's room");
	const MetadataChange swap[] = {
		change_of("/private/n1", NULL),
		change_of("/private/one", "not this"),
		change_of("/private/one", "1"),
	};
	OK(metadata_set(store, user, METADATA_SERVER, swap, 3, &error));
	assert_got(user, METADATA_SERVER, "/private/n1 /private/one",
		METADATA_DEPTH_0, G_MAXUINT64, "/private/one=1");
	const MetadataChange nul = {
		.entry = "/private/one",
		.value = { "a\0b", 3 },
	};
	OK(metadata_set(store, user, METADATA_SERVER, &nul, 1, &error));
	assert_got(user, METADATA_SERVER, "/private/one", METADATA_DEPTH_0, 2,
		"/private/one=(3)");
	refused(user, 987654321, two, 1, DBMAIL_ERROR_NOT_FOUND, NULL);
	set(user, METADATA_SERVER, "/shared/one", NULL);
}

static gint64 number_of(gint64 user, const char *name)
{
	g_autoptr(Mailbox) mailbox = NULL;

	OK(mailbox_get(store, user, name, &mailbox, &error));
	return mailbox->id;
}

static void test_special_use(void)
{
	gint64 user = fixture_user(store, "uses", 0);
	gint64 other = fixture_user(store, "other", 0);
	gint64 sent = number_of(user, "Sent");
	gint64 trash = number_of(user, "Trash");
	const MetadataChange bad[] = {
		change_of("/private/x", "1"),
		change_of(METADATA_SPECIAL_USE, "\\Everything"),
	};
	const MetadataChange good = change_of(METADATA_SPECIAL_USE, "\\Sent");

	assert_got(user, sent, METADATA_SPECIAL_USE, METADATA_DEPTH_0,
		G_MAXUINT64, "/private/specialuse=\\Sent");
	set(user, trash, METADATA_SPECIAL_USE, "\\sent \\TRASH");
	assert_got(user, sent, METADATA_SPECIAL_USE, METADATA_DEPTH_0,
		G_MAXUINT64, "");
	assert_got(user, trash, "/private", METADATA_DEPTH_1, G_MAXUINT64,
		"/private/specialuse=\\Sent \\Trash");
	assert_got(other, trash, "/private", METADATA_DEPTH_1, G_MAXUINT64, "");
	refused(user, sent, bad, 2, DBMAIL_ERROR_INVALID, NULL);
	refused(other, sent, &good, 1, DBMAIL_ERROR_NO_PERMISSION, NULL);
	set(user, trash, METADATA_SPECIAL_USE, NULL);
	assert_got(user, trash, "/private", METADATA_DEPTH_INFINITY,
		G_MAXUINT64, "");
}

static void test_life(void)
{
	gint64 user = fixture_user(store, "life", 0);
	gint64 inbox = fixture_inbox(user);
	gint64 sent = number_of(user, "Sent");
	g_autoptr(Mailbox) below = NULL;

	set(user, sent, "/shared/comment", "moves");
	OK(mailbox_rename(store, user, "Sent", "Gone", &error));
	assert_got(user, sent, "/shared/comment", METADATA_DEPTH_0, G_MAXUINT64,
		"/shared/comment=moves");
	OK(mailbox_create(store, user, "Gone/Below", NULL, &below, &error));
	OK(mailbox_delete(store, user, "Gone", &error));
	assert_got(user, sent, "/shared/comment", METADATA_DEPTH_0, G_MAXUINT64,
		"");
	set(user, inbox, "/private/comment", "both");
	OK(mailbox_rename(store, user, "INBOX", "Old", &error));
	assert_got(user, number_of(user, "Old"), "/private/comment",
		METADATA_DEPTH_0, G_MAXUINT64, "/private/comment=both");
	assert_got(user, inbox, "/private/comment", METADATA_DEPTH_0,
		G_MAXUINT64, "/private/comment=both");
	set(user, METADATA_SERVER, "/private/comment", "x");
	OK(mailbox_delete(store, user, "Old", &error));
	OK(user_delete(store, user, &error));
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_metadata d"
			       " LEFT JOIN dbmail_mailboxes b ON"
			       " b.mailbox_idnr = d.mailbox_id"
			       " LEFT JOIN dbmail_users u ON"
			       " u.user_idnr = d.user_id"
			       " WHERE u.user_idnr IS NULL OR"
			       " d.mailbox_id <> 0 AND b.mailbox_idnr IS NULL"),
		==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store("[IMAP]\nmax_metadata_size = 2000\n"
			      "max_metadata_entries = 12\n");
	g_test_add_func("/store/metadata/names", test_names);
	g_test_add_func("/store/metadata/scopes", test_scopes);
	g_test_add_func("/store/metadata/depth", test_depth);
	g_test_add_func("/store/metadata/limits", test_limits);
	g_test_add_func("/store/metadata/special-use", test_special_use);
	g_test_add_func("/store/metadata/life", test_life);
	int status = g_test_run();
	store_close(&store);
	return status;
}
