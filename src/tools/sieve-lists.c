/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sievecmd -L, -A and -R: lists that scripts ask for (RFC 6134). */
#include "tools/sieve-lists.h"

#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "store/list.h"
#include "tools/sieve-try.h"

/* Of what comes by standard input; and values that go in one transaction. */
#define INPUT_MAX ((gsize)256 * 1024 * 1024)
#define STEP 10000

static gboolean print_names(const Tool *tool, gint64 owner, GError **error)
{
	g_autoptr(GPtrArray) lists = NULL;

	if (!list_names(tool->store, owner, &lists, error))
		return FALSE;
	for (guint i = 0; i < lists->len; i++) {
		const ListInfo *list = lists->pdata[i];
		printf("%s\t%" G_GUINT64_FORMAT "\n", list->name,
			list->members);
	}
	return TRUE;
}

gboolean sieve_lists_print(
	const Tool *tool, gint64 owner, const char *name, GError **error)
{
	g_autofree char *normal = NULL;
	g_auto(GStrv) members = NULL;
	gboolean exists;

	if (name == NULL)
		return print_names(tool, owner, error);
	normal = list_name_normalise(name, error);
	if (normal == NULL ||
		!list_members(tool->store, owner, LIST_OWN, normal, G_MAXINT32,
			&exists, &members, error))
		return FALSE;
	if (!exists) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such list",
			"%s", normal);
		return FALSE;
	}
	for (guint i = 0; members[i] != NULL; i++)
		puts(members[i]);
	return TRUE;
}

/* The values of the lines, which they point into. */
static GPtrArray *values_of(char *data)
{
	GPtrArray *values = g_ptr_array_new();
	char *rest = data;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		g_strstrip(line);
		if (line[0] != '\0' && line[0] != '#')
			g_ptr_array_add(values, line);
	}
	return values;
}

static gboolean read_values(char **data, GPtrArray **values, GError **error)
{
	gsize size;

	if (!sieve_try_read("-", INPUT_MAX, data, &size, error))
		return FALSE;
	if (strlen(*data) != size) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a value of a list has no NUL", "standard input");
		return FALSE;
	}
	*values = values_of(*data);
	return TRUE;
}

gboolean sieve_lists_add(const Tool *tool, gint64 owner, const char *name,
	char *const *given, GError **error)
{
	g_autofree char *normal = list_name_normalise(name, error);
	g_autofree char *data = NULL;
	g_autoptr(GPtrArray) values = NULL;
	guint64 total = 0;
	guint from = 0;

	if (normal == NULL)
		return FALSE;
	if (given[0] == NULL) {
		if (!read_values(&data, &values, error))
			return FALSE;
	} else {
		values = g_ptr_array_new();
		for (; *given != NULL; given++)
			g_ptr_array_add(values, *given);
	}
	do {
		const guint count = MIN(values->len - from, STEP);
		guint64 added = 0;
		if (!list_add(tool->store, owner, normal,
			    (const char *const *)values->pdata + from, count,
			    &added, error))
			return FALSE;
		total += added;
		from += count;
	} while (from < values->len);
	tool_say(tool, "%s: %" G_GUINT64_FORMAT " added", normal, total);
	return TRUE;
}

gboolean sieve_lists_remove(const Tool *tool, gint64 owner, const char *name,
	char *const *values, GError **error)
{
	g_autofree char *normal = list_name_normalise(name, error);
	guint64 removed = 0;

	if (normal == NULL)
		return FALSE;
	if (values[0] == NULL) {
		if (!list_delete(tool->store, owner, normal, error))
			return FALSE;
		tool_say(tool, "%s: removed", normal);
		return TRUE;
	}
	if (!list_remove(tool->store, owner, normal,
		    (const char *const *)values, g_strv_length((char **)values),
		    &removed, error))
		return FALSE;
	tool_say(tool, "%s: %" G_GUINT64_FORMAT " removed", normal, removed);
	return TRUE;
}
