/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GMime as a second opinion: on mail that is as it should be, it sees the same
 * tree of types, and the same octets in every leaf, as the scanner does. */
#include <gmime/gmime.h>

#include "mime/scan.h"
#include "mime/structure.h"

/* Fixtures without a fault that two parsers could take two ways. */
static const char *const names[] = { "plain", "digest", "groups",
	"message-in-message", "message-in-multipart", "signed",
	"preamble-epilogue", "same-part-twice", "utf8-header",
	"boundary-with-specials", "content-type-on-next-line",
	"content-type-without-space", "part-without-headers", "lf",
	"no-closing-boundary-inside", "boundary-is-prefix" };

static void append_ours(const MimeStructure *node, GString *out)
{
	g_autofree char *type =
		g_ascii_strdown(node->type.data, (gssize)node->type.size);
	g_autofree char *subtype =
		g_ascii_strdown(node->subtype.data, (gssize)node->subtype.size);

	g_string_append_printf(out, "%s/%s", type, subtype);
	if (node->n_children == 0)
		g_string_append_printf(out, ":%zu", node->size);
	for (guint i = 0; i < node->n_children; i++) {
		g_string_append_c(out, i == 0 ? '(' : ' ');
		append_ours(&node->children[i], out);
	}
	if (node->n_children > 0)
		g_string_append_c(out, ')');
}

static gint64 leaf_size(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);

	if (content == NULL)
		return 0;
	/* The octets as they stand, transfer encoding and all. */
	return g_mime_stream_length(g_mime_data_wrapper_get_stream(content));
}

static void append_theirs(GMimeObject *object, GString *out)
{
	GMimeContentType *content = g_mime_object_get_content_type(object);
	g_autofree char *type = g_mime_content_type_get_mime_type(content);
	g_autofree char *lower = g_ascii_strdown(type, -1);

	g_string_append(out, lower);
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int count = g_mime_multipart_get_count(multipart);

		for (int i = 0; i < count; i++) {
			g_string_append_c(out, i == 0 ? '(' : ' ');
			append_theirs(
				g_mime_multipart_get_part(multipart, i), out);
		}
		g_string_append(out, count > 0 ? ")" : "");
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *message = g_mime_message_part_get_message(
			(GMimeMessagePart *)object);

		g_string_append_c(out, '(');
		append_theirs(g_mime_message_get_mime_part(message), out);
		g_string_append_c(out, ')');
	} else {
		g_string_append_printf(out, ":%" G_GINT64_FORMAT,
			leaf_size(GMIME_PART(object)));
	}
}

static char *theirs(const char *data, gsize size)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, size);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
	GString *out = g_string_new(NULL);

	append_theirs(g_mime_message_get_mime_part(message), out);
	g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	return g_string_free(out, FALSE);
}

static void test_fixture(gconstpointer name)
{
	const MimeLimits limits = {
		.max_depth = 100, .max_parts = 10000, .max_header = 1048576
	};
	g_autofree char *path = g_strdup_printf("%s/test/fixtures/%s.eml",
		g_getenv("srcdir"), (const char *)name);
	g_autofree char *data = NULL;
	gsize size;

	if (!g_file_get_contents(path, &data, &size, NULL)) {
		g_test_fail_printf("%s cannot be read", path);
		return;
	}
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) ours = g_string_new(NULL);
	MimeScan *scan = mime_scan_new(bytes_of(data, size), &limits);
	append_ours(
		mime_structure_new(arena, bytes_of(data, size), scan), ours);
	g_autofree char *other = theirs(data, size);
	g_assert_cmpstr(ours->str, ==, other);
	mime_scan_free(&scan);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_mime_init();
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path =
			g_strconcat("/mime/gmime/", names[i], NULL);
		g_test_add_data_func(path, names[i], test_fixture);
	}
	return g_test_run();
}
