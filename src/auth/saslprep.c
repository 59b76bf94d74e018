/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and passwords in the one form they are compared in (RFC 4013). */
#include "auth/saslprep.h"

#include <string.h>
#include <stringprep.h>

static gboolean is_ascii_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (!g_ascii_isprint(*text))
			return FALSE;
	}
	return TRUE;
}

char *saslprep(const char *text)
{
	char *made = NULL;

	if (text[0] == '\0' || !g_utf8_validate(text, -1, NULL))
		return NULL;
	/* Nothing changes, and libidn need not look. */
	if (is_ascii_text(text))
		return g_strdup(text);
	int failed = stringprep_profile(text, &made, "SASLprep", 0);
	if (failed != STRINGPREP_OK)
		return NULL;
	/* libidn has malloc()ed it. */
	char *copy = made[0] != '\0' ? g_strdup(made) : NULL;
	explicit_bzero(made, strlen(made));
	free(made);
	return copy;
}

char *saslprep_password(const char *password)
{
	char *made = saslprep(password);

	return made != NULL ? made : g_strdup(password);
}

void saslprep_free_password(char **password)
{
	if (*password != NULL)
		explicit_bzero(*password, strlen(*password));
	g_free(*password);
	*password = NULL;
}
