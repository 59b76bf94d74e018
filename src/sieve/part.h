/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of mail and of envelopes, and the parts of them that tests look at
 * (RFC 5228 section 2.7.4, RFC 5233). */
#ifndef SIEVE_PART_H
#define SIEVE_PART_H

#include <glib.h>

#include "base/bytes.h"

typedef enum {
	SIEVE_PART_ALL,
	SIEVE_PART_LOCAL,
	SIEVE_PART_DOMAIN,
	SIEVE_PART_USER,
	SIEVE_PART_DETAIL,
} SieveAddressPart;

/* An address, quotes and escapes of the local part undone but in `all`, which is
 * what a mail can be sent to.  One that is no address has only that. */
typedef struct {
	gboolean is_valid;
	Bytes local;
	Bytes domain; /* no data: there is none, as in a path "postmaster" */
	Bytes all;
} SieveAddress;

/* The part as text; FALSE: the address has no such part.  delimiter is any of
 * its characters, NULL or "" for none: RFC 5233's detail is behind the first
 * that the local part has. */
gboolean sieve_address_part(const SieveAddress *address, SieveAddressPart part,
	const char *delimiter, Bytes *value);

/* Appends a local part, in quotes where it has a character that needs them. */
void sieve_address_append_local(Bytes local, GString *out);

/* A path of the envelope (RFC 5321 section 4.1.2), in brackets or not, with a
 * source route or not.  FALSE where it is none.  unquoted holds the address
 * where its local part was quoted, and must outlive it.  "" is none. */
gboolean sieve_path_parse(Bytes path, GString *unquoted, SieveAddress *address);

#endif
