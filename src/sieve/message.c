/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The message as a running script sees it. */
#include "sieve/message.h"

#include "sieve/edit.h"

/* Bytes of such texts that a run keeps beside the last one. */
#define TEXTS_MAX ((gsize)64 * 1024 * 1024)

/* ---- Taking it apart ---- */

/* What lies between fields is kept, so that the message can be put together
 * again byte for byte. */
static void add_lines(GArray *fields, Bytes lines)
{
	MimeField rest = { .line = lines };
	if (lines.size > 0)
		g_array_append_val(fields, rest);
}

static void split_header(GArray *fields, Bytes block)
{
	gsize pos = 0;
	gsize done = 0;
	MimeField field;
	while (mime_field_next(block, &pos, &field)) {
		gsize begin = (gsize)(field.line.data - block.data);
		add_lines(fields, bytes_slice(block, done, begin - done));
		g_array_append_val(fields, field);
		done = begin + field.line.size;
	}
	add_lines(fields, bytes_slice(block, done, block.size));
}

void sieve_message_init(SieveRun *run, Bytes message)
{
	sieve_message_clear(run);
	gsize size = sieve_fields_size(message);
	run->fields = g_array_new(FALSE, TRUE, sizeof(MimeField));
	split_header(run->fields, bytes_slice(message, 0, size));
	run->body = bytes_slice(message, size, message.size);
	g_array_append_val(run->result->messages, message);
}

/* All that was found out about the message. */
static void forget(SieveRun *run)
{
	mime_scan_free(&run->scan);
	g_clear_pointer(&run->texts, g_hash_table_unref);
	run->texts_size = 0;
}

void sieve_message_clear(SieveRun *run)
{
	g_clear_pointer(&run->fields, g_array_unref);
	forget(run);
	run->is_edited = FALSE;
}

/* ---- Looking ---- */

const MimeField *sieve_message_fields(SieveRun *run, guint *n)
{
	*n = run->fields->len;
	return (const MimeField *)(const void *)run->fields->data;
}

guint sieve_message_part(const SieveRun *run)
{
	return run->part;
}

Bytes sieve_message_header_of(Bytes message, const MimeEntity *entity)
{
	return bytes_slice(
		message, entity->header, entity->body - entity->header);
}

Bytes sieve_message_body_of(Bytes message, const MimeEntity *entity)
{
	return bytes_slice(
		message, entity->body, entity->body_end - entity->body);
}

static void kept_text_free(gpointer data)
{
	SieveKeptText *kept = data;

	if (kept->text != NULL)
		g_string_free(kept->text, TRUE);
	sieve_match_fold_clear(&kept->fold);
	g_free(kept);
}

SieveKeptText *sieve_message_text(const SieveRun *run, guint key)
{
	return run->texts != NULL ?
		g_hash_table_lookup(run->texts, GUINT_TO_POINTER(key)) :
		NULL;
}

SieveKeptText *sieve_message_keep_text(
	SieveRun *run, guint key, gsize size, GString *text)
{
	SieveKeptText *kept = g_new0(SieveKeptText, 1);

	if (run->texts == NULL)
		run->texts = g_hash_table_new_full(
			g_direct_hash, g_direct_equal, NULL, kept_text_free);
	if (run->texts_size + size > TEXTS_MAX) {
		g_hash_table_remove_all(run->texts);
		run->texts_size = 0;
	}
	run->texts_size += size;
	kept->text = text;
	g_hash_table_replace(run->texts, GUINT_TO_POINTER(key), kept);
	return kept;
}

/* ---- Changing ---- */

static Bytes newest(const SieveRun *run)
{
	const GArray *all = run->result->messages;
	return g_array_index(all, Bytes, all->len - 1);
}

static gsize size_now(const SieveRun *run)
{
	gsize size = run->body.size;
	for (guint i = 0; i < run->fields->len; i++)
		size += g_array_index(run->fields, MimeField, i).line.size;
	return size;
}

/* Every edited message takes its size again: all of them are bounded. */
static gboolean count_edited(SieveRun *run, const SieveNode *node, gsize size)
{
	gsize limit = run->limits->max_message_size;
	run->edited_size += size;
	return run->edited_size <= limit ||
		sieve_run_fail(run, node,
			"the edited messages have more than %" G_GSIZE_FORMAT
			" bytes",
			limit);
}

gboolean sieve_message_number(
	SieveRun *run, const SieveNode *node, guint *number)
{
	if (run->is_edited) {
		gsize size = size_now(run);
		if (!count_edited(run, node, size))
			return FALSE;
		char *all = arena_alloc(run->kept, size + 1);
		gsize filled = 0;
		for (guint i = 0; i < run->fields->len; i++) {
			Bytes line =
				g_array_index(run->fields, MimeField, i).line;
			memcpy(all + filled, line.data, line.size);
			filled += line.size;
		}
		if (run->body.size > 0)
			memcpy(all + filled, run->body.data, run->body.size);
		Bytes message = { all, size };
		g_array_append_val(run->result->messages, message);
		run->is_edited = FALSE;
		forget(run);
	}
	*number = run->result->messages->len - 1;
	return TRUE;
}

const MimeScan *sieve_message_scan(
	SieveRun *run, const SieveNode *node, Bytes *message)
{
	guint number;
	if (!sieve_message_number(run, node, &number))
		return NULL;
	*message = newest(run);
	if (run->scan == NULL)
		run->scan = mime_scan_new(*message, NULL);
	return run->scan;
}

void sieve_message_insert(SieveRun *run, guint at, MimeField field)
{
	g_array_insert_val(run->fields, at, field);
	run->is_edited = TRUE;
}

void sieve_message_remove(SieveRun *run, const guint *lines, guint n)
{
	guint left = 0;
	guint next = 0;
	for (guint i = 0; i < run->fields->len; i++) {
		if (next < n && lines[next] == i) {
			next++;
			continue;
		}
		g_array_index(run->fields, MimeField, left++) =
			g_array_index(run->fields, MimeField, i);
	}
	g_array_set_size(run->fields, left);
	run->is_edited = TRUE;
}

gboolean sieve_message_replace(
	SieveRun *run, const SieveNode *node, Bytes message)
{
	if (!count_edited(run, node, message.size))
		return FALSE;
	sieve_message_init(run, message);
	return TRUE;
}
