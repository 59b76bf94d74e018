/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is given back all at once: blocks, filled from the front. */
#include "base/arena.h"

#include <stdarg.h>
#include <stddef.h>

#define ARENA_BLOCK_SIZE 4096
#define ARENA_ALIGNMENT _Alignof(max_align_t)

typedef struct Block Block;
struct Block {
	Block *next;
	gsize size;
	gsize used;
	max_align_t data[];
};

struct Arena {
	Block *blocks;
	gsize used;
};

static Block *block_new(gsize size)
{
	Block *block = g_malloc(sizeof(Block) + size);
	block->next = NULL;
	block->size = size;
	block->used = 0;
	return block;
}

Arena *arena_new(void)
{
	Arena *arena = g_new0(Arena, 1);
	arena->blocks = block_new(ARENA_BLOCK_SIZE - sizeof(Block));
	return arena;
}

static void blocks_free(Block *block)
{
	while (block != NULL) {
		Block *next = block->next;
		g_free(block);
		block = next;
	}
}

void arena_free(Arena **arena)
{
	if (*arena == NULL)
		return;
	blocks_free((*arena)->blocks);
	g_free(*arena);
	*arena = NULL;
}

void arena_clear(Arena *arena)
{
	Block *first = arena->blocks;
	if (first->size > ARENA_BLOCK_SIZE) {
		/* One huge command must not pin its memory for good. */
		blocks_free(first);
		first = block_new(ARENA_BLOCK_SIZE - sizeof(Block));
	} else {
		blocks_free(first->next);
	}
	first->next = NULL;
	first->used = 0;
	arena->blocks = first;
	arena->used = 0;
}

void *arena_alloc(Arena *arena, gsize size)
{
	g_assert(size <= G_MAXSIZE / 2);
	gsize need = (size + ARENA_ALIGNMENT - 1) & ~(ARENA_ALIGNMENT - 1);
	Block *block = arena->blocks;
	if (block->size - block->used < need) {
		gsize room = CLAMP(arena->used, ARENA_BLOCK_SIZE, 65536);
		block = block_new(MAX(need, room));
		block->next = arena->blocks;
		arena->blocks = block;
	}
	void *memory = (char *)block->data + block->used;
	block->used += need;
	arena->used += size;
	memset(memory, 0, need);
	return memory;
}

char *arena_copy(Arena *arena, const char *data, gsize size)
{
	char *copy = arena_alloc(arena, size + 1);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strdup(Arena *arena, const char *string)
{
	return arena_copy(arena, string, strlen(string));
}

char *arena_printf(Arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	return arena_strdup(arena, text);
}

gsize arena_used(const Arena *arena)
{
	return arena->used;
}
