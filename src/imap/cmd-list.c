/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 3348, RFC 6154). */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "imap/list-args.h"
#include "imap/list-match.h"
#include "imap/reply.h"
#include "imap/session.h"
#include "imap/utf7.h"

/* A name that will be answered. */
typedef struct {
	const MailboxListed *listed; /* NULL: only a level above others */
	gboolean matches;            /* meets the selection itself */
	gboolean has_below;          /* a name below it meets the selection */
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

/* The reference is taken as the beginning of the name. */
static GPtrArray *read_patterns(const ListArgs *args)
{
	GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < args->count; i++) {
		g_autoptr(GString) wire = g_string_new_len(
			args->reference.data, (gssize)args->reference.size);
		g_autoptr(GString) text = g_string_new(NULL);
		g_string_append_len(wire, args->patterns[i].data,
			(gssize)args->patterns[i].size);
		/* What is no name in modified UTF-7 matches none. */
		if (utf7_decode(bytes_of(wire->str, wire->len), text))
			g_ptr_array_add(patterns,
				g_string_free(g_steal_pointer(&text), FALSE));
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

/* LSUB "%" answers for levels above subscribed names (RFC 3501 section 6.3.9);
 * RECURSIVEMATCH does the same for any selection (RFC 5258 section 3.5). */
static void add_levels_above(Listing *listing, const char *name)
{
	g_autofree char *level = g_strdup(name);
	char *end;

	while ((end = strrchr(level, MAILBOX_SEPARATOR)) != NULL) {
		*end = '\0';
		if (matches(listing, level))
			find_or_add(listing, level)->has_below = TRUE;
	}
}

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
		if (recursive || (listing->is_lsub && !fits))
			add_levels_above(listing, listed->name);
	}
}

/* --- answering ------------------------------------------------------------- */

typedef struct {
	Listing *listing;
	ImapSession *session;
} Writer;

static void add_attribute(GString *line, const char *attribute)
{
	if (line->str[line->len - 1] != '(')
		g_string_append_c(line, ' ');
	g_string_append(line, attribute);
}

/* Attributes of LSUB: \Noselect is all a client needs to know there. */
static void add_lsub_attributes(const Found *found, GString *line)
{
	const Mailbox *mailbox =
		found->listed != NULL ? found->listed->mailbox : NULL;

	if (!found->matches || mailbox == NULL || mailbox->no_select)
		add_attribute(line, "\\Noselect");
}

static void add_list_attributes(const Listing *listing, const char *name,
	const Found *found, GString *line)
{
	const MailboxListed *listed = found->listed;
	const Mailbox *mailbox = listed != NULL ? listed->mailbox : NULL;
	guint wanted = listing->args->select | listing->args->give;

	if (mailbox == NULL)
		add_attribute(line, "\\NonExistent");
	else if (mailbox->no_select)
		add_attribute(line, "\\Noselect");
	if (mailbox != NULL && mailbox->no_inferiors)
		add_attribute(line, "\\Noinferiors");
	else if (g_hash_table_contains(listing->parents, name))
		add_attribute(line, "\\HasChildren");
	else
		add_attribute(line, "\\HasNoChildren");
	if ((wanted & LIST_SUBSCRIBED) && listed != NULL && listed->subscribed)
		add_attribute(line, "\\Subscribed");
	if (mailbox != NULL && mailbox->special_use != NULL)
		add_attribute(line, mailbox->special_use);
}

/* RFC 5258 section 3.5. */
static void add_child_info(const Listing *listing, GString *line)
{
	guint select = listing->args->select;

	g_string_append(line, " (\"CHILDINFO\" (");
	if (select & LIST_SUBSCRIBED)
		add_attribute(line, "\"SUBSCRIBED\"");
	if (select & LIST_SPECIAL_USE)
		add_attribute(line, "\"SPECIAL-USE\"");
	g_string_append(line, "))");
}

static gboolean write_found(gpointer key, gpointer value, gpointer data)
{
	Writer *writer = data;
	const Listing *listing = writer->listing;
	const Found *found = value;
	g_autoptr(GString) line =
		g_string_new(listing->is_lsub ? "* LSUB (" : "* LIST (");

	if (listing->is_lsub)
		add_lsub_attributes(found, line);
	else
		add_list_attributes(listing, key, found, line);
	g_string_append_printf(line, ") \"%c\" ", MAILBOX_SEPARATOR);
	session_append_mailbox(writer->session, line, key);
	if (!listing->is_lsub && found->has_below)
		add_child_info(listing, line);
	g_string_append(line, "\r\n");
	stream_write(writer->session->stream, line->str, line->len);
	return FALSE;
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
	g_autoptr(GPtrArray) patterns = read_patterns(args);
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
	g_tree_foreach(found, write_found, &writer);
	return TRUE;
}

gboolean cmd_list(ImapSession *session, ImapCommand *command, GError **error)
{
	const ListArgs *args = command->args;

	/* RFC 3501 section 6.3.8: an empty name asks for the separator. */
	if (!args->is_extended && args->patterns[0].size == 0) {
		stream_printf(session->stream,
			"* LIST (\\Noselect) \"%c\" \"\"\r\n",
			MAILBOX_SEPARATOR);
		return TRUE;
	}
	return answer(session, args, FALSE, error);
}

gboolean cmd_lsub(ImapSession *session, ImapCommand *command, GError **error)
{
	return answer(session, command->args, TRUE, error);
}
