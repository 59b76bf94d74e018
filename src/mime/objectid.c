/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object identifiers of a message (RFC 8474). */
#include "mime/objectid.h"

#include "base/text.h"

#define THREAD_DIGITS 32

void mime_email_id(gint64 physmessage, char out[MIME_OBJECTID_SIZE])
{
	g_snprintf(out, MIME_OBJECTID_SIZE, "M%" G_GINT64_FORMAT, physmessage);
}

gboolean mime_email_id_parse(const char *id, gint64 *physmessage)
{
	guint64 number;

	if (id[0] != 'M' || id[1] == '0' ||
		!text_to_number(bytes_of_string(id + 1), G_MAXINT64, &number))
		return FALSE;
	*physmessage = (gint64)number;
	return TRUE;
}

/* The first of ids that are apart by blanks. */
static Bytes first_id(const char *ids)
{
	return bytes_of(ids, ids != NULL ? strcspn(ids, " ") : 0);
}

void mime_thread_id(const char *references, const char *in_reply_to,
	const char *message_id, gint64 physmessage,
	char out[MIME_OBJECTID_SIZE])
{
	const char *const fields[] = { references, in_reply_to, message_id };
	Bytes root = { NULL, 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(fields) && root.size == 0; i++)
		root = first_id(fields[i]);
	if (root.size == 0) {
		mime_email_id(physmessage, out);
		root = bytes_of_string(out);
	}
	g_autofree char *hash = g_compute_checksum_for_data(
		G_CHECKSUM_SHA256, (const guchar *)root.data, root.size);
	g_snprintf(out, MIME_OBJECTID_SIZE, "T%.*s", THREAD_DIGITS, hash);
}
