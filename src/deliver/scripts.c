/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' scripts, compiled, and kept for the deliveries to come. */
#include "deliver/scripts.h"

#include <malloc.h>

#include "base/errors.h"
#include "deliver/script-check.h"
#include "sieve/extension.h"
#include "store/script.h"

/* What an entry takes beside its script, more or less. */
#define ENTRY_SIZE 1024

/* One that is kept. */
typedef struct {
	UserScript *script;
	gsize size;
	GList link; /* in recent */
} Entry;

/* One that somebody is loading, and others wait for. */
typedef struct {
	guint references; /* under the lock */
	gboolean is_done;
	UserScript *script; /* NULL: failed */
	GError *failed;
} Flight;

struct Scripts {
	atomic_uint references; /* of its owner and of scripts it is home to */
	GMutex lock;
	GHashTable *entries; /* key -> Entry */
	GHashTable *alive;   /* key -> UserScript, not counted */
	GHashTable *flights; /* key -> Flight */
	GCond landed;        /* one of them */
	GMutex large;  /* who has it compiles, and waits for nothing else */
	GQueue recent; /* of Entry, the latest used first */
	guint64 size;
	gint64 lifetime;
};

/* --- one script ---------------------------------------------------------------- */

static UserScript *user_script_ref(UserScript *script)
{
	atomic_fetch_add(&script->references, 1);
	return script;
}

/* FALSE: another is freeing it. */
static gboolean try_ref(UserScript *script)
{
	guint count = atomic_load(&script->references);

	while (count != 0) {
		if (atomic_compare_exchange_weak(
			    &script->references, &count, count + 1))
			return TRUE;
	}
	return FALSE;
}

static void scripts_unref(Scripts *scripts)
{
	if (atomic_fetch_sub(&scripts->references, 1) != 1)
		return;
	g_hash_table_unref(scripts->entries);
	g_hash_table_unref(scripts->alive);
	g_hash_table_unref(scripts->flights);
	g_cond_clear(&scripts->landed);
	g_mutex_clear(&scripts->large);
	g_mutex_clear(&scripts->lock);
	g_free(scripts);
}

static void destroy(UserScript *script)
{
	g_free(script->user_name);
	g_strfreev(script->addresses);
	g_free(script->name);
	g_free(script->source);
	g_free(script->key);
	sieve_script_free(&script->script);
	if (script->wrong != NULL)
		sieve_error_free(script->wrong);
	g_free(script);
}

/* With the lock of its home, as let_go_locked(). */
static void be_forgotten(const UserScript *script)
{
	GHashTable *alive = script->home->alive;

	if (g_hash_table_lookup(alive, script->key) == script)
		g_hash_table_remove(alive, script->key);
}

/* Its home is the caller's, and outlives it. */
static void let_go_locked(UserScript *script)
{
	if (atomic_fetch_sub(&script->references, 1) != 1)
		return;
	be_forgotten(script);
	atomic_fetch_sub(&script->home->references, 1);
	destroy(script);
}

void user_script_free(UserScript **script)
{
	UserScript *old = g_steal_pointer(script);

	if (old == NULL || atomic_fetch_sub(&old->references, 1) != 1)
		return;
	Scripts *home = old->home;
	if (home != NULL) {
		g_mutex_lock(&home->lock);
		be_forgotten(old);
		g_mutex_unlock(&home->lock);
		scripts_unref(home);
	}
	gboolean was_large = old->is_large;
	destroy(old);
	if (was_large)
		malloc_trim(0);
}

void user_script_told(UserScript *script)
{
	atomic_store(&script->told_version, script->version);
}

/* Compiling, with what is included as it comes. */
typedef struct {
	const ScriptSet *set;
	gsize size;    /* of sources so far */
	GMutex *large; /* or NULL */
	gboolean is_large;
} Compiling;

static void add_size(Compiling *compiling, gsize size)
{
	compiling->size += size;
	if (compiling->is_large || compiling->large == NULL ||
		compiling->size <= SCRIPT_LARGE_SIZE)
		return;
	g_mutex_lock(compiling->large);
	compiling->is_large = TRUE;
}

