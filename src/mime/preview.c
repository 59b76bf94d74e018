/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message's preview: the beginning of its text, for lists (RFC 8970). */
#include "mime/preview.h"

#include "base/text.h"
#include "mime/decode.h"
#include "mime/preview-private.h"

/* Previews of another version of this file are not taken for this one's. */
#define FORM_VERSION 1
/* A text of fewer bytes says nothing. */
#define LEAF_MIN 5
#define CHARSET_MAX 40
/* Lines that may stand above a quotation to say whose it is. */
#define ATTRIBUTION_MAX 3

/* --- which leaf ------------------------------------------------------------ */

static const struct {
	const char *subtype;
	gboolean is_markup;
} subtypes[] = {
	{ "plain", FALSE },
	{ "html", TRUE },
	{ "enriched", TRUE },
	{ "markdown", FALSE },
};

static gboolean is_markup(const MimeStructure *leaf)
{
	for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++) {
		if (text_equal_nocase(leaf->subtype, subtypes[i].subtype))
			return subtypes[i].is_markup;
	}
	return FALSE;
}

static gboolean is_shown_text(const MimeStructure *node)
{
	if (node->kind != MIME_LEAF || node->size < LEAF_MIN ||
		!text_equal_nocase(node->type, "text") ||
		text_equal_nocase(node->disposition, "attachment") ||
		mime_encoding_of(node->encoding) == MIME_ENCODING_UNKNOWN)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++) {
		if (text_equal_nocase(node->subtype, subtypes[i].subtype))
			return TRUE;
	}
	return FALSE;
}

static gboolean is_encrypted(const MimeStructure *node)
{
	return node->kind == MIME_MULTIPART &&
		text_equal_nocase(node->subtype, "encrypted");
}

/* In document order; *inner receives the first message inside. */
static const MimeStructure *find_leaf(
	const MimeStructure *root, const MimeStructure **inner)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();

	g_ptr_array_add(stack, (gpointer)root);
	while (stack->len > 0) {
		const MimeStructure *node =
			g_ptr_array_steal_index(stack, stack->len - 1);
		if (is_encrypted(node))
			return NULL;
		if (is_shown_text(node))
			return node;
		if (node->kind == MIME_MESSAGE) {
			if (*inner == NULL && node->n_children > 0)
				*inner = &node->children[0];
			continue;
		}
		for (guint i = node->n_children; i > 0; i--)
			g_ptr_array_add(
				stack, (gpointer)&node->children[i - 1]);
	}
	return NULL;
}

const MimeStructure *mime_preview_leaf(const MimeStructure *root)
{
	const MimeStructure *next = root;

	while (next != NULL) {
		const MimeStructure *inner = NULL;
		const MimeStructure *leaf = find_leaf(next, &inner);
		if (leaf != NULL)
			return leaf;
		next = is_encrypted(next) ? NULL : inner;
	}
	return NULL;
}

static Bytes charset_of(const MimeStructure *leaf, Arena *arena)
{
	const MimeParam *param =
		mime_param_find(leaf->params, leaf->n_params, "charset");

	return param != NULL ? mime_param_bytes(arena, param) :
			       bytes_of(NULL, 0);
}

void mime_preview_form(const MimeStructure *leaf, GString *out)
{
	g_autoptr(Arena) arena = arena_new();
	Bytes charset = text_trim(charset_of(leaf, arena));
	gsize start;

	g_string_append_printf(out, "%d %s %d ", FORM_VERSION,
		is_markup(leaf) ? "markup" : "plain",
		(int)mime_encoding_of(leaf->encoding));
	start = out->len;
	for (gsize i = 0; i < charset.size && i <= CHARSET_MAX; i++) {
		char c = charset.data[i];
		if (!g_ascii_isalnum(c) && (c == '\0' || !strchr("-_.:", c)))
			break;
		g_string_append_c(out, g_ascii_tolower(c));
	}
	/* Whatever cannot be a charset is one and the same. */
	if (out->len - start < charset.size) {
		g_string_truncate(out, start);
		g_string_append_c(out, '?');
	}
}

