/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which three bytes in a row a text has: a bit each, in as few bits as tell
 * most texts apart. */
#include "store/search-index.h"

static guint mark_of(const char *text)
{
	guint32 bytes = (guint32)(guchar)text[0] |
		(guint32)(guchar)text[1] << 8 | (guint32)(guchar)text[2] << 16;
	return (bytes * 2654435761u) >> 19;
}

G_STATIC_ASSERT(SEARCH_MARKS_BITS == 1 << (32 - 19));

void search_marks_add(SearchMarks *marks, const char *text, gsize size)
{
	for (gsize i = 0; i + 2 < size; i++) {
		guint mark = mark_of(text + i);
		marks->bytes[mark / 8] |= (guint8)(1 << mark % 8);
	}
}

static guint count_bits(const guint8 *bytes, gsize size)
{
	guint bits = 0;
	for (gsize i = 0; i < size; i++)
		bits += (guint)__builtin_popcount(bytes[i]);
	return bits;
}

/* Half the size as long as no more than one in four bits is set then. */
Bytes search_marks_fold(SearchMarks *marks)
{
	gsize size = sizeof(marks->bytes);
	guint8 half[sizeof(marks->bytes) / 2];
	while (size > SEARCH_MARKS_LEAST) {
		for (gsize i = 0; i < size / 2; i++)
			half[i] = marks->bytes[i] | marks->bytes[size / 2 + i];
		if (count_bits(half, size / 2) > size / 2 * 2)
			break;
		size /= 2;
		memcpy(marks->bytes, half, size);
	}
	return bytes_of((const char *)marks->bytes, size);
}

guint search_marks_of_needle(
	const char *needle, gsize size, gint32 probes[SEARCH_PROBES])
{
	if (size < 3)
		return 0;
	gsize last = size - 3; /* where the last three bytes begin */
	guint count = (guint)MIN(last + 1, SEARCH_PROBES);
	for (guint i = 0; i < count; i++) {
		gsize at = count > 1 ? last * i / (count - 1) : 0;
		probes[i] = (gint32)mark_of(needle + at);
	}
	return count;
}
