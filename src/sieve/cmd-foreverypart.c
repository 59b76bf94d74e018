/* SPDX-License-Identifier: GPL-2.0-or-later */
/* foreverypart, break and extracttext (RFC 5703 sections 3 and 7). */
#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/header.h"
#include "mime/param.h"
#include "mime/preview.h"
#include "sieve/edit.h"
#include "sieve/message.h"
#include "sieve/modifiers.h"
#include "sieve/words.h"

/* Loops in one another, those of included scripts too. */
#define LOOPS_MAX 4

/* What node->data of these commands is. */
typedef struct {
	const SieveNode *loop; /* the one it is in; NULL: none */
	SievePiece variable;   /* extracttext's */
} Loop;

/* Loops and breaks */

static Loop *loop_of(SieveChecker *checker, SieveNode *node)
{
	if (node->data == NULL)
		node->data = arena_new_object(sieve_check_arena(checker), Loop);
	return node->data;
}

/* Each loop comes to its check before those in it, so that what stays is the
 * innermost. */
static void mark_block(
	SieveChecker *checker, SieveNode *block, const SieveNode *loop)
{
	for (SieveNode *node = block; node != NULL; node = node->next) {
		if (text_equal_nocase(node->name, "foreverypart") ||
			text_equal_nocase(node->name, "break") ||
			text_equal_nocase(node->name, "extracttext"))
			loop_of(checker, node)->loop = loop;
		mark_block(checker, node->block, loop);
	}
}

static const SieveString *name_of(const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_NAME);

	return use != NULL ? &use->value->strings[0] : NULL;
}

static void check_foreverypart(SieveChecker *checker, SieveNode *node)
{
	guint depth = 1;
	Loop *loop = loop_of(checker, node);

	for (const SieveNode *outer = loop->loop; outer != NULL;
		outer = ((const Loop *)outer->data)->loop)
		depth++;
	if (depth > LOOPS_MAX)
		sieve_check_error(checker, node->place,
			"more than %d loops in one another", LOOPS_MAX);
	mark_block(checker, node->block, node);
}

/* Its data becomes the node of the loop that it leaves. */
static void check_break(SieveChecker *checker, SieveNode *node)
{
	const SieveString *name = name_of(node);
	const SieveNode *loop = loop_of(checker, node)->loop;

	if (loop == NULL) {
		sieve_check_error(checker, node->place,
			"break is only for the block of a foreverypart");
		return;
	}
	for (; loop != NULL; loop = ((const Loop *)loop->data)->loop) {
		const SieveString *its = name_of(loop);

		if (name == NULL ||
			(its != NULL && bytes_equal(name->text, its->text)))
			break;
	}
	if (loop == NULL)
		sieve_check_error(checker, node->place,
			"no foreverypart around it has the name %s",
			sieve_quote(checker, name->text));
	((Loop *)node->data)->loop = loop;
}

static gboolean run_break(SieveRun *run, const SieveNode *node)
{
	run->loop = ((const Loop *)node->data)->loop;
	return sieve_run_leave(run, SIEVE_BREAKS);
}

/* Behind the entity and all that are in it. */
static guint subtree_end(const MimeScan *scan, guint root)
{
	guint end = root + 1;
	guint16 depth = mime_scan_entity(scan, root)->depth;

	while (end < mime_scan_count(scan) &&
		mime_scan_entity(scan, end)->depth > depth)
		end++;
	return end;
}

/* A loop on its way.  Entities are told by their number, which stays when a
 * part is replaced, as those before it do; enclosing moves all of them. */
typedef struct {
	const SieveNode *node;
	guint root;
	guint at;
	guint end;     /* behind the last of them, in that message */
	guint message; /* how many there were; 0: none yet */
	guint n_enclosed;
} Walk;

static void follow_enclose(SieveRun *run, Walk *walk)
{
	guint moved =
		(run->n_enclosed - walk->n_enclosed) * SIEVE_ENCLOSE_ENTITIES;

	walk->root += moved;
	walk->at += moved;
	walk->n_enclosed = run->n_enclosed;
}

