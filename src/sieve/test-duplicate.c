/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test duplicate (RFC 7352). */
#include "sieve/select.h"
#include "sieve/words.h"

#define DAY 86400
/* RFC 7352 section 3.3. */
#define SECONDS_DEFAULT (7 * DAY)
/* Ids that one run may keep. */
#define IDS_MAX 64

enum { BY_HEADER, BY_UNIQUE_ID };

/* The value of the first field of that name, as the test header has it (RFC 7352
 * section 3.1). */
static gboolean read_field(
	SieveRun *run, const SieveNode *node, Bytes name, GString **id)
{
	SieveString string = { .place = node->place, .text = name };
	const SieveArgument names = {
		.kind = SIEVE_STRING, .strings = &string, .n_strings = 1
	};
	g_autoptr(GArray) fields = sieve_select_fields(run, node, &names);

	if (fields == NULL)
		return FALSE;
	if (fields->len > 0) {
		*id = g_string_new(NULL);
		sieve_select_text(
			g_array_index(fields, MimeField, 0).value, *id);
	}
	return TRUE;
}

/* *id NULL: there is none. */
static gboolean read_id(SieveRun *run, const SieveNode *node, GString **id)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_HEADER);
	Bytes value = bytes_of_string("Message-ID");

	*id = NULL;
	if (use != NULL &&
		!sieve_run_string(run, node, &use->value->strings[0], &value))
		return FALSE;
	if (use != NULL && use->tag->number == BY_UNIQUE_ID) {
		*id = g_string_new_len(value.data, (gssize)value.size);
		return TRUE;
	}
	return read_field(run, node, value, id);
}

/* Of the handle and the id; an empty handle is one. */
static gboolean hash(SieveRun *run, const SieveNode *node, const GString *id,
	guint8 out[static 32])
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_HANDLE);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = 32;
	Bytes handle = { NULL, 0 };

	if (use != NULL &&
		!sieve_run_string(run, node, &use->value->strings[0], &handle))
		return FALSE;
	g_autofree char *head = g_strdup_printf(
		"%c%" G_GSIZE_FORMAT ":", use != NULL ? 'h' : '-', handle.size);
	g_checksum_update(sum, (const guchar *)head, -1);
	if (handle.size > 0)
		g_checksum_update(
			sum, (const guchar *)handle.data, (gssize)handle.size);
	g_checksum_update(sum, (const guchar *)id->str, (gssize)id->len);
	g_checksum_get_digest(sum, out, &size);
	return TRUE;
}

/* The last test of an id decides how long it is kept. */
static gboolean keep_id(SieveRun *run, const SieveNode *node,
	const guint8 id[static 32], gint64 seconds)
{
	GArray *seen = run->result->seen;
	SieveSeen new = { .seconds = seconds };

	for (guint i = 0; i < seen->len; i++) {
		SieveSeen *old = &g_array_index(seen, SieveSeen, i);

		if (memcmp(old->id, id, sizeof(old->id)) != 0)
			continue;
		old->seconds = seconds;
		return TRUE;
	}
	if (seen->len >= IDS_MAX)
		return sieve_run_fail(run, node,
			"more than %d ids in one run for duplicate", IDS_MAX);
	memcpy(new.id, id, sizeof(new.id));
	g_array_append_val(seen, new);
	return TRUE;
}

static gboolean was_seen(SieveRun *run, const SieveNode *node,
	const guint8 id[static 32], gboolean *seen)
{
	const SieveQuestions *questions = run->input->questions;
	g_autoptr(GError) error = NULL;

	*seen = FALSE;
	if (questions == NULL || questions->was_seen == NULL)
		return TRUE;
	if (questions->was_seen(questions->data, id, seen, &error))
		return TRUE;
	return sieve_run_fail_error(run, node, &error);
}

static gint64 read_seconds(const SieveRun *run, const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_DAYS);
	guint64 seconds = use != NULL ? use->value->number : SECONDS_DEFAULT;

	return (gint64)MIN(seconds, (guint64)run->limits->duplicate_seconds);
}

static gboolean test_duplicate(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	gint64 seconds = read_seconds(run, node);
	g_autoptr(GString) id = NULL;
	guint8 sum[32];

	*result = FALSE;
	if (!read_id(run, node, &id))
		return FALSE;
	if (id == NULL || seconds == 0)
		return TRUE;
	if (!sieve_run_step(run, node, id->len / SIEVE_STEP_BYTES) ||
		!hash(run, node, id, sum) || !was_seen(run, node, sum, result))
		return FALSE;
	/* Without :last the time counts from the first. */
	if (*result && sieve_node_tag(node, SIEVE_SLOT_LAST) == NULL)
		return TRUE;
	return keep_id(run, node, sum, seconds);
}

static const SieveTag duplicate_tags[] = {
	{ .name = "handle",
		.slot = SIEVE_SLOT_HANDLE,
		.value = SIEVE_TYPE_STRING },
	{ .name = "header",
		.slot = SIEVE_SLOT_HEADER,
		.value = SIEVE_TYPE_STRING,
		.number = BY_HEADER },
	{ .name = "uniqueid",
		.slot = SIEVE_SLOT_HEADER,
		.value = SIEVE_TYPE_STRING,
		.number = BY_UNIQUE_ID },
	{ .name = "seconds",
		.slot = SIEVE_SLOT_DAYS,
		.value = SIEVE_TYPE_NUMBER },
	{ .name = "last", .slot = SIEVE_SLOT_LAST },
	{ .name = NULL },
};

const SieveWord sieve_words_duplicate[] = {
	{ .name = "duplicate",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_DUPLICATE),
		.tags = duplicate_tags,
		.test = test_duplicate },
	{ .name = NULL },
};
