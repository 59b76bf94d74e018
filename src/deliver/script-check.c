/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a Sieve script may be stored, for those who store some. */
#include "deliver/script-check.h"

#include "sieve/extension.h"
#include "deliver/libsieve.h"

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
	limits.vacation_seconds =
		(guint)settings->SIEVE_vacation_default_period;
	limits.duplicate_seconds = (guint)settings->SIEVE_duplicate_max_period;
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

gboolean script_is_for_libsieve(const Settings *settings)
{
	return g_str_equal(settings->SIEVE_engine, "libsieve");
}

SieveExtensions script_extensions_delivery(const Settings *settings)
{
	return script_extensions(settings,
		script_is_for_libsieve(settings) ? libsieve_extensions() :
						   sieve_extensions_delivery());
}

SieveExtensions script_extensions_events(const Settings *settings)
{
	return script_extensions_delivery(settings) & sieve_extensions_imap();
}

gboolean script_check(const Settings *settings, const char *name, Bytes source,
	GPtrArray **errors)
{
	SieveLimits limits = script_limits(settings);
	const SieveCompile how = {
		.extensions = script_extensions_delivery(settings),
		.limits = &limits,
	};
	g_autoptr(SieveScript) script =
		sieve_compile(&how, name, source, errors, NULL);

	return script != NULL;
}
