/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes in which a structure is kept, version 1.
 *
 * One byte of version, then the nodes, each before its children.  Numbers
 * are little-endian groups of 7 bits, the high bit set on all but the last.
 * A node: kind, header - the previous node's header, body - header,
 * body_end - body, lines, number of children, then the strings in the order
 * of the table below, each with its parameters where it has any.
 * A string: 0 for none, 2 * i + 1 for row i of the list of common words, else
 * 2 * (size + 1) and the bytes.  Parameters: their number, then for each
 * 0 or 1 (extended), name, value. */
#include "mime/structure.h"

#include "base/errors.h"

#define FORMAT_VERSION 1
/* A node with nothing in it: six numbers, nine strings, two counts. */
#define NODE_MIN 17

/* Rows may be added at the end; none may ever change or go. */
static const char *const common_words[] = { "text", "plain", "html",
	"multipart", "mixed", "alternative", "related", "application",
	"octet-stream", "message", "rfc822", "image", "png", "jpeg", "gif",
	"pdf", "charset", "utf-8", "UTF-8", "us-ascii", "iso-8859-1",
	"ISO-8859-1", "boundary", "name", "filename", "7bit", "8bit", "base64",
	"quoted-printable", "attachment", "inline", "format", "flowed", "TEXT",
	"PLAIN", "US-ASCII", "windows-1252", "report", "delivery-status",
	"signed", "report-type", "protocol", "micalg", "type", "delsp", "yes" };

static void put_number(GByteArray *out, guint64 number)
{
	guint8 bytes[10];
	guint size = 0;
	do {
		bytes[size] = (guint8)(number & 0x7f);
		number >>= 7;
		if (number > 0)
			bytes[size] |= 0x80;
		size++;
	} while (number > 0);
	g_byte_array_append(out, bytes, size);
}

static void put_string(GByteArray *out, Bytes string)
{
	if (string.data == NULL) {
		put_number(out, 0);
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(common_words); i++) {
		if (bytes_equal(string, bytes_of_string(common_words[i]))) {
			put_number(out, 2 * (guint64)i + 1);
			return;
		}
	}
	put_number(out, 2 * ((guint64)string.size + 1));
	if (string.size > 0)
		g_byte_array_append(
			out, (const guint8 *)string.data, (guint)string.size);
}

static void put_params(GByteArray *out, const MimeParam *params, guint n)
{
	put_number(out, n);
	for (guint i = 0; i < n; i++) {
		put_number(out, params[i].extended ? 1 : 0);
		put_string(out, params[i].name);
		put_string(out, params[i].value);
	}
}

static void put_node(GByteArray *out, const MimeStructure *node, gsize before)
{
	put_number(out, (guint64)node->kind);
	put_number(out, node->header - before);
	put_number(out, node->body - node->header);
	put_number(out, node->body_end - node->body);
	put_number(out, node->lines);
	put_number(out, node->n_children);
	put_string(out, node->type);
	put_string(out, node->subtype);
	put_params(out, node->params, node->n_params);
	put_string(out, node->id);
	put_string(out, node->description);
	put_string(out, node->encoding);
	put_string(out, node->md5);
	put_string(out, node->disposition);
	put_params(out, node->disposition_params, node->n_disposition_params);
	put_string(out, node->languages);
	put_string(out, node->location);
	put_string(out, node->envelope);
}

/* A row of children that is being gone through. */
typedef struct {
	const MimeStructure *node;
	guint next;
} Frame;

void mime_structure_encode(const MimeStructure *structure, GByteArray *out)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Frame));
	Frame first = { .node = structure };
	gsize before = structure->header;

	g_byte_array_append(out, (const guint8[]){ FORMAT_VERSION }, 1);
	put_node(out, structure, 0);
	g_array_append_val(stack, first);
	while (stack->len > 0) {
		Frame *top = &g_array_index(stack, Frame, stack->len - 1);
		if (top->next == top->node->n_children) {
			g_array_set_size(stack, stack->len - 1);
			continue;
		}
		Frame inner = { .node = &top->node->children[top->next++] };
		put_node(out, inner.node, before);
		before = inner.node->header;
		g_array_append_val(stack, inner);
	}
}

/* What is being decoded.  After the first mistake all that is read is 0. */
typedef struct {
	Arena *arena;
	const guint8 *at;
	const guint8 *end;
	gsize before; /* header of the node before */
	gboolean broken;
} Decoder;

static guint64 get_number(Decoder *d)
{
	guint64 number = 0;
	for (guint shift = 0; shift < 63 && d->at < d->end; shift += 7) {
		guint8 byte = *d->at++;
		number |= (guint64)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return number;
	}
	d->broken = TRUE;
	return 0;
}