/* The part's turn.  FALSE: the loop is over, with run->flow. */
static gboolean run_part(SieveRun *run, Walk *walk)
{
	if (!sieve_run_step(run, walk->node, 1))
		return FALSE;
	run->part = walk->at;
	run->is_replaced = FALSE;
	run->n_loops++;
	gboolean goes_on = sieve_run_commands(run, walk->node->block);
	run->n_loops--;
	follow_enclose(run, walk);
	return goes_on;
}

/* Looked for once in each form of the message: one may have very many parts. */
static const MimeScan *find_end(SieveRun *run, Walk *walk)
{
	Bytes message;
	const MimeScan *scan = sieve_message_scan(run, walk->node, &message);

	if (scan == NULL || walk->message == run->result->messages->len)
		return scan;
	walk->end = subtree_end(scan, walk->root);
	walk->message = run->result->messages->len;
	return scan;
}

static gboolean walk_parts(SieveRun *run, Walk *walk)
{
	for (;;) {
		const MimeScan *scan = find_end(run, walk);

		if (scan == NULL)
			return FALSE;
		if (walk->at >= walk->end)
			return TRUE;
		if (!run_part(run, walk))
			return FALSE;
		if (!run->is_replaced) {
			walk->at++;
			continue;
		}
		/* What took its place is not gone into. */
		scan = find_end(run, walk);
		if (scan == NULL)
			return FALSE;
		walk->at = subtree_end(scan, walk->at);
	}
}

static gboolean run_foreverypart(SieveRun *run, const SieveNode *node)
{
	gboolean is_nested = ((const Loop *)node->data)->loop != NULL;
	guint part = run->part;
	guint n_enclosed = run->n_enclosed;
	gboolean is_replaced = run->is_replaced;
	Walk walk = { .node = node,
		.root = part,
		.at = is_nested ? part + 1 : part,
		.n_enclosed = n_enclosed };

	if (run->n_loops >= LOOPS_MAX)
		return sieve_run_fail(run, node,
			"more than %d loops in one another", LOOPS_MAX);
	gboolean goes_on = walk_parts(run, &walk);
	/* Outside of all loops it is the message, whichever that is now. */
	run->part = run->n_loops == 0 ?
		0 :
		part + (run->n_enclosed - n_enclosed) * SIEVE_ENCLOSE_ENTITIES;
	run->is_replaced = is_replaced;
	if (!goes_on && run->flow == SIEVE_BREAKS && run->loop == node) {
		run->flow = SIEVE_GOES_ON;
		return TRUE;
	}
	return goes_on;
}

/* Text of parts */

static void check_extracttext(SieveChecker *checker, SieveNode *node)
{
	Loop *own = loop_of(checker, node);

	if (own->loop == NULL)
		sieve_check_error(checker, node->place,
			"extracttext is only for the block of a foreverypart");
	(void)sieve_check_variable(
		checker, &node->positional[0]->strings[0], &own->variable);
}

/* What a part's header says of its text. */
typedef struct {
	gboolean is_text;
	gboolean is_html;
	Bytes charset;
	Bytes encoding;
} Content;

/* Where the encoding or the charset is not known, there is no text. */
static Content read_content(Arena *arena, Bytes header)
{
	const MimeHeader *fields = mime_header_new(arena, header);
	Bytes type = mime_header_value(fields, "Content-Type");
	Content content = { .is_text = TRUE,
		.encoding = mime_header_value(
			fields, "Content-Transfer-Encoding") };
	g_autoptr(GString) nothing = g_string_new(NULL);
	MimeParamValue parsed;

	if (type.size > 0 &&
		mime_param_value_parse(arena, type, TRUE, &parsed)) {
		const MimeParam *charset = mime_param_find(
			parsed.params, parsed.n_params, "charset");

		content.is_text = text_equal_nocase(parsed.type, "text");
		content.is_html = text_equal_nocase(parsed.subtype, "html");
		if (charset != NULL)
			content.charset = mime_param_bytes(arena, charset);
	}
	if (mime_encoding_of(content.encoding) == MIME_ENCODING_UNKNOWN ||
		!mime_charset_to_utf8(
			content.charset, bytes_of("", 0), nothing))
		content.is_text = FALSE;
	return content;
}

