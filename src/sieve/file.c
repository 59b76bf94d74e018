/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What actions have in common: addresses, values of tags, and where a copy is
 * filed. */
#include "sieve/file.h"

#include "sieve/address.h"
#include "sieve/flags.h"

gboolean sieve_check_address(SieveChecker *checker, const SieveString *string)
{
	if (sieve_address_parse(string->text, NULL))
		return TRUE;
	sieve_check_error(checker, string->place,
		"%s is no address, such as \"user@example.com\"",
		sieve_quote(checker, string->text));
	return FALSE;
}

gboolean sieve_check_mailboxes(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	const SieveString *string = &use->value->strings[0];

	(void)node;
	if (!sieve_string_is_constant(string) ||
		sieve_address_list_is_valid(string->text))
		return TRUE;
	sieve_check_error(checker, string->place,
		"%s is no address, such as \"Name <user@example.com>\"",
		sieve_quote(checker, string->text));
	return FALSE;
}

static gboolean check_flag(SieveChecker *checker, const SieveString *string)
{
	Bytes word;

	if (!sieve_flags_find_odd(string->text, &word))
		return TRUE;
	const char *quoted = sieve_quote(checker, word);
	const char *meant = sieve_flags_meant(word);
	if (meant != NULL)
		sieve_check_warn(checker, string->place,
			"%s is a keyword like any other; the system flag is "
			"\"\\%s\", with two backslashes",
			quoted, meant);
	else
		sieve_check_warn(checker, string->place,
			"%s is no flag that can be set, and is passed over",
			quoted);
	return TRUE;
}

void sieve_check_flags(SieveChecker *checker, const SieveArgument *flags)
{
	(void)sieve_check_each(checker, flags, check_flag);
}

gboolean sieve_check_flags_tag(
	SieveChecker *checker, SieveNode *node, const SieveTagUse *use)
{
	(void)node;
	sieve_check_flags(checker, use->value);
	return TRUE;
}

gboolean sieve_tag_text(
	SieveRun *run, const SieveNode *node, guint slot, const char **text)
{
	const SieveTagUse *use = sieve_node_tag(node, slot);

	*text = NULL;
	if (use == NULL)
		return TRUE;
	return sieve_run_text(run, node, &use->value->strings[0], text);
}

gboolean sieve_tag_list(SieveRun *run, const SieveNode *node, guint slot,
	const char *const **list)
{
	const SieveTagUse *use = sieve_node_tag(node, slot);

	*list = NULL;
	if (use == NULL)
		return TRUE;
	const SieveArgument *value = use->value;
	const char **items =
		arena_new_array(run->kept, const char *, value->n_strings + 1);
	for (guint i = 0; i < value->n_strings; i++)
		if (!sieve_run_text(run, node, &value->strings[i], &items[i]))
			return FALSE;
	*list = items;
	return TRUE;
}

static gboolean has_controls(Bytes text)
{
	for (gsize i = 0; i < text.size; i++)
		if ((guchar)text.data[i] < 0x20 || text.data[i] == 0x7f)
			return TRUE;
	return FALSE;
}

static gboolean can_name_mailbox(Bytes name)
{
	return name.size > 0 && !has_controls(name) &&
		g_utf8_validate(name.data, (gssize)name.size, NULL);
}

gboolean sieve_special_use_is_valid(Bytes use)
{
	return use.size > 1 && use.data[0] == '\\' &&
		sieve_keyword_is_valid(bytes_slice(use, 1, use.size));
}

/* RFC 8474 section 4: an object's id. */
static void check_id(SieveChecker *checker, const SieveString *id)
{
	gboolean is_good = id->text.size > 0 && id->text.size <= 255;

	for (gsize i = 0; i < id->text.size; i++) {
		char c = id->text.data[i];
		is_good =
			is_good && (g_ascii_isalnum(c) || c == '_' || c == '-');
	}
	if (sieve_string_is_constant(id) && !is_good)
		sieve_check_warn(checker, id->place,
			"%s is no mailbox's id: letters, digits, \"-\" and "
			"\"_\"",
			sieve_quote(checker, id->text));
}

/* RFC 9042 section 4.2. */
static void check_tags(SieveChecker *checker, SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_SPECIAL_USE);
	const SieveTagUse *id = sieve_node_tag(node, SIEVE_SLOT_MAILBOX_ID);

	if (id != NULL)
		check_id(checker, &id->value->strings[0]);
	if (use == NULL)
		return;
	if (id != NULL)
		sieve_check_error(checker, use->place,
			":specialuse and :mailboxid exclude each other");
	const SieveString *value = &use->value->strings[0];
	if (sieve_string_is_constant(value) &&
		!sieve_special_use_is_valid(value->text))
		sieve_check_error(checker, value->place,
			"%s is no special use, such as \"\\\\Junk\"",
			sieve_quote(checker, value->text));
}