/* A number that is at most max. */
static guint64 get_bounded(Decoder *d, guint64 max)
{
	guint64 number = get_number(d);
	if (number <= max)
		return number;
	d->broken = TRUE;
	return 0;
}

static gsize left(const Decoder *d)
{
	return (gsize)(d->end - d->at);
}

static Bytes get_string(Decoder *d)
{
	guint64 code = get_number(d);
	if (code == 0)
		return bytes_of(NULL, 0);
	if (code % 2 == 1) {
		if (code / 2 < G_N_ELEMENTS(common_words))
			return bytes_of_string(common_words[code / 2]);
		d->broken = TRUE;
		return bytes_of(NULL, 0);
	}
	guint64 size = code / 2 - 1;
	if (size > left(d)) {
		d->broken = TRUE;
		return bytes_of(NULL, 0);
	}
	Bytes string = bytes_of((const char *)d->at, (gsize)size);
	d->at += size;
	return string;
}

static const MimeParam *get_params(Decoder *d, guint *n_params)
{
	guint n = (guint)get_bounded(d, MIN(MIME_PARAMS_MAX, left(d) / 3));
	MimeParam *params = NULL;

	if (n > 0)
		params = arena_new_array(d->arena, MimeParam, n);
	for (guint i = 0; i < n; i++) {
		params[i].extended = get_bounded(d, 1) == 1;
		params[i].name = get_string(d);
		params[i].value = get_string(d);
	}
	*n_params = n;
	return params;
}

static void get_offsets(Decoder *d, MimeStructure *node)
{
	guint64 most = G_MAXINT64 / 4;
	node->header = d->before + (gsize)get_bounded(d, most);
	node->body = node->header + (gsize)get_bounded(d, most);
	node->body_end = node->body + (gsize)get_bounded(d, most);
	node->size = node->body_end - node->body;
	node->lines = (gsize)get_bounded(d, node->size);
	d->before = MIN(node->header, (gsize)most);
}

static void get_node(Decoder *d, MimeStructure *node)
{
	node->kind = (MimeKind)get_bounded(d, MIME_MESSAGE);
	get_offsets(d, node);
	node->n_children =
		(guint)get_bounded(d, MIN(MIME_PARTS_MAX, left(d) / NODE_MIN));
	if ((node->kind == MIME_LEAF && node->n_children != 0) ||
		(node->kind == MIME_MESSAGE && node->n_children != 1))
		d->broken = TRUE;
	node->type = get_string(d);
	node->subtype = get_string(d);
	node->params = get_params(d, &node->n_params);
	node->id = get_string(d);
	node->description = get_string(d);
	node->encoding = get_string(d);
	node->md5 = get_string(d);
	node->disposition = get_string(d);
	node->disposition_params = get_params(d, &node->n_disposition_params);
	node->languages = get_string(d);
	node->location = get_string(d);
	node->envelope = get_string(d);
	if (node->n_children > 0 && !d->broken)
		node->children = arena_new_array(
			d->arena, MimeStructure, node->n_children);
}

static gboolean is_inside(
	const MimeStructure *inner, const MimeStructure *outer)
{
	return inner->header >= outer->body &&
		inner->body_end <= outer->body_end;
}

static void get_nodes(Decoder *d, MimeStructure *root)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Frame));
	Frame first = { .node = root };

	get_node(d, root);
	g_array_append_val(stack, first);
	while (stack->len > 0 && !d->broken) {
		Frame *top = &g_array_index(stack, Frame, stack->len - 1);
		if (top->next == top->node->n_children) {
			g_array_set_size(stack, stack->len - 1);
			continue;
		}
		MimeStructure *node =
			(MimeStructure *)&top->node->children[top->next++];
		get_node(d, node);
		if (!is_inside(node, top->node) || stack->len > MIME_DEPTH_MAX)
			d->broken = TRUE;
		Frame inner = { .node = node };
		g_array_append_val(stack, inner);
	}
}

MimeStructure *mime_structure_decode(
	Arena *arena, Bytes encoded, GError **error)
{
	if (encoded.size == 0 || encoded.data[0] != FORMAT_VERSION) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"The message's structure cannot be read",
			"encoded structure of %zu bytes has no known version",
			encoded.size);
		return NULL;
	}
	Decoder d = { .arena = arena,
		.at = (const guint8 *)encoded.data + 1,
		.end = (const guint8 *)encoded.data + encoded.size };
	MimeStructure *root = arena_new_object(arena, MimeStructure);
	get_nodes(&d, root);
	if (d.broken || d.at != d.end) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"The message's structure cannot be read",
			"encoded structure of %zu bytes is broken at byte %zu",
			encoded.size, encoded.size - left(&d));
		return NULL;
	}
	return root;
}
