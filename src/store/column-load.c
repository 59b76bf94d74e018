/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns out of rows: what is asked for each, and what is made of it. */
#include "base/text.h"
#include "mime/subject.h"
#include "mime/words.h"
#include "store/column-private.h"
#include "store/column-sql.h"
#include "store/search-private.h"

typedef gint64 (*ColumnTake)(guint parameter, const ColumnSource *source,
	GString *out, guint8 *marks);

static void append_folded(Bytes text, GString *out)
{
	search_fold(text.data, text.size, out);
}

/* What is sorted by. */
static void append_key(Bytes text, GString *out)
{
	if (text.size > 0)
		text_append_collation_key(text, out);
}

/* --- times --------------------------------------------------------------------- */

static gint64 take_time(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out G_GNUC_UNUSED,
	guint8 *marks G_GNUC_UNUSED)
{
	return db_rows_timestamp(source->rows, source->row, 1);
}

static gint64 take_sent_day(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out G_GNUC_UNUSED, guint8 *marks)
{
	if (db_rows_is_null(source->rows, source->row, 1)) {
		*marks |= COLUMN_NONE;
		return 0;
	}
	Timestamp zone = db_rows_int64_or(source->rows, source->row, 2, 0) *
		60 * TIMESTAMP_SECOND;
	return calendar_day_number(timestamp_day(
		db_rows_timestamp(source->rows, source->row, 1) + zone));
}

/* --- fields -------------------------------------------------------------------- */

static gint64 take_field(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out, guint8 *marks)
{
	Bytes text = db_rows_bytes(source->rows, source->row, 1);
	if (text.data == NULL)
		*marks |= COLUMN_NONE;
	/* NULL where both the field and so its length are. */
	if (!db_rows_is_null(source->rows, source->row, 2) &&
		db_rows_bool(source->rows, source->row, 2))
		*marks |= COLUMN_PARTIAL;
	append_folded(text, out);
	return 0;
}

static gint64 take_base_subject(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out, guint8 *marks)
{
	const char *subject = db_rows_text(source->rows, source->row, 2);
	append_key(db_rows_bytes(source->rows, source->row, 1), out);
	if (subject != NULL) {
		g_autoptr(GString) base = g_string_new(NULL);
		if (mime_subject_base(subject, base))
			*marks |= COLUMN_IS_REPLY;
	}
	return 0;
}

static gint64 take_text(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out, guint8 *marks G_GNUC_UNUSED)
{
	Bytes text = db_rows_bytes(source->rows, source->row, 1);
	if (text.size > 0)
		g_string_append_len(out, text.data, (gssize)text.size);
	return 0;
}

/* --- addresses out of ENVELOPE ---------------------------------------------------- */

/* Values of an ENVELOPE, read as they come; what is cut off is empty. */
typedef struct {
	Bytes text;
	gsize pos;
} EnvelopeReader;

static char reader_next(const EnvelopeReader *reader)
{
	return reader->pos < reader->text.size ?
		reader->text.data[reader->pos] :
		'\0';
}

static void reader_take_quoted(EnvelopeReader *reader, GString *out)
{
	reader->pos++;
	for (char c; (c = reader_next(reader)) != '"'; reader->pos++) {
		if (reader->pos >= reader->text.size)
			return;
		if (c == '\\')
			c = reader->text.data[MIN(
				++reader->pos, reader->text.size - 1)];
		g_string_append_c(out, c);
	}
	reader->pos++;
}

static void reader_take_literal(EnvelopeReader *reader, GString *out)
{
	gsize size = 0;
	for (reader->pos++; g_ascii_isdigit(reader_next(reader)); reader->pos++)
		size = MIN(size * 10 + (gsize)(reader_next(reader) - '0'),
			reader->text.size);
	reader->pos += strlen("}\r\n");
	Bytes value = bytes_slice(reader->text, reader->pos, size);
	g_string_append_len(
		out, value.data != NULL ? value.data : "", (gssize)value.size);
	reader->pos += size;
}

/* An nstring appended to out; FALSE for NIL. */
static gboolean reader_take_string(EnvelopeReader *reader, GString *out)
{
	while (reader_next(reader) == ' ')
		reader->pos++;
	if (reader_next(reader) == '"') {
		reader_take_quoted(reader, out);
		return TRUE;
	}
	if (reader_next(reader) == '{') {
		reader_take_literal(reader, out);
		return TRUE;
	}
	reader->pos += strlen("NIL");
	return FALSE;
}

