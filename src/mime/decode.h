/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfer encodings (RFC 2045 section 6) and the text of a leaf. */
#ifndef MIME_DECODE_H
#define MIME_DECODE_H

#include <glib.h>

#include "base/bytes.h"

typedef enum {
	MIME_ENCODING_IDENTITY, /* 7bit, 8bit, binary, none */
	MIME_ENCODING_BASE64,
	MIME_ENCODING_QP,
	MIME_ENCODING_UNKNOWN,
} MimeEncoding;

/* Of a Content-Transfer-Encoding value, comments and outer blanks allowed. */
MimeEncoding mime_encoding_of(Bytes value);

/* Appends what base64 data decode to.  Lenient: other characters are passed
 * over, a missing end is taken for one, data behind padding are decoded as
 * well (lists append footers, mailers join encoded files). */
void mime_decode_base64(Bytes data, GString *out);

/* The part of base64 data before their padding, which may be taken for their
 * end (RFC 2045 section 6.8).  FALSE where other characters are in it than
 * digits and blanks. */
gboolean mime_base64_is_valid(Bytes data, Bytes *before_padding);

/* Appends what quoted-printable data decode to.  Lenient: "=" that begins no
 * escape stays.  Blanks at line ends are dropped (RFC 2045 rule 3), but of a
 * run that no mailer made only the last MIME_QP_BLANKS_MAX - 1 at most. */
#define MIME_QP_BLANKS_MAX 65536
void mime_decode_qp(Bytes data, GString *out);

/* Appends data decoded by the encoding; identity and unknown as they are. */
void mime_decode(MimeEncoding encoding, Bytes data, GString *out);

/* Decoding in runs of any size, with the same result as in one. */
typedef struct {
	MimeEncoding encoding;
	guint32 bits;  /* base64: digits of an unfinished group */
	guint count;   /* how many */
	GString *held; /* quoted-printable: what only later bytes decide */
} MimeDecoder;

void mime_decoder_init(MimeDecoder *decoder, MimeEncoding encoding);
/* Appends what can be decoded of the bytes so far. */
void mime_decoder_write(MimeDecoder *decoder, Bytes data, GString *out);
/* Appends the rest: there are no more bytes. */
void mime_decoder_finish(MimeDecoder *decoder, GString *out);
void mime_decoder_clear(MimeDecoder *decoder);

/* Appends a leaf's body as valid UTF-8 for searching: transfer encoding and
 * charset undone, NUL as space; line ends stay.  An unknown charset is taken
 * for UTF-8.  At most max bytes of the decoded body are looked at. */
void mime_decode_text(
	Bytes body, Bytes encoding, Bytes charset, gsize max, GString *out);

#endif
