/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message: scanned, split, joined, described, kept, read, addressed. */
#include "fuzz.h"

#include "mime/decode.h"
#include "mime/header.h"
#include "mime/join.h"
#include "mime/section.h"
#include "mime/split.h"
#include "mime/structure.h"

static void check_part(Bytes message, const MimeStructure *node)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) text = g_string_new(NULL);
	Bytes body = bytes_slice(message, node->body, node->size);
	const MimeParam *charset =
		mime_param_find(node->params, node->n_params, "charset");

	g_assert(node->header <= node->body);
	g_assert(node->body <= node->body_end);
	g_assert(node->body_end <= message.size);
	for (guint i = 0; i < node->n_params; i++)
		g_assert(g_utf8_validate(
			mime_param_text(arena, &node->params[i]), -1, NULL));
	mime_decode_text(body, node->encoding,
		charset != NULL ? charset->value : bytes_of(NULL, 0), 100000,
		text);
	g_assert(g_utf8_validate_len(text->str, text->len, NULL));
	for (guint i = 0; i < node->n_children; i++)
		check_part(message, &node->children[i]);
}

static void check_sections(Bytes message, const MimeStructure *root)
{
	static const char *const specs[] = {
		"",
		"HEADER",
		"TEXT",
		"1",
		"1.MIME",
		"1.HEADER",
		"1.1",
		"2",
		"2.TEXT",
		"1.1.1",
		"2.1.MIME",
		"HEADER.FIELDS (a subject)",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
		g_autoptr(Arena) arena = arena_new();
		MimeSection section;
		gsize offset = 0;
		gsize size = 0;
		g_assert(mime_section_parse(
			arena, bytes_of_string(specs[i]), &section, NULL));
		mime_section_resolve(root, &section, &offset, &size);
		g_assert(offset <= message.size);
		g_assert(size <= message.size - offset);
	}
}

static void check_structure(Bytes message, const MimeScan *scan)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GByteArray) code = g_byte_array_new();
	g_autoptr(GString) fresh = g_string_new(NULL);
	g_autoptr(GString) kept = g_string_new(NULL);
	MimeStructure *structure = mime_structure_new(arena, message, scan);

	mime_structure_encode(structure, code);
	MimeStructure *read = mime_structure_decode(
		arena, bytes_of((const char *)code->data, code->len), NULL);
	g_assert(read != NULL);
	mime_structure_write(structure, TRUE, fresh);
	mime_structure_write(read, TRUE, kept);
	g_assert(g_string_equal(fresh, kept));
	g_assert(strlen(fresh->str) == fresh->len);
	check_part(message, read);
	check_sections(message, read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes message = bytes_of((const char *)data, size);
	MimeLimits narrow = { 3, 8, 100 };
	const MimeLimits *limits[] = { NULL, &narrow };

	for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
		g_autoptr(MimeScan) scan = mime_scan_new(message, limits[i]);
		g_autoptr(GArray) pieces = mime_split(scan);
		g_assert(mime_pieces_join_to(message, pieces));
		check_structure(message, scan);
	}
	/* As what the database gives back. */
	g_autoptr(Arena) arena = arena_new();
	MimeStructure *read = mime_structure_decode(arena, message, NULL);
	if (read != NULL) {
		g_autoptr(GString) text = g_string_new(NULL);
		mime_structure_write(read, TRUE, text);
	}
	return 0;
}
