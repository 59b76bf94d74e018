/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "personal", "subtree (a b)": many mailboxes named at once (RFC 5465 section
 * 6, RFC 7377 section 2.2). */
#include "imap/mailbox-filter.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/name.h"

static const struct {
	const char *word;
	gboolean has_names;
} kinds[] = {
	[FILTER_SELECTED] = { "selected", FALSE },
	[FILTER_SELECTED_DELAYED] = { "selected-delayed", FALSE },
	[FILTER_INBOXES] = { "inboxes", FALSE },
	[FILTER_PERSONAL] = { "personal", FALSE },
	[FILTER_SUBSCRIBED] = { "subscribed", FALSE },
	[FILTER_SUBTREE] = { "subtree", TRUE },
	[FILTER_SUBTREE_ONE] = { "subtree-one", TRUE },
	[FILTER_MAILBOXES] = { "mailboxes", TRUE },
};

/* --- parsing --------------------------------------------------------------- */

static gboolean parse_names(ImapParser *parser, GArray *names)
{
	gboolean in_list = parse_peek(parser) == '(';
	Bytes name;

	if (in_list && !parse_open(parser))
		return FALSE;
	do {
		if (names->len == FILTER_NAMES_MAX)
			return parse_fail(parser, "Too many mailboxes");
		if (!parse_astring(parser, &name))
			return FALSE;
		g_array_append_val(names, name);
	} while (in_list && parse_accept(parser, ' '));
	return !in_list || parse_close(parser);
}

gboolean mailbox_filter_parse(ImapParser *parser, MailboxFilter *filter)
{
	g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(Bytes));
	gsize i = 0;

	while (i < G_N_ELEMENTS(kinds) &&
		!parse_accept_word(parser, kinds[i].word))
		i++;
	if (i == G_N_ELEMENTS(kinds))
		return parse_fail(parser, "Unknown kind of mailboxes");
	*filter = (MailboxFilter){ .kind = (MailboxFilterKind)i };
	if (!kinds[i].has_names)
		return TRUE;
	if (!parse_space(parser) || !parse_names(parser, names))
		return FALSE;
	Bytes *copy = arena_new_array(parser->arena, Bytes, names->len);
	for (guint n = 0; n < names->len; n++)
		copy[n] = g_array_index(names, Bytes, n);
	filter->names = copy;
	filter->count = names->len;
	return TRUE;
}

/* --- meaning --------------------------------------------------------------- */

gboolean mailbox_filter_is_selected(const MailboxFilter *filter)
{
	return filter->kind == FILTER_SELECTED ||
		filter->kind == FILTER_SELECTED_DELAYED;
}

/* The name, or a level so far above it at the most, is one of the names. */
static gboolean is_below(GHashTable *names, const char *name, guint most)
{
	g_autofree char *level = g_strdup(name);

	for (guint depth = 0; depth <= most; depth++) {
		if (g_hash_table_contains(names, level))
			return TRUE;
		char *end = strrchr(level, MAILBOX_SEPARATOR);
		if (end == NULL)
			return FALSE;
		*end = '\0';
	}
	return FALSE;
}

gboolean mailbox_filter_has(
	MailboxFilterKind kind, GHashTable *names, const MailboxListed *listed)
{
	switch (kind) {
	case FILTER_SELECTED:
	case FILTER_SELECTED_DELAYED:
		return FALSE;
	case FILTER_INBOXES:
	case FILTER_PERSONAL:
		return name_prefix(listed->name, NULL) == 0;
	case FILTER_SUBSCRIBED:
		return listed->subscribed;
	case FILTER_SUBTREE:
		return is_below(names, listed->name, G_MAXUINT);
	case FILTER_SUBTREE_ONE:
		return is_below(names, listed->name, 1);
	case FILTER_MAILBOXES:
		return g_hash_table_contains(names, listed->name);
	}
	return FALSE;
}

/* --- looking up ------------------------------------------------------------ */

typedef struct {
	ImapSession *session;
	GHashTable *by_kind[FILTER_MAILBOXES + 1]; /* names asked for */
	gboolean wants[FILTER_MAILBOXES + 1];
	GHashTable *taken; /* ids */
	GArray *mailboxes;
} Lookup;

static void lookup_clear(Lookup *lookup)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lookup->by_kind); i++)
		g_hash_table_unref(lookup->by_kind[i]);
	g_hash_table_unref(lookup->taken);
	g_array_unref(lookup->mailboxes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lookup, lookup_clear)