/* Bytes of a text with markup that are looked at for each that is taken. */
#define MARKUP 8

/* Bytes of a body that are looked at: a byte decoded takes three of the
 * encoding, and line ends. */
static gsize looked_at(Bytes body, gsize max)
{
	return MIN(body.size, 4 * MARKUP * max);
}

/* Appends the text of a part in UTF-8, that of HTML without markup as the body
 * test has it (RFC 5173 section 5.3); none of one whose encoding is invalid
 * (RFC 5703 section 7). */
static void append_text(
	Arena *arena, Bytes header, Bytes body, gsize max, GString *out)
{
	Content content = read_content(arena, header);
	g_autoptr(GString) markup = g_string_new(NULL);

	if (!content.is_text)
		return;
	body = bytes_slice(body, 0, looked_at(body, max));
	if (mime_encoding_of(content.encoding) == MIME_ENCODING_BASE64 &&
		!mime_base64_is_valid(body, &body))
		return;
	if (!content.is_html) {
		mime_decode_text(
			body, content.encoding, content.charset, max, out);
		return;
	}
	mime_decode_text(
		body, content.encoding, content.charset, MARKUP * max, markup);
	mime_html_text(bytes_of(markup->str, markup->len), out);
}

static void cut_characters(GString *text, guint64 n)
{
	const char *end = text->str;

	while (n > 0 && *end != '\0') {
		end = g_utf8_next_char(end);
		n--;
	}
	g_string_truncate(text, (gsize)(end - text->str));
}

static gboolean run_extracttext(SieveRun *run, const SieveNode *node)
{
	const SieveTagUse *first = sieve_node_tag(node, SIEVE_SLOT_FIRST);
	const SievePiece *variable = &((const Loop *)node->data)->variable;
	gsize max = run->limits->max_variable_size;
	g_autoptr(GString) text = g_string_new(NULL);
	Bytes message;
	const MimeScan *scan = sieve_message_scan(run, node, &message);

	if (scan == NULL)
		return FALSE;
	const MimeEntity *part =
		mime_scan_entity(scan, sieve_message_part(run));
	Bytes body = sieve_message_body_of(message, part);
	if (part->kind == MIME_LEAF)
		append_text(run->scratch,
			sieve_message_header_of(message, part), body, max,
			text);
	if (first != NULL)
		cut_characters(text, first->value->number);
	if (!sieve_run_step(run, node, looked_at(body, max) / SIEVE_STEP_BYTES))
		return FALSE;
	if (!sieve_modify(run, node, text))
		return FALSE;
	sieve_run_set(run, variable, bytes_of(text->str, text->len));
	return TRUE;
}

static const SieveTag name_tags[] = {
	{ .name = "name",
		.slot = SIEVE_SLOT_NAME,
		.value = SIEVE_TYPE_STRING,
		.is_constant = TRUE },
	{ .name = NULL },
};

static const SieveTag extracttext_tags[] = {
	{ .name = "first",
		.slot = SIEVE_SLOT_FIRST,
		.value = SIEVE_TYPE_NUMBER },
	{ .name = NULL },
};

const SieveWord sieve_words_foreverypart[] = {
	{ .name = "foreverypart",
		.needs = SIEVE_BIT(SIEVE_EXT_FOREVERYPART),
		.has_block = TRUE,
		.tags = name_tags,
		.check = check_foreverypart,
		.run = run_foreverypart },
	{ .name = "break",
		.needs = SIEVE_BIT(SIEVE_EXT_FOREVERYPART),
		.role = SIEVE_ROLE_ENDS,
		.tags = name_tags,
		.check = check_break,
		.run = run_break },
	{ .name = "extracttext",
		.needs = SIEVE_BIT(SIEVE_EXT_EXTRACTTEXT) |
			SIEVE_BIT(SIEVE_EXT_VARIABLES),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "variable",
		.shared = SIEVE_TAGS_MODIFIERS,
		.tags = extracttext_tags,
		.check = check_extracttext,
		.run = run_extracttext },
	{ .name = NULL },
};