/* Passes over an nstring or a list of any depth. */
static void reader_skip(EnvelopeReader *reader, GString *scratch)
{
	guint depth = 0;
	do {
		while (reader_next(reader) == ' ')
			reader->pos++;
		char c = reader_next(reader);
		if (reader->pos >= reader->text.size)
			return;
		if (c == '(' || c == ')') {
			if (c == '(')
				depth++;
			else if (depth > 0)
				depth--;
			reader->pos++;
			continue;
		}
		g_string_truncate(scratch, 0);
		reader_take_string(reader, scratch);
	} while (depth > 0);
}

enum { ADDRESS_NAME, ADDRESS_ROUTE, ADDRESS_MAILBOX, ADDRESS_HOST };

/* The first address of the value that comes after so many; parts without a
 * value stay NULL. */
static void first_address(Bytes envelope, guint skip, GString *parts[4])
{
	EnvelopeReader reader = { envelope, 1 };
	g_autoptr(GString) scratch = g_string_new(NULL);
	for (guint i = 0; i < skip; i++)
		reader_skip(&reader, scratch);
	while (reader_next(&reader) == ' ')
		reader.pos++;
	if (reader_next(&reader) != '(')
		return;
	reader.pos += strlen("((");
	for (guint i = 0; i < 4; i++) {
		g_string_truncate(scratch, 0);
		if (reader_take_string(&reader, scratch))
			parts[i] = g_string_new_len(
				scratch->str, (gssize)scratch->len);
	}
}

/* Decoded and valid, cut at a character, as a key. */
static void append_part(const GString *part, GString *out)
{
	g_autoptr(GString) text = g_string_new(NULL);
	mime_words_append(bytes_of(part->str, part->len), text);
	const char *end = text->str;
	for (guint i = 0; i < COLUMN_SORT_MAX && *end != '\0'; i++)
		end = g_utf8_next_char(end);
	append_key(bytes_of(text->str, (gsize)(end - text->str)), out);
}

static void clear_parts(GString *parts[4])
{
	for (guint i = 0; i < 4; i++) {
		if (parts[i] != NULL)
			g_string_free(parts[i], TRUE);
	}
}

/* parameter: how many values of ENVELOPE stand before the list. */
static gint64 take_mailbox(guint parameter, const ColumnSource *source,
	GString *out, guint8 *marks G_GNUC_UNUSED)
{
	GString *parts[4] = { NULL };
	first_address(
		db_rows_bytes(source->rows, source->row, 1), parameter, parts);
	if (parts[ADDRESS_MAILBOX] != NULL)
		append_part(parts[ADDRESS_MAILBOX], out);
	clear_parts(parts);
	return 0;
}

/* RFC 5957 section 3. */
static gint64 take_display(guint parameter, const ColumnSource *source,
	GString *out, guint8 *marks G_GNUC_UNUSED)
{
	GString *parts[4] = { NULL };
	gsize before = out->len;
	first_address(
		db_rows_bytes(source->rows, source->row, 1), parameter, parts);
	if (parts[ADDRESS_NAME] != NULL)
		append_part(parts[ADDRESS_NAME], out);
	if (out->len == before && parts[ADDRESS_MAILBOX] != NULL) {
		GString *address = parts[ADDRESS_MAILBOX];
		if (parts[ADDRESS_HOST] != NULL)
			g_string_append_printf(
				address, "@%s", parts[ADDRESS_HOST]->str);
		append_part(address, out);
	}
	clear_parts(parts);
	return 0;
}

/* --- ids ------------------------------------------------------------------------ */

static void append_hash(SipKey key, Bytes id, GString *out)
{
	guint64 hash = id.size > 0 ? sip_hash(key, id) : 0;
	g_string_append_len(out, (const char *)&hash, sizeof(hash));
}

static Bytes next_word(Bytes text, gsize *pos)
{
	while (*pos < text.size && text.data[*pos] == ' ')
		(*pos)++;
	gsize begin = *pos;
	while (*pos < text.size && text.data[*pos] != ' ')
		(*pos)++;
	return bytes_slice(text, begin, *pos - begin);
}

