/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vacation (RFC 5230), with :seconds (RFC 6131) and :fcc (RFC 8580). */
#include "base/text.h"
#include "sieve/address.h"
#include "sieve/file.h"
#include "sieve/words.h"

#define DAY 86400
/* What is more than a century cannot be meant; shorter bounds are for whoever
 * answers. */
#define DAYS_MAX 36500

enum { IN_DAYS, IN_SECONDS };

/* Counted, so that no two strings can be taken for others. */
static void add_to_sum(GChecksum *sum, const SieveString *string)
{
	g_autofree char *size = NULL;

	if (string == NULL) {
		g_checksum_update(sum, (const guchar *)"-", 1);
		return;
	}
	size = g_strdup_printf("%" G_GSIZE_FORMAT ":", string->text.size);
	g_checksum_update(sum, (const guchar *)size, -1);
	g_checksum_update(sum, (const guchar *)string->text.data,
		(gssize)string->text.size);
}

static const SieveString *tag_string(const SieveNode *node, guint slot)
{
	const SieveTagUse *use = sieve_node_tag(node, slot);

	return use != NULL ? &use->value->strings[0] : NULL;
}

/* RFC 5230 section 4.2: of the arguments as they stand, with variables not
 * expanded. */
static char *make_handle(Arena *arena, const SieveNode *node)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	add_to_sum(sum, tag_string(node, SIEVE_SLOT_SUBJECT));
	add_to_sum(sum, tag_string(node, SIEVE_SLOT_FROM));
	g_checksum_update(sum,
		(const guchar *)(sieve_node_tag(node, SIEVE_SLOT_MIME) != NULL ?
				"m" :
				"t"),
		1);
	add_to_sum(sum, &node->positional[0]->strings[0]);
	return arena_strdup(arena, g_checksum_get_string(sum));
}

/* RFC 5230 section 5: of an entity's header. */
static gboolean has_8bit_header(Bytes entity)
{
	for (gsize i = 0; i < entity.size; i++) {
		if ((guchar)entity.data[i] >= 0x80)
			return TRUE;
		if (entity.data[i] == '\n' && i + 1 < entity.size &&
			(entity.data[i + 1] == '\n' ||
				entity.data[i + 1] == '\r'))
			return FALSE;
	}
	return FALSE;
}

/* RFC 5230 section 4.5 does not say that they must be some: what is none
 * matches nothing. */
static gboolean check_own(SieveChecker *checker, const SieveString *string)
{
	if (!sieve_address_parse(string->text, NULL))
		sieve_check_warn(checker, string->place,
			"%s is no address, such as \"user@example.com\", and "
			"passed over",
			sieve_quote(checker, string->text));
	return TRUE;
}

static gboolean check_addresses(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	(void)node;
	return sieve_check_each(checker, use->value, check_own);
}

static void check_vacation(SieveChecker *checker, SieveNode *node)
{
	const SieveString *reason = &node->positional[0]->strings[0];

	sieve_fcc_check(checker, node);
	if (sieve_node_tag(node, SIEVE_SLOT_MIME) != NULL &&
		sieve_string_is_constant(reason) &&
		has_8bit_header(reason->text))
		sieve_check_error(checker, reason->place,
			"the header of a :mime reason must be ASCII");
	node->data = make_handle(sieve_check_arena(checker), node);
}

static gint64 read_seconds(const SieveRun *run, const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_DAYS);

	if (use == NULL)
		return run->limits->vacation_seconds;
	if (use->tag->number == IN_SECONDS)
		return (gint64)MIN(use->value->number, (guint64)DAYS_MAX * DAY);
	return (gint64)CLAMP(use->value->number, 1, DAYS_MAX) * DAY;
}

/* The addresses among texts, without names. */
static const char *const *find_addresses(
	SieveRun *run, const char *const *texts)
{
	guint n = texts != NULL ? g_strv_length((char **)texts) : 0;
	const char **found = arena_new_array(run->kept, const char *, n + 1);
	guint count = 0;

	for (guint i = 0; i < n; i++) {
		g_autoptr(GString) address = g_string_new(NULL);

		if (sieve_address_parse(bytes_of_string(texts[i]), address))
			found[count++] = arena_copy(
				run->kept, address->str, address->len);
	}
	return count > 0 ? found : NULL;
}

static gboolean read_tags(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	return sieve_mail_read(run, node, action) &&
		sieve_tag_list(
			run, node, SIEVE_SLOT_ADDRESSES, &action->addresses) &&
		sieve_tag_text(run, node, SIEVE_SLOT_HANDLE, &action->handle) &&
		sieve_fcc_read(run, node, action);
}

static gboolean run_vacation(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_VACATION);

	if (action == NULL || !read_tags(run, node, action))
		return FALSE;
	sieve_run_unenclose(run, action);
	action->addresses = find_addresses(run, action->addresses);
	action->seconds = read_seconds(run, node);
	if (action->handle == NULL)
		action->handle = arena_strdup(run->kept, node->data);
	if (action->is_mime && has_8bit_header(bytes_of_string(action->text)))
		return sieve_run_fail(run, node,
			"vacation: the header of a :mime reason must be ASCII");
	return sieve_result_add(run, node, action);
}

static const SieveTag vacation_tags[] = {
	{ .name = "days",
		.slot = SIEVE_SLOT_DAYS,
		.value = SIEVE_TYPE_NUMBER,
		.number = IN_DAYS },
	{ .name = "seconds",
		.needs = SIEVE_BIT(SIEVE_EXT_VACATION_SECONDS),
		.slot = SIEVE_SLOT_DAYS,
		.value = SIEVE_TYPE_NUMBER,
		.number = IN_SECONDS },
	{ .name = "addresses",
		.slot = SIEVE_SLOT_ADDRESSES,
		.value = SIEVE_TYPE_STRINGS,
		.check = check_addresses },
	{ .name = "handle",
		.slot = SIEVE_SLOT_HANDLE,
		.value = SIEVE_TYPE_STRING },
	{ .name = NULL },
};

const SieveWord sieve_words_vacation[] = {
	{ .name = "vacation",
		.needs = SIEVE_BIT(SIEVE_EXT_VACATION),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "reason",
		.shared = SIEVE_TAGS_MAIL | SIEVE_TAGS_FILE | SIEVE_TAGS_FCC,
		.tags = vacation_tags,
		.check = check_vacation,
		.run = run_vacation },
	{ .name = NULL },
};
