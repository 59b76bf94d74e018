/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailboxes made of rows alone: what lists, sorts and threads look at, without
 * messages to be parsed. */
#ifndef TEST_STORE_ROWS_H
#define TEST_STORE_ROWS_H

#include "fixture.h"
#include "mime/subject.h"
#include "store/view.h"

typedef struct {
	const char *message_id;
	const char *in_reply_to;
	const char *references;
	const char *subject;
	gint64 sent;    /* seconds since 1970; G_MININT64: none */
	gint64 arrival; /* the same */
} RowMessage;

/* A mailbox of a new user that holds these, UIDs from 1; all are from one of a
 * hundred senders. */
static inline gint64 rows_mailbox(
	Store *store, const char *user, const RowMessage *messages, guint count)
{
	static const DbStatement insert = { "rows_insert",
		"WITH new AS MATERIALIZED (SELECT x.*,"
		" nextval('dbmail_physmessage_id_seq') AS id"
		" FROM unnest($2::timestamptz[], $3::timestamptz[], $4::text[],"
		" $5::text[], $6::text[], $7::text[], $8::text[])"
		" WITH ORDINALITY AS x (arrival, sent, message_id, in_reply_to,"
		" refs, subject, base, n)), phys AS ("
		"INSERT INTO dbmail_physmessage SELECT id, 100, arrival, ''"
		" FROM new), env AS ("
		"INSERT INTO dbmail_envelope (physmessage_id, sent_date,"
		" sent_zone, message_id, in_reply_to, references_field,"
		" subject, base_subject, from_field, envelope, structure)"
		" SELECT id, nullif(sent, '-infinity'), 0, message_id,"
		" in_reply_to, refs, subject, base,"
		" 'Sender <sender' || id % 100 || '@example.org>',"
		" convert_to('(\"Mon, 6 Jan 2020 10:00:00\" \"subject\""
		" ((\"Sender\" NIL \"sender' || id % 100 || '\""
		" \"example.org\")) NIL NIL ((\"Reader\" NIL \"reader\""
		" \"example.net\")) NIL NIL NIL \"<id@example.org>\")',"
		" 'UTF8'), '' FROM new), box AS ("
		"UPDATE dbmail_mailboxes SET uidnext = (SELECT count(*) + 1"
		" FROM new) WHERE mailbox_idnr = $1::bigint)"
		"INSERT INTO dbmail_messages (mailbox_idnr, physmessage_id,"
		" uid, seq, size) SELECT $1::bigint, id, n, 1, 100 FROM new" };
	gint64 mailbox = fixture_inbox(fixture_user(store, user, 0));
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree Timestamp *arrivals = g_new(Timestamp, count);
	g_autofree Timestamp *sents = g_new(Timestamp, count);
	g_autofree const char **texts = g_new(const char *, count * 4 + 1);
	g_auto(GStrv) bases = g_new0(char *, count + 1);
	for (guint i = 0; i < count; i++) {
		const RowMessage *message = &messages[i];
		g_autoptr(GString) base = g_string_new(NULL);
		arrivals[i] = message->arrival * TIMESTAMP_SECOND;
		sents[i] = message->sent == G_MININT64 ?
			G_MININT64 :
			message->sent * TIMESTAMP_SECOND;
		texts[i] = message->message_id;
		texts[count + i] = message->in_reply_to;
		texts[count * 2 + i] = message->references;
		texts[count * 3 + i] = message->subject;
		if (message->subject != NULL)
			(void)mime_subject_base(message->subject, base);
		bases[i] = g_strdup(base->str);
	}
	DbParams *params = db_batch_add(batch, &insert);
	db_params_int64(params, mailbox);
	db_params_timestamp_array(params, arrivals, count);
	db_params_timestamp_array(params, sents, count);
	for (guint i = 0; i < 4; i++)
		db_params_text_array(params, texts + i * count, count);
	db_params_text_array(params, (const char *const *)bases, count);
	GError *error = NULL;
	if (!db_pool_run(pool, batch, DB_WRITE, &error))
		database_check(error);
	return mailbox;
}

static inline MailboxView *rows_view(Store *store, gint64 mailbox)
{
	GError *error = NULL;
	MailboxView *view = NULL;
	if (!view_get(store, mailbox, &view, &error))
		database_check(error);
	return view;
}

/* The indexes of all messages. */
static inline GArray *rows_all(const MailboxView *view)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < view->count; i++)
		g_array_append_val(all, i);
	return all;
}

#endif
