/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of extensions. */
#include "sieve/extension.h"

#include <stdlib.h>

typedef enum {
	EVERYWHERE,
	DELIVERY_ONLY, /* RFC 6785 section 3.11 */
} Where;

/* Only what works in full has a row. */
static const struct {
	const char *name;
	const char *rfc;
	Where where;
} rows[SIEVE_EXT_COUNT] = {
	[SIEVE_EXT_COMPARATOR_OCTET] = { "comparator-i;octet", "5228",
		EVERYWHERE },
	[SIEVE_EXT_COMPARATOR_ASCII_CASEMAP] = { "comparator-i;ascii-casemap",
		"5228", EVERYWHERE },
	[SIEVE_EXT_COPY] = { "copy", "3894", EVERYWHERE },
	[SIEVE_EXT_DUPLICATE] = { "duplicate", "7352", DELIVERY_ONLY },
	[SIEVE_EXT_EDITHEADER] = { "editheader", "5293", EVERYWHERE },
	[SIEVE_EXT_ENCLOSE] = { "enclose", "5703", EVERYWHERE },
	[SIEVE_EXT_ENOTIFY] = { "enotify", "5435", EVERYWHERE },
	[SIEVE_EXT_EREJECT] = { "ereject", "5429", DELIVERY_ONLY },
	[SIEVE_EXT_EXTRACTTEXT] = { "extracttext", "5703", EVERYWHERE },
	[SIEVE_EXT_EXTLISTS] = { "extlists", "6134", EVERYWHERE },
	[SIEVE_EXT_FCC] = { "fcc", "8580", EVERYWHERE },
	[SIEVE_EXT_FILEINTO] = { "fileinto", "5228", EVERYWHERE },
	[SIEVE_EXT_FOREVERYPART] = { "foreverypart", "5703", EVERYWHERE },
	[SIEVE_EXT_IMAP4FLAGS] = { "imap4flags", "5232", EVERYWHERE },
	/* Everywhere: section 4.2 says what its items are at a delivery. */
	[SIEVE_EXT_IMAPSIEVE] = { "imapsieve", "6785", EVERYWHERE },
	[SIEVE_EXT_MAILBOX] = { "mailbox", "5490", EVERYWHERE },
	[SIEVE_EXT_MAILBOXID] = { "mailboxid", "9042", EVERYWHERE },
	[SIEVE_EXT_REJECT] = { "reject", "5429", DELIVERY_ONLY },
	[SIEVE_EXT_REPLACE] = { "replace", "5703", EVERYWHERE },
	[SIEVE_EXT_SPECIAL_USE] = { "special-use", "8579", EVERYWHERE },
	[SIEVE_EXT_VACATION] = { "vacation", "5230", DELIVERY_ONLY },
	[SIEVE_EXT_VACATION_SECONDS] = { "vacation-seconds", "6131",
		DELIVERY_ONLY },
	[SIEVE_EXT_COMPARATOR_ASCII_NUMERIC] = { "comparator-i;ascii-numeric",
		"4790", EVERYWHERE },
	[SIEVE_EXT_COMPARATOR_UNICODE_CASEMAP] = { "comparator-i;unicode-"
						   "casemap",
		"5051", EVERYWHERE },
	[SIEVE_EXT_ENVELOPE] = { "envelope", "5228", EVERYWHERE },
	[SIEVE_EXT_BODY] = { "body", "5173", EVERYWHERE },
	[SIEVE_EXT_RELATIONAL] = { "relational", "5231", EVERYWHERE },
	[SIEVE_EXT_SUBADDRESS] = { "subaddress", "5233", EVERYWHERE },
	[SIEVE_EXT_DATE] = { "date", "5260", EVERYWHERE },
	[SIEVE_EXT_INDEX] = { "index", "5260", EVERYWHERE },
	[SIEVE_EXT_MBOXMETADATA] = { "mboxmetadata", "5490", EVERYWHERE },
	[SIEVE_EXT_SERVERMETADATA] = { "servermetadata", "5490", EVERYWHERE },
	[SIEVE_EXT_REGEX] = { "regex", "draft-murchison-sieve-regex",
		EVERYWHERE },
	[SIEVE_EXT_MIME] = { "mime", "5703", EVERYWHERE },
	[SIEVE_EXT_SPAMTEST] = { "spamtest", "5235", EVERYWHERE },
	[SIEVE_EXT_SPAMTESTPLUS] = { "spamtestplus", "5235", EVERYWHERE },
	[SIEVE_EXT_VIRUSTEST] = { "virustest", "5235", EVERYWHERE },
	[SIEVE_EXT_ENCODED_CHARACTER] = { "encoded-character", "5228",
		EVERYWHERE },
	[SIEVE_EXT_ENVIRONMENT] = { "environment", "5183", EVERYWHERE },
	[SIEVE_EXT_VARIABLES] = { "variables", "5229", EVERYWHERE },
	[SIEVE_EXT_INCLUDE] = { "include", "6609", EVERYWHERE },
	[SIEVE_EXT_IHAVE] = { "ihave", "5463", EVERYWHERE },
};

static SieveExtensions all_up_to(Where where)
{
	SieveExtensions all = G_GUINT64_CONSTANT(1) << SIEVE_EXT_BASE;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].name != NULL && rows[i].where <= where)
			all |= G_GUINT64_CONSTANT(1) << i;
	}
	return all;
}

SieveExtensions sieve_extensions_delivery(void)
{
	return all_up_to(DELIVERY_ONLY);
}

SieveExtensions sieve_extensions_imap(void)
{
	return all_up_to(EVERYWHERE);
}

gboolean sieve_extension_find(Bytes name, SieveExtension *extension)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].name == NULL ||
			!bytes_equal(name, bytes_of_string(rows[i].name)))
			continue;
		*extension = (SieveExtension)i;
		return TRUE;
	}
	return FALSE;
}

const char *sieve_extension_name(SieveExtension extension)
{
	const char *name = rows[extension].name;
	return name != NULL ? name : "(not there)";
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sieve_extensions_write(SieveExtensions extensions, GString *out)
{
	const char *names[SIEVE_EXT_COUNT];
	gsize n = 0;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (rows[i].name != NULL && (extensions >> i & 1) != 0)
			names[n++] = rows[i].name;
	}
	qsort(names, n, sizeof(*names), compare_names);
	for (gsize i = 0; i < n; i++)
		g_string_append_printf(out, "%s%s", i > 0 ? " " : "", names[i]);
}
