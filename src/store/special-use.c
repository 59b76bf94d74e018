/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mailbox is for: the attributes of RFC 6154. */
#include "store/special-use.h"

#include "base/errors.h"
#include "base/text.h"

/* \All, \Flagged and \Important are of mailboxes that show messages of
 * others, which there are none of. */
static const char *const known[] = {
	"\\Archive",
	"\\Drafts",
	"\\Junk",
	"\\Sent",
	"\\Trash",
};

static gboolean find_use(const char *word, guint *index, GError **error)
{
	g_autofree char *shown = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		if (g_ascii_strcasecmp(word, known[i]) == 0) {
			*index = i;
			return TRUE;
		}
	}
	shown = text_make_valid(bytes_of_string(word));
	g_autofree char *text =
		g_strdup_printf("no mailbox can be %.40s here", shown);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

gboolean special_use_normalise(const char *text, char **uses, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text != NULL ? text : "", " ", -1);
	guint found = 0;

	for (char **word = words; *word != NULL; word++) {
		guint index;
		if (**word == '\0')
			continue;
		if (!find_use(*word, &index, error))
			return FALSE;
		found |= 1u << index;
	}
	g_autoptr(GString) kept = g_string_new(NULL);
	for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
		if ((found >> i & 1) != 0)
			g_string_append_printf(kept, "%s%s",
				kept->len > 0 ? " " : "", known[i]);
	}
	*uses = kept->len > 0 ? g_strdup(kept->str) : NULL;
	return TRUE;
}
