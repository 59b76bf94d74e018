/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP's BODY and BODYSTRUCTURE of a structure (RFC 3501 section 7.4.2). */
#include "mime/structure.h"

#include "base/text.h"
#include "mime/imaptext.h"

/* What stands for the body of a multipart without parts, or of an embedded
 * message that was not taken apart: the grammar asks for one. */
#define NO_BODY \
	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL " \
	"\"7bit\" 0 0)"
#define NO_BODY_EXTENDED \
	"(\"text\" \"plain\" (\"charset\" \"us-ascii\") " \
	"NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"

/* A node whose children are being written. */
typedef struct {
	const MimeStructure *node;
	guint next;
} Frame;

static void append(GString *out, const char *text)
{
	g_string_append_len(out, text, (gssize)strlen(text));
}

static void write_number(gsize number, GString *out)
{
	char digits[24];
	gsize at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	g_string_append_c(out, ' ');
	g_string_append_len(out, digits + at, (gssize)(sizeof(digits) - at));
}

static void write_nstring(Bytes value, GString *out)
{
	g_string_append_c(out, ' ');
	mime_imap_nstring(value, out);
}

/* An extended parameter's name has its star (RFC 2231 section 4). */
static void write_param_name(const MimeParam *param, GString *out)
{
	if (!param->extended) {
		mime_imap_string(param->name, out);
		return;
	}
	g_autoptr(GString) name =
		g_string_new_len(param->name.data, (gssize)param->name.size);
	g_string_append_c(name, '*');
	mime_imap_string(bytes_of(name->str, name->len), out);
}

static void write_param_list(const MimeParam *params, guint n, GString *out)
{
	for (guint i = 0; i < n; i++) {
		g_string_append_c(out, i == 0 ? '(' : ' ');
		write_param_name(&params[i], out);
		g_string_append_c(out, ' ');
		mime_imap_string(params[i].value, out);
	}
	if (n == 0)
		append(out, "NIL");
	else
		g_string_append_c(out, ')');
}

static void write_languages(Bytes raw, GString *out)
{
	guint count = 0;
	gsize pos = 0;

	while (pos < raw.size) {
		gsize from = pos;
		while (pos < raw.size && raw.data[pos] != ',')
			pos++;
		Bytes one = text_trim(bytes_slice(raw, from, pos - from));
		pos++;
		if (one.size == 0)
			continue;
		append(out, count++ == 0 ? " (" : " ");
		mime_imap_string(one, out);
	}
	append(out, count == 0 ? " NIL" : ")");
}

/* body-fld-dsp, body-fld-lang, body-fld-loc. */
static void write_extension(const MimeStructure *node, GString *out)
{
	if (node->disposition.size == 0) {
		append(out, " NIL");
	} else {
		append(out, " (");
		mime_imap_string(node->disposition, out);
		g_string_append_c(out, ' ');
		write_param_list(node->disposition_params,
			node->n_disposition_params, out);
		g_string_append_c(out, ')');
	}
	write_languages(node->languages, out);
	write_nstring(node->location, out);
}

static gboolean is_text(const MimeStructure *node)
{
	return text_equal_nocase(node->type, "text");
}

/* TRUE for what is told along with the message inside. */
static gboolean is_message(const MimeStructure *node, guint form)
{
	return text_equal_nocase(node->type, "message") &&
		(text_equal_nocase(node->subtype, "rfc822") ||
			((form & MIME_STRUCTURE_GLOBAL) != 0 &&
				text_equal_nocase(node->subtype, "global")));
}

/* Text without a charset is US-ASCII (RFC 2045 section 5.2), but only text
 * without any parameter is told so: the header's own stay as they are. */
static void write_params(const MimeStructure *node, GString *out)
{
	g_string_append_c(out, ' ');
	if (node->n_params == 0 && is_text(node))
		append(out, "(\"charset\" \"us-ascii\")");
	else
		write_param_list(node->params, node->n_params, out);
}

/* What stands before a node's children. */
static void write_front(const MimeStructure *node, guint form, GString *out)
{
	gboolean extended = (form & MIME_STRUCTURE_EXTENDED) != 0;

	g_string_append_c(out, '(');
	if (node->kind == MIME_MULTIPART) {
		if (node->n_children == 0)
			append(out, extended ? NO_BODY_EXTENDED : NO_BODY);
		return;
	}
	mime_imap_string(node->type, out);
	write_nstring(node->subtype, out);
	write_params(node, out);
	write_nstring(node->id, out);
	write_nstring(node->description, out);
	write_nstring(node->encoding, out);
	write_number(node->size, out);
	if (!is_message(node, form))
		return;
	g_string_append_c(out, ' ');
	if (node->envelope.size > 0)
		g_string_append_len(
			out, node->envelope.data, (gssize)node->envelope.size);
	else
		append(out, NO_ENVELOPE);
	g_string_append_c(out, ' ');
	if (node->n_children == 0)
		append(out, extended ? NO_BODY_EXTENDED : NO_BODY);
}

/* What stands behind them. */
static void write_back(const MimeStructure *node, guint form, GString *out)
{
	gboolean extended = (form & MIME_STRUCTURE_EXTENDED) != 0;

	if (node->kind == MIME_MULTIPART) {
		write_nstring(node->subtype, out);
		if (extended) {
			g_string_append_c(out, ' ');
			write_param_list(node->params, node->n_params, out);
			write_extension(node, out);
		}
	} else {
		if (is_text(node) || is_message(node, form))
			write_number(node->lines, out);
		if (extended) {
			write_nstring(node->md5, out);
			write_extension(node, out);
		}
	}
	g_string_append_c(out, ')');
}

static guint written_children(const MimeStructure *node, guint form)
{
	return node->kind == MIME_MESSAGE && !is_message(node, form) ?
		0 :
		node->n_children;
}

void mime_structure_write(
	const MimeStructure *structure, guint form, GString *out)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(Frame));
	Frame first = { .node = structure };

	write_front(structure, form, out);
	g_array_append_val(stack, first);
	while (stack->len > 0) {
		Frame *top = &g_array_index(stack, Frame, stack->len - 1);
		if (top->next == written_children(top->node, form)) {
			write_back(top->node, form, out);
			g_array_set_size(stack, stack->len - 1);
			continue;
		}
		Frame inner = { .node = &top->node->children[top->next++] };
		write_front(inner.node, form, out);
		g_array_append_val(stack, inner);
	}
}
