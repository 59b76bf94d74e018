/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both directions of a connection compressed (RFC 4978), without any I/O. */
#include "net/deflate.h"

#include <zlib.h>

#define BUFFER_SIZE 16384
/* Raw DEFLATE; the peer may use all of its window. */
#define INFLATE_WINDOW (-15)
#define WINDOW_SIZE 32768
/* Ours is smaller, since it is memory: 32 kB and 64 kB of tables. */
#define DEFLATE_LEVEL 5
#define DEFLATE_WINDOW (-13)
#define DEFLATE_MEMORY 7
/* Compressed bytes in a row of which nothing comes. */
#define BARREN_MAX ((gsize)1048576)

struct Deflate {
	z_stream in;
	gboolean in_is_open;
	gboolean in_is_between; /* at the end of a block and of a byte */
	gboolean in_has_ended;
	gboolean in_is_broken;
	gsize barren;
	char *in_buffer; /* BUFFER_SIZE, or NULL; in.next_in points into it */
	guint8 *said;    /* what the closed `in` has to remember */
	guint said_size;
	/* The next byte, where the last call has filled its room: only so is it
	 * known whether there is one. */
	gboolean has_ahead;
	char ahead;

	z_stream out;
	gboolean out_is_open;
	gboolean out_is_unflushed;
	char *out_buffer; /* BUFFER_SIZE, or NULL */
	gsize out_start;
	gsize out_end;
};

Deflate *deflate_new(void)
{
	return g_new0(Deflate, 1);
}

void deflate_free(Deflate **codec)
{
	Deflate *gone = g_steal_pointer(codec);

	if (gone == NULL)
		return;
	if (gone->in_is_open)
		inflateEnd(&gone->in);
	if (gone->out_is_open)
		deflateEnd(&gone->out);
	g_free(gone->in_buffer);
	g_free(gone->out_buffer);
	g_free(gone->said);
	g_free(gone);
}

/* zlib fails here only where memory has run out, as g_malloc() does. */
static void must(int result)
{
	if (result != Z_OK)
		g_error("zlib failed: %d", result);
}

/* --- expanding ------------------------------------------------------------- */

static void open_in(Deflate *codec)
{
	if (codec->in_is_open)
		return;
	must(inflateInit2(&codec->in, INFLATE_WINDOW));
	if (codec->said != NULL)
		must(inflateSetDictionary(
			&codec->in, codec->said, codec->said_size));
	g_clear_pointer(&codec->said, g_free);
	codec->in_is_open = TRUE;
	codec->in_is_between = TRUE;
}

/* Expands into the room until it is full or the input is used up; the bytes
 * that came. */
static gsize expand(Deflate *codec, char *out, gsize size)
{
	z_stream *in = &codec->in;
	int result = Z_OK;

	in->next_out = (Bytef *)out;
	in->avail_out = (uInt)MIN(size, G_MAXUINT32);
	uInt room = in->avail_out;
	/* Block by block, to know whether it stands between two. */
	while (result == Z_OK && in->avail_out > 0) {
		uInt left = in->avail_in + in->avail_out;
		result = inflate(in, Z_BLOCK);
		if (result == Z_OK && in->avail_in + in->avail_out == left &&
			in->avail_in == 0)
			break;
	}
	codec->in_is_between =
		(in->data_type & 128) != 0 && (in->data_type & 63) == 0;
	codec->in_has_ended = result == Z_STREAM_END;
	codec->in_is_broken = result != Z_OK && result != Z_BUF_ERROR &&
		result != Z_STREAM_END;
	return room - in->avail_out;
}

static gboolean is_over(const Deflate *codec)
{
	return codec->in_has_ended || codec->in_is_broken;
}

InflateResult deflate_inflate(Deflate *codec, char *out, gsize size, gsize *got)
{
	gsize done = 0;

	open_in(codec);
	if (codec->has_ahead)
		out[done++] = codec->ahead;
	codec->has_ahead = FALSE;
	if (done < size && !is_over(codec))
		done += expand(codec, out + done, size - done);
	if (done == size && !is_over(codec))
		codec->has_ahead = expand(codec, &codec->ahead, 1) == 1;
	if (done > 0) {
		codec->barren = 0;
		*got = done;
		return INFLATE_DONE;
	}
	if (codec->in_has_ended)
		return INFLATE_END;
	codec->in_is_broken |= codec->barren > BARREN_MAX;
	return codec->in_is_broken ? INFLATE_BROKEN : INFLATE_HUNGRY;
}

