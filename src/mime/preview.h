/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message's preview: the beginning of its text, for lists (RFC 8970). */
#ifndef MIME_PREVIEW_H
#define MIME_PREVIEW_H

#include <glib.h>

#include "mime/structure.h"

/* Characters of a preview at most (RFC 8970 section 3.3). */
#define MIME_PREVIEW_MAX 200
/* So much of a leaf's body, encoded as it is, is looked at. */
#define MIME_PREVIEW_BYTES ((gsize)131072)

/* The leaf that a preview is taken from: the first text that is no attachment,
 * of a message inside only where there is no other.  NULL where there is
 * none, and for an encrypted message. */
const MimeStructure *mime_preview_leaf(const MimeStructure *root);

/* Appends what the preview depends on besides the leaf's bytes, in a word or
 * four of ASCII: bytes and form that are equal have equal previews. */
void mime_preview_form(const MimeStructure *leaf, GString *out);

/* Appends the preview of a leaf, of whose body these are the first bytes: UTF-8
 * on one line, without controls, blanks at its ends or two together.  Markup,
 * quotations, the line above them, what follows a signature's "-- ", rows of
 * dashes and PGP's armour are left out; where nothing else is there,
 * quotations count.  May append nothing.  Linear in the bytes. */
void mime_preview_append(const MimeStructure *leaf, Bytes body, GString *out);

/* Appends what a reader of HTML in valid UTF-8 sees, all of it: on one line,
 * cleaned as in a preview, without the markup, comments, styles and scripts.
 * Linear in the bytes. */
void mime_html_text(Bytes html, GString *out);

#endif
