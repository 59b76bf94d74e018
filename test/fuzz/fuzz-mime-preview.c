/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Previews: the first byte says how the rest is to be read. */
#include "fuzz.h"

#include "mime/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const subtypes[] = { "plain", "html" };
	static const char *const encodings[] = { "7bit", "quoted-printable",
		"base64" };
	MimeStructure leaf = { .kind = MIME_LEAF };
	g_autoptr(GString) out = g_string_new(NULL);

	if (size == 0)
		return 0;
	leaf.type = bytes_of_string("text");
	leaf.subtype = bytes_of_string(subtypes[data[0] % 2]);
	leaf.encoding = bytes_of_string(encodings[data[0] / 2 % 3]);
	leaf.size = size - 1;
	mime_preview_append(
		&leaf, bytes_of((const char *)data + 1, size - 1), out);
	g_assert(g_utf8_validate(out->str, (gssize)out->len, NULL));
	g_assert(g_utf8_strlen(out->str, -1) <= MIME_PREVIEW_MAX);
	g_assert(!g_str_has_prefix(out->str, " "));
	g_assert(!g_str_has_suffix(out->str, " "));
	for (const char *p = out->str; *p != '\0'; p = g_utf8_next_char(p))
		g_assert(!g_unichar_iscntrl(g_utf8_get_char(p)));
	return 0;
}
