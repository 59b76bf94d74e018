/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-users -x: aliases that send mail on. */
#include "tools/forwards.h"

#include <stdio.h>
#include <string.h>

#include "base/errors.h"
#include "store/user.h"

typedef gboolean (*ForwardChange)(
	Store *store, const char *alias, const char *address, GError **error);
typedef gboolean (*AliasChange)(
	Store *store, gint64 user, const char *alias, GError **error);

/* A user's name may hold an @, and is a user all the same. */
static gboolean change(const Tool *tool, const Forwards *forwards,
	const char *to, ForwardChange forward, AliasChange alias,
	GError **error)
{
	g_autoptr(User) user = NULL;
	g_autoptr(GError) failed = NULL;

	if (user_get(tool->store, to, &user, &failed))
		return forwards->is_dry ||
			alias(tool->store, user->id, forwards->alias, error);
	if (!dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND) ||
		strchr(to, '@') == NULL) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	return forwards->is_dry ||
		forward(tool->store, forwards->alias, to, error);
}

static gboolean change_all(const Tool *tool, const Forwards *forwards,
	GPtrArray *to, gboolean is_new, GError **error)
{
	for (guint i = 0; i < to->len; i++) {
		if (!change(tool, forwards, to->pdata[i],
			    is_new ? user_forward_add : user_forward_remove,
			    is_new ? user_alias_add : user_alias_remove, error))
			return FALSE;
		tool_say(tool, "%s: %s to %s", forwards->alias,
			is_new ? "also" : "no longer",
			(const char *)to->pdata[i]);
	}
	return TRUE;
}

static gboolean print_all(const Tool *tool, const char *pattern, GError **error)
{
	g_autoptr(GPtrArray) list = NULL;

	if (!user_forwards(tool->store, pattern, &list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++) {
		const UserForward *forward = list->pdata[i];
		printf("%s\t%s\n", forward->alias, forward->address);
	}
	if (list->len > 0)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
		"no such alias leads to an address", "no such alias");
	return FALSE;
}

gboolean forwards_run(
	const Tool *tool, const Forwards *forwards, GError **error)
{
	if (forwards->added->len + forwards->removed->len == 0)
		return print_all(tool, forwards->alias, error);
	return change_all(tool, forwards, forwards->removed, FALSE, error) &&
		change_all(tool, forwards, forwards->added, TRUE, error);
}
