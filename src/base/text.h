/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII and UTF-8 odds and ends that every floor needs. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <glib.h>

#include "base/bytes.h"

/* TRUE when the bytes equal the string, ASCII letters in any case. */
gboolean text_equal_nocase(Bytes a, const char *b);

/* The same of two. */
gboolean text_equal_nocase_bytes(Bytes a, Bytes b);

/* TRUE when a begins with the string, ASCII letters in any case. */
gboolean text_has_prefix_nocase(Bytes a, const char *prefix);

/* The decimal number that is all of text (digits only, no sign, no blank,
 * at least one digit) into *number.  FALSE where it is none or over max. */
gboolean text_to_number(Bytes text, guint64 max, guint64 *number);

/* text as valid UTF-8 without NUL or other C0 controls but TAB: each byte
 * that is not part of valid UTF-8 becomes U+FFFD, each control a space.
 * What PostgreSQL's text, a log or a terminal may be given.  Free with
 * g_free. */
char *text_make_valid(Bytes text) G_GNUC_WARN_UNUSED_RESULT;

/* text in a form that is equal for texts that differ in case only, in all of
 * Unicode (NFKC, full case folding).  text must be valid UTF-8.  Free with
 * g_free. */
char *text_fold(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Appends what i;unicode-casemap (RFC 5051) compares, byte by byte, for its
 * order: title case, decomposed (NFKD).  text must be valid UTF-8. */
void text_append_collation_key(Bytes text, GString *out);

/* TRUE where each byte is below 0x80, NUL and controls too; for none. */
gboolean text_is_ascii(Bytes text);

/* Without the spaces, tabs, CRs and LFs at both ends. */
Bytes text_trim(Bytes text);

/* Lower-case hexadecimal.  Free with g_free. */
char *text_hex(const guint8 *data, gsize size) G_GNUC_WARN_UNUSED_RESULT;

/* Equal, in a time that depends on the sizes alone: for secrets. */
gboolean text_equal_constant_time(Bytes a, Bytes b);

#endif
