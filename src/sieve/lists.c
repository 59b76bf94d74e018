/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that are kept outside of scripts (RFC 6134). */
#include "sieve/lists.h"

#include "base/text.h"

#define URN "urn:ietf:params:sieve:"
#define ADDRESS_BOOK URN "addrbook:"

/* A name that begins with a colon is one of Sieve's own (section 2.5). */
static char *full_name(const char *list)
{
	return list[0] == ':' ? g_strconcat(URN, list + 1, NULL) :
				g_strdup(list);
}

/* "default" in any case and however it is encoded. */
static gboolean is_default_book(const char *list)
{
	if (!text_has_prefix_nocase(bytes_of_string(list), ADDRESS_BOOK))
		return FALSE;
	g_autofree char *book =
		g_uri_unescape_string(list + strlen(ADDRESS_BOOK), NULL);
	return book != NULL && g_ascii_strcasecmp(book, "default") == 0;
}

gboolean sieve_list_has(const SieveRun *run, const char *list,
	const char *value, gboolean *known, gboolean *has, GError **error)
{
	const SieveQuestions *questions = run->input->questions;
	g_autofree char *name = full_name(list);

	*known = FALSE;
	*has = FALSE;
	if (questions != NULL && questions->list_has != NULL &&
		!questions->list_has(
			questions->data, name, value, known, has, error))
		return FALSE;
	*known = *known || is_default_book(name);
	return TRUE;
}
