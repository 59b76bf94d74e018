/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that a script names: strict, unlike those of mail that came. */
#ifndef SIEVE_ADDRESS_H
#define SIEVE_ADDRESS_H

#include <glib.h>

#include "base/bytes.h"

/* Bytes of an address (RFC 5321 section 4.5.3.1: local part and domain). */
#define SIEVE_ADDRESS_SIZE_MAX 320

/* One address of RFC 5228 section 2.4.2.3, "local@domain" or "Name
 * <local@domain>", UTF-8 too (RFC 6531); blanks and comments may be where RFC
 * 5322 has them.  Appends local@domain to out, which may be NULL.  FALSE, and
 * nothing appended, where it is none. */
gboolean sieve_address_parse(Bytes text, GString *out);

/* TRUE for a mailbox-list of RFC 5322: one address or more. */
gboolean sieve_address_list_is_valid(Bytes text);

#endif