/* --- characters ------------------------------------------------------------ */

gboolean preview_is_full(const Preview *preview)
{
	return preview->count >= preview->max;
}

static const struct {
	gunichar first;
	gunichar last;
} unseen[] = {
	{ 0xad, 0xad },
	{ 0x34f, 0x34f },
	{ 0x61c, 0x61c },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x202a, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff9, 0xfffc },
	{ 0xe0000, 0xe0fff },
};

static gboolean is_unseen(gunichar c)
{
	for (gsize i = 0; i < G_N_ELEMENTS(unseen); i++) {
		if (c >= unseen[i].first && c <= unseen[i].last)
			return TRUE;
	}
	return FALSE;
}

static gboolean is_blank(gunichar c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x2800 ||
		(c > 0xa0 && g_unichar_isspace(c));
}

static void put(Preview *preview, gunichar c)
{
	if (preview_is_full(preview))
		return;
	g_string_append_unichar(preview->out, c);
	preview->count++;
}

void preview_add(Preview *preview, gunichar c)
{
	if (is_blank(c)) {
		preview->has_blank = preview->count > 0;
		preview->joiner = 0;
		return;
	}
	/* Inside of words and emoji they mean something. */
	if ((c == 0x200c || c == 0x200d) && preview->count > 0 &&
		!preview->has_blank)
		preview->joiner = c;
	if (c >= 0xad && is_unseen(c))
		return;
	if (preview->has_blank && preview->count + 1 < preview->max)
		put(preview, ' ');
	else if (preview->has_blank)
		preview->count = preview->max;
	if (preview->joiner != 0 && preview->count + 1 < preview->max)
		put(preview, preview->joiner);
	preview->has_blank = FALSE;
	preview->joiner = 0;
	put(preview, c);
}

/* Valid UTF-8. */
static void add_text(Preview *preview, Bytes text)
{
	const char *at = text.data;

	/* Empty text need not point anywhere. */
	if (text.size == 0)
		return;
	const char *end = at + text.size;
	for (; at < end && !preview_is_full(preview); at = g_utf8_next_char(at))
		preview_add(preview, g_utf8_get_char(at));
}

/* --- plain text ------------------------------------------------------------ */

typedef enum {
	LINE_TEXT,
	LINE_EMPTY,
	LINE_QUOTED,
	LINE_DROPPED,
	LINE_STOP, /* nothing from here on */
} LineKind;

typedef struct {
	Bytes text;
	LineKind kind;
} Line;

/* "-----", "=====": at least four of one mark. */
static gboolean is_rule(Bytes text)
{
	if (text.size < 4 || strchr("-=_*~#", text.data[0]) == NULL)
		return FALSE;
	for (gsize i = 1; i < text.size; i++) {
		if (text.data[i] != text.data[0])
			return FALSE;
	}
	return TRUE;
}

static const struct {
	const char *line; /* begins so */
	LineKind kind;
} marks[] = {
	{ "-----BEGIN PGP MESSAGE-----", LINE_STOP },
	{ "-----BEGIN PGP SIGNATURE-----", LINE_STOP },
	{ "-----BEGIN PGP PUBLIC KEY BLOCK-----", LINE_STOP },
	{ "-----BEGIN PGP SIGNED MESSAGE-----", LINE_DROPPED },
	{ "-----Original Message-----", LINE_STOP },
	{ "-------- Original Message --------", LINE_STOP },
};

static LineKind kind_of(Bytes line)
{
	Bytes text = text_trim(line);

	if (text.size == 0)
		return LINE_EMPTY;
	if (line.data[0] == '>')
		return LINE_QUOTED;
	if (bytes_equal(line, bytes_of_string("-- ")))
		return LINE_STOP;
	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
		if (text_has_prefix_nocase(text, marks[i].line))
			return marks[i].kind;
	}
	return is_rule(text) ? LINE_DROPPED : LINE_TEXT;
}

