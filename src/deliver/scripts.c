/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' scripts, compiled, and kept for the deliveries to come. */
#include "deliver/scripts.h"

#include "base/errors.h"
#include "deliver/script-check.h"
#include "sieve/extension.h"
#include "store/script.h"

/* What an entry takes beside its script, more or less. */
#define ENTRY_SIZE 1024

typedef struct {
	char *key;
	UserScript *script;
	gsize size;
	gint64 loaded;
	GList link; /* in recent */
} Entry;

struct Scripts {
	GMutex lock;
	GHashTable *entries; /* key -> Entry */
	GQueue recent;       /* of Entry, the latest used first */
	guint64 size;
	gint64 lifetime;
};

/* --- one script ---------------------------------------------------------------- */

static UserScript *user_script_ref(UserScript *script)
{
	atomic_fetch_add(&script->references, 1);
	return script;
}

void user_script_free(UserScript **script)
{
	UserScript *old = g_steal_pointer(script);

	if (old == NULL || atomic_fetch_sub(&old->references, 1) != 1)
		return;
	g_free(old->user_name);
	g_strfreev(old->addresses);
	g_free(old->name);
	g_free(old->source);
	sieve_script_free(&old->script);
	if (old->wrong != NULL)
		sieve_error_free(old->wrong);
	g_free(old);
}

void user_script_told(UserScript *script)
{
	atomic_store(&script->told_version, script->version);
}

static gboolean load_included(gpointer data, SieveLocation location,
	const char *name, char **source, gsize *size, GError **error)
{
	const ScriptSet *set = data;
	const ScriptSource *found = script_set_find(
		location == SIEVE_GLOBAL ? set->global : set->personal, name);

	(void)error;
	if (found == NULL)
		return FALSE;
	*source = g_memdup2(found->source, found->size + 1);
	*size = found->size;
	return TRUE;
}

static SieveError *first_error(const GPtrArray *errors)
{
	SieveError *copy = g_new0(SieveError, 1);
	const SieveError *found = NULL;

	for (guint i = 0; i < errors->len && found == NULL; i++) {
		const SieveError *error = errors->pdata[i];
		if (!error->is_warning)
			found = error;
	}
	copy->script = g_strdup(found != NULL ? found->script : "");
	copy->line = found != NULL ? found->line : 1;
	copy->column = found != NULL ? found->column : 1;
	copy->text =
		g_strdup(found != NULL ? found->text : "it cannot be compiled");
	return copy;
}

static gboolean compile(UserScript *script, const Settings *settings,
	SieveExtensions extensions, ScriptSet *set, const ScriptSource *source,
	GError **error)
{
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) failed = NULL;
	const SieveCompile how = {
		.extensions = extensions,
		.limits = &script->limits,
		.loader = load_included,
		.loader_data = set,
	};

	script->script = sieve_compile(&how, source->name,
		bytes_of(source->source, source->size), &errors, &failed);
	if (failed != NULL) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	if (script->script == NULL)
		script->wrong = first_error(errors);
	if (script->script != NULL && script_is_for_libsieve(settings)) {
		script->source = g_memdup2(source->source, source->size + 1);
		script->source_size = source->size;
	}
	return TRUE;
}

typedef struct {
	const char *name; /* NULL: the active one */
	gboolean is_global;
	const char *otherwise; /* with name NULL: a global one */
	SieveExtensions extensions;
} Wanted;

/* The one that is asked for; NULL, without error, where none is active and none
 * stands in for it. */
static gboolean choose(const ScriptSet *set, const Wanted *wanted,
	const ScriptSource **source, GError **error)
{
	const GArray *among = wanted->is_global ? set->global : set->personal;
	const char *name = wanted->name;

	*source = name != NULL ? script_set_find(among, name) : set->active;
	if (name == NULL && *source == NULL)
		*source = script_set_find(set->global, wanted->otherwise);
	if (name == NULL || *source != NULL)
		return TRUE;
	dbmail_error_set(
		error, DBMAIL_ERROR_NOT_FOUND, "no such script", "%s", name);
	return FALSE;
}

static gboolean load(Store *store, const Settings *settings, gint64 user,
	const Wanted *wanted, UserScript **out, GError **error)
{
	g_autoptr(UserScript) script = g_new0(UserScript, 1);
	g_autoptr(ScriptSet) set = NULL;
	const ScriptSource *source;

	atomic_init(&script->references, 1);
	if (!script_load(store, user, &set, error) ||
		!choose(set, wanted, &source, error))
		return FALSE;
	script->user = user;
	script->user_name = g_steal_pointer(&set->user_name);
	script->addresses = g_steal_pointer(&set->addresses);
	script->version = set->version;
	script->global_version = set->global_version;
	atomic_init(&script->told_version, set->told_version);
	script->limits = script_limits(settings);
	script->is_default = wanted->name == NULL && set->active == NULL;
	if (source != NULL) {
		script->name = g_strdup(source->name);
		if (!compile(script, settings, wanted->extensions, set, source,
			    error))
			return FALSE;
	}
	*out = g_steal_pointer(&script);
	return TRUE;
}

gboolean user_script_load(Store *store, const Settings *settings, gint64 user,
	const char *name, UserScript **script, GError **error)
{
	const Wanted wanted = {
		.name = name,
		.otherwise = settings->SIEVE_default_script,
		.extensions = script_extensions_delivery(settings),
	};

	return load(store, settings, user, &wanted, script, error);
}

/* --- those that are kept ------------------------------------------------------- */

Scripts *scripts_new(gint64 lifetime)
{
	Scripts *scripts = g_new0(Scripts, 1);

	g_mutex_init(&scripts->lock);
	scripts->entries = g_hash_table_new(g_str_hash, g_str_equal);
	scripts->lifetime = lifetime;
	return scripts;
}

