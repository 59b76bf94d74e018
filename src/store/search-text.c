/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are equal but for case, and one inside another. */
#include "base/text.h"
#include "store/search-private.h"

/* A run from its last ASCII character on: what follows may combine with it,
 * and an ASCII character combines with nothing before it. */
static void fold_other(const char *text, gsize size, GString *out)
{
	g_autofree char *copy = g_strndup(text, size);
	g_autofree char *folded = text_fold(copy);
	g_string_append(out, folded);
}

static gsize ascii_run(const char *text, gsize size)
{
	gsize run = 0;
	while (run < size && (guchar)text[run] < 0x80 && text[run] != '\0')
		run++;
	return run;
}

static gsize other_run(const char *text, gsize size)
{
	gsize run = 0;
	while (run < size && (guchar)text[run] >= 0x80)
		run++;
	return run;
}

static void fold_ascii(const char *text, gsize size, GString *out)
{
	gsize begin = out->len;
	g_string_append_len(out, text, (gssize)size);
	for (char *at = out->str + begin; at < out->str + out->len; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	}
}

void search_fold(const char *text, gsize size, GString *out)
{
	while (size > 0) {
		gsize ascii = ascii_run(text, size);
		gsize other = other_run(text + ascii, size - ascii);
		if (other > 0 && ascii > 0) {
			ascii--;
			other++;
		}
		fold_ascii(text, ascii, out);
		fold_other(text + ascii, other, out);
		/* A NUL is neither. */
		if (ascii + other == 0) {
			g_string_append_c(out, ' ');
			other = 1;
		}
		text += ascii + other;
		size -= ascii + other;
	}
}

guint8 search_fits(const SearchNode *node, const char *folded, gsize size)
{
	if (node->needle_size == 0)
		return 100;
	if (node->fuzzy != NULL)
		return fuzzy_fits(node->fuzzy, bytes_of(folded, size));
	return memmem(folded, size, node->needle, node->needle_size) != NULL ?
		100 :
		0;
}
