/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 9051 section 6.3.9, RFC
 * 5258), with STATUS (RFC 5819), MYRIGHTS (RFC 8440), METADATA (RFC 9590) and
 * special uses (RFC 6154). */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "imap/list-args.h"
#include "imap/list-line.h"
#include "imap/list-match.h"
#include "imap/metadata-reply.h"
#include "imap/session.h"
#include "imap/status-item.h"

/* A name that may be answered. */
typedef struct {
	const MailboxListed *listed; /* NULL: only a level above others */
	gboolean matches;            /* meets the selection itself */
	gboolean has_below;          /* a name below it meets the selection */
	gboolean is_level;           /* answered as a level above others */
} Found;

typedef struct {
	const ListArgs *args;
	gboolean is_lsub;
	GPtrArray *patterns; /* UTF-8 */
	GHashTable *by_name; /* name -> MailboxListed */
	GHashTable *parents; /* names with mailboxes below them */
	GTree *found;        /* name -> Found, in the order of names */
} Listing;

/* --- patterns -------------------------------------------------------------- */

/* A name that begins with "#" is in another namespace, whatever the reference
 * (RFC 9051 section 6.3.9). */
static char *read_pattern(
	const ImapSession *session, Bytes reference, Bytes pattern)
{
	g_autoptr(GString) wire = g_string_new(NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	if (pattern.size == 0 || pattern.data[0] != '#')
		g_string_append_len(
			wire, reference.data, (gssize)reference.size);
	g_string_append_len(wire, pattern.data, (gssize)pattern.size);
	if (!session_decode_name(session, bytes_of(wire->str, wire->len), text))
		return NULL;
	return g_utf8_normalize(text->str, -1, G_NORMALIZE_NFC);
}

/* What cannot be a name matches none, and no more does the empty pattern (RFC
 * 5258 section 3). */
static GPtrArray *read_patterns(
	const ImapSession *session, const ListArgs *args)
{
	GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < args->count; i++) {
		char *pattern = NULL;
		if (args->patterns[i].size > 0)
			pattern = read_pattern(
				session, args->reference, args->patterns[i]);
		if (pattern != NULL)
			g_ptr_array_add(patterns, pattern);
	}
	return patterns;
}

static gboolean matches(const Listing *listing, const char *name)
{
	for (guint i = 0; i < listing->patterns->len; i++) {
		if (list_match(listing->patterns->pdata[i], name))
			return TRUE;
	}
	return FALSE;
}

/* The levels above mailboxes that a pattern asks for: "%" at its end (RFC 9051
 * section 6.3.9), any "%" for LSUB (RFC 3501 section 6.3.9). */
static gboolean matches_level(const Listing *listing, const char *name)
{
	for (guint i = 0; i < listing->patterns->len; i++) {
		const char *pattern = listing->patterns->pdata[i];
		gboolean asks = listing->is_lsub ?
			strchr(pattern, '%') != NULL :
			g_str_has_suffix(pattern, "%");
		if (asks && list_match(pattern, name))
			return TRUE;
	}
	return FALSE;
}

/* --- choosing -------------------------------------------------------------- */

static void note_parents(Listing *listing, const char *name)
{
	g_autofree char *level = g_strdup(name);
	char *end;

	while ((end = strrchr(level, MAILBOX_SEPARATOR)) != NULL) {
		*end = '\0';
		if (!g_hash_table_add(listing->parents, g_strdup(level)))
			return;
	}
}

static void index_names(Listing *listing, const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++) {
		MailboxListed *listed = list->pdata[i];
		g_hash_table_insert(listing->by_name, listed->name, listed);
		if (listed->mailbox != NULL)
			note_parents(listing, listed->name);
	}
}

static gboolean is_selected(const Listing *listing, const MailboxListed *listed)
{
	guint select = listing->args->select;

	if (listing->is_lsub)
		return listed->subscribed;
	if ((select & LIST_SUBSCRIBED) && !listed->subscribed)
		return FALSE;
	if ((select & LIST_SPECIAL_USE) &&
		(listed->mailbox == NULL ||
			listed->mailbox->special_use == NULL))
		return FALSE;
	return listed->mailbox != NULL || (select & LIST_SUBSCRIBED) != 0;
}

static Found *find_or_add(Listing *listing, const char *name)
{
	Found *found = g_tree_lookup(listing->found, name);

	if (found == NULL) {
		found = g_new0(Found, 1);
		found->listed = g_hash_table_lookup(listing->by_name, name);
		g_tree_insert(listing->found, g_strdup(name), found);
	}
	return found;
}

typedef gboolean (*LevelFits)(const Listing *listing, const char *name);

/* Notes the levels above a name that meets the selection.  show: they are
 * answered even where they do not meet it themselves. */
