/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replace and enclose (RFC 5703 sections 5 and 6). */
#include "sieve/edit.h"
#include "sieve/file.h"
#include "sieve/message.h"
#include "sieve/words.h"

static gboolean put_message(SieveRun *run, const SieveNode *node, GString *text)
{
	if (!sieve_run_step(run, node, text->len / SIEVE_STEP_BYTES))
		return FALSE;
	char *kept = arena_copy(run->kept, text->str, text->len);
	return sieve_message_replace(run, node, bytes_of(kept, text->len));
}

static void check_replace(SieveChecker *checker, SieveNode *node)
{
	const SieveTagUse *mime = sieve_node_tag(node, SIEVE_SLOT_MIME);

	if (mime != NULL &&
		(sieve_node_tag(node, SIEVE_SLOT_SUBJECT) != NULL ||
			sieve_node_tag(node, SIEVE_SLOT_FROM) != NULL))
		sieve_check_error(checker, mime->place,
			":mime excludes :subject and :from");
}

static gboolean run_replace(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_REPLACE);
	g_autoptr(GString) text = g_string_new(NULL);
	Bytes message;

	if (action == NULL || !sieve_mail_read(run, node, action))
		return FALSE;
	const MimeScan *scan = sieve_message_scan(run, node, &message);
	if (scan == NULL ||
		!sieve_run_step(run, node, message.size / SIEVE_STEP_BYTES))
		return FALSE;
	SieveReplacement how = { action->text, action->is_mime, action->subject,
		action->from };
	sieve_edit_replace(message, scan, sieve_message_part(run), &how, text);
	run->is_replaced = TRUE;
	return sieve_result_add(run, node, action) &&
		put_message(run, node, text);
}

static gboolean check_header_name(
	SieveChecker *checker, const SieveString *string)
{
	if (sieve_field_name_is_valid(string->text))
		return TRUE;
	sieve_check_error(checker, string->place,
		"%s is no field name: printable ASCII without \":\"",
		sieve_quote(checker, string->text));
	return FALSE;
}

static gboolean check_headers(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	(void)node;
	return sieve_check_each(checker, use->value, check_header_name);
}

static gboolean run_enclose(SieveRun *run, const SieveNode *node)
{
	SieveAction *action = sieve_run_action(run, node, SIEVE_ENCLOSE);
	g_autoptr(GString) text = g_string_new(NULL);
	Bytes message;
	guint number;

	if (action == NULL ||
		!sieve_run_text(run, node, &node->positional[0]->strings[0],
			&action->text) ||
		!sieve_tag_text(
			run, node, SIEVE_SLOT_SUBJECT, &action->subject) ||
		!sieve_tag_list(
			run, node, SIEVE_SLOT_HEADER, &action->headers) ||
		!sieve_message_number(run, node, &number) ||
		sieve_message_scan(run, node, &message) == NULL ||
		!sieve_run_step(run, node, message.size / SIEVE_STEP_BYTES))
		return FALSE;
	SieveEnclosure how = { .text = action->text,
		.subject = action->subject,
		.headers = action->headers,
		.from = run->input->recipient,
		.now = run->input->now };
	sieve_edit_enclose(message, &how, text);
	if (!sieve_result_add(run, node, action) ||
		!put_message(run, node, text))
		return FALSE;
	if (run->n_enclosed++ == 0)
		run->unenclosed = number;
	/* All parts are further inside now. */
	if (run->n_loops > 0)
		run->part += SIEVE_ENCLOSE_ENTITIES;
	for (SieveFrame *frame = run->frame; frame != NULL;
		frame = frame->parent) {
		if (frame->root > 0)
			frame->root += SIEVE_ENCLOSE_ENTITIES;
	}
	return TRUE;
}

static const SieveTag enclose_tags[] = {
	{ .name = "subject",
		.slot = SIEVE_SLOT_SUBJECT,
		.value = SIEVE_TYPE_STRING },
	{ .name = "headers",
		.slot = SIEVE_SLOT_HEADER,
		.value = SIEVE_TYPE_STRINGS,
		.check = check_headers },
	{ .name = NULL },
};

const SieveWord sieve_words_replace[] = {
	{ .name = "replace",
		.needs = SIEVE_BIT(SIEVE_EXT_REPLACE),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "text",
		.shared = SIEVE_TAGS_MAIL,
		.check = check_replace,
		.run = run_replace },
	{ .name = "enclose",
		.needs = SIEVE_BIT(SIEVE_EXT_ENCLOSE),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "text",
		.tags = enclose_tags,
		.run = run_enclose },
	{ .name = NULL },
};