static void check_mailbox(SieveChecker *checker, const SieveString *mailbox)
{
	if (sieve_string_is_constant(mailbox) &&
		!can_name_mailbox(mailbox->text))
		sieve_check_error(checker, mailbox->place,
			"%s cannot name a mailbox: names are UTF-8 without "
			"controls, and not empty",
			sieve_quote(checker, mailbox->text));
}

void sieve_file_check(
	SieveChecker *checker, SieveNode *node, const SieveArgument *mailbox)
{
	check_mailbox(checker, &mailbox->strings[0]);
	check_tags(checker, node);
}

gboolean sieve_file_read_flags(
	SieveRun *run, const SieveNode *node, SieveFile *file)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_FLAGS);
	g_autoptr(GString) set = g_string_new(NULL);

	if (use == NULL && run->flags == NULL)
		return TRUE;
	if (use == NULL)
		g_string_assign(set, run->flags);
	for (guint i = 0; use != NULL && i < use->value->n_strings; i++) {
		Bytes value;

		if (!sieve_run_string(
			    run, node, &use->value->strings[i], &value) ||
			!sieve_run_step(run, node, value.size / 8))
			return FALSE;
		sieve_flags_add(set, value);
	}
	file->flags = sieve_flags_array(run->kept, set);
	return sieve_run_step(run, node, set->len / 32);
}

static gboolean read_mailbox(SieveRun *run, const SieveNode *node,
	const SieveString *mailbox, SieveFile *file)
{
	Bytes name;

	if (!sieve_run_string(run, node, mailbox, &name))
		return FALSE;
	if (!can_name_mailbox(name))
		return sieve_run_fail(run, node,
			"%s: %s cannot name a mailbox: names are UTF-8 "
			"without controls, and not empty",
			node->word->name, sieve_run_quote(run, name));
	file->mailbox = arena_copy(run->kept, name.data, name.size);
	return sieve_run_step(run, node, name.size / SIEVE_STEP_BYTES);
}

gboolean sieve_file_read(SieveRun *run, const SieveNode *node,
	const SieveArgument *mailbox, SieveFile *file)
{
	if (!read_mailbox(run, node, &mailbox->strings[0], file) ||
		!sieve_tag_text(
			run, node, SIEVE_SLOT_MAILBOX_ID, &file->mailbox_id) ||
		!sieve_tag_text(run, node, SIEVE_SLOT_SPECIAL_USE,
			&file->special_use) ||
		!sieve_file_read_flags(run, node, file))
		return FALSE;
	file->creates = sieve_node_tag(node, SIEVE_SLOT_CREATE) != NULL;
	if (file->special_use != NULL &&
		!sieve_special_use_is_valid(bytes_of_string(file->special_use)))
		return sieve_run_fail(run, node,
			"%s: %s is no special use, such as \"\\\\Junk\"",
			node->word->name,
			sieve_run_quote(
				run, bytes_of_string(file->special_use)));
	return TRUE;
}

/* Of the copy that :fcc asks for. */
static const guint fcc_slots[] = { SIEVE_SLOT_FLAGS, SIEVE_SLOT_CREATE,
	SIEVE_SLOT_SPECIAL_USE, SIEVE_SLOT_MAILBOX_ID };

void sieve_fcc_check(SieveChecker *checker, SieveNode *node)
{
	const SieveTagUse *fcc = sieve_node_tag(node, SIEVE_SLOT_FCC);

	if (fcc != NULL) {
		sieve_file_check(checker, node, fcc->value);
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(fcc_slots); i++) {
		const SieveTagUse *use = sieve_node_tag(node, fcc_slots[i]);

		if (use != NULL)
			sieve_check_error(checker, use->place,
				":%s needs :fcc here", use->tag->name);
	}
}

gboolean sieve_mail_read(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	if (!sieve_tag_text(run, node, SIEVE_SLOT_SUBJECT, &action->subject) ||
		!sieve_tag_text(run, node, SIEVE_SLOT_FROM, &action->from) ||
		!sieve_run_text(run, node, &node->positional[0]->strings[0],
			&action->text))
		return FALSE;
	action->is_mime = sieve_node_tag(node, SIEVE_SLOT_MIME) != NULL;
	if (action->from == NULL ||
		sieve_address_list_is_valid(bytes_of_string(action->from)))
		return TRUE;
	return sieve_run_fail(run, node,
		"%s: %s is no address for :from, such as "
		"\"Name <user@example.com>\"",
		node->word->name,
		sieve_run_quote(run, bytes_of_string(action->from)));
}

gboolean sieve_fcc_read(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	const SieveTagUse *fcc = sieve_node_tag(node, SIEVE_SLOT_FCC);
	/* The internal variable is of the message that came, not of ours. */
	char *flags = run->flags;

	if (fcc == NULL)
		return TRUE;
	action->has_fcc = TRUE;
	run->flags = NULL;
	gboolean done = sieve_file_read(run, node, fcc->value, &action->file);
	run->flags = flags;
	return done;
}