static void add_levels_above(
	Listing *listing, const char *name, LevelFits fits, gboolean show)
{
	g_autofree char *level = g_strdup(name);
	char *end;

	while ((end = strrchr(level, MAILBOX_SEPARATOR)) != NULL) {
		*end = '\0';
		if (!fits(listing, level))
			continue;
		Found *found = find_or_add(listing, level);
		found->has_below = TRUE;
		found->is_level |= show;
	}
}

/* RFC 5258 sections 3.3 and 3.5: a level is answered for what is below it only
 * where that is not answered itself. */
static void choose(Listing *listing, const GPtrArray *list)
{
	gboolean recursive = (listing->args->select & LIST_RECURSIVE) != 0;

	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = list->pdata[i];
		if (!is_selected(listing, listed))
			continue;
		gboolean fits = matches(listing, listed->name);
		if (fits)
			find_or_add(listing, listed->name)->matches = TRUE;
		if (recursive)
			add_levels_above(listing, listed->name, matches, !fits);
		else if (listing->is_lsub && !fits)
			add_levels_above(
				listing, listed->name, matches_level, TRUE);
	}
}

/* Levels without a mailbox of their own, such as that of a namespace or of
 * mailboxes below one the user may not see. */
static void choose_levels(Listing *listing)
{
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, listing->parents);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		const MailboxListed *listed =
			g_hash_table_lookup(listing->by_name, name);
		if ((listed == NULL || listed->mailbox == NULL) &&
			matches_level(listing, name))
			find_or_add(listing, name)->is_level = TRUE;
	}
}

/* --- answering ------------------------------------------------------------- */

typedef struct {
	Listing *listing;
	ImapSession *session;
} Writer;

/* Attributes of LSUB: \Noselect is all a client needs to know there. */
static void add_lsub_attributes(const Found *found, GString *line)
{
	const Mailbox *mailbox =
		found->listed != NULL ? found->listed->mailbox : NULL;

	if (!found->matches || mailbox == NULL || mailbox->no_select)
		list_append_attribute(line, "\\Noselect");
}

/* Clients that know nothing of \NonExistent are told \Noselect, which it
 * implies. */
static const char *missing_attribute(const Writer *writer)
{
	gboolean knows = writer->listing->args->is_extended ||
		(writer->session->enabled & ENABLED_IMAP4REV2) != 0;

	return knows ? "\\NonExistent" : "\\Noselect";
}

static void add_list_attributes(const Writer *writer, const char *name,
	const Found *found, GString *line)
{
	const Listing *listing = writer->listing;
	const MailboxListed *listed = found->listed;
	const Mailbox *mailbox = listed != NULL ? listed->mailbox : NULL;
	guint wanted = listing->args->select | listing->args->give;

	if (mailbox == NULL)
		list_append_attribute(line, missing_attribute(writer));
	else
		list_append_kind(line, mailbox);
	if (g_hash_table_contains(listing->parents, name))
		list_append_attribute(line, "\\HasChildren");
	else if (mailbox == NULL || !mailbox->no_inferiors)
		list_append_attribute(line, "\\HasNoChildren");
	if ((wanted & LIST_SUBSCRIBED) && listed != NULL && listed->subscribed)
		list_append_attribute(line, "\\Subscribed");
	if (mailbox != NULL)
		list_append_uses(line, mailbox);
}

/* RFC 5258 section 3.5. */
static void add_child_info(const Listing *listing, GString *line)
{
	guint select = listing->args->select;

	g_string_append(line, " (\"CHILDINFO\" (");
	if (select & LIST_SUBSCRIBED)
		list_append_attribute(line, "\"SUBSCRIBED\"");
	if (select & LIST_SPECIAL_USE)
		list_append_attribute(line, "\"SPECIAL-USE\"");
	g_string_append(line, "))");
}

static void write_line(
	const Writer *writer, const char *name, const Found *found)
{
	const Listing *listing = writer->listing;
	g_autoptr(GString) line =
		g_string_new(listing->is_lsub ? "* LSUB (" : "* LIST (");

	if (listing->is_lsub)
		add_lsub_attributes(found, line);
	else
		add_list_attributes(writer, name, found, line);
	g_string_append_printf(line, ") \"%c\" ", MAILBOX_SEPARATOR);
	session_append_mailbox(writer->session, line, name);
	if ((listing->args->select & LIST_RECURSIVE) && found->has_below)
		add_child_info(listing, line);
	g_string_append(line, "\r\n");
	stream_write(writer->session->stream, line->str, line->len);
}

/* RFC 8440. */
static void write_rights(ImapSession *session, const Mailbox *mailbox)
{
	g_autoptr(GString) line = g_string_new("* MYRIGHTS ");

	session_append_mailbox(session, line, mailbox->name);
	g_string_append_c(line, ' ');
	rights_append_text(line, mailbox->rights);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}

/* Those that meet the selection themselves have more told of them. */
static const Mailbox *whole_answer(const Found *found)
{
	return found->matches && found->listed != NULL ?
		found->listed->mailbox :
		NULL;
}