static void lookup_init(Lookup *lookup, ImapSession *session)
{
	*lookup = (Lookup){ .session = session };
	for (gsize i = 0; i < G_N_ELEMENTS(lookup->by_kind); i++)
		lookup->by_kind[i] = g_hash_table_new(g_str_hash, g_str_equal);
	lookup->taken = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, NULL);
	lookup->mailboxes = g_array_new(FALSE, FALSE, sizeof(FilteredMailbox));
}

/* Notes what is asked for.  FALSE: a name is none, and the command refused. */
static gboolean read_filters(
	Lookup *lookup, ImapCommand *command, const MailboxFilter *filters)
{
	for (const MailboxFilter *f = filters; f != NULL; f = f->next) {
		lookup->wants[f->kind] = TRUE;
		for (guint i = 0; i < f->count; i++) {
			const char *name = session_mailbox_name(
				lookup->session, command, f->names[i]);
			if (name == NULL)
				return FALSE;
			g_hash_table_add(
				lookup->by_kind[f->kind], (gpointer)name);
		}
	}
	return TRUE;
}

static void take(Lookup *lookup, gint64 id, const char *name)
{
	FilteredMailbox mailbox = { id,
		arena_strdup(lookup->session->arena, name) };

	if (g_hash_table_add(
		    lookup->taken, g_memdup2(&mailbox.id, sizeof(gint64))))
		g_array_append_val(lookup->mailboxes, mailbox);
}

/* What may not be looked up is there for those who know its name alone. */
static void take_listed(Lookup *lookup, const MailboxListed *listed)
{
	const Mailbox *mailbox = listed->mailbox;

	if (mailbox == NULL || mailbox->no_select ||
		(mailbox->rights & RIGHT_READ) == 0)
		return;
	for (guint kind = 0; kind < G_N_ELEMENTS(lookup->wants); kind++) {
		if (!lookup->wants[kind] ||
			(kind != FILTER_MAILBOXES &&
				(mailbox->rights & RIGHT_LOOKUP) == 0) ||
			!mailbox_filter_has(
				kind, lookup->by_kind[kind], listed))
			continue;
		take(lookup, mailbox->id, listed->name);
		return;
	}
}

/* A mailbox may be readable and yet not be listed (RFC 4314: r without l). */
static gboolean take_unlisted(
	Lookup *lookup, const char *name, guint *left, GError **error)
{
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GError) missing = NULL;

	(*left)--;
	if (mailbox_get(lookup->session->store, lookup->session->user->id, name,
		    &mailbox, &missing)) {
		if (!mailbox->no_select && (mailbox->rights & RIGHT_READ) != 0)
			take(lookup, mailbox->id, mailbox->name);
		return TRUE;
	}
	if (dbmail_error_is(missing, DBMAIL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&missing));
	return FALSE;
}

static gboolean look_up(Lookup *lookup, GError **error)
{
	GHashTable *named = lookup->by_kind[FILTER_MAILBOXES];
	g_autoptr(GPtrArray) list = NULL;
	GHashTableIter iter;
	gpointer name;
	guint left = FILTER_NAMES_MAX;

	if (!mailbox_list(lookup->session->store, lookup->session->user->id,
		    &list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = g_ptr_array_index(list, i);
		take_listed(lookup, listed);
		if (listed->mailbox != NULL)
			g_hash_table_remove(named, listed->name);
	}
	g_hash_table_iter_init(&iter, named);
	while (left > 0 && g_hash_table_iter_next(&iter, &name, NULL)) {
		if (!take_unlisted(lookup, name, &left, error))
			return FALSE;
	}
	return TRUE;
}

gboolean mailbox_filter_resolve(ImapSession *session, ImapCommand *command,
	const MailboxFilter *filters, GArray **mailboxes, GError **error)
{
	const ImapSelected *selected = session->selected;
	g_auto(Lookup) lookup = { .session = session };

	*mailboxes = NULL;
	lookup_init(&lookup, session);
	if (!read_filters(&lookup, command, filters))
		return TRUE;
	if (selected != NULL &&
		(lookup.wants[FILTER_SELECTED] ||
			lookup.wants[FILTER_SELECTED_DELAYED]))
		take(&lookup, selected->id, selected->name);
	gboolean only_selected = TRUE;
	for (gsize i = FILTER_INBOXES; i < G_N_ELEMENTS(lookup.wants); i++)
		only_selected = only_selected && !lookup.wants[i];
	if (!only_selected && !look_up(&lookup, error))
		return FALSE;
	*mailboxes = g_array_ref(lookup.mailboxes);
	return TRUE;
}
