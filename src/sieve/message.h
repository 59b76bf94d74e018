/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The message as a running script sees it: as it came, or with what its
 * commands changed, and the part of it that a foreverypart is at. */
#ifndef SIEVE_MESSAGE_H
#define SIEVE_MESSAGE_H

#include <glib.h>

#include "base/bytes.h"
#include "mime/header.h"
#include "mime/scan.h"
#include "sieve/match.h"
#include "sieve/run-private.h"

/* The message's own header, with all changes: n lines as MimeField, in order;
 * a line that is no field has no name.  Valid until the next change. */
const MimeField *sieve_message_fields(SieveRun *run, guint *n);

/* The entity the script is at: the whole message (0), or a part of it.  In an
 * included script the message is the part it was included at. */
guint sieve_message_part(const SieveRun *run);

/* The whole message now and its entities; valid until the next change.  NULL
 * after a run-time error. */
const MimeScan *sieve_message_scan(
	SieveRun *run, const SieveNode *node, Bytes *message);

/* The header block and the body of an entity, by the scan's offsets. */
Bytes sieve_message_header_of(Bytes message, const MimeEntity *entity);
Bytes sieve_message_body_of(Bytes message, const MimeEntity *entity);

/* A text of the message that tests look at again and again. */
typedef struct {
	GString *text; /* what a part was decoded to; NULL: as it stands */
	SieveMatchFold fold;
} SieveKeptText;

/* One that was kept under that key, which is the caller's own, of the entity
 * and of what was done with it.  NULL: it is not there. */
SieveKeptText *sieve_message_text(const SieveRun *run, guint key);

/* Keeps one of that size: takes the text.  Valid until the next change or until
 * another one is kept. */
SieveKeptText *sieve_message_keep_text(
	SieveRun *run, guint key, gsize size, GString *text);

/* The number of the message as it is now in result->messages, where it is put if
 * it was edited since.  FALSE: it is too large now, a run-time error. */
gboolean sieve_message_number(
	SieveRun *run, const SieveNode *node, guint *number);

/* Puts a field into the header before line `at` (at == n: at the end); its
 * bytes must live in run->kept or as long, and its line end with CRLF. */
void sieve_message_insert(SieveRun *run, guint at, MimeField field);

/* Takes n lines out, whose numbers ascend. */
void sieve_message_remove(SieveRun *run, const guint *lines, guint n);

/* Another message in place of this one; `message` must live in run->kept or as
 * long. */
gboolean sieve_message_replace(
	SieveRun *run, const SieveNode *node, Bytes message);

/* Starts with a message; frees what belongs to it. */
void sieve_message_init(SieveRun *run, Bytes message);
void sieve_message_clear(SieveRun *run);

#endif
