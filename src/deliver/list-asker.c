/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script's lists say, asked once in a run. */
#include "deliver/list-asker.h"

#include "base/errors.h"
#include "store/list.h"

/* Members of a list that is loaded whole. */
#define MEMBERS_MAX 1000
/* A message may have thousands of addresses to look up in a larger one: so many
 * round trips a run may have. */
#define LOOKUPS_MAX 500

typedef struct {
	gboolean is_known;
	gboolean is_whole;
	/* Value in lower case -> whether it is there; one that is missing is
	 * not there where the list is whole, else nobody knows. */
	GHashTable *values;
} Loaded;

struct ListAsker {
	Store *store;
	gint64 user;
	guint lookups;
	GHashTable *lists; /* name -> Loaded */
};

static void loaded_free(gpointer data)
{
	Loaded *loaded = data;

	g_hash_table_unref(loaded->values);
	g_free(loaded);
}

ListAsker *list_asker_new(Store *store, gint64 user)
{
	ListAsker *asker = g_new0(ListAsker, 1);

	asker->store = store;
	asker->user = user;
	asker->lists = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, loaded_free);
	return asker;
}

void list_asker_free(ListAsker **asker)
{
	ListAsker *old = g_steal_pointer(asker);

	if (old == NULL)
		return;
	g_hash_table_unref(old->lists);
	g_free(old);
}

static gboolean count_lookup(ListAsker *asker, GError **error)
{
	if (asker->lookups++ < LOOKUPS_MAX)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
		"too many values are looked up in lists", "lists");
	return FALSE;
}

static Loaded *load(ListAsker *asker, const char *name, GError **error)
{
	Loaded *loaded = g_hash_table_lookup(asker->lists, name);
	g_auto(GStrv) members = NULL;
	gboolean exists;

	if (loaded != NULL)
		return loaded;
	if (!count_lookup(asker, error) ||
		!list_members(asker->store, asker->user, LIST_AND_EVERYONES,
			name, MEMBERS_MAX + 1, &exists, &members, error))
		return NULL;
	loaded = g_new0(Loaded, 1);
	loaded->is_known = exists;
	loaded->values =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; members[i] != NULL; i++)
		g_hash_table_insert(loaded->values,
			g_ascii_strdown(members[i], -1), GINT_TO_POINTER(TRUE));
	loaded->is_whole = g_hash_table_size(loaded->values) <= MEMBERS_MAX;
	g_hash_table_insert(asker->lists, g_strdup(name), loaded);
	return loaded;
}

static gboolean look_up(ListAsker *asker, const char *name, Loaded *loaded,
	const char *value, gboolean *has, GError **error)
{
	g_autofree char *folded = g_ascii_strdown(value, -1);
	gpointer found;

	if (g_hash_table_lookup_extended(
		    loaded->values, folded, NULL, &found)) {
		*has = GPOINTER_TO_INT(found);
		return TRUE;
	}
	if (loaded->is_whole)
		return TRUE;
	if (!count_lookup(asker, error) ||
		!list_has(asker->store, asker->user, name, folded, has, error))
		return FALSE;
	g_hash_table_insert(loaded->values, g_steal_pointer(&folded),
		GINT_TO_POINTER(*has));
	return TRUE;
}

gboolean list_asker_has(ListAsker *asker, const char *list, const char *value,
	gboolean *known, gboolean *has, GError **error)
{
	g_autoptr(GError) invalid = NULL;
	g_autofree char *name = list_name_normalise(list, &invalid);

	*known = FALSE;
	*has = FALSE;
	if (name == NULL)
		return TRUE;
	Loaded *loaded = load(asker, name, error);
	if (loaded == NULL)
		return FALSE;
	*known = loaded->is_known;
	return !loaded->is_known || value[0] == '\0' ||
		look_up(asker, name, loaded, value, has, error);
}
