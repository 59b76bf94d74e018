/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values of annotations on the wire (RFC 5464 section 5). */
#include "imap/metadata-reply.h"

#include "store/mailbox.h"
#include "imap/reply.h"

/* Mailboxes whose values are in memory together. */
#define AT_ONCE 50

gboolean parse_metadata_name(
	ImapParser *parser, gboolean is_whole, const char **name)
{
	g_autoptr(GError) error = NULL;
	gsize start = parser->pos;
	guint chunk = parser->chunk;
	Bytes wire;

	if (!parse_astring(parser, &wire))
		return FALSE;
	g_autofree char *kept =
		metadata_entry_normalise(wire, is_whole, &error);
	if (kept == NULL) {
		if (parser->chunk == chunk)
			parser->pos = start;
		return parse_fail(
			parser, arena_strdup(parser->arena, error->message));
	}
	*name = arena_strdup(parser->arena, kept);
	return TRUE;
}

static gboolean is_among(
	const char *const *names, guint count, const char *name)
{
	for (guint i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean parse_metadata_names(
	ImapParser *parser, gboolean is_whole, const char *const **names)
{
	const char **all = arena_new_array(
		parser->arena, const char *, METADATA_NAMES_MAX + 1);
	guint count = 0;

	if (!parse_open(parser))
		return FALSE;
	do {
		const char *name;
		if (count == METADATA_NAMES_MAX)
			return parse_fail(parser, "Too many entries");
		if (!parse_metadata_name(parser, is_whole, &name))
			return FALSE;
		if (!is_among(all, count, name))
			all[count++] = name;
	} while (parse_accept(parser, ' '));
	all[count] = NULL;
	*names = all;
	return parse_close(parser);
}

gboolean metadata_is_readable(guint rights)
{
	const guint any = RIGHT_READ | RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT |
		RIGHT_POST;

	return (rights & RIGHT_LOOKUP) != 0 && (rights & any) != 0;
}

void metadata_append(
	GString *line, const char *name, const MetadataEntry *entry)
{
	reply_append_astring(line, bytes_of_string(name));
	g_string_append_c(line, ' ');
	if (entry == NULL) {
		g_string_append(line, "NIL");
		return;
	}
	Bytes value = bytes_of(entry->value, entry->size);
	if (value.size == 0 || memchr(value.data, '\0', value.size) == NULL) {
		reply_append_string(line, value);
		return;
	}
	g_string_append_printf(line, "~{%zu}\r\n", value.size);
	g_string_append_len(line, value.data, (gssize)value.size);
}

static void write_mailbox(ImapSession *session, const Mailbox *mailbox,
	const char *const *names, GHashTable *by_name)
{
	g_autoptr(GString) line = g_string_new("* METADATA ");

	session_append_mailbox(session, line, mailbox->name);
	g_string_append(line, " (");
	for (guint i = 0; names[i] != NULL; i++) {
		if (i > 0)
			g_string_append_c(line, ' ');
		metadata_append(
			line, names[i], g_hash_table_lookup(by_name, names[i]));
	}
	g_string_append(line, ")\r\n");
	stream_write(session->stream, line->str, line->len);
}

/* The entries of one mailbox, by name. */
static GHashTable *entries_of(const GPtrArray *found, gint64 mailbox)
{
	GHashTable *by_name = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < found->len; i++) {
		MetadataEntry *entry = found->pdata[i];
		if (entry->mailbox == mailbox)
			g_hash_table_insert(by_name, entry->entry, entry);
	}
	return by_name;
}

static gboolean write_some(ImapSession *session,
	const Mailbox *const *mailboxes, guint count, const char *const *names,
	GError **error)
{
	g_autofree gint64 *ids = g_new(gint64, count);
	g_autoptr(GPtrArray) found = NULL;

	for (guint i = 0; i < count; i++)
		ids[i] = mailboxes[i]->id;
	MetadataQuery query = { .user = session->user->id,
		.mailboxes = ids,
		.mailbox_count = count,
		.entries = names,
		.depth = METADATA_DEPTH_0,
		.max_size = G_MAXUINT64 };
	if (!metadata_get(session->store, &query, &found, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		g_autoptr(GHashTable) by_name = entries_of(found, ids[i]);
		write_mailbox(session, mailboxes[i], names, by_name);
	}
	return TRUE;
}

gboolean metadata_write_all(ImapSession *session, const GPtrArray *mailboxes,
	const char *const *names, GError **error)
{
	for (guint i = 0; i < mailboxes->len; i += AT_ONCE) {
		guint count = MIN(AT_ONCE, mailboxes->len - i);
		if (!write_some(session,
			    (const Mailbox *const *)mailboxes->pdata + i, count,
			    names, error))
			return FALSE;
	}
	return TRUE;
}
