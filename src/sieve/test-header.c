/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests exists, header and size (RFC 5228 sections 5.5, 5.7 and 5.9), with
 * :index and :last (RFC 5260) and :mime (RFC 5703). */
#include "base/text.h"
#include "mime/param.h"
#include "sieve/message.h"
#include "sieve/select.h"
#include "sieve/testing.h"
#include "sieve/words.h"

static void check_exists(SieveChecker *checker, SieveNode *node)
{
	sieve_select_check(checker, node);
	sieve_select_check_names(checker, node->positional[0]);
}

/* Every name must be there, in any of the parts. */
static gboolean test_exists(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveArgument *names = node->positional[0];
	*result = TRUE;
	for (guint i = 0; *result && i < names->n_strings; i++) {
		SieveArgument one = *names;
		one.strings = &names->strings[i];
		one.n_strings = 1;
		g_autoptr(GArray) fields = sieve_select_fields(run, node, &one);
		if (fields == NULL)
			return FALSE;
		*result = fields->len > 0;
	}
	return TRUE;
}

static void check_header(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
	sieve_select_check(checker, node);
	sieve_select_check_names(checker, node->positional[0]);
}

static gboolean is_content_type(const MimeField *field)
{
	return text_equal_nocase(field->name, "content-type");
}

/* TRUE for the fields that have a type to ask for; of all others it is blank
 * (RFC 5703 section 4.1), whatever they hold. */
static gboolean has_type(const MimeField *field)
{
	return is_content_type(field) ||
		text_equal_nocase(field->name, "content-disposition");
}

/* The value of :type, :subtype or :contenttype. */
static void write_type(SieveFieldPiece piece, const MimeField *field,
	const MimeParamValue *value, GString *text)
{
	gboolean is_type = is_content_type(field);
	g_string_truncate(text, 0);
	if (piece != SIEVE_PIECE_SUBTYPE)
		g_string_append_len(
			text, value->type.data, (gssize)value->type.size);
	if (piece == SIEVE_PIECE_CONTENT_TYPE && is_type)
		g_string_append_c(text, '/');
	if (piece != SIEVE_PIECE_TYPE && is_type)
		g_string_append_len(
			text, value->subtype.data, (gssize)value->subtype.size);
}

static gboolean add_params(SieveTesting *testing, Arena *arena,
	const MimeParamValue *value, const SieveArgument *names)
{
	for (guint i = 0; !testing->is_matched && i < names->n_strings; i++) {
		Bytes name;
		if (!sieve_run_step(testing->run, testing->node, 1) ||
			!sieve_run_string(testing->run, testing->node,
				&names->strings[i], &name))
			return FALSE;
		const MimeParam *param = mime_param_find(
			value->params, value->n_params, name.data);
		if (param == NULL)
			continue;
		const char *text = mime_param_text(arena, param);
		if (!sieve_testing_add(testing, bytes_of_string(text)))
			return FALSE;
	}
	return TRUE;
}

/* A field of which a piece is asked for. */
static gboolean add_piece(SieveTesting *testing, const MimeField *field,
	const SieveTagUse *use, GString *text)
{
	g_autoptr(Arena) arena = arena_new();
	MimeParamValue value = { 0 };
	SieveFieldPiece piece = (SieveFieldPiece)use->tag->number;

	if (piece != SIEVE_PIECE_PARAM && !has_type(field))
		return sieve_testing_add(testing, bytes_of("", 0));
	gboolean is_parsed = mime_param_value_parse(
		arena, field->value, is_content_type(field), &value);

	if (piece == SIEVE_PIECE_PARAM)
		return !is_parsed ||
			add_params(testing, arena, &value, use->value);
	if (!is_parsed)
		return TRUE;
	write_type(piece, field, &value, text);
	return sieve_testing_add(testing, bytes_of(text->str, text->len));
}

static gboolean add_field(
	SieveTesting *testing, const MimeField *field, GString *text)
{
	const SieveTagUse *piece =
		sieve_node_tag(testing->node, SIEVE_SLOT_MIME_PART);
	if (!sieve_run_step(testing->run, testing->node,
		    field->value.size / SIEVE_STEP_BYTES))
		return FALSE;
	if (piece != NULL)
		return add_piece(testing, field, piece, text);
	if (sieve_testing_only_counts(testing))
		return sieve_testing_add(testing, bytes_of("", 0));
	sieve_select_text(field->value, text);
	return sieve_testing_add(testing, bytes_of(text->str, text->len));
}

static gboolean test_header(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	g_autoptr(GArray) fields =
		sieve_select_fields(run, node, node->positional[0]);
	g_autoptr(GString) text = g_string_new(NULL);
	SieveTesting testing;

	if (fields == NULL)
		return FALSE;
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[1]);
	for (guint i = 0; good && !testing.is_matched && i < fields->len; i++) {
		if (sieve_select_index(node, i, fields->len))
			good = add_field(&testing,
				&g_array_index(fields, MimeField, i), text);
	}
	return sieve_testing_end(&testing, good, result);
}

/* ---- size ---- */

enum {
	SIZE_OVER,
	SIZE_UNDER,
};

static const SieveTag size_tags[] = {
	{ .name = "over", .slot = SIEVE_SLOT_SIZE, .number = SIZE_OVER },
	{ .name = "under", .slot = SIEVE_SLOT_SIZE, .number = SIZE_UNDER },
	{ .name = NULL },
};

static void check_size(SieveChecker *checker, SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_SIZE);
	guint64 size = node->positional[0]->number;
	if (use == NULL)
		sieve_check_error(checker, node->place,
			"the test 'size' needs ':over' or ':under'");
	else if (use->tag->number == SIZE_UNDER && size == 0)
		sieve_check_warn(
			checker, node->place, "no message is smaller than 0");
}

static gboolean test_size(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	guint64 limit = node->positional[0]->number;
	guint number;
	if (!sieve_message_number(run, node, &number))
		return FALSE;
	Bytes message = g_array_index(run->result->messages, Bytes, number);
	/* To an included script a part is all there is (RFC 6609 section 3.5). */
	if (run->frame->root > 0) {
		const MimeScan *scan = sieve_message_scan(run, node, &message);
		if (scan == NULL)
			return FALSE;
		const MimeEntity *part =
			mime_scan_entity(scan, run->frame->root);
		message = bytes_slice(
			message, part->header, part->end - part->header);
	}
	if (sieve_node_tag(node, SIEVE_SLOT_SIZE)->tag->number == SIZE_OVER)
		*result = message.size > limit;
	else
		*result = message.size < limit;
	return TRUE;
}

const SieveWord sieve_words_header[] = {
	{ .name = "exists",
		.kind = SIEVE_TEST,
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "field names",
		.shared = SIEVE_TAGS_MIME,
		.check = check_exists,
		.test = test_exists },
	{ .name = "header",
		.kind = SIEVE_TEST,
		.arguments = { SIEVE_TYPE_STRINGS, SIEVE_TYPE_STRINGS },
		.called = "field names, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH |
			SIEVE_TAGS_INDEX | SIEVE_TAGS_MIME |
			SIEVE_TAGS_MIME_PART,
		.check = check_header,
		.test = test_header },
	{ .name = "size",
		.kind = SIEVE_TEST,
		.arguments = { SIEVE_TYPE_NUMBER },
		.called = "limit",
		.tags = size_tags,
		.check = check_size,
		.test = test_size },
	{ .name = NULL },
};