gboolean deflate_has_input(const Deflate *codec)
{
	return codec->has_ahead;
}

char *deflate_room(Deflate *codec, gsize *size)
{
	if (codec->in_buffer == NULL)
		codec->in_buffer = g_malloc(BUFFER_SIZE);
	*size = BUFFER_SIZE;
	return codec->in_buffer;
}

void deflate_feed(Deflate *codec, gsize got)
{
	g_assert(codec->in.avail_in == 0 && got <= BUFFER_SIZE);
	codec->barren += got;
	codec->in.next_in = (Bytef *)codec->in_buffer;
	codec->in.avail_in = (uInt)got;
}

Bytes deflate_rest_of_input(const Deflate *codec)
{
	if (!codec->in_has_ended)
		return bytes_of(NULL, 0);
	return bytes_of((const char *)codec->in.next_in, codec->in.avail_in);
}

/* --- compressing ----------------------------------------------------------- */

static void run_out(Deflate *codec, int flush)
{
	g_assert(codec->out_start == codec->out_end);
	if (codec->out_buffer == NULL)
		codec->out_buffer = g_malloc(BUFFER_SIZE);
	codec->out.next_out = (Bytef *)codec->out_buffer;
	codec->out.avail_out = BUFFER_SIZE;
	int result = deflate(&codec->out, flush);
	g_assert(result == Z_OK || result == Z_BUF_ERROR);
	codec->out_start = 0;
	codec->out_end = BUFFER_SIZE - codec->out.avail_out;
}

gsize deflate_compress(Deflate *codec, Bytes bytes)
{
	uInt size = (uInt)MIN(bytes.size, G_MAXINT32);

	if (!codec->out_is_open)
		must(deflateInit2(&codec->out, DEFLATE_LEVEL, Z_DEFLATED,
			DEFLATE_WINDOW, DEFLATE_MEMORY, Z_DEFAULT_STRATEGY));
	codec->out_is_open = TRUE;
	codec->out.next_in = (Bytef *)(gpointer)bytes.data;
	codec->out.avail_in = size;
	run_out(codec, Z_NO_FLUSH);
	codec->out_is_unflushed = TRUE;
	return size - codec->out.avail_in;
}

gboolean deflate_is_unflushed(const Deflate *codec)
{
	return codec->out_is_unflushed;
}

void deflate_flush(Deflate *codec)
{
	codec->out.avail_in = 0;
	run_out(codec, Z_SYNC_FLUSH);
	if (codec->out.avail_out > 0)
		codec->out_is_unflushed = FALSE;
}

Bytes deflate_pending(const Deflate *codec)
{
	if (codec->out_start == codec->out_end)
		return bytes_of(NULL, 0);
	return bytes_of(codec->out_buffer + codec->out_start,
		codec->out_end - codec->out_start);
}

void deflate_sent(Deflate *codec, gsize size)
{
	g_assert(size <= codec->out_end - codec->out_start);
	codec->out_start += size;
}

/* --- resting --------------------------------------------------------------- */

static void rest_in(Deflate *codec)
{
	guint8 *said = g_malloc(WINDOW_SIZE);
	uInt size = 0;

	must(inflateGetDictionary(&codec->in, said, &size));
	codec->said = g_realloc(said, MAX(size, 1));
	codec->said_size = size;
	inflateEnd(&codec->in);
	codec->in = (z_stream){ 0 };
	codec->in_is_open = FALSE;
	g_clear_pointer(&codec->in_buffer, g_free);
}

void deflate_rest(Deflate *codec)
{
	if (codec->in_is_open && codec->in_is_between &&
		codec->in.avail_in == 0 && !codec->has_ahead && !is_over(codec))
		rest_in(codec);
	if (codec->out_is_unflushed || deflate_pending(codec).size > 0)
		return;
	g_clear_pointer(&codec->out_buffer, g_free);
	codec->out_start = codec->out_end = 0;
	/* What comes next refers to nothing that went before, which the peer
	 * need not know. */
	if (codec->out_is_open)
		deflateEnd(&codec->out);
	codec->out = (z_stream){ 0 };
	codec->out_is_open = FALSE;
}
