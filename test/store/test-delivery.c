/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deliveries with all that scripts want: whole shares or none of them. */
#include "store/delivery.h"

#include "fixture.h"
#include "store/check.h"
#include "store/flag.h"
#include "store/mailbox.h"
#include "store/purge.h"
#include "store/watch.h"

static Store *store;

static const char text[] = "Subject: x\r\n\r\nbody\r\n";
static const char edited[] = "Subject: y\r\n\r\nbody, but another\r\n";

/* A user with a folder. */
typedef struct {
	gint64 user;
	gint64 inbox;
	gint64 folder;
} Person;

static Person person(const char *name, gint64 quota)
{
	Person person = { .user = fixture_user(store, name, quota) };
	g_autoptr(Mailbox) mailbox = NULL;
	GError *error = NULL;

	person.inbox = fixture_inbox(person.user);
	if (!mailbox_create(
		    store, person.user, "lists", NULL, &mailbox, &error))
		database_check(error);
	person.folder = mailbox->id;
	return person;
}

static void deliver(DeliveryShare *shares, guint count, const DeliveryKey *key)
{
	GError *error = NULL;

	if (!delivery_store(store, shares, count, key, &error))
		database_check(error);
}

static MessageDraft *draft_of(const char *message)
{
	return message_draft_new(store, bytes_of_string(message), NULL);
}

static DeliveryPut put_of(const MessageDraft *draft, gint64 mailbox)
{
	return (DeliveryPut){ .put = { .draft = draft, .mailbox = mailbox } };
}

static OutboundMail mail_of(const char *kind, gint64 user, const char *to)
{
	return (OutboundMail){ kind, user, "", to, bytes_of_string(text) };
}

static gint64 count_of(const char *table, const char *condition)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT count(*) FROM %s WHERE %s", table, condition);

	return fixture_number(query);
}

static gint64 messages_in(gint64 mailbox)
{
	g_autofree char *condition =
		g_strdup_printf("mailbox_idnr = %" G_GINT64_FORMAT, mailbox);

	return count_of("dbmail_messages", condition);
}

static gint64 queued_to(const char *address)
{
	g_autofree char *condition =
		g_strdup_printf("recipient = '%s'", address);

	return count_of("dbmail_outbound_queue", condition);
}

/* The store is whole, and nothing was left behind. */
static void assert_whole(void)
{
	guint64 problems = 0;
	guint64 repaired = 0;
	PurgeReport report = { 0 };
	GError *error = NULL;

	fixture_assert_sums();
	if (!purge_run(store, 14, &report, &error) ||
		!check_run(store, FALSE, NULL, NULL, NULL, &problems, &repaired,
			&error))
		database_check(error);
	g_assert_cmpuint(problems, ==, 0);
}

/* --- one share --------------------------------------------------------------- */

static void test_fileinto(void)
{
	static const char *const keywords[] = { "work", NULL };
	const Person to = person("fileinto", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	DeliveryPut put = put_of(draft, to.folder);
	DeliveryShare share = {
		.mailbox = to.inbox, .user = to.user, .puts = &put, .n_puts = 1
	};
	const DeliveryKey key = { { 1 } };

	put.put.flags = FLAG_SEEN;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
	g_assert_cmpuint(put.put.uid, ==, 1);
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpuint(put.put.uid, ==, 0);
	g_assert_cmpint(messages_in(to.folder), ==, 1);
	g_assert_cmpint(messages_in(to.inbox), ==, 0);
	/* The key stands under the token: where the same goes to now does not
	 * matter, nor by which of the two ways. */
	put.put.mailbox = to.inbox;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_DUPLICATE);
	put.put.keywords = keywords;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_DUPLICATE);
	put.put.mailbox = to.folder;
	deliver(&share, 1, NULL);
	g_assert_cmpuint(put.put.uid, ==, 2);
	g_assert_cmpint(
		count_of("dbmail_messages", "keywords = 1 AND seen_flag = 1"),
		==, 1);
	g_assert_cmpint(messages_in(to.inbox), ==, 0);
}

