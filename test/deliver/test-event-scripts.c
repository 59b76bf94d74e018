/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/event-scripts: whose annotation counts, and when it is asked
 * for. */
#include "deliver/event-scripts.h"

#include <string.h>

#include "../store/fixture.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "deliver/event.h"

#define LONG_LIFE ((gint64)3600 * G_USEC_PER_SEC)

static Store *store;

static void annotate(gint64 user, gint64 mailbox, const char *name)
{
	const MetadataChange change = {
		.entry = METADATA_EVENT_SCRIPT,
		.is_nil = name == NULL,
		.value = bytes_of_string(name != NULL ? name : ""),
	};
	g_autoptr(GError) error = NULL;

	if (!metadata_set(store, user, mailbox, &change, 1, &error))
		database_check(error);
}

static gint64 mailbox_of(gint64 user, const char *name)
{
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GError) error = NULL;

	if (!mailbox_create(store, user, name, NULL, &mailbox, &error))
		database_check(error);
	return mailbox->id;
}

static void expect(EventScripts *scripts, gint64 mailbox, const char *wanted,
	gboolean wants_global)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL;
	gboolean is_global;

	if (!event_scripts_find(
		    scripts, store, mailbox, &name, &is_global, &error))
		database_check(error);
	g_assert_cmpstr(name, ==, wanted);
	if (wanted != NULL)
		g_assert_cmpint(is_global, ==, wants_global);
}

static void test_choice(void)
{
	EventScripts *scripts = event_scripts_new(0);
	gint64 user = fixture_user(store, "event-choice", 0);
	gint64 inbox = fixture_inbox(user);
	gint64 other = mailbox_of(user, "Other");

	expect(scripts, inbox, NULL, FALSE);
	annotate(user, inbox, "a script");
	expect(scripts, inbox, "a script", FALSE);
	expect(scripts, other, NULL, FALSE);
	annotate(user, METADATA_SERVER, "for all");
	expect(scripts, inbox, "a script", FALSE);
	expect(scripts, other, "for all", TRUE);
	annotate(user, other, "");
	expect(scripts, other, NULL, FALSE);
	annotate(user, METADATA_SERVER, "");
	annotate(user, other, NULL);
	expect(scripts, other, NULL, FALSE);
	annotate(user, METADATA_SERVER, NULL);
	event_scripts_free(&scripts);
	g_assert_null(scripts);
	event_scripts_free(&scripts);
}

static void test_lifetime(void)
{
	EventScripts *scripts = event_scripts_new(LONG_LIFE);
	gint64 user = fixture_user(store, "event-lifetime", 0);
	gint64 inbox = fixture_inbox(user);

	expect(scripts, inbox, NULL, FALSE);
	annotate(user, inbox, "new");
	expect(scripts, inbox, NULL, FALSE);
	event_scripts_forget(scripts);
	expect(scripts, inbox, "new", FALSE);
	event_scripts_free(&scripts);
	event_scripts_forget(NULL);
}

/* More mailboxes than are remembered: each has its own, all the same. */
static void test_many(void)
{
	EventScripts *scripts = event_scripts_new(LONG_LIFE);
	gint64 user = fixture_user(store, "event-many", 0);
	g_autofree char *query = g_strdup_printf(
		"WITH made AS (INSERT INTO dbmail_mailboxes (owner_idnr, name,"
		" uidvalidity) SELECT %" G_GINT64_FORMAT ", 'box ' || n, 1"
		" FROM generate_series(1, 5000) n RETURNING mailbox_idnr, name)"
		" INSERT INTO dbmail_metadata (mailbox_id, user_id, entry,"
		" value) SELECT mailbox_idnr, -1, '/shared/imapsieve/script',"
		" convert_to(name, 'UTF8') FROM made",
		user);

	database_script(query);
	gint64 last = fixture_number("SELECT max(mailbox_idnr)"
				     " FROM dbmail_mailboxes"
				     " WHERE name = 'box 5000'");
	gint64 first = fixture_number("SELECT max(mailbox_idnr)"
				      " FROM dbmail_mailboxes"
				      " WHERE name = 'box 1'");
	expect(scripts, last, "box 5000", FALSE);
	expect(scripts, first, "box 1", FALSE);
	annotate(user, METADATA_SERVER, "for all");
	event_scripts_forget(scripts);
	expect(scripts, last, "box 5000", FALSE);
	expect(scripts, last + 1000, "for all", TRUE);
	annotate(user, METADATA_SERVER, NULL);
	database_script("DELETE FROM dbmail_metadata");
	event_scripts_free(&scripts);
}

static const struct {
	const char *url;
	gboolean is_good;
	gboolean is_on;
} urls[] = {
	{ "", TRUE, FALSE },
	{ "sieve://example.org", TRUE, TRUE },
	{ "SIEVE://[2001:db8::1]:4190", TRUE, TRUE },
	{ "sieve://", FALSE, TRUE },
	{ "http://example.org", FALSE, TRUE },
	{ "sieve:/example.org", FALSE, TRUE },
	{ "sieve://example.org/script", FALSE, TRUE },
	{ "sieve://exa(mple.org", FALSE, TRUE },
	{ "s", FALSE, TRUE },
};

static Settings *settings_of(const char *text)
{
	g_autoptr(GError) error = NULL;
	Settings *settings = settings_parse("test", text, strlen(text), &error);

	g_assert_no_error(error);
	return settings;
}

static void test_url(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autofree char *text = g_strdup_printf(
			"[IMAP]\nsieve_url = %s\n", urls[i].url);
		g_autoptr(Settings) settings = settings_of(text);
		g_assert_cmpint(event_check_url(settings), ==, urls[i].is_good);
		g_assert_cmpint(event_is_on(settings), ==, urls[i].is_on);
	}
	g_autoptr(Settings) without =
		settings_of("[IMAP]\nsieve_url = sieve://example.org\n"
			    "[SIEVE]\nextensions = -imapsieve\n");
	g_assert_false(event_is_on(without));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store("");
	g_test_add_func("/event/url", test_url);
	g_test_add_func("/event-scripts/choice", test_choice);
	g_test_add_func("/event-scripts/lifetime", test_lifetime);
	g_test_add_func("/event-scripts/many", test_many);
	int status = g_test_run();
	store_close(&store);
	return status;
}
