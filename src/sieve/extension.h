/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extensions of Sieve there are: what require may ask for, and what
 * ManageSieve announces. */
#ifndef SIEVE_EXTENSION_H
#define SIEVE_EXTENSION_H

#include <glib.h>

#include "base/bytes.h"
#include "sieve/script.h"

/* Bits of SieveExtensions.  A row of extension.c's table for each says its name
 * and RFC; one is in the table only when all of it works. */
typedef enum {
	SIEVE_EXT_BASE, /* always there, never required */
	SIEVE_EXT_FILEINTO,
	SIEVE_EXT_ENVELOPE,
	SIEVE_EXT_ENCODED_CHARACTER,
	SIEVE_EXT_COMPARATOR_OCTET,
	SIEVE_EXT_COMPARATOR_ASCII_CASEMAP,
	SIEVE_EXT_COMPARATOR_ASCII_NUMERIC,
	SIEVE_EXT_COMPARATOR_UNICODE_CASEMAP,
	SIEVE_EXT_REJECT,
	SIEVE_EXT_EREJECT,
	SIEVE_EXT_COPY,
	SIEVE_EXT_BODY,
	SIEVE_EXT_VARIABLES,
	SIEVE_EXT_VACATION,
	SIEVE_EXT_VACATION_SECONDS,
	SIEVE_EXT_RELATIONAL,
	SIEVE_EXT_IMAP4FLAGS,
	SIEVE_EXT_SUBADDRESS,
	SIEVE_EXT_DATE,
	SIEVE_EXT_INDEX,
	SIEVE_EXT_EDITHEADER,
	SIEVE_EXT_ENVIRONMENT,
	SIEVE_EXT_MAILBOX,
	SIEVE_EXT_MBOXMETADATA,
	SIEVE_EXT_SERVERMETADATA,
	SIEVE_EXT_INCLUDE,
	SIEVE_EXT_DUPLICATE,
	SIEVE_EXT_IHAVE,
	SIEVE_EXT_ENOTIFY,
	SIEVE_EXT_REGEX,
	SIEVE_EXT_MIME,
	SIEVE_EXT_FOREVERYPART,
	SIEVE_EXT_EXTRACTTEXT,
	SIEVE_EXT_REPLACE,
	SIEVE_EXT_ENCLOSE,
	SIEVE_EXT_SPAMTEST,
	SIEVE_EXT_SPAMTESTPLUS,
	SIEVE_EXT_VIRUSTEST,
	SIEVE_EXT_SPECIAL_USE,
	SIEVE_EXT_FCC,
	SIEVE_EXT_MAILBOXID,
	SIEVE_EXT_EXTLISTS,
	SIEVE_EXT_IMAPSIEVE,
	SIEVE_EXT_COUNT,
} SieveExtension;

G_STATIC_ASSERT(SIEVE_EXT_COUNT <= 64);

/* All that the table has, for mail that comes in; and those of them that a
 * script over messages that are touched over IMAP may use (RFC 6785). */
SieveExtensions sieve_extensions_delivery(void);
SieveExtensions sieve_extensions_imap(void);

/* The bit of a name as require has it; FALSE where there is none. */
gboolean sieve_extension_find(Bytes name, SieveExtension *extension);

const char *sieve_extension_name(SieveExtension extension);

/* Appends the names, sorted, with a blank between: the SIEVE capability of RFC
 * 5804. */
void sieve_extensions_write(SieveExtensions extensions, GString *out);

#endif