static Line next_line(Bytes text, gsize *pos)
{
	const char *from = text.data + *pos;
	const char *end = memchr(from, '\n', text.size - *pos);
	gsize size = end != NULL ? (gsize)(end - from) : text.size - *pos;

	*pos += size + (end != NULL ? 1 : 0);
	if (size > 0 && from[size - 1] == '\r')
		size--;
	Line line = { .text = bytes_of(from, size) };
	line.kind = kind_of(line.text);
	return line;
}

/* "On ... wrote:" above the quotation that begins at index. */
static void drop_attribution(GArray *lines, guint index)
{
	guint i = index;

	while (i > 0 && g_array_index(lines, Line, i - 1).kind == LINE_EMPTY)
		i--;
	if (i == 0)
		return;
	const Line *last = &g_array_index(lines, Line, i - 1);
	Bytes text = text_trim(last->text);
	if (last->kind != LINE_TEXT || text.data[text.size - 1] != ':')
		return;
	guint first = i - 1;
	while (first > 0 && i - first < ATTRIBUTION_MAX &&
		g_array_index(lines, Line, first - 1).kind == LINE_TEXT)
		first--;
	/* More text above it: only the line itself is known for what it is. */
	if (first > 0 &&
		g_array_index(lines, Line, first - 1).kind == LINE_TEXT)
		first = i - 1;
	for (; first < i; first++)
		g_array_index(lines, Line, first).kind = LINE_DROPPED;
}

/* The headers of a signed message's armour, up to its empty line. */
static void drop_armour(Bytes text, gsize *pos)
{
	while (*pos < text.size && next_line(text, pos).kind != LINE_EMPTY)
		;
}

static GArray *lines_of(Bytes text)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(Line));
	LineKind before = LINE_EMPTY;
	gsize pos = 0;

	while (pos < text.size) {
		Line line = next_line(text, &pos);
		if (line.kind == LINE_STOP)
			break;
		if (line.kind == LINE_DROPPED &&
			memchr(line.text.data, ' ', line.text.size) != NULL)
			drop_armour(text, &pos);
		if (line.kind == LINE_QUOTED && before != LINE_QUOTED)
			drop_attribution(lines, lines->len);
		g_array_append_val(lines, line);
		before = line.kind;
	}
	return lines;
}

static void add_quoted(Preview *preview, Bytes text)
{
	gsize skip = 0;

	while (skip < text.size &&
		(text.data[skip] == '>' || text.data[skip] == ' '))
		skip++;
	add_text(preview, bytes_slice(text, skip, text.size));
}

static void add_plain(Preview *preview, Bytes text, gboolean with_quotes)
{
	g_autoptr(GArray) lines = lines_of(text);

	for (guint i = 0; i < lines->len && !preview_is_full(preview); i++) {
		const Line *line = &g_array_index(lines, Line, i);
		preview_add(preview, ' ');
		if (line->kind == LINE_TEXT)
			add_text(preview, line->text);
		else if (line->kind == LINE_QUOTED && with_quotes)
			add_quoted(preview, line->text);
	}
}

void mime_preview_append(const MimeStructure *leaf, Bytes body, GString *out)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) text = g_string_new(NULL);
	Preview preview = { .out = out, .max = MIME_PREVIEW_MAX };

	mime_decode_text(bytes_slice(body, 0, MIME_PREVIEW_BYTES),
		leaf->encoding, charset_of(leaf, arena), MIME_PREVIEW_BYTES,
		text);
	for (guint with_quotes = 0; with_quotes < 2 && preview.count == 0;
		with_quotes++) {
		Bytes all = bytes_of(text->str, text->len);
		if (is_markup(leaf))
			preview_add_html(&preview, all, with_quotes > 0);
		else
			add_plain(&preview, all, with_quotes > 0);
	}
}

void mime_html_text(Bytes html, GString *out)
{
	Preview preview = { .out = out, .max = G_MAXUINT };
	preview_add_html(&preview, html, TRUE);
}
