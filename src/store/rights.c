/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user may do with a mailbox (RFC 4314 section 2.1). */
#include "store/rights.h"

/* With RFC 2086's two that are shown where any of theirs is there (RFC 4314
 * section 2.1.1); x is taken to belong to c. */
static const struct {
	char letter;
	guint rights; /* shown for any of these, stands for all */
} letters[] = {
	{ 'l', RIGHT_LOOKUP },
	{ 'r', RIGHT_READ },
	{ 's', RIGHT_SEEN },
	{ 'w', RIGHT_WRITE },
	{ 'i', RIGHT_INSERT },
	{ 'p', RIGHT_POST },
	{ 'k', RIGHT_CREATE },
	{ 'x', RIGHT_DELETE },
	{ 't', RIGHT_DELETED },
	{ 'e', RIGHT_EXPUNGE },
	{ 'c', RIGHT_CREATE | RIGHT_DELETE },
	{ 'd', RIGHT_DELETED | RIGHT_EXPUNGE },
	{ 'a', RIGHT_ADMINISTER },
};

void rights_append_text(GString *out, guint rights)
{
	gsize before = out->len;

	for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
		if (rights & letters[i].rights)
			g_string_append_c(out, letters[i].letter);
	}
	if (out->len == before)
		g_string_append(out, "\"\"");
}

static guint rights_of(char letter)
{
	for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
		if (letters[i].letter == letter)
			return letters[i].rights;
	}
	return RIGHTS_NONE;
}

gboolean rights_parse(
	const char *text, gsize size, guint *rights, char *unknown)
{
	guint found = RIGHTS_NONE;

	for (gsize i = 0; i < size; i++) {
		guint one = rights_of(text[i]);
		if (one == RIGHTS_NONE) {
			*unknown = text[i];
			return FALSE;
		}
		found |= one;
	}
	*rights = found;
	return TRUE;
}

Flags rights_flags(guint rights)
{
	static const struct {
		guint right;
		Flags flags;
	} rows[] = {
		{ RIGHT_SEEN, FLAG_SEEN },
		{ RIGHT_DELETED, FLAG_DELETED },
		{ RIGHT_WRITE, FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT },
	};
	Flags flags = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rights & rows[i].right)
			flags |= rows[i].flags;
	}
	return flags;
}