static void test_several(void)
{
	const Person to = person("several", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	g_autoptr(MessageDraft) other = draft_of(edited);
	DeliveryPut puts[] = { put_of(draft, to.inbox),
		put_of(draft, to.folder), put_of(other, to.folder) };
	const OutboundMail mails[] = {
		mail_of("redirect", to.user, "several1@example.org"),
		mail_of("notify", 0, "several2@example.org"),
	};
	ScriptSeen ids[2] = { { { 7 }, 3600 }, { { 8 }, 3600 } };
	DeliveryShare share = { .mailbox = to.inbox,
		.user = to.user,
		.puts = puts,
		.n_puts = 3,
		.mails = mails,
		.n_mails = 2,
		.seen = ids,
		.n_seen = 1 };
	const DeliveryKey key = { { 2 } };
	gboolean seen[2];

	for (guint i = 0; i < 2; i++) {
		deliver(&share, 1, &key);
		g_assert_cmpint(share.outcome, ==,
			i == 0 ? DELIVERY_STORED : DELIVERY_DUPLICATE);
		g_assert_cmpuint(puts[0].put.uid, ==, i == 0 ? 1 : 0);
		g_assert_cmpuint(puts[1].put.uid, ==, i == 0 ? 1 : 0);
		g_assert_cmpuint(puts[2].put.uid, ==, i == 0 ? 2 : 0);
		g_assert_cmpint(messages_in(to.inbox), ==, 1);
		g_assert_cmpint(messages_in(to.folder), ==, 2);
		g_assert_cmpint(queued_to("several1@example.org"), ==, 1);
		g_assert_cmpint(queued_to("several2@example.org"), ==, 1);
	}
	/* The same draft is one physical message. */
	g_assert_cmpint(fixture_number("SELECT count(DISTINCT physmessage_id)"
				       " FROM dbmail_messages m"
				       " JOIN dbmail_mailboxes b"
				       " USING (mailbox_idnr)"
				       " JOIN dbmail_users u"
				       " ON u.user_idnr = b.owner_idnr"
				       " WHERE u.userid = 'several'"),
		==, 2);
	g_assert_true(script_was_seen(store, to.user, ids, 2, seen, NULL));
	g_assert_true(seen[0]);
	g_assert_false(seen[1]);
	g_assert_cmpint(count_of("dbmail_outbound_queue",
				"recipient LIKE 'several%' AND sender = ''"
				" AND status = 'pending' AND attempts = 0"
				" AND next_attempt <= now()"
				" AND length(message) = 20"),
		==, 2);
	g_assert_cmpint(count_of("dbmail_outbound_queue",
				"recipient LIKE 'several%'"
				" AND owner_idnr IS NOT NULL"),
		==, 2);
}

/* Discarded, or sent elsewhere: the key counts all the same. */
static void test_no_puts(void)
{
	const Person to = person("noputs", 0);
	const OutboundMail mail =
		mail_of("redirect", to.user, "noputs@example.org");
	DeliveryShare share = { .mailbox = to.inbox,
		.user = to.user,
		.mails = &mail,
		.n_mails = 1 };
	const DeliveryKey key = { { 3 } };

	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpint(queued_to("noputs@example.org"), ==, 1);
	deliver(&share, 1, NULL);
	g_assert_cmpint(queued_to("noputs@example.org"), ==, 2);
	share.n_mails = 0;
	message_delivery_confirmed(store, &key);
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
	share.mailbox = 99999999;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(share.missing, ==, 99999999);
	g_assert_cmpint(messages_in(to.inbox), ==, 0);
}

/* The quick way for one put sends no more than the other one. */
static void test_one_put(void)
{
	const Person to = person("oneput", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	DeliveryPut put = put_of(draft, to.inbox);
	const OutboundMail mail =
		mail_of("redirect", to.user, "oneput@example.org");
	const ScriptSeen id = { { 10 }, 3600 };
	DeliveryShare share = { .mailbox = to.inbox,
		.user = to.user,
		.puts = &put,
		.n_puts = 1,
		.mails = &mail,
		.n_mails = 1,
		.seen = &id,
		.n_seen = 1 };
	const DeliveryKey key = { { 6 } };
	gboolean seen = TRUE;

	put.put.mailbox = 99999999;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(share.missing, ==, 99999999);
	g_assert_cmpint(queued_to("oneput@example.org"), ==, 0);
	g_assert_true(script_was_seen(store, to.user, &id, 1, &seen, NULL));
	g_assert_false(seen);
	put.put.mailbox = to.folder;
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
	deliver(&share, 1, &key);
	g_assert_cmpint(share.outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpint(queued_to("oneput@example.org"), ==, 1);
	g_assert_true(script_was_seen(store, to.user, &id, 1, &seen, NULL));
	g_assert_true(seen);
	g_assert_cmpint(messages_in(to.folder), ==, 1);
}

static void test_invalid(void)
{
	static const char *const addresses[] = { "", "a b@example.org",
		"a\r\nb", "<a@example.org>", "\"a", "\xff@example.org" };
	const Person to = person("invalid", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);

	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(GError) error = NULL;
		DeliveryPut put = put_of(draft, to.inbox);
		const OutboundMail mail =
			mail_of("redirect", to.user, addresses[i]);
		DeliveryShare share = { to.inbox, to.user, .puts = &put,
			.n_puts = 1, .mails = &mail, .n_mails = 1 };

		g_assert_false(delivery_store(store, &share, 1, NULL, &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
	g_assert_cmpint(messages_in(to.inbox), ==, 0);
}

/* --- addresses outside -------------------------------------------------------- */

static gint64 alias_to(const char *address)
{
	g_autofree char *sql =
		g_strdup_printf("INSERT INTO dbmail_aliases (alias, deliver_to)"
				" VALUES ('outside', '%s')",
			address);

	database_script(sql);
	return fixture_number("SELECT max(alias_idnr) FROM dbmail_aliases");
}

/* An alias's number, negated, stands where a mailbox would. */
static void test_outside(void)
{
	const Person to = person("outside", 0);
	const gint64 alias = alias_to("outside@far.example");
	const OutboundMail mail = mail_of("forward", 0, "outside@far.example");
	g_autoptr(MessageDraft) draft = draft_of(text);
	DeliveryPut put = put_of(draft, to.inbox);
	const DeliveryKey key = { { 20 } };
	DeliveryShare shares[2] = {
		{ .mailbox = -alias, .mails = &mail, .n_mails = 1 },
		{ .mailbox = to.inbox, .puts = &put, .n_puts = 1 },
	};

	deliver(shares, 1, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_STORED);
	deliver(shares, 2, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(queued_to("outside@far.example"), ==, 1);
	/* The alias has gone: the other share does not care. */
	database_script("DELETE FROM dbmail_aliases");
	message_delivery_confirmed(store, &key);
	deliver(shares, 2, NULL);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(shares[0].missing, ==, -alias);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(queued_to("outside@far.example"), ==, 1);
	assert_whole();
}

static gpointer send_outside(gpointer data)
{
	const gint64 alias = *(const gint64 *)data;
	const OutboundMail mail = mail_of("forward", 0, "race@far.example");

	for (guint8 i = 0; i < 10; i++) {
		const DeliveryKey key = { { 21, i } };
		DeliveryShare share = {
			.mailbox = -alias, .mails = &mail, .n_mails = 1
		};
		deliver(&share, 1, &key);
	}
	return NULL;
}

/* Two daemons may get the same message at once. */
static void test_outside_race(void)
{
	gint64 alias = alias_to("race@far.example");
	GThread *threads[4];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("outside", send_outside, &alias);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(queued_to("race@far.example"), ==, 10);
	database_script("DELETE FROM dbmail_aliases");
}

/* --- several shares ----------------------------------------------------------- */

/* One cannot be taken: nothing of it is, and all of the others. */
static void test_apart(void)
{
	const Person good = person("apart1", 0);
	const Person full = person("apart2", 30);
	const Person gone = person("apart3", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	g_autoptr(MessageDraft) other = draft_of(edited);
	DeliveryPut puts[3][2] = {
		{ put_of(draft, good.inbox), put_of(draft, good.folder) },
		{ put_of(draft, full.inbox), put_of(draft, full.folder) },
		{ put_of(other, gone.inbox), put_of(other, 99999999) },
	};
	const OutboundMail mails[3] = {
		mail_of("redirect", good.user, "apart1@example.org"),
		mail_of("redirect", full.user, "apart2@example.org"),
		mail_of("redirect", gone.user, "apart3@example.org"),
	};
	const ScriptSeen id = { { 9 }, 3600 };
	const DeliveryKey key = { { 4 } };
	DeliveryShare shares[3] = { { .mailbox = good.inbox,
					    .user = good.user },
		{ .mailbox = full.inbox, .user = full.user },
		{ .mailbox = gone.inbox, .user = gone.user } };

	for (guint i = 0; i < 3; i++) {
		shares[i].puts = puts[i];
		shares[i].n_puts = 2;
		shares[i].mails = &mails[i];
		shares[i].n_mails = 1;
		shares[i].seen = &id;
		shares[i].n_seen = 1;
	}
	deliver(shares, 3, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_OVER_QUOTA);
	g_assert_cmpint(shares[2].outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(shares[2].missing, ==, 99999999);
	g_assert_cmpuint(puts[0][1].put.uid, ==, 1);
	g_assert_cmpuint(puts[1][0].put.uid, ==, 0);
	g_assert_cmpuint(puts[2][0].put.uid, ==, 0);
	g_assert_cmpint(messages_in(full.inbox), ==, 0);
	g_assert_cmpint(messages_in(gone.inbox), ==, 0);
	g_assert_cmpint(queued_to("apart1@example.org"), ==, 1);
	g_assert_cmpint(queued_to("apart2@example.org"), ==, 0);
	g_assert_cmpint(queued_to("apart3@example.org"), ==, 0);
	g_assert_cmpint(count_of("dbmail_sieve_seen",
				"id = decode('09' || repeat('00', 31), 'hex')"),
		==, 1);
	/* Only what was not taken is done by the next try. */
	puts[1][1].put.mailbox = full.inbox;
	shares[1].n_puts = 1;
	shares[2].n_puts = 1;
	deliver(shares, 3, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(shares[2].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(queued_to("apart1@example.org"), ==, 1);
	g_assert_cmpint(queued_to("apart2@example.org"), ==, 1);
	g_assert_cmpint(messages_in(good.inbox), ==, 1);
	assert_whole();
}

/* Two addresses that lead to one mailbox: else the second would be taken for a
 * repetition when only it is tried again. */
static void test_one_token(void)
{
	const Person to = person("token", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	DeliveryPut first = put_of(draft, to.inbox);
	DeliveryPut second = put_of(draft, 99999999);
	const DeliveryKey key = { { 5 } };
	DeliveryShare shares[2] = {
		{ .mailbox = to.inbox, .puts = &first, .n_puts = 1 },
		{ .mailbox = to.inbox, .puts = &second, .n_puts = 1 },
	};

	deliver(shares, 2, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(shares[0].missing, ==, 99999999);
	g_assert_cmpint(messages_in(to.inbox), ==, 0);
	second.put.mailbox = to.folder;
	deliver(shares, 2, &key);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(messages_in(to.inbox), ==, 1);
	g_assert_cmpint(messages_in(to.folder), ==, 1);
}

/* --- responses ---------------------------------------------------------------- */

static DeliveryResponse response_of(const Person *to, const char *handle,
	const char *address, gint64 seconds)
{
	return (DeliveryResponse){ handle, address, seconds,
		mail_of("vacation", to->user, "away@example.org") };
}

static const struct {
	const char *handle;
	const char *address;
	gint64 seconds;
	guint answered;
} response_cases[] = {
	{ "h", "Bob@Example.org", 3600, 1 },
	{ "h", "bob@example.org", 3600, 0 },
	{ "h", "bob@example.org", 1, 0 },
	{ "other", "bob@example.org", 3600, 1 },
	{ "h", "eve@example.org", 3600, 1 },
	{ "h", "bob@example.org", 0, 1 },
	{ "h", "bob@example.org", 3600, 0 },
	{ "h", "bob@example.org", G_MAXINT64, 0 },
};

static void test_responses(void)
{
	const Person to = person("away", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	g_autoptr(MessageDraft) reply = draft_of(edited);
	gint64 expected = 0;

	for (guint i = 0; i < G_N_ELEMENTS(response_cases); i++) {
		const DeliveryResponse response = response_of(&to,
			response_cases[i].handle, response_cases[i].address,
			response_cases[i].seconds);
		/* RFC 8580: the copy is filed where the response is sent. */
		DeliveryPut puts[2] = { put_of(draft, to.inbox),
			put_of(reply, to.folder) };
		DeliveryShare share = { .mailbox = to.inbox,
			.user = to.user,
			.puts = puts,
			.n_puts = 2,
			.responses = &response,
			.n_responses = 1 };

		puts[1].response = 1;
		deliver(&share, 1, NULL);
		g_test_message("case %u", i);
		g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
		g_assert_cmpuint(
			share.n_answered, ==, response_cases[i].answered);
		expected += response_cases[i].answered;
		g_assert_cmpuint(puts[0].put.uid, ==, i + 1);
		g_assert_cmpint(
			puts[1].put.uid > 0, ==, response_cases[i].answered);
		g_assert_cmpint(messages_in(to.folder), ==, expected);
		g_assert_cmpint(queued_to("away@example.org"), ==, expected);
	}
	/* Long ago is over. */
	database_script("UPDATE dbmail_vacation_responses"
			" SET last_reply = now() - interval '2 hours'");
	const DeliveryResponse again =
		response_of(&to, "h", "bob@example.org", 3600);
	DeliveryShare share = { .mailbox = to.inbox,
		.user = to.user,
		.responses = &again,
		.n_responses = 1 };
	deliver(&share, 1, NULL);
	g_assert_cmpuint(share.n_answered, ==, 1);
	assert_whole();
}

/* Not sent, and not noted either, for a delivery that does not happen. */
static void test_response_refused(void)
{
	const Person to = person("busy", 10);
	g_autoptr(MessageDraft) draft = draft_of(text);
	const DeliveryResponse response =
		response_of(&to, "h", "busy@example.org", 3600);
	DeliveryPut put = put_of(draft, to.inbox);
	DeliveryShare share = { .mailbox = to.inbox,
		.user = to.user,
		.puts = &put,
		.n_puts = 1,
		.responses = &response,
		.n_responses = 1 };

	deliver(&share, 1, NULL);
	g_assert_cmpint(share.outcome, ==, DELIVERY_OVER_QUOTA);
	g_assert_cmpuint(share.n_answered, ==, 0);
	share.n_puts = 0;
	deliver(&share, 1, NULL);
	g_assert_cmpuint(share.n_answered, ==, 1);
}

#define THREADS 4
#define EACH 10

typedef struct {
	Person to;
	gint64 shared; /* another user's mailbox that an address leads to */
	guint answered;
} Sender;

static gpointer send_many(gpointer data)
{
	Sender *sender = data;
	g_autoptr(MessageDraft) draft = draft_of(text);

	for (guint i = 0; i < EACH; i++) {
		g_autofree char *from = g_strdup_printf("u%u@example.org", i);
		const DeliveryResponse response =
			response_of(&sender->to, "race", from, 3600);
		DeliveryPut put = put_of(
			draft, i % 2 == 0 ? sender->to.inbox : sender->shared);
		/* Another token each, and not always one of the user's: only
		 * the user's row stands between. */
		DeliveryShare share = { .mailbox = put.put.mailbox,
			.user = sender->to.user,
			.puts = &put,
			.n_puts = 1,
			.responses = &response,
			.n_responses = 1 };

		deliver(&share, 1, NULL);
		g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
		sender->answered += share.n_answered;
	}
	return NULL;
}

static void test_race(void)
{
	const Person to = person("race", 0);
	Sender senders[THREADS];
	GThread *threads[THREADS];
	guint answered = 0;

	for (guint i = 0; i < THREADS; i++) {
		g_autofree char *name = g_strdup_printf("race%u", i);

		senders[i] = (Sender){ to, person(name, 0).inbox, 0 };
		threads[i] = g_thread_new("send", send_many, &senders[i]);
	}
	for (guint i = 0; i < THREADS; i++) {
		g_thread_join(threads[i]);
		answered += senders[i].answered;
	}
	g_assert_cmpuint(answered, ==, EACH);
	g_assert_cmpint(messages_in(to.inbox), ==, THREADS * EACH / 2);
	g_assert_cmpint(count_of("dbmail_vacation_responses",
				"address LIKE 'u_@example.org'"),
		==, EACH);
}

/* --- notices ------------------------------------------------------------------ */

static gpointer notify_many(gpointer data)
{
	const Person *to = data;
	g_autoptr(MessageDraft) draft = draft_of(text);
	g_autoptr(MessageDraft) notice = draft_of(edited);

	for (guint i = 0; i < EACH; i++) {
		DeliveryPut puts[2] = { put_of(draft, to->folder),
			put_of(notice, to->inbox) };
		DeliveryShare share = { .mailbox = to->folder,
			.user = to->user,
			.puts = puts,
			.n_puts = 2,
			.told_version = i < EACH / 2 ? 1 : 2 };

		puts[1].is_notice = TRUE;
		deliver(&share, 1, NULL);
		g_assert_cmpuint(puts[0].put.uid, >, 0);
	}
	return NULL;
}

/* Once for each version, however many deliveries fail at once. */
static void test_notice(void)
{
	Person to = person("notice", 0);
	GThread *threads[THREADS];
	g_autoptr(ScriptSet) set = NULL;
	g_autoptr(MessageDraft) notice = draft_of(edited);
	DeliveryPut puts[2] = { put_of(notice, to.inbox),
		put_of(notice, to.inbox) };
	DeliveryShare shares[2];

	database_script("UPDATE dbmail_users SET sieve_version = 3"
			" WHERE userid = 'notice'");
	for (guint i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("notify", notify_many, &to);
	for (guint i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(messages_in(to.inbox), ==, 2);
	g_assert_cmpint(messages_in(to.folder), ==, THREADS * EACH);
	g_assert_true(script_load(store, to.user, &set, NULL));
	g_assert_cmpint(set->told_version, ==, 2);
	for (guint i = 0; i < 2; i++) {
		puts[i].is_notice = TRUE;
		shares[i] = (DeliveryShare){ .mailbox = i == 0 ? to.inbox :
								 to.folder,
			.user = to.user,
			.puts = &puts[i],
			.n_puts = 1,
			.told_version = 3 };
	}
	deliver(shares, 2, NULL);
	g_assert_cmpint(messages_in(to.inbox), ==, 3);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_STORED);
	g_assert_cmpuint(puts[1].put.uid, ==, 0);
	assert_whole();
}

/* --- large ones, and the wake-up ------------------------------------------------- */

static void test_large(void)
{
	const Person to = person("large", 0);
	const gsize size = (gsize)6 * 1024 * 1024;
	g_autofree char *large = g_strnfill(size, 'x');
	g_autoptr(MessageDraft) draft = NULL;
	g_autoptr(MessageDraft) other = NULL;
	DeliveryPut puts[2];
	OutboundMail mails[2] = {
		mail_of("redirect", to.user, "large1@example.org"),
		mail_of("redirect", to.user, "large2@example.org"),
	};
	const DeliveryResponse response =
		response_of(&to, "h", "large@example.org", 3600);
	DeliveryShare shares[2] = {
		{ .mailbox = to.inbox,
			.user = to.user,
			.puts = &puts[0],
			.n_puts = 1,
			.mails = mails,
			.n_mails = 2,
			.responses = &response,
			.n_responses = 1 },
		{ .mailbox = to.folder,
			.user = to.user,
			.puts = &puts[1],
			.n_puts = 1 },
	};

	large[size / 2] = '\n';
	draft = message_draft_new(store, bytes_of(large, size), NULL);
	other = message_draft_new(store, bytes_of(large, size - 1), NULL);
	puts[0] = put_of(draft, to.inbox);
	puts[1] = put_of(other, 99999999);
	mails[0].message = mails[1].message = bytes_of(large, size);
	deliver(shares, 2, NULL);
	g_assert_cmpint(shares[0].outcome, ==, DELIVERY_STORED);
	g_assert_cmpuint(shares[0].n_answered, ==, 1);
	g_assert_cmpint(shares[1].outcome, ==, DELIVERY_NO_MAILBOX);
	g_assert_cmpint(count_of("dbmail_outbound_queue",
				"recipient LIKE 'large%'"
				" AND length(message) = 6291456"),
		==, 2);
	assert_whole();
}

static gboolean is_awake(const Watch *watch)
{
	GPollFD poll = { .fd = watch_fd(watch), .events = G_IO_IN };

	return g_poll(&poll, 1, 0) == 1;
}

static void test_wake(void)
{
	const Person to = person("wake", 0);
	g_autoptr(MessageDraft) draft = draft_of(text);
	DeliveryPut put = put_of(draft, to.inbox);
	const OutboundMail mail =
		mail_of("redirect", to.user, "wake@example.org");
	DeliveryShare share = {
		.mailbox = to.inbox, .puts = &put, .n_puts = 1
	};
	Watch *watch = watch_new(store, OUTBOUND_WATCH);

	deliver(&share, 1, NULL);
	g_assert_false(is_awake(watch));
	share.mails = &mail;
	share.n_mails = 1;
	deliver(&share, 1, NULL);
	g_assert_true(is_awake(watch));
	watch_free(&watch);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/delivery/fileinto", test_fileinto);
	g_test_add_func("/store/delivery/several", test_several);
	g_test_add_func("/store/delivery/no-puts", test_no_puts);
	g_test_add_func("/store/delivery/one-put", test_one_put);
	g_test_add_func("/store/delivery/invalid", test_invalid);
	g_test_add_func("/store/delivery/outside", test_outside);
	g_test_add_func("/store/delivery/outside-race", test_outside_race);
	g_test_add_func("/store/delivery/apart", test_apart);
	g_test_add_func("/store/delivery/one-token", test_one_token);
	g_test_add_func("/store/delivery/responses", test_responses);
	g_test_add_func(
		"/store/delivery/response-refused", test_response_refused);
	g_test_add_func("/store/delivery/race", test_race);
	g_test_add_func("/store/delivery/notice", test_notice);
	g_test_add_func("/store/delivery/large", test_large);
	g_test_add_func("/store/delivery/wake", test_wake);
	status = g_test_run();
	store_close(&store);
	return status;
}
