/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns of :matches (RFC 5228 section 2.7.1): between two stars, the
 * first place that fits is the right one, so that nothing is tried twice. */
#include "sieve/wildcard.h"

#include "base/text.h"
#include "sieve/find.h"
#include "sieve/regex-private.h"

typedef enum {
	ELEMENT_LITERAL,
	ELEMENT_ONE,
	ELEMENT_MANY,
} ElementKind;

typedef struct {
	ElementKind kind;
	Bytes literal;
	SieveFindKey find; /* of it */
} Element;

struct SieveWildcard {
	Element *elements;
	guint count;
};

/* Elements first up to end of a wildcard, without a star among them. */
typedef struct {
	guint first;
	guint end;
} Segment;

typedef struct {
	const SieveWildcard *wildcard;
	const SieveWildcardText *text;
	guint64 *work;
	Bytes *values;
	guint max_values;
	guint n_values;
} Search;

static void add_literal(Arena *arena, SieveWildcard *wildcard,
	const SieveComparator *comparator, const GString *literal)
{
	g_autoptr(GString) folded = g_string_new(NULL);
	Bytes bytes = bytes_of(literal->str, literal->len);
	if (bytes.size == 0)
		return;
	if (comparator->fold != NULL) {
		comparator->fold(bytes, folded);
		bytes = bytes_of(folded->str, folded->len);
	}
	Bytes copy = { arena_copy(arena, bytes.data, bytes.size), bytes.size };
	wildcard->elements[wildcard->count++] =
		(Element){ ELEMENT_LITERAL, copy, sieve_find_key(copy) };
}

/* How many elements there can be: each wildcard and what is before it, and what
 * is behind the last. */
static gsize count_elements(Bytes pattern)
{
	gsize count = 1;
	for (gsize i = 0; i < pattern.size; i++)
		count += pattern.data[i] == '*' || pattern.data[i] == '?' ? 2 :
									    0;
	return count;
}

SieveWildcard *sieve_wildcard_new(
	Arena *arena, const SieveComparator *comparator, Bytes pattern)
{
	SieveWildcard *wildcard = arena_new_object(arena, SieveWildcard);
	g_autoptr(GString) literal = g_string_new(NULL);

	wildcard->elements =
		arena_new_array(arena, Element, count_elements(pattern));
	for (gsize i = 0; i < pattern.size; i++) {
		char c = pattern.data[i];
		if (c != '*' && c != '?') {
			if (c == '\\' && i + 1 < pattern.size)
				c = pattern.data[++i];
			g_string_append_c(literal, c);
			continue;
		}
		add_literal(arena, wildcard, comparator, literal);
		g_string_truncate(literal, 0);
		wildcard->elements[wildcard->count++].kind =
			c == '*' ? ELEMENT_MANY : ELEMENT_ONE;
	}
	add_literal(arena, wildcard, comparator, literal);
	return wildcard;
}

/* Folds character by character, to know where each byte came from. */
static void fold_characters(
	SieveWildcardText *text, const SieveComparator *comparator)
{
	Bytes value = text->value;
	g_autoptr(GString) folded = g_string_sized_new(value.size);
	g_autoptr(GArray) origins = g_array_sized_new(
		FALSE, FALSE, sizeof(guint32), (guint)value.size);
	gsize size;

	for (gsize at = 0; at < value.size; at += size) {
		guint32 origin = (guint32)at;
		regex_character(value, at, &size);
		comparator->fold(bytes_slice(value, at, size), folded);
		while (origins->len < folded->len)
			g_array_append_val(origins, origin);
	}
	guint32 end = (guint32)value.size;
	g_array_append_val(origins, end);
	text->folded.size = folded->len;
	text->folded.data = g_string_free(g_steal_pointer(&folded), FALSE);
	text->origins = (guint32 *)(void *)g_array_free(
		g_steal_pointer(&origins), FALSE);
}

void sieve_wildcard_text_fold(
	SieveWildcardText *text, const SieveComparator *comparator, Bytes value)
{
	GString *folded = g_string_sized_new(value.size);

	*text = (SieveWildcardText){ .value = value };
	comparator->fold(value, folded);
	text->folded.size = folded->len;
	text->folded.data = g_string_free(folded, FALSE);
}

void sieve_wildcard_text_init(
	SieveWildcardText *text, const SieveComparator *comparator, Bytes value)
{
	*text = (SieveWildcardText){ .value = value };
	if (comparator->fold == NULL) {
		text->folded = value;
		text->is_unfolded = TRUE;
	} else if (comparator->has_characters && !text_is_ascii(value) &&
		value.size < G_MAXUINT32) {
		fold_characters(text, comparator);
	} else {
		sieve_wildcard_text_fold(text, comparator, value);
	}
}

void sieve_wildcard_text_clear(SieveWildcardText *text)
{
	if (!text->is_unfolded)
		g_free((char *)text->folded.data);
	g_free(text->origins);
	*text = (SieveWildcardText){ 0 };
}

static void spend(Search *search, gsize cost)
{
	*search->work = *search->work > cost ? *search->work - cost : 0;
}

/* The value between two places of the folded text. */
static void note_value(Search *search, guint index, gsize begin, gsize end)
{
	const SieveWildcardText *text = search->text;
	if (index >= search->max_values)
		return;
	if (text->origins != NULL) {
		begin = text->origins[begin];
		end = text->origins[end];
	}
	search->values[index] =
		(Bytes){ text->value.data + begin, end - begin };
}

