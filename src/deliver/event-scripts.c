/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mailboxes have a script for IMAP events (RFC 6785 section 2.3.1). */
#include "deliver/event-scripts.h"

#include "store/metadata.h"

/* So many are remembered; where there are more, each event asks for itself. */
#define REMEMBERED_MAX 4096

struct EventScripts {
	GMutex lock;
	GHashTable *names; /* mailbox -> name; NULL: not known */
	gboolean is_whole; /* a mailbox that is not in names has none */
	gint64 loaded;     /* monotonic */
	guint forgotten;   /* how often */
	gint64 lifetime;
};

EventScripts *event_scripts_new(gint64 lifetime)
{
	EventScripts *scripts = g_new0(EventScripts, 1);

	g_mutex_init(&scripts->lock);
	scripts->lifetime = lifetime;
	return scripts;
}

void event_scripts_free(EventScripts **scripts)
{
	EventScripts *old = g_steal_pointer(scripts);

	if (old == NULL)
		return;
	g_clear_pointer(&old->names, g_hash_table_unref);
	g_mutex_clear(&old->lock);
	g_free(old);
}

void event_scripts_forget(EventScripts *scripts)
{
	if (scripts == NULL)
		return;
	g_mutex_lock(&scripts->lock);
	g_clear_pointer(&scripts->names, g_hash_table_unref);
	scripts->forgotten++;
	g_mutex_unlock(&scripts->lock);
}

/* What is known, or NULL.  The first that finds it old gets NULL, and is to look;
 * meanwhile the others go by it. */
static GHashTable *known(
	EventScripts *scripts, gboolean *is_whole, guint *forgotten)
{
	gint64 now = g_get_monotonic_time();
	GHashTable *names = NULL;

	g_mutex_lock(&scripts->lock);
	*forgotten = scripts->forgotten;
	*is_whole = scripts->is_whole;
	if (scripts->names != NULL && now - scripts->loaded < scripts->lifetime)
		names = g_hash_table_ref(scripts->names);
	else
		scripts->loaded = now;
	g_mutex_unlock(&scripts->lock);
	return names;
}

static GHashTable *table_of(const GPtrArray *entries)
{
	GHashTable *names = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, g_free);

	for (guint i = 0; i < entries->len; i++) {
		const MetadataEntry *entry = entries->pdata[i];
		g_hash_table_insert(names,
			g_memdup2(&entry->mailbox, sizeof(entry->mailbox)),
			g_strndup(entry->value, (gsize)entry->size));
	}
	return names;
}

/* Looks anew, with no lock held. */
static gboolean load(EventScripts *scripts, Store *store, guint forgotten,
	GHashTable **names, gboolean *is_whole, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;

	if (!metadata_event_scripts(store, REMEMBERED_MAX, &entries, error))
		return FALSE;
	*names = table_of(entries);
	*is_whole = entries->len < REMEMBERED_MAX;
	g_mutex_lock(&scripts->lock);
	/* An annotation may have changed since it was read. */
	if (scripts->forgotten == forgotten) {
		g_clear_pointer(&scripts->names, g_hash_table_unref);
		scripts->names = g_hash_table_ref(*names);
		scripts->is_whole = *is_whole;
	}
	g_mutex_unlock(&scripts->lock);
	return TRUE;
}

/* Of one mailbox, and the server. */
static gboolean load_one(
	Store *store, gint64 mailbox, GHashTable **names, GError **error)
{
	static const char *const entries[] = { METADATA_EVENT_SCRIPT, NULL };
	const gint64 mailboxes[] = { METADATA_SERVER, mailbox };
	const MetadataQuery query = {
		.mailboxes = mailboxes,
		.mailbox_count = G_N_ELEMENTS(mailboxes),
		.entries = entries,
		.max_size = G_MAXUINT64,
	};
	g_autoptr(GPtrArray) found = NULL;

	if (!metadata_get(store, &query, &found, error))
		return FALSE;
	g_hash_table_unref(*names);
	*names = table_of(found);
	return TRUE;
}

gboolean event_scripts_find(EventScripts *scripts, Store *store, gint64 mailbox,
	char **name, gboolean *is_global, GError **error)
{
	static const gint64 server = METADATA_SERVER;
	gboolean is_whole;
	guint forgotten;
	GHashTable *names = known(scripts, &is_whole, &forgotten);
	gboolean ok = names != NULL ||
		load(scripts, store, forgotten, &names, &is_whole, error);

	*name = NULL;
	*is_global = FALSE;
	if (ok && !is_whole)
		ok = load_one(store, mailbox, &names, error);
	if (ok) {
		const char *found = g_hash_table_lookup(names, &mailbox);
		*is_global = found == NULL;
		if (found == NULL)
			found = g_hash_table_lookup(names, &server);
		*name = found != NULL && found[0] != '\0' ? g_strdup(found) :
							    NULL;
	}
	if (names != NULL)
		g_hash_table_unref(names);
	return ok;
}
