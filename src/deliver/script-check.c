/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a Sieve script may be stored, for those who store some. */
#include "deliver/script-check.h"

#include <string.h>

#include "sieve/extension.h"
#include "store/name.h"

SieveLimits script_limits(const Settings *settings)
{
	SieveLimits limits = SIEVE_LIMITS_DEFAULT;

	limits.max_script_size = (gsize)settings->SIEVE_max_script_size;
	return limits;
}

ScriptLimits script_space(const Settings *settings)
{
	return (ScriptLimits){
		.max_size = (gsize)settings->SIEVE_max_script_size,
		.max_number = (guint)settings->SIEVE_max_scripts,
		.max_total = (gsize)settings->SIEVE_max_scripts_size,
	};
}

/* The scripts there are, and the one that is to be among them. */
typedef struct {
	ScriptSet *set;
	gboolean is_global;
	const char *name;
	Bytes source;
} Shelf;

static gboolean shelf_load(gpointer data, SieveLocation location,
	const char *name, char **source, gsize *size,
	GError **error G_GNUC_UNUSED)
{
	const Shelf *shelf = data;
	gboolean is_global = location == SIEVE_GLOBAL;

	if (is_global == shelf->is_global && g_str_equal(name, shelf->name)) {
		*source = g_strndup(shelf->source.data, shelf->source.size);
		*size = shelf->source.size;
		return TRUE;
	}
	const ScriptSource *found = script_set_find(
		is_global ? shelf->set->global : shelf->set->personal, name);
	if (found == NULL)
		return FALSE;
	*source = g_memdup2(found->source, found->size + 1);
	*size = found->size;
	return TRUE;
}

gboolean script_check(Store *store, const Settings *settings, gint64 user,
	const char *name, Bytes source, GPtrArray **errors, gboolean *is_good,
	GError **error)
{
	g_autoptr(ScriptSet) set = NULL;
	GError *failure = NULL;

	if (!script_load(store, user, &set, error))
		return FALSE;
	SieveLimits limits = script_limits(settings);
	Shelf shelf = { set, user == NAME_PUBLIC_OWNER_ID, name, source };
	SieveCompile how = {
		.extensions =
			sieve_extensions_delivery() | sieve_extensions_imap(),
		.limits = &limits,
		.loader = shelf_load,
		.loader_data = &shelf,
	};
	g_autoptr(SieveScript) script =
		sieve_compile(&how, name, source, errors, &failure);
	if (failure != NULL) {
		g_clear_pointer(errors, g_ptr_array_unref);
		g_propagate_error(error, failure);
		return FALSE;
	}
	*is_good = script != NULL;
	return TRUE;
}