static gboolean has_status(const Found *found)
{
	const Mailbox *mailbox = whole_answer(found);

	return mailbox != NULL && !mailbox->no_select &&
		(mailbox->rights & RIGHT_READ) != 0;
}

static gboolean write_found(gpointer key, gpointer value, gpointer data)
{
	const Writer *writer = data;
	const ListArgs *args = writer->listing->args;
	const Found *found = value;
	const Mailbox *mailbox = whole_answer(found);

	if (!found->matches && !found->is_level)
		return FALSE;
	write_line(writer, key, found);
	if ((args->give & LIST_STATUS) && has_status(found))
		status_write(writer->session, mailbox, args->status);
	if ((args->give & LIST_MYRIGHTS) && mailbox != NULL)
		write_rights(writer->session, mailbox);
	return FALSE;
}

static gboolean collect_status(gpointer key, gpointer value, gpointer data)
{
	const Found *found = value;
	GPtrArray *mailboxes = data;

	(void)key;
	if (has_status(found))
		g_ptr_array_add(mailboxes, found->listed->mailbox);
	return FALSE;
}

/* Whatever STATUS needs of all mailboxes is read before the first line. */
static gboolean complete_status(
	const Writer *writer, GTree *found, GError **error)
{
	const ListArgs *args = writer->listing->args;
	g_autoptr(GPtrArray) mailboxes = g_ptr_array_new();

	if ((args->give & LIST_STATUS) == 0)
		return TRUE;
	g_tree_foreach(found, collect_status, mailboxes);
	return status_complete(writer->session,
		(Mailbox *const *)mailboxes->pdata, mailboxes->len,
		args->status, error);
}

static gboolean collect_metadata(gpointer key, gpointer value, gpointer data)
{
	const Found *found = value;
	const Mailbox *mailbox = whole_answer(found);
	GPtrArray *mailboxes = data;

	(void)key;
	if (mailbox != NULL && metadata_is_readable(mailbox->rights))
		g_ptr_array_add(mailboxes, found->listed->mailbox);
	return FALSE;
}

/* Behind all LIST responses: values may be large. */
static gboolean write_metadata(
	const Writer *writer, GTree *found, GError **error)
{
	const ListArgs *args = writer->listing->args;
	g_autoptr(GPtrArray) mailboxes = g_ptr_array_new();

	if ((args->give & LIST_METADATA) == 0)
		return TRUE;
	g_tree_foreach(found, collect_metadata, mailboxes);
	return metadata_write_all(
		writer->session, mailboxes, args->entries, error);
}

static gint compare_names(gconstpointer a, gconstpointer b, gpointer data)
{
	(void)data;
	return strcmp(a, b);
}

static gboolean answer(ImapSession *session, const ListArgs *args,
	gboolean is_lsub, GError **error)
{
	g_autoptr(GPtrArray) list = NULL;

	if (!mailbox_list(session->store, session->user->id, &list, error))
		return FALSE;
	g_autoptr(GPtrArray) patterns = read_patterns(session, args);
	g_autoptr(GHashTable) by_name =
		g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) parents =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GTree) found =
		g_tree_new_full(compare_names, NULL, g_free, g_free);
	Listing listing = { args, is_lsub, patterns, by_name, parents, found };
	Writer writer = { &listing, session };

	index_names(&listing, list);
	choose(&listing, list);
	if (!is_lsub && (args->select & ~(guint)LIST_REMOTE) == 0)
		choose_levels(&listing);
	if (!complete_status(&writer, found, error))
		return FALSE;
	g_tree_foreach(found, write_found, &writer);
	return write_metadata(&writer, found, error);
}

/* RFC 3501 section 6.3.8: an empty name asks for the separator, and for the
 * root of the reference, which is its namespace. */
static void answer_root(ImapSession *session, Bytes reference)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *name = NULL;

	g_string_append_printf(
		line, "* LIST (\\Noselect) \"%c\" ", MAILBOX_SEPARATOR);
	if (reference.size > 0 && reference.data[0] == '#')
		name = read_pattern(session, reference, bytes_of(NULL, 0));
	char *end = name != NULL ? strchr(name, MAILBOX_SEPARATOR) : NULL;
	if (end != NULL)
		end[1] = '\0';
	session_append_mailbox(session, line, end != NULL ? name : "");
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}

gboolean cmd_list(ImapSession *session, ImapCommand *command, GError **error)
{
	const ListArgs *args = command->args;

	if (!args->is_extended && args->patterns[0].size == 0) {
		answer_root(session, args->reference);
		return TRUE;
	}
	status_prepare(session, args->status);
	return answer(session, args, FALSE, error);
}

gboolean cmd_lsub(ImapSession *session, ImapCommand *command, GError **error)
{
	return answer(session, command->args, TRUE, error);
}
