/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings with their variables expanded, and variables set (RFC 5229). */
#include "base/text.h"
#include "sieve/run-private.h"

/* Bytes of expanded strings that one command may need. */
#define SCRATCH_MAX ((gsize)16 * 1024 * 1024)

static GString **find_slot(const SieveRun *run, const SievePiece *piece)
{
	switch (piece->kind) {
	case SIEVE_LOCAL:
		return &run->frame->variables[piece->index];
	case SIEVE_GLOBAL_SCOPE:
		return &run->globals[piece->index];
	case SIEVE_MATCHED:
		return &run->frame->matched[piece->index];
	case SIEVE_LITERAL:
		break;
	}
	return NULL;
}

Bytes sieve_run_get(const SieveRun *run, const SievePiece *variable)
{
	if (variable->kind == SIEVE_LITERAL)
		return variable->literal;
	const GString *value = *find_slot(run, variable);
	return value != NULL ? bytes_of(value->str, value->len) :
			       bytes_of("", 0);
}

gboolean sieve_run_string(SieveRun *run, const SieveNode *node,
	const SieveString *string, Bytes *value)
{
	*value = string->text;
	if (sieve_string_is_constant(string))
		return TRUE;
	gsize size = 0;
	gsize room = SCRATCH_MAX - MIN(SCRATCH_MAX, arena_used(run->scratch));
	for (guint i = 0; i < string->n_pieces && size <= room; i++)
		size += sieve_run_get(run, &string->pieces[i]).size;
	if (size > room)
		return sieve_run_fail(run, node,
			"the strings of '%s' take too much memory with their "
			"variables expanded",
			node->word->name);
	char *all = arena_alloc(run->scratch, size + 1);
	gsize filled = 0;
	for (guint i = 0; i < string->n_pieces; i++) {
		Bytes piece = sieve_run_get(run, &string->pieces[i]);
		if (piece.size > 0)
			memcpy(all + filled, piece.data, piece.size);
		filled += piece.size;
	}
	*value = bytes_of(all, size);
	return sieve_run_step(run, node, size / SIEVE_STEP_BYTES);
}

gboolean sieve_run_text(SieveRun *run, const SieveNode *node,
	const SieveString *string, const char **text)
{
	Bytes value;
	if (!sieve_run_string(run, node, string, &value))
		return FALSE;
	g_autofree char *valid = g_utf8_make_valid(
		value.size > 0 ? value.data : "", (gssize)value.size);
	*text = arena_strdup(run->kept, valid);
	/* What is expanded was counted; a constant is copied now. */
	return !sieve_string_is_constant(string) ||
		sieve_run_step(run, node, value.size / SIEVE_STEP_BYTES);
}

/* The longest beginning of whole characters in `room` bytes; bytes that are no
 * UTF-8 are cut anywhere. */
static Bytes cut(Bytes value, gsize room)
{
	if (value.size <= room)
		return value;
	gsize size = room;
	while (size > 0 && room - size < 3 &&
		((guchar)value.data[size] & 0xc0) == 0x80)
		size--;
	if (((guchar)value.data[size] & 0xc0) == 0x80)
		size = room;
	return bytes_of(value.data, size);
}

void sieve_run_set(SieveRun *run, const SievePiece *variable, Bytes value)
{
	GString **slot = find_slot(run, variable);
	gsize before = *slot != NULL ? (*slot)->len : 0;
	gsize others = run->variables_size - before;
	gsize room = run->limits->max_variables_size -
		MIN(run->limits->max_variables_size, others);
	value = cut(value, MIN(room, run->limits->max_variable_size));
	if (*slot == NULL)
		*slot = g_string_sized_new(value.size);
	g_string_truncate(*slot, 0);
	if (value.size > 0)
		g_string_append_len(*slot, value.data, (gssize)value.size);
	run->variables_size = others + value.size;
}

gboolean sieve_run_wants_matched(const SieveRun *run)
{
	return sieve_run_has(run, SIEVE_EXT_VARIABLES);
}

void sieve_run_set_matched(SieveRun *run, const Bytes *values, guint n)
{
	gsize limit = run->limits->max_variable_size;
	for (guint i = 0; i < SIEVE_MATCHED_MAX; i++) {
		GString **slot = &run->frame->matched[i];
		Bytes value = i < n ? cut(values[i], limit) : bytes_of("", 0);
		GString *made = value.size > 0 ?
			g_string_new_len(value.data, (gssize)value.size) :
			NULL;
		if (*slot != NULL)
			g_string_free(*slot, TRUE);
		*slot = made;
	}
}
