/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-util queue: looks at mail on its way out, and helps it along. */
#include "tools/queue-verb.h"

#include <sysexits.h>

#include "base/errors.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "store/outbound.h"

#define LISTED_AT_ONCE 500

/* What a terminal may be given. */
static void print_field(const char *text)
{
	g_autofree char *valid =
		text_make_valid(bytes_of_string(text != NULL ? text : ""));

	g_strdelimit(valid, "\t", ' ');
	printf("\t%s", valid);
}

static void print_time(Timestamp time)
{
	char text[25] = "-";

	if (time != 0)
		timestamp_format_iso8601(time, text);
	printf("\t%s", text);
}

static void print_entry(const OutboundEntry *entry)
{
	printf("%" G_GINT64_FORMAT "\t%s\t%s\t%d", entry->id,
		outbound_status_name(entry->status), entry->kind,
		entry->attempts);
	print_time(entry->created);
	print_time(entry->status == OUTBOUND_PENDING ? entry->next_attempt :
						       entry->last_attempt);
	printf("\t%" G_GSIZE_FORMAT, entry->size);
	print_field(entry->user_name);
	print_field(entry->sender);
	print_field(entry->recipient);
	print_field(entry->last_error);
	putchar('\n');
}

static int say_totals(const Tool *tool)
{
	g_autoptr(GError) error = NULL;
	OutboundTotals totals;

	if (!outbound_totals(tool->store, &totals, &error))
		return tool_fail(tool, &error);
	tool_say(tool,
		"%" G_GUINT64_FORMAT " pending, %" G_GUINT64_FORMAT
		" being sent, %" G_GUINT64_FORMAT " sent, %" G_GUINT64_FORMAT
		" failed; %" G_GUINT64_FORMAT " bytes wait",
		totals.count[OUTBOUND_PENDING], totals.count[OUTBOUND_SENDING],
		totals.count[OUTBOUND_SENT], totals.count[OUTBOUND_FAILED],
		totals.bytes);
	return EX_OK;
}

static int list(const Tool *tool, char *const *words, guint count)
{
	gint64 after = 0;
	guint got;

	(void)words;
	if (count > 0)
		tool_wrong_usage(tool, "queue list takes nothing more");
	do {
		g_autoptr(GPtrArray) entries = NULL;
		g_autoptr(GError) error = NULL;
		if (!outbound_list(tool->store, after, LISTED_AT_ONCE, &entries,
			    &error))
			return tool_fail(tool, &error);
		got = entries->len;
		for (guint i = 0; i < got; i++) {
			const OutboundEntry *entry =
				g_ptr_array_index(entries, i);
			print_entry(entry);
			after = entry->id;
		}
	} while (got > 0);
	return say_totals(tool);
}

static GArray *read_ids(const Tool *tool, char *const *words, guint count)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (count == 0)
		tool_wrong_usage(tool, "say which mail, by its number");
	for (guint i = 0; i < count; i++) {
		guint64 number = 0;
		if (!text_to_number(
			    bytes_of_string(words[i]), G_MAXINT64, &number))
			tool_wrong_usage(tool,
				"mail is named by the number that "
				"queue list tells");
		gint64 id = (gint64)number;
		g_array_append_val(ids, id);
	}
	return ids;
}

static int show(const Tool *tool, char *const *words, guint count)
{
	g_autoptr(GArray) ids = read_ids(tool, words, count);
	g_autoptr(GError) error = NULL;
	OutboundEntry *entry = NULL;

	if (ids->len != 1)
		tool_wrong_usage(tool, "queue show takes one number");
	if (!outbound_get(
		    tool->store, g_array_index(ids, gint64, 0), &entry, &error))
		return tool_fail(tool, &error);
	/* As it is, for a pipe; the envelope is what list tells. */
	fwrite(entry->message, 1, entry->size, stdout);
	outbound_entry_free(entry);
	return EX_OK;
}

static int retry(const Tool *tool, char *const *words, guint count)
{
	gboolean is_all = count == 1 && g_str_equal(words[0], "all");
	g_autoptr(GArray) ids = is_all ? NULL : read_ids(tool, words, count);
	g_autoptr(GError) error = NULL;
	guint64 changed = 0;

	if (!outbound_retry(tool->store,
		    is_all ? NULL : (const gint64 *)(gpointer)ids->data,
		    is_all ? 0 : ids->len, &changed, &error))
		return tool_fail(tool, &error);
	tool_say(tool, "%" G_GUINT64_FORMAT " will be tried now", changed);
	return is_all || changed > 0 ? EX_OK : EX_NOUSER;
}

static int drop(const Tool *tool, char *const *words, guint count)
{
	g_autoptr(GArray) ids = read_ids(tool, words, count);
	g_autoptr(GError) error = NULL;
	guint64 changed = 0;

	if (!outbound_delete(tool->store, (const gint64 *)(gpointer)ids->data,
		    ids->len, &changed, &error))
		return tool_fail(tool, &error);
	tool_say(tool, "%" G_GUINT64_FORMAT " removed", changed);
	return changed > 0 ? EX_OK : EX_NOUSER;
}

static const struct {
	const char *name;
	int (*run)(const Tool *tool, char *const *words, guint count);
} verbs[] = {
	{ "list", list },
	{ "show", show },
	{ "retry", retry },
	{ "remove", drop },
};

int queue_verb(const Tool *tool, char *const *words, guint count)
{
	const char *name = count > 0 ? words[0] : "list";

	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (g_str_equal(verbs[i].name, name))
			return verbs[i].run(tool, words + (count > 0 ? 1 : 0),
				count > 0 ? count - 1 : 0);
	}
	tool_wrong_usage(tool, "queue: say one of list, show, retry, remove");
}
