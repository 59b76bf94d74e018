/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST's patterns: "*" is anything, "%" anything on one level. */
#include "imap/list-match.h"

#include <string.h>

#include "store/mailbox.h"

/* Where the match goes on when a character does not fit: at the last wildcard
 * of its kind, with one character more for it.  Earlier ones need no second
 * try: "*" takes anything, and what stands between two "%" has one place at
 * most that a later "%" could not make up for. */
typedef struct {
	const char *pattern; /* behind the wildcard; NULL: none yet */
	const char *name;    /* where the wildcard's share ends */
} Retry;

static gboolean same(char p, char n, gboolean nocase)
{
	return p == n || (nocase && g_ascii_toupper(p) == g_ascii_toupper(n));
}

static gboolean retry_at(
	Retry *level, Retry *any, const char **pattern, const char **name)
{
	if (level->pattern != NULL && *level->name != '\0' &&
		*level->name != MAILBOX_SEPARATOR) {
		level->name++;
		*pattern = level->pattern;
		*name = level->name;
		return TRUE;
	}
	level->pattern = NULL;
	if (any->pattern == NULL || *any->name == '\0')
		return FALSE;
	any->name++;
	*pattern = any->pattern;
	*name = any->name;
	return TRUE;
}

gboolean list_match(const char *pattern, const char *name)
{
	Retry level = { NULL, NULL };
	Retry any = { NULL, NULL };
	const char *inbox_end = name;

	if (strcmp(name, "INBOX") == 0 || g_str_has_prefix(name, "INBOX/"))
		inbox_end = name + 5;
	while (*pattern != '\0' || *name != '\0') {
		if (*pattern == '*') {
			any = (Retry){ ++pattern, name };
			level.pattern = NULL;
		} else if (*pattern == '%') {
			level = (Retry){ ++pattern, name };
		} else if (*name != '\0' &&
			same(*pattern, *name, name < inbox_end)) {
			pattern++;
			name++;
		} else if (!retry_at(&level, &any, &pattern, &name)) {
			return FALSE;
		}
	}
	return TRUE;
}
