/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests address and envelope (RFC 5228 sections 5.1 and 5.4), with
 * subaddresses (RFC 5233). */
#include <stdlib.h>

#include "base/text.h"
#include "mime/address.h"
#include "mime/charset.h"
#include "sieve/edit.h"
#include "sieve/part.h"
#include "sieve/select.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* Fields that have addresses, sorted: RFC 5228 wants the test restricted to
 * them.  With :mime, any field may be looked at so (RFC 5703 section 4.2). */
static const char *const fields[] = { "abuse-reports-to", "apparently-to",
	"approved", "author", "bcc", "cc", "delivered-to",
	"disposition-notification-to", "envelope-to", "errors-to",
	"for-approval", "for-comment", "for-handling", "from",
	"mail-followup-to", "mail-reply-to", "original-from",
	"original-recipient", "original-sender", "read-receipt-to",
	"registered-mail-reply-requested-by", "reply-to", "resent-bcc",
	"resent-cc", "resent-from", "resent-reply-to", "resent-sender",
	"resent-to", "return-path", "return-receipt-requested",
	"return-receipt-to", "sender", "to", "x-admin", "x-beenthere",
	"x-complaints-to", "x-confirm-reading-to", "x-envelope-from",
	"x-envelope-to", "x-forwarded-for", "x-forwarded-to", "x-original-from",
	"x-original-to", "x-report-abuse-to", "x-sender" };

static int compare_field(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

static gboolean has_addresses(Bytes name)
{
	g_autofree char *lower = g_ascii_strdown(
		name.size > 0 ? name.data : "", (gssize)name.size);
	return bsearch(lower, fields, G_N_ELEMENTS(fields), sizeof(fields[0]),
		       compare_field) != NULL;
}

static gboolean check_field(SieveChecker *checker, const SieveString *name)
{
	if (has_addresses(name->text) || !sieve_field_name_is_valid(name->text))
		return TRUE;
	sieve_check_error(checker, name->place,
		"the field %s has no addresses; see the test 'header'",
		sieve_quote(checker, name->text));
	return FALSE;
}

static void check_address(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
	sieve_select_check(checker, node);
	sieve_select_check_names(checker, node->positional[0]);
	if (sieve_node_tag(node, SIEVE_SLOT_MIME) == NULL)
		(void)sieve_check_each(
			checker, node->positional[0], check_field);
}

static SieveAddressPart part_of(const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_ADDRESS_PART);
	return use != NULL ? (SieveAddressPart)use->tag->number :
			     SIEVE_PART_ALL;
}

static gboolean add_part(SieveTesting *testing, const SieveAddress *address)
{
	Bytes value;
	if (sieve_testing_only_counts(testing))
		return sieve_testing_add(testing, address->all);
	if (!sieve_address_part(address, part_of(testing->node),
		    testing->run->input->delimiter, &value))
		return TRUE;
	return sieve_testing_add(testing, value);
}

/* What is neither "a@b" nor nothing counts as a whole alone. */
static gboolean add_item(
	SieveTesting *testing, const MimeAddress *item, GString *text)
{
	SieveAddress address = { .is_valid = item->mailbox.size > 0 &&
			item->domain.size > 0 };
	g_autoptr(GString) local = g_string_new(NULL);
	gsize size = 0;

	g_string_truncate(text, 0);
	mime_charset_append_valid(item->mailbox, local);
	address.local = bytes_of(local->str, local->len);
	if (address.is_valid)
		sieve_address_append_local(address.local, text);
	else
		g_string_append_len(text, local->str, (gssize)local->len);
	if (item->domain.size > 0) {
		g_string_append_c(text, '@');
		size = text->len;
		mime_charset_append_valid(item->domain, text);
	}
	if (text->len == 0)
		mime_charset_append_valid(item->name, text);
	address.all = bytes_of(text->str, text->len);
	address.domain = bytes_slice(address.all, size, text->len);
	return add_part(testing, &address);
}

static gboolean add_addresses(
	SieveTesting *testing, const MimeField *field, GString *text)
{
	g_autoptr(Arena) arena = arena_new();
	gboolean good = TRUE;
	guint n = 0;

	if (!sieve_run_step(
		    testing->run, testing->node, field->value.size / 64))
		return FALSE;
	MimeAddressList list = mime_address_parse(arena, field->value);
	for (guint i = 0; good && !testing->is_matched && i < list.count; i++) {
		if (list.items[i].kind != MIME_ADDRESS_MAILBOX)
			continue;
		n++;
		good = add_item(testing, &list.items[i], text);
	}
	/* An empty field has the empty key, but no address to be counted. */
	if (n == 0 && part_of(testing->node) == SIEVE_PART_ALL &&
		!sieve_testing_only_counts(testing) &&
		text_trim(field->value).size == 0)
		good = sieve_testing_add(testing, bytes_of("", 0));
	return good;
}