static gboolean load_included(gpointer data, SieveLocation location,
	const char *name, char **source, gsize *size, GError **error)
{
	Compiling *compiling = data;
	const ScriptSet *set = compiling->set;
	const ScriptSource *found = script_set_find(
		location == SIEVE_GLOBAL ? set->global : set->personal, name);

	(void)error;
	if (found == NULL)
		return FALSE;
	add_size(compiling, found->size);
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
	SieveExtensions extensions, Compiling *compiling,
	const ScriptSource *source, GError **error)
{
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) failed = NULL;
	const SieveCompile how = {
		.extensions = extensions,
		.limits = &script->limits,
		.loader = load_included,
		.loader_data = compiling,
	};

	add_size(compiling, source->size);
	script->script = sieve_compile(&how, source->name,
		bytes_of(source->source, source->size), &errors, &failed);
	script->is_large = compiling->is_large;
	if (compiling->is_large)
		g_mutex_unlock(compiling->large);
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
	const Wanted *wanted, GMutex *large, UserScript **out, GError **error)
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
		Compiling compiling = { .set = set, .large = large };
		if (!compile(script, settings, wanted->extensions, &compiling,
			    source, error))
			return FALSE;
	}
	*out = g_steal_pointer(&script);
	return TRUE;
}

static Wanted wanted_by_delivery(const Settings *settings, const char *name)
{
	return (Wanted){
		.name = name,
		.otherwise = settings->SIEVE_default_script,
		.extensions = script_extensions_delivery(settings),
	};
}

gboolean user_script_load(Store *store, const Settings *settings, gint64 user,
	const char *name, UserScript **script, GError **error)
{
	const Wanted wanted = wanted_by_delivery(settings, name);

	return load(store, settings, user, &wanted, NULL, script, error);
}

/* --- those that are kept ------------------------------------------------------- */

Scripts *scripts_new(gint64 lifetime)
{
	Scripts *scripts = g_new0(Scripts, 1);

	atomic_init(&scripts->references, 1);
	g_mutex_init(&scripts->lock);
	g_mutex_init(&scripts->large);
	g_cond_init(&scripts->landed);
	scripts->entries = g_hash_table_new(g_str_hash, g_str_equal);
	scripts->alive = g_hash_table_new(g_str_hash, g_str_equal);
	scripts->flights = g_hash_table_new(g_str_hash, g_str_equal);
	scripts->lifetime = lifetime;
	return scripts;
}

/* With the lock held. */
static void drop(Scripts *scripts, Entry *entry)
{
	g_hash_table_remove(scripts->entries, entry->script->key);
	g_queue_unlink(&scripts->recent, &entry->link);
	scripts->size -= entry->size;
	let_go_locked(entry->script);
	g_free(entry);
}

