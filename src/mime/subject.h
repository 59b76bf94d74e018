/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base subject, by which SORT and THREAD compare. */
#ifndef MIME_SUBJECT_H
#define MIME_SUBJECT_H

#include <glib.h>

/* Appends the base subject of a decoded subject (RFC 5256 section 2.1), case
 * kept, runs of blanks one space.  TRUE when the subject was that of a reply
 * or forward: "re:" and its like, "(fwd)" or "[fwd: ...]" were taken off. */
gboolean mime_subject_base(const char *subject, GString *out);

#endif
