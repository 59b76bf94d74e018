/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch: statements, their parameters, and the rows they gave. */
#include "db/batch.h"

#include "base/arena.h"

typedef struct {
	const DbStatement *statement;
	DbParams *params;
	DbRows *rows;
} BatchEntry;

struct DbBatch {
	Arena *arena;
	GArray *entries; /* of BatchEntry */
};

static void entry_clear(gpointer data)
{
	BatchEntry *entry = data;
	db_rows_free(&entry->rows);
}

DbBatch *db_batch_new(void)
{
	DbBatch *batch = g_new(DbBatch, 1);
	batch->arena = arena_new();
	batch->entries = g_array_new(FALSE, FALSE, sizeof(BatchEntry));
	g_array_set_clear_func(batch->entries, entry_clear);
	return batch;
}

void db_batch_free(DbBatch **batch)
{
	if (*batch == NULL)
		return;
	g_array_free((*batch)->entries, TRUE);
	arena_free(&(*batch)->arena);
	g_free(*batch);
	*batch = NULL;
}

void db_batch_clear(DbBatch *batch)
{
	g_array_set_size(batch->entries, 0);
	arena_clear(batch->arena);
}

DbParams *db_batch_add(DbBatch *batch, const DbStatement *statement)
{
	BatchEntry entry = { statement, db_params_new(batch->arena), NULL };
	g_array_append_val(batch->entries, entry);
	return entry.params;
}

guint db_batch_count(const DbBatch *batch)
{
	return batch->entries->len;
}

static BatchEntry *batch_entry(const DbBatch *batch, guint index)
{
	g_assert(index < batch->entries->len);
	return &g_array_index(batch->entries, BatchEntry, index);
}

const DbStatement *db_batch_statement(const DbBatch *batch, guint index)
{
	return batch_entry(batch, index)->statement;
}

const DbParams *db_batch_params(const DbBatch *batch, guint index)
{
	return batch_entry(batch, index)->params;
}

const DbRows *db_batch_rows(const DbBatch *batch, guint index)
{
	const DbRows *rows = batch_entry(batch, index)->rows;
	g_assert(rows != NULL);
	return rows;
}

void db_batch_take_rows(DbBatch *batch, guint index, DbRows *rows)
{
	BatchEntry *entry = batch_entry(batch, index);
	db_rows_free(&entry->rows);
	entry->rows = rows;
}

void db_batch_clear_rows(DbBatch *batch)
{
	for (guint i = 0; i < batch->entries->len; i++)
		db_rows_free(&batch_entry(batch, i)->rows);
}