void scripts_free(Scripts **scripts)
{
	Scripts *old = g_steal_pointer(scripts);

	if (old == NULL)
		return;
	g_mutex_lock(&old->lock);
	while (old->recent.tail != NULL)
		drop(old, old->recent.tail->data);
	g_mutex_unlock(&old->lock);
	scripts_unref(old);
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

/* What a caller wants, and which of those that are there will do. */
typedef struct {
	Store *store;
	const Settings *settings;
	gint64 user;
	const Wanted *wanted;
	const char *key;
	gint64 version; /* these or later ones */
	gint64 global_version;
	gboolean is_default;
} Request;

static gboolean will_do(const UserScript *script, const Request *request)
{
	return script->is_default == request->is_default &&
		script->version >= request->version &&
		script->global_version >= request->global_version;
}

/* One that will do and is not too old, or NULL; with the lock held, as all that
 * follow but get(). */
static UserScript *look_up(Scripts *scripts, const Request *request)
{
	UserScript *script = g_hash_table_lookup(scripts->alive, request->key);
	Entry *entry = g_hash_table_lookup(scripts->entries, request->key);
	gint64 now = g_get_monotonic_time();

	if (script == NULL)
		return NULL;
	if (will_do(script, request) &&
		now - script->loaded < scripts->lifetime && try_ref(script)) {
		if (entry != NULL) {
			g_queue_unlink(&scripts->recent, &entry->link);
			g_queue_push_head_link(&scripts->recent, &entry->link);
		}
		return script;
	}
	g_hash_table_remove(scripts->alive, request->key);
	if (entry != NULL)
		drop(scripts, entry);
	return NULL;
}

/* One too large for all of the cache need not empty it. */
static void keep(Scripts *scripts, UserScript *script, guint64 max_size)
{
	Entry *old = g_hash_table_lookup(scripts->entries, script->key);
	gsize size = ENTRY_SIZE + script->source_size +
		(script->script != NULL ? sieve_script_size(script->script) :
					  0);

	if (old != NULL)
		drop(scripts, old);
	if (size > max_size)
		return;
	Entry *entry = g_new0(Entry, 1);
	entry->script = user_script_ref(script);
	entry->size = size;
	entry->link.data = entry;
	g_hash_table_insert(scripts->entries, script->key, entry);
	g_queue_push_head_link(&scripts->recent, &entry->link);
	scripts->size += size;
	while (scripts->size > max_size)
		drop(scripts, scripts->recent.tail->data);
}

static void flight_leave(Flight *flight)
{
	if (--flight->references > 0)
		return;
	if (flight->script != NULL)
		let_go_locked(flight->script);
	g_clear_error(&flight->failed);
	g_free(flight);
}

/* Loads it for all who come meanwhile; without the lock while it does. */
static gboolean lead(Scripts *scripts, const Request *request,
	UserScript **script, GError **error)
{
	Flight *flight = g_new0(Flight, 1);
	gint64 begun = g_get_monotonic_time();

	flight->references = 1;
	g_hash_table_insert(scripts->flights, (gpointer)request->key, flight);
	g_mutex_unlock(&scripts->lock);
	gboolean ok = load(request->store, request->settings, request->user,
		request->wanted, &scripts->large, script, &flight->failed);
	g_mutex_lock(&scripts->lock);
	g_hash_table_remove(scripts->flights, request->key);
	flight->is_done = TRUE;
	if (ok) {
		UserScript *made = *script;
		atomic_fetch_add(&scripts->references, 1);
		made->home = scripts;
		made->key = g_strdup(request->key);
		made->loaded = begun;
		g_hash_table_replace(scripts->alive, made->key, made);
		keep(scripts, made,
			(guint64)request->settings->SIEVE_max_script_cache);
		flight->script = user_script_ref(made);
	} else {
		g_propagate_error(error, g_error_copy(flight->failed));
	}
	g_cond_broadcast(&scripts->landed);
	flight_leave(flight);
	return ok;
}

/* Waits for what another is loading.  *is_over FALSE where that is not for this
 * caller to have: it may have begun before the caller's script changed, unless
 * is_later says no. */
static gboolean follow(Scripts *scripts, Flight *flight, const Request *request,
	gboolean is_later, gboolean *is_over, UserScript **script,
	GError **error)
{
	flight->references++;
	while (!flight->is_done)
		g_cond_wait(&scripts->landed, &scripts->lock);
	gboolean ok = flight->script != NULL;
	*is_over = is_later ||
		(ok ? will_do(flight->script, request) :
		      dbmail_error_is(flight->failed, DBMAIL_ERROR_TEMPORARY));
	if (*is_over && ok)
		*script = user_script_ref(flight->script);
	else if (*is_over)
		g_propagate_error(error, g_error_copy(flight->failed));
	flight_leave(flight);
	return ok;
}

static gboolean get(Scripts *scripts, const Request *request,
	UserScript **script, GError **error)
{
	gboolean is_over = FALSE;
	gboolean ok = TRUE;

	g_mutex_lock(&scripts->lock);
	for (guint round = 0; !is_over; round++) {
		UserScript *found = look_up(scripts, request);
		Flight *flight =
			g_hash_table_lookup(scripts->flights, request->key);
		is_over = TRUE;
		if (found != NULL)
			*script = found;
		else if (flight == NULL)
			ok = lead(scripts, request, script, error);
		else
			ok = follow(scripts, flight, request, round > 0,
				&is_over, script, error);
	}
	g_mutex_unlock(&scripts->lock);
	return ok;
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
	const Wanted wanted = wanted_by_delivery(settings, NULL);
	g_autofree char *key = key_of(target->user);
	g_autoptr(GError) failed = NULL;
	/* A script of the user's own counts no more when none is active. */
	const Request request = {
		.store = store,
		.settings = settings,
		.user = target->user,
		.wanted = &wanted,
		.key = key,
		.version = target->sieve_version,
		.global_version = target->global_version,
		.is_default = target->sieve_version == 0,
	};

	if (get(scripts, &request, script, &failed))
		return TRUE;
	make_temporary(error, failed);
	return FALSE;
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
	g_autofree char *key = event_key_of(user, name, is_global);
	Request request = {
		.store = store,
		.settings = settings,
		.user = user,
		.wanted = &wanted,
		.key = key,
	};

	*script = NULL;
	return script_versions(store, user, &request.version,
		       &request.global_version, error) &&
		get(scripts, &request, script, error);
}
