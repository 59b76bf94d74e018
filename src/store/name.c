/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names as users see them: three namespaces (RFC 2342). */
#include "store/name.h"

#include <string.h>

#include "store/mailbox.h"

/* TRUE where the first level of name is this one, in any case. */
static gboolean begins_with(const char *name, const char *level)
{
	const gsize size = strlen(level);

	return g_ascii_strncasecmp(name, level, size) == 0 &&
		(name[size] == '\0' || name[size] == MAILBOX_SEPARATOR);
}

/* Bytes of the level and the separator behind it. */
static gsize level_size(const char *name)
{
	const char *end = strchr(name, MAILBOX_SEPARATOR);

	return end != NULL ? (gsize)(end - name) + 1 : strlen(name);
}

static gsize set_prefix(
	char **canonical, const char *root, const char *name, gsize size)
{
	if (canonical != NULL) {
		const gsize skip = strlen(root);
		g_autofree char *rest = g_strndup(name + skip, size - skip);
		*canonical = g_strconcat(root, rest, NULL);
	}
	return size;
}

gsize name_prefix(const char *name, char **canonical)
{
	gsize size = level_size(name);

	if (begins_with(name, NAME_PUBLIC))
		return set_prefix(canonical, NAME_PUBLIC, name, size);
	if (begins_with(name, NAME_USERS))
		return set_prefix(canonical, NAME_USERS, name,
			size + level_size(name + size));
	return set_prefix(canonical, "", name, 0);
}

void name_split(const char *name, NamePath *path)
{
	const gsize size = name_prefix(name, NULL);

	path->own = name + size;
	path->owner = NULL;
	if (size > 0 && begins_with(name, NAME_PUBLIC)) {
		path->owner = g_strdup(NAME_PUBLIC_OWNER);
	} else if (size > 0) {
		const char *user = name + level_size(name);
		gsize length = (gsize)(path->own - user);

		if (length > 0 && user[length - 1] == MAILBOX_SEPARATOR)
			length--;
		path->owner = g_ascii_strdown(user, (gssize)length);
	}
}

const char *name_own(const char *name, const char *user)
{
	const gsize size = strlen(user);

	if (!begins_with(name, NAME_USERS))
		return name;
	const char *owner = name + level_size(name);
	if (g_ascii_strncasecmp(owner, user, size) != 0 ||
		owner[size] != MAILBOX_SEPARATOR || owner[size + 1] == '\0')
		return name;
	return owner + size + 1;
}

void name_path_clear(NamePath *path)
{
	g_clear_pointer(&path->owner, g_free);
}
