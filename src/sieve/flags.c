/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of IMAP flags as strings with blanks between (RFC 5232). */
#include "sieve/flags.h"

#include "base/text.h"

/* \Recent is not a client's to set. */
static const char *const system_flags[] = { "\\Answered", "\\Flagged",
	"\\Deleted", "\\Seen", "\\Draft" };

static const char *system_flag(Bytes flag)
{
	for (guint i = 0; i < G_N_ELEMENTS(system_flags); i++)
		if (text_equal_nocase(flag, system_flags[i]))
			return system_flags[i];
	return NULL;
}

gboolean sieve_keyword_is_valid(Bytes keyword)
{
	for (gsize i = 0; i < keyword.size; i++) {
		guchar c = (guchar)keyword.data[i];

		if (c <= ' ' || c >= 0x7f || strchr("(){%*\"\\]", c) != NULL)
			return FALSE;
	}
	return keyword.size > 0 && keyword.size <= SIEVE_FLAG_SIZE_MAX;
}

static gboolean next_word(Bytes text, gsize *pos, Bytes *word)
{
	while (*pos < text.size && g_ascii_isspace(text.data[*pos]))
		(*pos)++;
	gsize begin = *pos;
	while (*pos < text.size && !g_ascii_isspace(text.data[*pos]))
		(*pos)++;
	*word = bytes_slice(text, begin, *pos - begin);
	return *pos > begin;
}

gboolean sieve_flags_next(Bytes text, gsize *pos, Bytes *flag)
{
	Bytes word;

	while (next_word(text, pos, &word))
		if (system_flag(word) != NULL || sieve_keyword_is_valid(word)) {
			*flag = word;
			return TRUE;
		}
	return FALSE;
}

const char *sieve_flags_meant(Bytes word)
{
	for (guint i = 0; i < G_N_ELEMENTS(system_flags); i++)
		if (text_equal_nocase(word, system_flags[i] + 1))
			return system_flags[i];
	return NULL;
}

gboolean sieve_flags_find_odd(Bytes text, Bytes *word)
{
	gsize pos = 0;

	while (next_word(text, &pos, word))
		if (sieve_flags_meant(*word) != NULL ||
			(system_flag(*word) == NULL &&
				!sieve_keyword_is_valid(*word)))
			return TRUE;
	return FALSE;
}

static gboolean has_flag(Bytes set, Bytes flag)
{
	gsize pos = 0;
	Bytes word;

	while (next_word(set, &pos, &word))
		if (text_equal_nocase_bytes(word, flag))
			return TRUE;
	return FALSE;
}

static guint count_flags(const GString *set)
{
	gsize pos = 0;
	guint count = 0;
	Bytes word;

	while (next_word(bytes_of(set->str, set->len), &pos, &word))
		count++;
	return count;
}

void sieve_flags_add(GString *set, Bytes text)
{
	guint count = count_flags(set);
	gsize pos = 0;
	Bytes flag;

	while (count < SIEVE_FLAGS_MAX && sieve_flags_next(text, &pos, &flag)) {
		const char *known = system_flag(flag);

		if (has_flag(bytes_of(set->str, set->len), flag))
			continue;
		if (set->len > 0)
			g_string_append_c(set, ' ');
		if (known != NULL)
			g_string_append(set, known);
		else
			g_string_append_len(set, flag.data, (gssize)flag.size);
		count++;
	}
}

void sieve_flags_remove(GString *set, Bytes text)
{
	g_autoptr(GString) rest = g_string_sized_new(set->len);
	Bytes all = bytes_of(set->str, set->len);
	gsize pos = 0;
	Bytes word;

	while (next_word(all, &pos, &word)) {
		if (has_flag(text, word))
			continue;
		if (rest->len > 0)
			g_string_append_c(rest, ' ');
		g_string_append_len(rest, word.data, (gssize)word.size);
	}
	g_string_assign(set, rest->str);
}

const char *const *sieve_flags_array(Arena *arena, const GString *set)
{
	const char **array =
		arena_new_array(arena, const char *, count_flags(set) + 1);
	gsize pos = 0;
	guint i = 0;
	Bytes word;

	while (next_word(bytes_of(set->str, set->len), &pos, &word))
		array[i++] = arena_copy(arena, word.data, word.size);
	return array;
}
