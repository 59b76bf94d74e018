/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a peer sends for compressed data, and URLs that come in it. */
#include "fuzz.h"

#include "net/deflate.h"
#include "syntax/message-url.h"

#define OUTPUT_MAX 1000000

/* What comes of the bytes, fed and taken in pieces of these sizes, up to a
 * million. */
static GByteArray *expand(Bytes in, gsize feed, gsize take)
{
	g_autofree char *room = g_malloc(take);
	GByteArray *out = g_byte_array_new();
	Deflate *codec = deflate_new();

	while (out->len < OUTPUT_MAX) {
		gsize got = 0, size = 0;
		gboolean has_input = deflate_has_input(codec);
		InflateResult result = deflate_inflate(codec, room, take, &got);
		g_assert(!has_input || result == INFLATE_DONE);
		if (result == INFLATE_DONE) {
			g_assert(got > 0 && got <= take);
			g_byte_array_append(
				out, (const guint8 *)room, (guint)got);
			continue;
		}
		if (result != INFLATE_HUNGRY || in.size == 0)
			break;
		deflate_rest(codec);
		char *to = deflate_room(codec, &size);
		size = MIN(MIN(size, feed), in.size);
		memcpy(to, in.data, size);
		deflate_feed(codec, size);
		in = bytes_slice(in, size, G_MAXSIZE);
	}
	deflate_free(&codec);
	g_byte_array_set_size(out, MIN(out->len, OUTPUT_MAX));
	return out;
}

static void try_url(Bytes text)
{
	g_autoptr(Arena) arena = arena_new();
	MessageUrl url;

	if (!message_url_parse(arena, text, &url))
		return;
	g_assert(url.uid != 0 && url.size != 0);
	g_assert(url.mailbox == NULL || g_utf8_validate(url.mailbox, -1, NULL));
	g_assert(url.section == NULL || g_utf8_validate(url.section, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes in = bytes_of((const char *)data, size);
	g_autoptr(GByteArray) whole = expand(in, 16384, 65536);
	g_autoptr(GByteArray) pieces = expand(in, 3, 7);

	g_assert(whole->len == pieces->len);
	g_assert(whole->len == 0 ||
		memcmp(whole->data, pieces->data, whole->len) == 0);
	try_url(in);
	try_url(bytes_of((const char *)whole->data, whole->len));
	return 0;
}