/* With the lock held, as all that follow. */
static void drop(Scripts *scripts, Entry *entry)
{
	g_hash_table_remove(scripts->entries, entry->key);
	g_queue_unlink(&scripts->recent, &entry->link);
	scripts->size -= entry->size;
	user_script_free(&entry->script);
	g_free(entry->key);
	g_free(entry);
}

void scripts_free(Scripts **scripts)
{
	Scripts *old = g_steal_pointer(scripts);

	if (old == NULL)
		return;
	while (old->recent.tail != NULL)
		drop(old, old->recent.tail->data);
	g_hash_table_unref(old->entries);
	g_mutex_clear(&old->lock);
	g_free(old);
}

/* That of a delivery. */
static char *key_of(gint64 user)
{
	return g_strdup_printf("%" G_GINT64_FORMAT, user);
}

static char *event_key_of(gint64 user, const char *name, gboolean is_global)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %s %s", user,
		is_global ? "global" : "own", name);
}

static gboolean is_newest(
	const UserScript *script, gint64 version, gint64 global_version)
{
	return script->version >= version &&
		script->global_version >= global_version;
}

/* A script of the user's own counts no more when none is active. */
static gboolean is_of(const UserScript *script, const DeliverTarget *target)
{
	return script->is_default == (target->sieve_version == 0) &&
		is_newest(
			script, target->sieve_version, target->global_version);
}

/* One that is not too old, or NULL. */
static Entry *look_up(Scripts *scripts, const char *key, gint64 now)
{
	Entry *entry = g_hash_table_lookup(scripts->entries, key);

	if (entry == NULL || now - entry->loaded < scripts->lifetime)
		return entry;
	drop(scripts, entry);
	return NULL;
}

/* Where it may still be used. */
static UserScript *use(Scripts *scripts, Entry *entry, gboolean is_good)
{
	if (!is_good) {
		drop(scripts, entry);
		return NULL;
	}
	g_queue_unlink(&scripts->recent, &entry->link);
	g_queue_push_head_link(&scripts->recent, &entry->link);
	return user_script_ref(entry->script);
}

/* Takes the key. */
static void keep(Scripts *scripts, char *key, UserScript *script, gint64 now,
	guint64 max_size)
{
	Entry *old = g_hash_table_lookup(scripts->entries, key);
	Entry *entry = g_new0(Entry, 1);

	if (old != NULL)
		drop(scripts, old);
	entry->key = key;
	entry->script = user_script_ref(script);
	entry->size = ENTRY_SIZE + script->source_size +
		(script->script != NULL ? sieve_script_size(script->script) :
					  0);
	entry->loaded = now;
	entry->link.data = entry;
	g_hash_table_insert(scripts->entries, entry->key, entry);
	g_queue_push_head_link(&scripts->recent, &entry->link);
	scripts->size += entry->size;
	while (scripts->size > max_size)
		drop(scripts, scripts->recent.tail->data);
}

gboolean scripts_has(const Settings *settings, const DeliverTarget *target)
{
	return target->sieve_version != 0 ||
		(settings->SIEVE_default_script[0] != '\0' &&
			target->global_version != 0 && target->user != 0);
}

/* The delivery must be tried again, whatever it was. */
static void make_temporary(GError **error, GError *failed)
{
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
		"the recipient's filter cannot be loaded", "script: %s",
		dbmail_error_detail(failed));
}

gboolean scripts_get(Scripts *scripts, Store *store, const Settings *settings,
	const DeliverTarget *target, UserScript **script, GError **error)
{
	gint64 now = g_get_monotonic_time();
	g_autofree char *key = key_of(target->user);
	g_autoptr(GError) failed = NULL;
	UserScript *found = NULL;

	g_mutex_lock(&scripts->lock);
	Entry *entry = look_up(scripts, key, now);
	if (entry != NULL)
		found = use(scripts, entry, is_of(entry->script, target));
	g_mutex_unlock(&scripts->lock);
	if (found == NULL) {
		if (!user_script_load(store, settings, target->user, NULL,
			    &found, &failed)) {
			make_temporary(error, failed);
			return FALSE;
		}
		g_mutex_lock(&scripts->lock);
		keep(scripts, g_steal_pointer(&key), found, now,
			(guint64)settings->SIEVE_max_script_cache);
		g_mutex_unlock(&scripts->lock);
	}
	*script = found;
	return TRUE;
}

gboolean scripts_get_event(Scripts *scripts, Store *store,
	const Settings *settings, gint64 user, const char *name,
	gboolean is_global, UserScript **script, GError **error)
{
	const Wanted wanted = {
		.name = name,
		.is_global = is_global,
		.extensions = script_extensions_events(settings),
	};
	gint64 now = g_get_monotonic_time();
	g_autofree char *key = event_key_of(user, name, is_global);
	gint64 version, global_version;

	*script = NULL;
	if (!script_versions(store, user, &version, &global_version, error))
		return FALSE;
	g_mutex_lock(&scripts->lock);
	Entry *entry = look_up(scripts, key, now);
	if (entry != NULL)
		*script = use(scripts, entry,
			is_newest(entry->script, version, global_version));
	g_mutex_unlock(&scripts->lock);
	if (*script != NULL)
		return TRUE;
	if (!load(store, settings, user, &wanted, script, error))
		return FALSE;
	g_mutex_lock(&scripts->lock);
	keep(scripts, g_steal_pointer(&key), *script, now,
		(guint64)settings->SIEVE_max_script_cache);
	g_mutex_unlock(&scripts->lock);
	return TRUE;
}
