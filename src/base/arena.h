/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is given back all at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <glib.h>

#include "base/bytes.h"

/* One arena serves one command or one message: allocate freely, free once.
 * Not safe to share between threads. */
typedef struct Arena Arena;

Arena *arena_new(void);

/* Frees the arena and all that came from it; leaves NULL. */
void arena_free(Arena **arena);

/* Forgets all that came from the arena and keeps one block for what comes. */
void arena_clear(Arena *arena);

/* size bytes, zeroed, aligned for any type.  Never NULL. */
void *arena_alloc(Arena *arena, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* A copy of the bytes with a NUL behind them. */
char *arena_copy(Arena *arena, const char *data, gsize size)
	G_GNUC_WARN_UNUSED_RESULT;

char *arena_strdup(Arena *arena, const char *string) G_GNUC_WARN_UNUSED_RESULT;

char *arena_printf(Arena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3)
	G_GNUC_WARN_UNUSED_RESULT;

/* Bytes handed out since the arena was made or cleared. */
gsize arena_used(const Arena *arena);

#define arena_new_object(arena, Type) \
	((Type *)arena_alloc((arena), sizeof(Type)))

/* n zeroed objects; the caller has bounded n. */
#define arena_new_array(arena, Type, n) \
	((Type *)arena_alloc((arena), sizeof(Type) * (gsize)(n)))

static inline void arena_auto_free(Arena *arena)
{
	arena_free(&arena);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arena, arena_auto_free)

#endif
