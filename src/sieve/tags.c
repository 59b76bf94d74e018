/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tagged arguments that many words share. */
#include "sieve/file.h"
#include "sieve/file.h"
#include "sieve/match.h"
#include "sieve/part.h"
#include "sieve/select.h"
#include "sieve/modifiers.h"
#include "sieve/word.h"

/* What they mean is told by testing.c and select.c; a row without a check takes
 * any value of its type. */
static const SieveTag comparator_tags[] = {
	{ .name = "comparator",
		.slot = SIEVE_SLOT_COMPARATOR,
		.value = SIEVE_TYPE_STRING,
		.is_constant = TRUE },
	{ .name = NULL },
};

static const SieveTag match_tags[] = {
	{ .name = "is", .slot = SIEVE_SLOT_MATCH, .number = SIEVE_MATCH_IS },
	{ .name = "contains",
		.slot = SIEVE_SLOT_MATCH,
		.number = SIEVE_MATCH_CONTAINS },
	{ .name = "matches",
		.slot = SIEVE_SLOT_MATCH,
		.number = SIEVE_MATCH_MATCHES },
	{ .name = "regex",
		.needs = SIEVE_BIT(SIEVE_EXT_REGEX),
		.slot = SIEVE_SLOT_MATCH,
		.number = SIEVE_MATCH_REGEX },
	{ .name = "value",
		.needs = SIEVE_BIT(SIEVE_EXT_RELATIONAL),
		.slot = SIEVE_SLOT_MATCH,
		.value = SIEVE_TYPE_STRING,
		.is_constant = TRUE,
		.number = SIEVE_MATCH_VALUE },
	{ .name = "count",
		.needs = SIEVE_BIT(SIEVE_EXT_RELATIONAL),
		.slot = SIEVE_SLOT_MATCH,
		.value = SIEVE_TYPE_STRING,
		.is_constant = TRUE,
		.number = SIEVE_MATCH_COUNT },
	{ .name = "list",
		.needs = SIEVE_BIT(SIEVE_EXT_EXTLISTS),
		.slot = SIEVE_SLOT_MATCH,
		.number = SIEVE_MATCH_LIST },
	{ .name = NULL },
};

static const SieveTag address_part_tags[] = {
	{ .name = "all",
		.slot = SIEVE_SLOT_ADDRESS_PART,
		.number = SIEVE_PART_ALL },
	{ .name = "localpart",
		.slot = SIEVE_SLOT_ADDRESS_PART,
		.number = SIEVE_PART_LOCAL },
	{ .name = "domain",
		.slot = SIEVE_SLOT_ADDRESS_PART,
		.number = SIEVE_PART_DOMAIN },
	{ .name = "user",
		.needs = SIEVE_BIT(SIEVE_EXT_SUBADDRESS),
		.slot = SIEVE_SLOT_ADDRESS_PART,
		.number = SIEVE_PART_USER },
	{ .name = "detail",
		.needs = SIEVE_BIT(SIEVE_EXT_SUBADDRESS),
		.slot = SIEVE_SLOT_ADDRESS_PART,
		.number = SIEVE_PART_DETAIL },
	{ .name = NULL },
};

static const SieveTag index_tags[] = {
	{ .name = "index",
		.needs = SIEVE_BIT(SIEVE_EXT_INDEX),
		.slot = SIEVE_SLOT_INDEX,
		.value = SIEVE_TYPE_NUMBER },
	{ .name = "last",
		.needs = SIEVE_BIT(SIEVE_EXT_INDEX),
		.slot = SIEVE_SLOT_LAST },
	{ .name = NULL },
};

static const SieveTag mime_tags[] = {
	{ .name = "mime",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_MIME },
	{ .name = "anychild",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_ANYCHILD },
	{ .name = NULL },
};

static const SieveTag piece_tags[] = {
	{ .name = "type",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_MIME_PART,
		.number = SIEVE_PIECE_TYPE },
	{ .name = "subtype",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_MIME_PART,
		.number = SIEVE_PIECE_SUBTYPE },
	{ .name = "contenttype",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_MIME_PART,
		.number = SIEVE_PIECE_CONTENT_TYPE },
	{ .name = "param",
		.needs = SIEVE_BIT(SIEVE_EXT_MIME),
		.slot = SIEVE_SLOT_MIME_PART,
		.value = SIEVE_TYPE_STRINGS,
		.number = SIEVE_PIECE_PARAM },
	{ .name = NULL },
};

static const SieveTag zone_tags[] = {
	{ .name = "zone", .slot = SIEVE_SLOT_ZONE, .value = SIEVE_TYPE_STRING },
	{ .name = NULL },
};

static const SieveTag file_tags[] = {
	{ .name = "flags",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.slot = SIEVE_SLOT_FLAGS,
		.value = SIEVE_TYPE_STRINGS,
		.check = sieve_check_flags_tag },
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

static const SieveTag mail_tags[] = {
	{ .name = "subject",
		.slot = SIEVE_SLOT_SUBJECT,
		.value = SIEVE_TYPE_STRING },
	{ .name = "from",
		.slot = SIEVE_SLOT_FROM,
		.value = SIEVE_TYPE_STRING,
		.check = sieve_check_mailboxes },
	{ .name = "mime", .slot = SIEVE_SLOT_MIME },
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
	{ SIEVE_TAGS_INDEX, index_tags },
	{ SIEVE_TAGS_MIME, mime_tags },
	{ SIEVE_TAGS_MIME_PART, piece_tags },
	{ SIEVE_TAGS_ZONE, zone_tags },
	{ SIEVE_TAGS_MODIFIERS, sieve_modifier_tags },
	{ SIEVE_TAGS_MAIL, mail_tags },
};

const SieveTag *sieve_shared_tags(guint bit)
{
	for (guint i = 0; i < G_N_ELEMENTS(sets); i++) {
		if (sets[i].bit == bit)
			return sets[i].tags;
	}
	return NULL;
}