static gint64 take_links(guint parameter G_GNUC_UNUSED,
	const ColumnSource *source, GString *out, guint8 *marks G_GNUC_UNUSED)
{
	const SipKey key = source->key;
	Bytes ids = db_rows_bytes(source->rows, source->row, 3);
	gsize pos = 0;
	append_hash(key, db_rows_bytes(source->rows, source->row, 1), out);
	Bytes id = next_word(ids, &pos);
	if (id.size == 0) {
		pos = 0;
		ids = db_rows_bytes(source->rows, source->row, 2);
		id = next_word(ids, &pos);
		ids.size = pos;
	}
	for (; id.size > 0; id = next_word(ids, &pos))
		append_hash(key, id, out);
	return 0;
}

/* --- the table -------------------------------------------------------------------- */

/* Places of the lists in ENVELOPE. */
enum { ENVELOPE_FROM = 2, ENVELOPE_TO = 5, ENVELOPE_CC = 6 };

static const struct {
	const DbStatement *statement;
	ColumnTake take;
	guint parameter; /* take's; of column_field: $3 */
	guint most;      /* characters, the statement's last parameter */
	gboolean is_text;
} columns[COLUMNS] = {
	[COLUMN_ARRIVAL] = { &SQL_COLUMN_ARRIVAL, take_time, 0, 0, FALSE },
	[COLUMN_SAVED] = { &SQL_COLUMN_SAVED, take_time, 0, 0, FALSE },
	[COLUMN_DATE] = { &SQL_COLUMN_DATE, take_time, 0, 0, FALSE },
	[COLUMN_SENT_DAY] = { &SQL_COLUMN_SENT, take_sent_day, 0, 0, FALSE },
	[COLUMN_SUBJECT] = { &SQL_COLUMN_FIELD, take_field, 0, COLUMN_FIELD_MAX,
		TRUE },
	[COLUMN_FROM] = { &SQL_COLUMN_FIELD, take_field, 1, COLUMN_FIELD_MAX,
		TRUE },
	[COLUMN_TO] = { &SQL_COLUMN_FIELD, take_field, 2, COLUMN_FIELD_MAX,
		TRUE },
	[COLUMN_CC] = { &SQL_COLUMN_FIELD, take_field, 3, COLUMN_FIELD_MAX,
		TRUE },
	[COLUMN_BCC] = { &SQL_COLUMN_FIELD, take_field, 4, COLUMN_FIELD_MAX,
		TRUE },
	[COLUMN_MESSAGE_ID] = { &SQL_COLUMN_FIELD, take_field, 5,
		COLUMN_FIELD_MAX, TRUE },
	[COLUMN_BASE_SUBJECT] = { &SQL_COLUMN_BASE_SUBJECT, take_base_subject,
		0, COLUMN_SORT_MAX, TRUE },
	[COLUMN_FROM_MAILBOX] = { &SQL_COLUMN_ENVELOPE, take_mailbox,
		ENVELOPE_FROM, 0, TRUE },
	[COLUMN_TO_MAILBOX] = { &SQL_COLUMN_ENVELOPE, take_mailbox, ENVELOPE_TO,
		0, TRUE },
	[COLUMN_CC_MAILBOX] = { &SQL_COLUMN_ENVELOPE, take_mailbox, ENVELOPE_CC,
		0, TRUE },
	[COLUMN_DISPLAY_FROM] = { &SQL_COLUMN_ENVELOPE, take_display,
		ENVELOPE_FROM, 0, TRUE },
	[COLUMN_DISPLAY_TO] = { &SQL_COLUMN_ENVELOPE, take_display, ENVELOPE_TO,
		0, TRUE },
	[COLUMN_LINKS] = { &SQL_COLUMN_LINKS, take_links, 0, 0, TRUE },
	[COLUMN_THREAD_ID] = { &SQL_COLUMN_THREAD_ID, take_text, 0, 0, TRUE },
};

gboolean column_is_text(ColumnId column)
{
	return columns[column].is_text;
}

void column_ask(DbBatch *batch, ColumnId column, const MailboxView *view,
	const gint64 *lows, const gint64 *highs, guint count)
{
	DbParams *params = db_batch_add(batch, columns[column].statement);
	db_params_int64_array(params, lows, count);
	db_params_int64_array(params, highs, count);
	if (column == COLUMN_SAVED)
		db_params_int64(params, view->mailbox);
	if (columns[column].take == take_field)
		db_params_int32(params, (gint32)columns[column].parameter);
	if (columns[column].most > 0)
		db_params_int32(params, (gint32)columns[column].most);
}

gint64 column_take(ColumnId column, const ColumnSource *source, GString *out,
	guint8 *marks)
{
	return columns[column].take(
		columns[column].parameter, source, out, marks);
}
