/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which fields, and of which parts, a test looks at. */
#include "sieve/select.h"

#include "base/text.h"
#include "mime/words.h"
#include "sieve/edit.h"
#include "sieve/message.h"

/* Fields compared by name for one instruction. */
#define STEP_FIELDS 16

void sieve_select_check(SieveChecker *checker, SieveNode *node)
{
	const SieveTagUse *index = sieve_node_tag(node, SIEVE_SLOT_INDEX);
	const SieveTagUse *last = sieve_node_tag(node, SIEVE_SLOT_LAST);
	const SieveTagUse *mime = sieve_node_tag(node, SIEVE_SLOT_MIME);
	const SieveTagUse *child = sieve_node_tag(node, SIEVE_SLOT_ANYCHILD);
	const SieveTagUse *part = sieve_node_tag(node, SIEVE_SLOT_MIME_PART);

	if (index != NULL && index->value->number == 0)
		sieve_check_error(
			checker, index->value->place, "':index' counts from 1");
	if (last != NULL && index == NULL)
		sieve_check_error(checker, last->place,
			"':last' goes with ':index' alone");
	if (child != NULL && mime == NULL)
		sieve_check_error(checker, child->place,
			"':anychild' goes with ':mime' alone");
	if (part != NULL && mime == NULL)
		sieve_check_error(checker, part->place,
			"':%s' goes with ':mime' alone", part->tag->name);
}

static gboolean check_name(SieveChecker *checker, const SieveString *name)
{
	if (!sieve_field_name_is_valid(name->text))
		sieve_check_warn(checker, name->place,
			"no field has the name %s: names are printable ASCII "
			"without blanks and \":\"",
			sieve_quote(checker, name->text));
	return TRUE;
}

void sieve_select_check_names(SieveChecker *checker, const SieveArgument *names)
{
	(void)sieve_check_each(checker, names, check_name);
}

gboolean sieve_select_index(const SieveNode *node, guint index, guint n)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_INDEX);
	if (use == NULL)
		return TRUE;
	guint64 wanted = use->value->number;
	if (wanted == 0 || wanted > n)
		return FALSE;
	if (sieve_node_tag(node, SIEVE_SLOT_LAST) != NULL)
		return index == n - wanted;
	return index == wanted - 1;
}

void sieve_select_text(Bytes value, GString *text)
{
	g_string_truncate(text, 0);
	mime_words_append(value, text);
	Bytes trimmed = text_trim(bytes_of(text->str, text->len));
	gsize begin = (gsize)(trimmed.data - text->str);
	g_string_truncate(text, begin + trimmed.size);
	g_string_erase(text, 0, (gssize)begin);
}

/* Lines that are no field have no name. */
static gboolean is_field(const MimeField *field, Bytes name)
{
	return name.size > 0 && text_equal_nocase_bytes(field->name, name);
}

typedef struct {
	SieveRun *run;
	const SieveNode *node;
	Bytes *names;
	guint n_names;
	GArray *found;
} Selection;

static gboolean select_of(
	Selection *selection, const MimeField *fields, guint n)
{
	guint64 cost = (guint64)n * selection->n_names / STEP_FIELDS;
	if (!sieve_run_step(selection->run, selection->node, cost))
		return FALSE;
	for (guint i = 0; i < selection->n_names; i++) {
		for (guint j = 0; j < n; j++) {
			if (is_field(&fields[j], selection->names[i]))
				g_array_append_val(selection->found, fields[j]);
		}
	}
	return TRUE;
}

/* Entity 0 with its edits, another one as the scan has it. */
static gboolean select_of_entity(Selection *selection, guint index)
{
	SieveRun *run = selection->run;
	guint n = 0;
	Bytes message;

	if (index == 0) {
		const MimeField *fields = sieve_message_fields(run, &n);
		return select_of(selection, fields, n);
	}
	const MimeScan *scan =
		sieve_message_scan(run, selection->node, &message);
	if (scan == NULL)
		return FALSE;
	if (index >= mime_scan_count(scan))
		return TRUE;
	g_autoptr(Arena) arena = arena_new();
	Bytes block =
		sieve_message_header_of(message, mime_scan_entity(scan, index));
	if (!sieve_run_step(
		    run, selection->node, 1 + block.size / SIEVE_STEP_BYTES))
		return FALSE;
	MimeHeader *header = mime_header_new(arena, block);
	return select_of(selection, header->fields, header->count);
}

/* The entity and all that is in it. */
static gboolean select_of_tree(Selection *selection, guint index)
{
	Bytes message;
	const MimeScan *scan =
		sieve_message_scan(selection->run, selection->node, &message);
	if (scan == NULL)
		return FALSE;
	guint count = mime_scan_count(scan);
	guint16 depth = mime_scan_entity(scan, index)->depth;
	gboolean good = select_of_entity(selection, index);
	for (guint i = index + 1;
		good && i < count && mime_scan_entity(scan, i)->depth > depth;
		i++)
		good = select_of_entity(selection, i);
	return good;
}

static gboolean select_all(Selection *selection)
{
	SieveRun *run = selection->run;
	const SieveNode *node = selection->node;

	if (sieve_node_tag(node, SIEVE_SLOT_MIME) == NULL)
		return select_of_entity(selection, run->frame->root);
	guint part = sieve_message_part(run);
	if (sieve_node_tag(node, SIEVE_SLOT_ANYCHILD) == NULL)
		return select_of_entity(selection, part);
	return select_of_tree(selection, part);
}

GArray *sieve_select_fields(
	SieveRun *run, const SieveNode *node, const SieveArgument *names)
{
	Selection selection = { .run = run,
		.node = node,
		.names = arena_new_array(run->scratch, Bytes, names->n_strings),
		.n_names = names->n_strings };
	for (guint i = 0; i < names->n_strings; i++) {
		if (!sieve_run_string(
			    run, node, &names->strings[i], &selection.names[i]))
			return NULL;
	}
	selection.found = g_array_new(FALSE, FALSE, sizeof(MimeField));
	if (select_all(&selection))
		return selection.found;
	g_array_unref(selection.found);
	return NULL;
}
