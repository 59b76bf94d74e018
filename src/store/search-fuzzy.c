/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that nearly are those asked for (RFC 6203). */
#include "store/search-private.h"

#include "base/text.h"

/* Words of a needle, and characters of a word; what is beyond is not fuzzy. */
#define FUZZY_WORDS_MAX 16
#define FUZZY_CHARS_MAX 32
/* Bytes of a text in which words may be spelled differently: the time each
 * takes is bounded, about that of reading it 50 times. */
#define FUZZY_BYTES_MAX 65536

/* What a fit is worth. */
enum {
	FUZZY_PHRASE = 100,
	FUZZY_PLAIN_PHRASE = 95, /* without diacritics */
	FUZZY_WORD = 90,
	FUZZY_PART_OF_WORD = 75,
	FUZZY_ONE_OFF = 50,
	FUZZY_TWO_OFF = 30
};

typedef struct {
	Bytes text;
	gunichar chars[FUZZY_CHARS_MAX];
	guint count;
} FuzzyWord;

struct FuzzyNeedle {
	Bytes phrase; /* folded, as it stands */
	Bytes plain;  /* without diacritics */
	FuzzyWord words[FUZZY_WORDS_MAX];
	guint count;
};

/* Appends valid UTF-8 without the marks that combine with letters. */
static void append_plain(Bytes text, GString *out)
{
	if (text_is_ascii(text)) {
		g_string_append_len(out, text.data != NULL ? text.data : "",
			(gssize)text.size);
		return;
	}
	g_autofree char *apart =
		g_utf8_normalize(text.data, (gssize)text.size, G_NORMALIZE_ALL);
	for (const char *at = apart != NULL ? apart : ""; *at != '\0';
		at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (!g_unichar_ismark(c))
			g_string_append_unichar(out, c);
	}
}

static gboolean is_word_char(gunichar c)
{
	return g_unichar_isalnum(c);
}

/* The next word from *pos on into word; FALSE at the end.  A long one is
 * cut. */
static gboolean next_word(Bytes text, gsize *pos, FuzzyWord *word)
{
	const char *end = text.data + text.size;
	const char *at = text.data + *pos;
	while (at < end && !is_word_char(g_utf8_get_char(at)))
		at = g_utf8_next_char(at);
	const char *begin = at;
	word->count = 0;
	for (; at < end; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (!is_word_char(c) || word->count == FUZZY_CHARS_MAX)
			break;
		word->chars[word->count++] = c;
	}
	*pos = (gsize)(at - text.data);
	word->text = bytes_of(begin, (gsize)(at - begin));
	return word->count > 0;
}

const FuzzyNeedle *fuzzy_needle_new(Arena *arena, Bytes folded)
{
	FuzzyNeedle *needle = arena_new_object(arena, FuzzyNeedle);
	g_autoptr(GString) plain = g_string_new(NULL);
	append_plain(folded, plain);
	needle->phrase = bytes_of(
		arena_copy(arena, folded.data, folded.size), folded.size);
	needle->plain =
		bytes_of(arena_copy(arena, plain->str, plain->len), plain->len);
	gsize pos = 0;
	while (needle->count < FUZZY_WORDS_MAX &&
		next_word(needle->plain, &pos, &needle->words[needle->count]))
		needle->count++;
	return needle->count > 0 ? needle : NULL;
}

/* How many letters may be wrong. */
static guint most_off(const FuzzyWord *word)
{
	if (word->count < 4)
		return 0;
	return word->count < 8 ? 1 : 2;
}

/* Insertions, deletions, substitutions and swaps of neighbours that make one
 * word the other; more than most where it would take more. */
static guint distance(const FuzzyWord *a, const FuzzyWord *b, guint most)
{
	guint rows[3][FUZZY_CHARS_MAX + 1];
	if (a->count > b->count + most || b->count > a->count + most)
		return most + 1;
	for (guint j = 0; j <= b->count; j++)
		rows[0][j] = j;
	for (guint i = 1; i <= a->count; i++) {
		guint *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const guint *before = rows[(i + 1) % 3];
		guint least = row[0] = i;
		for (guint j = 1; j <= b->count; j++) {
			gboolean same = a->chars[i - 1] == b->chars[j - 1];
			guint cost = MIN(above[j], row[j - 1]) + 1;
			cost = MIN(cost, above[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 &&
				a->chars[i - 1] == b->chars[j - 2] &&
				a->chars[i - 2] == b->chars[j - 1])
				cost = MIN(cost, before[j - 2] + 1);
			row[j] = cost;
			least = MIN(least, cost);
		}
		if (least > most)
			return most + 1;
	}
	return rows[a->count % 3][b->count];
}

/* The words' values by what is spelled a little differently. */
static void fit_spellings(
	const FuzzyNeedle *needle, Bytes plain, guint8 values[FUZZY_WORDS_MAX])
{
	FuzzyWord word;
	gsize pos = 0;
	while (pos < MIN(plain.size, FUZZY_BYTES_MAX) &&
		next_word(plain, &pos, &word)) {
		for (guint i = 0; i < needle->count; i++) {
			const FuzzyWord *wanted = &needle->words[i];
			guint most = most_off(wanted);
			if (values[i] >= FUZZY_PART_OF_WORD || most == 0)
				continue;
			guint off = distance(wanted, &word, most);
			if (off == 1)
				values[i] = FUZZY_ONE_OFF;
			else if (off <= most && values[i] == 0)
				values[i] = FUZZY_TWO_OFF;
		}
	}
}

static gboolean ends_word(Bytes text, gsize pos)
{
	return pos >= text.size ||
		!is_word_char(g_utf8_get_char(text.data + pos));
}

static gboolean begins_word(Bytes text, gsize pos)
{
	if (pos == 0)
		return TRUE;
	const char *before = g_utf8_prev_char(text.data + pos);
	return !is_word_char(g_utf8_get_char(before));
}

static guint8 fit_word(const FuzzyWord *word, Bytes plain)
{
	const char *found = plain.size > 0 ?
		memmem(plain.data, plain.size, word->text.data,
			word->text.size) :
		NULL;
	if (found == NULL)
		return 0;
	gsize pos = (gsize)(found - plain.data);
	return begins_word(plain, pos) &&
			ends_word(plain, pos + word->text.size) ?
		FUZZY_WORD :
		FUZZY_PART_OF_WORD;
}

guint8 fuzzy_fits(const FuzzyNeedle *needle, Bytes folded)
{
	if (folded.size == 0)
		return 0;
	if (memmem(folded.data, folded.size, needle->phrase.data,
		    needle->phrase.size) != NULL)
		return FUZZY_PHRASE;
	g_autoptr(GString) text = g_string_sized_new(folded.size + 1);
	append_plain(folded, text);
	Bytes plain = bytes_of(text->str, text->len);
	if (memmem(plain.data, plain.size, needle->plain.data,
		    needle->plain.size) != NULL)
		return FUZZY_PLAIN_PHRASE;
	guint8 values[FUZZY_WORDS_MAX] = { 0 };
	guint sum = 0;
	for (guint i = 0; i < needle->count; i++)
		values[i] = fit_word(&needle->words[i], plain);
	fit_spellings(needle, plain, values);
	for (guint i = 0; i < needle->count; i++) {
		if (values[i] == 0)
			return 0;
		sum += values[i];
	}
	return (guint8)(sum / needle->count);
}
