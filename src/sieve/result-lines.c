/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results that another engine made. */
#include "base/arena.h"
#include "sieve/action.h"
#include "sieve/result.h"

SieveResult *sieve_result_of_lines(Bytes lines, Bytes message)
{
	Arena *arena = NULL;
	g_autoptr(SieveResult) result = sieve_result_new(&arena);
	gsize pos = 0;

	g_array_append_val(result->messages, message);
	while (pos < lines.size) {
		const char *line = lines.data + pos;
		const char *feed = memchr(line, '\n', lines.size - pos);
		gsize size =
			feed != NULL ? (gsize)(feed - line) : lines.size - pos;
		SieveAction *action = arena_new_object(arena, SieveAction);
		if (!sieve_action_parse(
			    bytes_of(line, size), arena, action, NULL))
			return NULL;
		g_ptr_array_add(result->actions, action);
		pos += size + 1;
	}
	return result->actions->len > 0 ? g_steal_pointer(&result) : NULL;
}

SieveResult *sieve_result_of_failure(SieveError *failure, Bytes message)
{
	Arena *arena = NULL;
	SieveResult *result = sieve_result_new(&arena);
	SieveAction *keep = arena_new_object(arena, SieveAction);

	keep->kind = SIEVE_KEEP;
	keep->is_implicit = TRUE;
	g_ptr_array_add(result->actions, keep);
	g_array_append_val(result->messages, message);
	result->failure = failure;
	return result;
}
