/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run of bytes somebody else owns. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <glib.h>
#include <string.h>

/* Any bytes, NUL included; data may be NULL when size is 0.  The comment of
 * whoever hands one out says how long it lives. */
typedef struct {
	const char *data;
	gsize size;
} Bytes;

static inline Bytes bytes_of(const char *data, gsize size)
{
	return (Bytes){ data, size };
}

static inline Bytes bytes_of_string(const char *string)
{
	return (Bytes){ string, string != NULL ? strlen(string) : 0 };
}

/* The part from `from` on, of at most `size` bytes; an offset past the end
 * gives no bytes. */
static inline Bytes bytes_slice(Bytes all, gsize from, gsize size)
{
	if (from >= all.size)
		return (Bytes){ NULL, 0 };
	return (Bytes){ all.data + from, MIN(size, all.size - from) };
}

static inline gboolean bytes_equal(Bytes a, Bytes b)
{
	return a.size == b.size &&
		(a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
