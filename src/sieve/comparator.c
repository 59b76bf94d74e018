/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How two strings are compared (RFC 4790): the comparators of Sieve. */
#include "sieve/comparator.h"

#include "base/text.h"

static gint compare_octet(Bytes a, Bytes b)
{
	gsize size = MIN(a.size, b.size);
	gint order = size > 0 ? memcmp(a.data, b.data, size) : 0;
	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

static char to_upper(char c)
{
	return (guchar)(c - 'a') < 26 ? (char)(c - 0x20) : c;
}

/* Blocks of a size that is known are what compilers do all at once. */
#define FOLD_BLOCK 32

static void fold_ascii(Bytes text, GString *out)
{
	gsize begin = out->len;
	gsize at = 0;
	if (text.size == 0)
		return;
	g_string_set_size(out, begin + text.size);
	char *to = out->str + begin;
	for (; text.size - at >= FOLD_BLOCK; at += FOLD_BLOCK) {
		char block[FOLD_BLOCK];
		memcpy(block, text.data + at, FOLD_BLOCK);
		for (gsize i = 0; i < FOLD_BLOCK; i++)
			block[i] = to_upper(block[i]);
		memcpy(to + at, block, FOLD_BLOCK);
	}
	for (; at < text.size; at++)
		to[at] = to_upper(text.data[at]);
}

static gint compare_ascii(Bytes a, Bytes b)
{
	gsize size = MIN(a.size, b.size);
	for (gsize i = 0; i < size; i++) {
		guchar x = (guchar)g_ascii_toupper(a.data[i]);
		guchar y = (guchar)g_ascii_toupper(b.data[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.size > b.size) - (a.size < b.size);
}

/* The digits a number begins with, without leading zeros.  FALSE: there are
 * none, which means infinity. */
static gboolean take_digits(Bytes text, Bytes *digits)
{
	gsize end = 0;
	gsize begin = 0;
	while (end < text.size && g_ascii_isdigit(text.data[end]))
		end++;
	if (end == 0)
		return FALSE;
	while (begin < end && text.data[begin] == '0')
		begin++;
	*digits = bytes_slice(text, begin, end - begin);
	return TRUE;
}

static gint compare_numeric(Bytes a, Bytes b)
{
	Bytes x = { NULL, 0 };
	Bytes y = { NULL, 0 };
	gboolean has_x = take_digits(a, &x);
	gboolean has_y = take_digits(b, &y);

	if (!has_x || !has_y)
		return (has_y ? 1 : 0) - (has_x ? 1 : 0);
	if (x.size != y.size)
		return x.size < y.size ? -1 : 1;
	return compare_octet(x, y);
}

static void fold_unicode(Bytes text, GString *out)
{
	if (text.size == 0)
		return;
	if (memchr(text.data, '\0', text.size) == NULL &&
		g_utf8_validate(text.data, (gssize)text.size, NULL)) {
		text_append_collation_key(text, out);
		return;
	}
	/* RFC 5051 has no answer for what is not UTF-8; octets then. */
	fold_ascii(text, out);
}

static gint compare_unicode(Bytes a, Bytes b)
{
	g_autoptr(GString) x = g_string_sized_new(a.size);
	g_autoptr(GString) y = g_string_sized_new(b.size);
	fold_unicode(a, x);
	fold_unicode(b, y);
	return compare_octet(
		bytes_of(x->str, x->len), bytes_of(y->str, y->len));
}

static const SieveComparator comparators[] = {
	{ "i;ascii-casemap", SIEVE_EXT_BASE, TRUE, FALSE, FALSE, fold_ascii,
		compare_ascii },
	{ "i;octet", SIEVE_EXT_BASE, TRUE, FALSE, FALSE, NULL, compare_octet },
	{ "i;ascii-numeric", SIEVE_EXT_COMPARATOR_ASCII_NUMERIC, FALSE, TRUE,
		FALSE, NULL, compare_numeric },
	{ "i;unicode-casemap", SIEVE_EXT_COMPARATOR_UNICODE_CASEMAP, TRUE,
		FALSE, TRUE, fold_unicode, compare_unicode },
};

const SieveComparator *sieve_comparator_find(Bytes name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(comparators); i++) {
		if (bytes_equal(name, bytes_of_string(comparators[i].name)))
			return &comparators[i];
	}
	return NULL;
}

const SieveComparator *sieve_comparator_default(void)
{
	return &comparators[0];
}

gboolean sieve_comparator_equal(
	const SieveComparator *comparator, Bytes a, Bytes b)
{
	if (comparator->compare == compare_octet)
		return bytes_equal(a, b);
	if (comparator->compare == compare_ascii && a.size != b.size)
		return FALSE;
	return comparator->compare(a, b) == 0;
}
