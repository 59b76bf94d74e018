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
	limits.max_nesting = (guint)settings->SIEVE_max_nesting;
	limits.max_includes = (guint)settings->SIEVE_max_includes;
	limits.max_include_depth = (guint)settings->SIEVE_max_include_depth;
	limits.max_instructions = (guint64)settings->SIEVE_max_instructions;
	limits.max_variables_size = (gsize)settings->SIEVE_max_variables_size;
	limits.max_actions = (guint)settings->SIEVE_max_actions;
	limits.max_redirects = (guint)settings->SIEVE_max_redirects;
	limits.max_notifies = (guint)settings->SIEVE_max_notifies;
	limits.max_message_size = (gsize)settings->DBMAIL_max_message_size;
	return limits;
}

SieveExtensions script_extensions(
	const Settings *settings, SieveExtensions there)
{
	g_auto(GStrv) names =
		g_strsplit_set(settings->SIEVE_extensions, " \t,", -1);
	SieveExtensions named = 0;
	gboolean is_empty = TRUE;
	gboolean takes_away = FALSE;

	for (gsize i = 0; names[i] != NULL; i++) {
		const char *name = names[i];
		SieveExtension extension;
		if (name[0] == '\0')
			continue;
		if (is_empty)
			takes_away = name[0] == '-';
		is_empty = FALSE;
		if (name[0] == '-')
			name++;
		if (sieve_extension_find(bytes_of_string(name), &extension))
			named |= (SieveExtensions)1 << extension;
	}
	named &= ~((SieveExtensions)1 << SIEVE_EXT_BASE);
	if (is_empty)
		return there;
	return takes_away ?
		there & ~named :
		there & (named | (SieveExtensions)1 << SIEVE_EXT_BASE);
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
		.extensions = script_extensions(settings,
			sieve_extensions_delivery() | sieve_extensions_imap()),
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
