/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY: how a list of mailboxes differs from the one before. */
#include <string.h>

#include "store/name.h"
#include "imap/list-line.h"
#include "imap/notify-private.h"
#include "imap/reply.h"
#include "imap/status-item.h"

/* --- which events ---------------------------------------------------------- */

guint notify_events(const ImapSession *session, const ImapNotify *notify,
	const MailboxListed *listed)
{
	const Mailbox *mailbox = listed->mailbox;
	guint events = 0;

	for (guint i = 0; i < notify->args->count; i++) {
		const NotifyGroup *group = &notify->args->groups[i];
		if (mailbox_filter_has(
			    group->filter.kind, notify->names[i], listed))
			events |= group->events;
	}
	if (mailbox == NULL || mailbox->no_select ||
		(mailbox->rights & RIGHT_LOOKUP) == 0 ||
		(mailbox->rights & RIGHT_READ) == 0 ||
		(session->selected != NULL &&
			session->selected->id == mailbox->id))
		events &= ~(guint)NOTIFY_MESSAGE_EVENTS;
	return events;
}

/* --- numbers --------------------------------------------------------------- */

void notify_tell_numbers(ImapSession *session, const Mailbox *before,
	const Mailbox *now, guint events)
{
	gboolean with_modseq = (session->enabled & ENABLED_CONDSTORE) != 0;
	guint items = 0;

	if ((events & NOTIFY_MESSAGE_NEW) &&
		(before->messages != now->messages ||
			before->uidnext != now->uidnext))
		items |= STATUS_MESSAGES | STATUS_UIDNEXT |
			(with_modseq ? STATUS_HIGHESTMODSEQ : 0);
	if (events & NOTIFY_FLAG_CHANGE) {
		if (with_modseq && before->seq != now->seq)
			items |= STATUS_HIGHESTMODSEQ | STATUS_UIDVALIDITY;
		if (before->unseen != now->unseen)
			items |= STATUS_UNSEEN;
	}
	if ((events & NOTIFY_MESSAGE_EVENTS) &&
		before->uidvalidity != now->uidvalidity)
		items |= STATUS_UIDVALIDITY;
	if (items != 0)
		status_write(session, now, items);
}

/* --- names ----------------------------------------------------------------- */

/* Two lists side by side. */
typedef struct {
	ImapSession *session;
	GPtrArray *before;
	GPtrArray *now;
	GHashTable *old_ids; /* of MailboxListed */
	GHashTable *new_ids;
	GHashTable *old_names;
	GHashTable *new_names;
	GHashTable *parents; /* names now that have something below */
	GHashTable *told;    /* names */
} Difference;

static void index_list(
	const GPtrArray *list, GHashTable *by_id, GHashTable *by_name)
{
	for (guint i = 0; i < list->len; i++) {
		MailboxListed *listed = g_ptr_array_index(list, i);
		g_hash_table_insert(by_name, listed->name, listed);
		if (listed->mailbox != NULL)
			g_hash_table_insert(
				by_id, &listed->mailbox->id, listed);
	}
}

static char *parent_of(const char *name)
{
	const char *end = strrchr(name, MAILBOX_SEPARATOR);

	return end != NULL ? g_strndup(name, (gsize)(end - name)) : NULL;
}

static void difference_clear(Difference *difference)
{
	g_hash_table_unref(difference->old_ids);
	g_hash_table_unref(difference->new_ids);
	g_hash_table_unref(difference->old_names);
	g_hash_table_unref(difference->new_names);
	g_hash_table_unref(difference->parents);
	g_hash_table_unref(difference->told);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Difference, difference_clear)

