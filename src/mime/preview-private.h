/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the preview share. */
#ifndef MIME_PREVIEW_PRIVATE_H
#define MIME_PREVIEW_PRIVATE_H

#include <glib.h>

#include "base/bytes.h"

/* A preview in the making. */
typedef struct {
	GString *out;
	guint max;          /* characters that out may have */
	guint count;        /* characters in out */
	gboolean has_blank; /* a blank comes before the next one */
	gunichar joiner;    /* or this, which is nothing by itself */
} Preview;

gboolean preview_is_full(const Preview *preview);

/* Any character: blanks, controls and what cannot be seen are cleaned. */
void preview_add(Preview *preview, gunichar c);

/* Text out of HTML in valid UTF-8.  with_quotes: citations too. */
void preview_add_html(Preview *preview, Bytes html, gboolean with_quotes);

#endif
