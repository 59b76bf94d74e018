/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing header fields and texts of messages that are ours. */
#ifndef MIME_COMPOSE_H
#define MIME_COMPOSE_H

#include <glib.h>

#include "base/bytes.h"
#include "mime/address.h"

/* All texts given are valid UTF-8 and may hold anything: a control or a line
 * end in one becomes a space, so that no text can begin a field of its own.
 * Lines are folded before column 78 where there is a blank (RFC 5322 section
 * 2.1.1) and end in CRLF. */

/* Appends "Name: text" and CRLF for an unstructured field; what is not
 * printable ASCII is encoded (RFC 2047).  ASCII stays as it is, encoded words
 * in it too (RFC 5230 section 4.3). */
void mime_compose_text(GString *out, const char *name, const char *text);

/* The same for a structured field that is right already: nothing is encoded,
 * blanks are where it may be folded. */
void mime_compose_field(GString *out, const char *name, const char *value);

/* The same for a list of addresses as people write them ("Jürgen <j@x>, k@y"):
 * names are quoted or encoded, local parts quoted.  Where there is no address
 * in it, FALSE, and nothing is appended. */
gboolean mime_compose_addresses(
	GString *out, const char *name, const char *addresses);

/* The same for one address, which has a local part and a domain. */
void mime_compose_address(
	GString *out, const char *name, const MimeAddress *address);

/* Appends Content-Type, Content-Transfer-Encoding, a blank line and the text as
 * a text/plain body: as it is where it is ASCII with short lines, else in
 * UTF-8 as quoted-printable.  All line ends, bare ones too, become CRLF; the
 * last line gets one. */
void mime_compose_body(GString *out, const char *text);

/* The same for any bytes, with that Content-Type (without parameters that depend
 * on the bytes): as they are where they are ASCII without NUL and with short
 * lines, else as quoted-printable; lines end as above. */
void mime_compose_part(GString *out, const char *type, Bytes bytes);

/* The same with the fields of a message's header, as far as anything can be made
 * of them, 64 KiB at most, as text/rfc822-headers (RFC 6522 section 4). */
void mime_compose_header_part(GString *out, Bytes message);

/* Appends bytes with each bare CR or LF as CRLF; the last line gets one. */
void mime_compose_lines(GString *out, Bytes bytes);

#endif