/* Behind the character at the place. */
static gsize next_character(const SieveWildcardText *text, gsize at)
{
	gsize end = at + 1;
	while (text->origins != NULL && end < text->folded.size &&
		text->origins[end] == text->origins[at])
		end++;
	return end;
}

static gsize previous_character(const SieveWildcardText *text, gsize at)
{
	gsize begin = at - 1;
	while (text->origins != NULL && begin > 0 &&
		text->origins[begin - 1] == text->origins[at - 1])
		begin--;
	return begin;
}

static gboolean has_literal(const Search *search, gsize at, Bytes literal)
{
	Bytes folded = search->text->folded;
	return literal.size <= folded.size - at &&
		memcmp(folded.data + at, literal.data, literal.size) == 0;
}

/* TRUE where the segment is at this place; *end is behind it. */
static gboolean is_at(
	Search *search, Segment segment, guint value, gsize at, gsize *end)
{
	for (guint i = segment.first; i < segment.end; i++) {
		const Element *element = &search->wildcard->elements[i];
		spend(search, 1 + element->literal.size / 16);
		if (element->kind == ELEMENT_LITERAL) {
			if (!has_literal(search, at, element->literal))
				return FALSE;
			at += element->literal.size;
			continue;
		}
		if (at >= search->text->folded.size)
			return FALSE;
		gsize next = next_character(search->text, at);
		note_value(search, value++, at, next);
		at = next;
	}
	*end = at;
	return TRUE;
}

/* The same, backwards from the text's end; *begin is its first byte.  value is
 * the number of the segment's first wildcard. */
static gboolean is_at_end(
	Search *search, Segment segment, guint value, gsize *begin)
{
	gsize at = search->text->folded.size;

	for (guint i = segment.first; i < segment.end; i++)
		value += search->wildcard->elements[i].kind == ELEMENT_ONE;
	for (guint i = segment.end; i > segment.first; i--) {
		const Element *element = &search->wildcard->elements[i - 1];
		spend(search, 1 + element->literal.size / 16);
		if (element->kind == ELEMENT_LITERAL) {
			if (element->literal.size > at)
				return FALSE;
			at -= element->literal.size;
			if (!has_literal(search, at, element->literal))
				return FALSE;
			continue;
		}
		if (at == 0)
			return FALSE;
		gsize before = previous_character(search->text, at);
		note_value(search, --value, before, at);
		at = before;
	}
	*begin = at;
	return TRUE;
}

/* The next place from `at` on where the segment may be. */
static gboolean find_candidate(Search *search, Segment segment, gsize *at)
{
	Bytes folded = search->text->folded;
	const Element *first = &search->wildcard->elements[segment.first];

	if (*at > folded.size)
		return FALSE;
	if (segment.first == segment.end || first->kind != ELEMENT_LITERAL)
		return TRUE;
	return sieve_find(&first->find, folded, search->work, at);
}

/* The first place from `from` on that the segment is at. */
static gboolean find(Search *search, Segment segment, guint value, gsize from,
	gsize *begin, gsize *end)
{
	gsize at = from;
	while (*search->work > 0 && find_candidate(search, segment, &at)) {
		spend(search, 1);
		if (is_at(search, segment, value, at, end)) {
			*begin = at;
			return TRUE;
		}
		if (at >= search->text->folded.size)
			return FALSE;
		at = next_character(search->text, at);
	}
	return FALSE;
}

/* From the element on, up to the next star or the end. */
static Segment segment_at(const SieveWildcard *wildcard, guint first)
{
	Segment segment = { first, first };
	while (segment.end < wildcard->count &&
		wildcard->elements[segment.end].kind != ELEMENT_MANY)
		segment.end++;
	return segment;
}

static guint count_ones(const SieveWildcard *wildcard, Segment segment)
{
	guint count = 0;
	for (guint i = segment.first; i < segment.end; i++)
		count += wildcard->elements[i].kind == ELEMENT_ONE;
	return count;
}

static gboolean search_all(Search *search)
{
	const SieveWildcard *wildcard = search->wildcard;
	Segment segment = segment_at(wildcard, 0);
	guint value = count_ones(wildcard, segment);
	gsize begin = 0;
	gsize end = 0;

	search->n_values = value;
	if (!is_at(search, segment, 0, 0, &end))
		return FALSE;
	if (segment.end == wildcard->count)
		return end == search->text->folded.size;
	while (segment.end < wildcard->count) {
		gsize star = end;
		segment = segment_at(wildcard, segment.end + 1);
		search->n_values = value + 1 + count_ones(wildcard, segment);
		if (segment.end == wildcard->count) {
			if (!is_at_end(search, segment, value + 1, &begin) ||
				begin < star)
				return FALSE;
		} else if (!find(search, segment, value + 1, star, &begin,
				   &end)) {
			return FALSE;
		}
		note_value(search, value, star, begin);
		value = search->n_values;
	}
	return TRUE;
}

gboolean sieve_wildcard_match(const SieveWildcard *wildcard,
	const SieveWildcardText *text, guint64 *work, Bytes *values,
	guint max_values, guint *n_values)
{
	Search search = { .wildcard = wildcard,
		.text = text,
		.work = work,
		.values = values,
		.max_values = max_values };
	gboolean matched = search_all(&search);
	*n_values = MIN(search.n_values, max_values);
	return matched && *work > 0;
}