static void difference_init(Difference *difference, ImapSession *session,
	GPtrArray *before, GPtrArray *now)
{
	*difference = (Difference){
		.session = session,
		.before = before,
		.now = now,
		.old_ids = g_hash_table_new(g_int64_hash, g_int64_equal),
		.new_ids = g_hash_table_new(g_int64_hash, g_int64_equal),
		.old_names = g_hash_table_new(g_str_hash, g_str_equal),
		.new_names = g_hash_table_new(g_str_hash, g_str_equal),
		.parents = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL),
		.told = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL),
	};
	index_list(before, difference->old_ids, difference->old_names);
	index_list(now, difference->new_ids, difference->new_names);
	for (guint i = 0; i < now->len; i++) {
		const MailboxListed *listed = g_ptr_array_index(now, i);
		char *parent = listed->mailbox != NULL ?
			parent_of(listed->name) :
			NULL;
		if (parent != NULL)
			g_hash_table_add(difference->parents, parent);
	}
}

static guint events_of_name(const Difference *difference, const char *name)
{
	const ImapSession *session = difference->session;
	const MailboxListed *old =
		g_hash_table_lookup(difference->old_names, name);
	const MailboxListed *new =
		g_hash_table_lookup(difference->new_names, name);
	guint events = 0;

	if (old != NULL)
		events |= notify_events(session, session->notify, old);
	if (new != NULL)
		events |= notify_events(session, session->notify, new);
	return events;
}

/* One LIST response, as the name stands now. */
static void tell_name(
	Difference *difference, const char *name, const char *old_name)
{
	ImapSession *session = difference->session;
	const MailboxListed *listed =
		g_hash_table_lookup(difference->new_names, name);
	const Mailbox *mailbox = listed != NULL ? listed->mailbox : NULL;
	g_autoptr(GString) line = g_string_new("* LIST (");

	if (!g_hash_table_add(difference->told, g_strdup(name)))
		return;
	if (mailbox == NULL)
		list_append_attribute(line, "\\NonExistent");
	if (mailbox == NULL && name_prefix(name, NULL) != 0)
		list_append_attribute(line, "\\NoAccess");
	if (mailbox != NULL)
		list_append_kind(line, mailbox);
	if (g_hash_table_contains(difference->parents, name))
		list_append_attribute(line, "\\HasChildren");
	else if (mailbox != NULL && !mailbox->no_inferiors)
		list_append_attribute(line, "\\HasNoChildren");
	if (listed != NULL && listed->subscribed)
		list_append_attribute(line, "\\Subscribed");
	if (mailbox != NULL)
		list_append_uses(line, mailbox);
	g_string_append_printf(line, ") \"%c\" ", MAILBOX_SEPARATOR);
	session_append_mailbox(session, line, name);
	if (old_name != NULL) {
		g_string_append(line, " (\"OLDNAME\" (");
		session_append_mailbox(session, line, old_name);
		g_string_append(line, "))");
	}
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}

/* Section 5.9: whoever wants anything of another's mailbox is told when it is
 * shared no more or again.  Whether it is gone is none of the client's
 * business. */
static gboolean wants_presence(const Difference *difference, const char *name)
{
	guint events = events_of_name(difference, name);

	return name_prefix(name, NULL) != 0 ?
		events != 0 :
		(events & NOTIFY_MAILBOX_NAME) != 0;
}

/* RFC 5465 section 5.4: the level above one that comes or goes is affected. */
static void tell_made_or_gone(Difference *difference, const char *name)
{
	g_autofree char *parent = parent_of(name);

	if (wants_presence(difference, name))
		tell_name(difference, name, NULL);
	if (parent != NULL &&
		(events_of_name(difference, parent) & NOTIFY_MAILBOX_NAME))
		tell_name(difference, parent, NULL);
}

/* Whether a mailbox above was renamed and took this one along. */
static gboolean moved_along(
	const Difference *difference, const char *from, const char *to)
{
	g_autofree char *old = g_strdup(from);
	g_autofree char *new = g_strdup(to);

	for (;;) {
		char *old_end = strrchr(old, MAILBOX_SEPARATOR);
		char *new_end = strrchr(new, MAILBOX_SEPARATOR);
		if (old_end == NULL || new_end == NULL ||
			strcmp(old_end, new_end) != 0)
			return FALSE;
		*old_end = '\0';
		*new_end = '\0';
		const MailboxListed *above =
			g_hash_table_lookup(difference->old_names, old);
		const MailboxListed *now =
			above != NULL && above->mailbox != NULL ?
			g_hash_table_lookup(
				difference->new_ids, &above->mailbox->id) :
			NULL;
		if (now != NULL && strcmp(now->name, old) != 0 &&
			strcmp(now->name, new) == 0)
			return TRUE;
	}
}

