/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tagged arguments that many words share. */
#include "sieve/word.h"

/* What they mean is told by match.c; a row without a check takes any value
 * of their type. */
static const SieveTag comparator_tags[] = {
	{ .name = "comparator",
		.slot = SIEVE_SLOT_COMPARATOR,
		.value = SIEVE_TYPE_STRING,
		.is_constant = TRUE },
	{ .name = NULL },
};

static const SieveTag match_tags[] = {
	{ .name = "is", .slot = SIEVE_SLOT_MATCH },
	{ .name = "contains", .slot = SIEVE_SLOT_MATCH },
	{ .name = "matches", .slot = SIEVE_SLOT_MATCH },
	{ .name = NULL },
};

static const SieveTag address_part_tags[] = {
	{ .name = "all", .slot = SIEVE_SLOT_ADDRESS_PART },
	{ .name = "localpart", .slot = SIEVE_SLOT_ADDRESS_PART },
	{ .name = "domain", .slot = SIEVE_SLOT_ADDRESS_PART },
	{ .name = NULL },
};

static const SieveTag file_tags[] = {
	{ .name = "flags",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.slot = SIEVE_SLOT_FLAGS,
		.value = SIEVE_TYPE_STRINGS },
	{ .name = "create",
		.needs = SIEVE_BIT(SIEVE_EXT_MAILBOX),
		.slot = SIEVE_SLOT_CREATE },
	{ .name = "specialuse",
		.needs = SIEVE_BIT(SIEVE_EXT_SPECIAL_USE),
		.slot = SIEVE_SLOT_SPECIAL_USE,
		.value = SIEVE_TYPE_STRING },
	{ .name = "mailboxid",
		.needs = SIEVE_BIT(SIEVE_EXT_MAILBOXID),
		.slot = SIEVE_SLOT_MAILBOX_ID,
		.value = SIEVE_TYPE_STRING },
	{ .name = NULL },
};

static const SieveTag copy_tags[] = {
	{ .name = "copy",
		.needs = SIEVE_BIT(SIEVE_EXT_COPY),
		.slot = SIEVE_SLOT_COPY },
	{ .name = NULL },
};

static const SieveTag fcc_tags[] = {
	{ .name = "fcc",
		.needs = SIEVE_BIT(SIEVE_EXT_FCC),
		.slot = SIEVE_SLOT_FCC,
		.value = SIEVE_TYPE_STRING },
	{ .name = NULL },
};

/* One row for each bit of SieveSharedTags. */
static const struct {
	guint bit;
	const SieveTag *tags;
} sets[] = {
	{ SIEVE_TAGS_COMPARATOR, comparator_tags },
	{ SIEVE_TAGS_MATCH, match_tags },
	{ SIEVE_TAGS_ADDRESS_PART, address_part_tags },
	{ SIEVE_TAGS_FILE, file_tags },
	{ SIEVE_TAGS_COPY, copy_tags },
	{ SIEVE_TAGS_FCC, fcc_tags },
};

const SieveTag *sieve_shared_tags(guint bit)
{
	for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
		if (sets[i].bit == bit)
			return sets[i].tags;
	}
	return NULL;
}