static gboolean test_address(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	g_autoptr(GArray) found =
		sieve_select_fields(run, node, node->positional[0]);
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean any = sieve_node_tag(node, SIEVE_SLOT_MIME) != NULL;
	SieveTesting testing;

	if (found == NULL)
		return FALSE;
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[1]);
	for (guint i = 0; good && !testing.is_matched && i < found->len; i++) {
		const MimeField *field = &g_array_index(found, MimeField, i);
		if (sieve_select_index(node, i, found->len) &&
			(any || has_addresses(field->name)))
			good = add_addresses(&testing, field, text);
	}
	return sieve_testing_end(&testing, good, result);
}

/* ---- envelope ---- */

static const char *envelope_from(const SieveInput *input)
{
	return input->sender;
}

static const char *envelope_to(const SieveInput *input)
{
	return input->recipient;
}

static const struct {
	const char *name;
	const char *(*value)(const SieveInput *input);
} envelope_parts[] = {
	{ "from", envelope_from },
	{ "to", envelope_to },
};

static gint find_envelope_part(Bytes name)
{
	for (guint i = 0; i < G_N_ELEMENTS(envelope_parts); i++) {
		if (text_equal_nocase(name, envelope_parts[i].name))
			return (gint)i;
	}
	return -1;
}

static gboolean check_envelope_part(
	SieveChecker *checker, const SieveString *name)
{
	if (find_envelope_part(name->text) >= 0)
		return TRUE;
	sieve_check_error(checker, name->place,
		"the envelope has no %s: it has \"from\" and \"to\"",
		sieve_quote(checker, name->text));
	return FALSE;
}

static void check_envelope(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
	(void)sieve_check_each(
		checker, node->positional[0], check_envelope_part);
}

/* The null reverse-path is the empty string whatever part is asked for, and
 * counts as none (RFC 5228 section 5.4, RFC 5231 section 4.2). */
static gboolean add_path(SieveTesting *testing, Bytes path)
{
	g_autoptr(GString) unquoted = g_string_new(NULL);
	SieveAddress address;

	if (path.size == 0 || bytes_equal(path, bytes_of_string("<>")))
		return sieve_testing_only_counts(testing) ||
			sieve_testing_add(testing, bytes_of("", 0));
	return !sieve_path_parse(path, unquoted, &address) ||
		add_part(testing, &address);
}

static gboolean add_envelope_part(SieveTesting *testing, Bytes name)
{
	gint part = find_envelope_part(name);
	if (part < 0)
		return sieve_run_fail(testing->run, testing->node,
			"the envelope has no %s: it has \"from\" and \"to\"",
			sieve_run_quote(testing->run, name));
	const char *value = envelope_parts[part].value(testing->run->input);
	return value == NULL || add_path(testing, bytes_of_string(value));
}

static gboolean test_envelope(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveArgument *names = node->positional[0];
	SieveTesting testing;

	if (run->input->is_event)
		return sieve_run_fail(run, node,
			"a message that is stored already has no envelope");
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[1]);
	for (guint i = 0; good && !testing.is_matched && i < names->n_strings;
		i++) {
		Bytes name;
		good = sieve_run_string(run, node, &names->strings[i], &name) &&
			add_envelope_part(&testing, name);
	}
	return sieve_testing_end(&testing, good, result);
}

const SieveWord sieve_words_address[] = {
	{ .name = "address",
		.kind = SIEVE_TEST,
		.arguments = { SIEVE_TYPE_STRINGS, SIEVE_TYPE_STRINGS },
		.called = "field names, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH |
			SIEVE_TAGS_ADDRESS_PART | SIEVE_TAGS_INDEX |
			SIEVE_TAGS_MIME,
		.check = check_address,
		.test = test_address },
	{ .name = "envelope",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_ENVELOPE),
		.arguments = { SIEVE_TYPE_STRINGS, SIEVE_TYPE_STRINGS },
		.called = "parts, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH |
			SIEVE_TAGS_ADDRESS_PART,
		.check = check_envelope,
		.test = test_envelope },
	{ .name = NULL },
};