static void tell_renamed(
	Difference *difference, const char *from, const char *to)
{
	guint events = events_of_name(difference, from) |
		events_of_name(difference, to);

	if ((events & NOTIFY_MAILBOX_NAME) &&
		!moved_along(difference, from, to))
		tell_name(difference, to, from);
}

static void compare_new(Difference *difference, const MailboxListed *now)
{
	const MailboxListed *old = now->mailbox != NULL ?
		g_hash_table_lookup(difference->old_ids, &now->mailbox->id) :
		NULL;

	if (now->mailbox == NULL)
		return;
	if (old == NULL || old->mailbox->no_select != now->mailbox->no_select)
		tell_made_or_gone(difference, now->name);
	else if (strcmp(old->name, now->name) != 0)
		tell_renamed(difference, old->name, now->name);
}

static void compare_old(Difference *difference, const MailboxListed *old)
{
	if (old->mailbox != NULL &&
		!g_hash_table_contains(difference->new_ids, &old->mailbox->id))
		tell_made_or_gone(difference, old->name);
}

static void compare_subscription(Difference *difference, const char *name)
{
	const MailboxListed *old =
		g_hash_table_lookup(difference->old_names, name);
	const MailboxListed *new =
		g_hash_table_lookup(difference->new_names, name);
	gboolean was = old != NULL && old->subscribed;
	gboolean is = new != NULL &&new->subscribed;

	if (was != is &&
		(events_of_name(difference, name) & NOTIFY_SUBSCRIPTION_CHANGE))
		tell_name(difference, name, NULL);
}

static void tell_names(Difference *difference)
{
	const GPtrArray *before = difference->before;
	const GPtrArray *now = difference->now;

	for (guint i = 0; i < now->len; i++)
		compare_new(difference, g_ptr_array_index(now, i));
	for (guint i = 0; i < before->len; i++)
		compare_old(difference, g_ptr_array_index(before, i));
	for (guint i = 0; i < now->len; i++)
		compare_subscription(difference,
			((MailboxListed *)g_ptr_array_index(now, i))->name);
	for (guint i = 0; i < before->len; i++)
		compare_subscription(difference,
			((MailboxListed *)g_ptr_array_index(before, i))->name);
}

static void tell_all_numbers(Difference *difference)
{
	ImapSession *session = difference->session;

	for (guint i = 0; i < difference->now->len; i++) {
		const MailboxListed *now =
			g_ptr_array_index(difference->now, i);
		const MailboxListed *old = now->mailbox != NULL ?
			g_hash_table_lookup(
				difference->old_ids, &now->mailbox->id) :
			NULL;
		if (old != NULL)
			notify_tell_numbers(session, old->mailbox, now->mailbox,
				notify_events(session, session->notify, now));
	}
}

void notify_take_list(ImapSession *session, GPtrArray *list, gboolean quiet)
{
	ImapNotify *notify = session->notify;
	g_autoptr(GPtrArray) before = g_steal_pointer(&notify->list);
	g_auto(Difference) difference = { 0 };

	notify->list = list;
	difference_init(&difference, session, before, list);
	if (!quiet)
		tell_names(&difference);
	tell_all_numbers(&difference);
}

void notify_tell_no_access(ImapSession *session, const MailboxListed *listed)
{
	g_autoptr(GString) line = g_string_new("* LIST (\\NoAccess) ");

	g_string_append_printf(line, "\"%c\" ", MAILBOX_SEPARATOR);
	session_append_mailbox(session, line, listed->name);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}
