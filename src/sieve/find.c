/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking for one text in another: by the byte of the key that is rarest in
 * mail, so that hardly a place is looked at, and whoever writes a mail where it
 * is not rare pays for each. */
#include "sieve/find.h"

/* The most frequent first; what is not here is rare.  Upper case is what
 * comparators fold to. */
static const char frequent[] =
	" ETAOINSRHLDCUMFPGWYBVKXJQZetaoinsrhldcumfpgwybvkxjqz\n\r=0123456789"
	".,-/<>\"_:;()";

/* 0 for what is rarest. */
static guint frequency(char c)
{
	const char *found = c != '\0' ? strchr(frequent, c) : NULL;

	return found != NULL ? (guint)(frequent + sizeof(frequent) - found) : 0;
}

SieveFindKey sieve_find_key(Bytes text)
{
	SieveFindKey key = { text, 0 };
	guint least = G_MAXUINT;

	for (gsize i = 0; i < text.size && least > 0; i++) {
		guint here = frequency(text.data[i]);
		if (here >= least)
			continue;
		least = here;
		key.rarest = i;
	}
	return key;
}

static gboolean spend(guint64 *work, gsize cost)
{
	*work = *work > cost ? *work - cost : 0;
	return *work > 0;
}

gboolean sieve_find(
	const SieveFindKey *key, Bytes text, guint64 *work, gsize *at)
{
	const gsize size = key->text.size;
	const char *data = text.data;
	gsize from = *at;

	while (from <= text.size && text.size - from >= size) {
		const char *begin = data + from + key->rarest;
		const char *found = memchr(begin, key->text.data[key->rarest],
			text.size - from - size + 1);
		if (found == NULL) {
			(void)spend(work,
				1 + (text.size - from) / SIEVE_FIND_BYTES);
			return FALSE;
		}
		gsize passed = (gsize)(found - begin);
		if (!spend(work, 1 + (passed + size) / SIEVE_FIND_BYTES))
			return FALSE;
		from += passed;
		if (memcmp(data + from, key->text.data, size) == 0) {
			*at = from;
			return TRUE;
		}
		from++;
	}
	return FALSE;
}
