/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structures against a judge that is no parser: gen_mail.py, where it is
 * there, writes mail and a line for each message that lists every leaf with
 * section, type, encoding, octets, lines and the hash of what it decodes to.
 * The message goes through splitter and joiner as well, with CRLF and LF. */
#include <glib/gstdio.h>

#include "base/text.h"
#include "mime/decode.h"
#include "mime/join.h"
#include "mime/section.h"
#include "mime/split.h"
#include "mime/structure.h"

#define MESSAGES "400"

/* One leaf in the manifest: all but the file name. */
#define LEAF \
	"\\[\"([0-9.]+)\",\"([^\"]+)\",\"([^\"]+)\",(\\d+),(\\d+)," \
	"(\\d+),\"([0-9a-f]{64})\""

typedef struct {
	Bytes message;
	const MimeStructure *structure;
	const char *file;
} Case;

static guint count_leaves(const MimeStructure *node)
{
	guint count = node->kind == MIME_LEAF;
	for (guint i = 0; i < node->n_children; i++)
		count += count_leaves(&node->children[i]);
	return count;
}

static guint64 number_of(const char *text)
{
	return g_ascii_strtoull(text, NULL, 10);
}

static void check_leaf(const Case *c, char **want)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) decoded = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	MimeSection section;
	gboolean parsed = mime_section_parse(
		arena, bytes_of_string(want[1]), &section, &error);
	g_assert_true(parsed);
	const MimeStructure *node =
		mime_section_part(c->structure, section.path, section.depth);

	g_test_message("%s %s", c->file, want[1]);
	g_assert_nonnull(node);
	g_autofree char *type = g_strdup_printf("%.*s/%.*s",
		(int)node->type.size, node->type.data, (int)node->subtype.size,
		node->subtype.data);
	g_assert_cmpstr(type, ==, want[2]);
	g_assert_true(text_equal_nocase(node->encoding, want[3]));
	g_assert_cmpuint(node->size, ==, number_of(want[4]));
	if (text_equal_nocase(node->type, "text"))
		g_assert_cmpuint(node->lines, ==, number_of(want[5]));
	mime_decode(mime_encoding_of(node->encoding),
		bytes_slice(c->message, node->body, node->size), decoded);
	g_autofree char *hash = g_compute_checksum_for_data(
		G_CHECKSUM_SHA256, (const guchar *)decoded->str, decoded->len);
	g_assert_cmpuint(decoded->len, ==, number_of(want[6]));
	g_assert_cmpstr(hash, ==, want[7]);
}

static void check_join(Bytes message)
{
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	g_autoptr(GArray) pieces = mime_split(scan);
	g_assert_true(mime_pieces_join_to(message, pieces));
}

/* Compares with one line of the manifest; gives the number of leaves. */
static guint check_line(const char *dir, const char *line, GRegex *leaf)
{
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(Arena) arena = arena_new();
	g_autofree char *text = NULL;
	gsize size = 0;
	const char *at = strstr(line, "\"file\":\"");
	g_assert_nonnull(at);
	at += strlen("\"file\":\"");
	g_autofree char *file = g_strndup(at, strcspn(at, "\""));
	g_autofree char *path = g_build_filename(dir, file, NULL);
	g_assert_true(g_file_get_contents(path, &text, &size, NULL));

	Bytes message = bytes_of(text, size);
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	Case c = { message, mime_structure_new(arena, message, scan), file };
	guint leaves = 0;
	check_join(message);
	g_regex_match(leaf, line, 0, &match);
	while (g_match_info_matches(match)) {
		g_auto(GStrv) want = g_match_info_fetch_all(match);
		check_leaf(&c, want);
		leaves++;
		g_match_info_next(match, NULL);
	}
	if (leaves > 0)
		g_assert_cmpuint(count_leaves(c.structure), ==, leaves);
	g_autoptr(GString) lf = g_string_new_len(text, (gssize)size);
	g_string_replace(lf, "\r\n", "\n", 0);
	check_join(bytes_of(lf->str, lf->len));
	return leaves;
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		if (g_file_test(inner, G_FILE_TEST_IS_DIR))
			remove_tree(inner);
		else
			g_remove(inner);
	}
	g_rmdir(path);
}

static gboolean generate(
	const char *program, const char *dir, const char *manifest)
{
	const char *argv[] = { "python3", program, "-n", MESSAGES, "--dir", dir,
		"--manifest", manifest, "--malformed", "0.1", "--attach-scale",
		"0.2", NULL };
	int status = 0;
	return g_spawn_sync(NULL, (char **)argv, NULL,
		       G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
			       G_SPAWN_STDERR_TO_DEV_NULL,
		       NULL, NULL, NULL, NULL, &status, NULL) &&
		g_spawn_check_wait_status(status, NULL);
}

static void test_manifest(void)
{
	const char *set = g_getenv("DBMAIL_CORPUS");
	const char *srcdir = g_getenv("srcdir");
	g_autofree char *base = set != NULL ?
		g_strdup(set) :
		g_build_filename(
			srcdir != NULL ? srcdir : ".", "..", "shared", NULL);
	g_autofree char *program = g_build_filename(base, "gen_mail.py", NULL);
	g_autofree char *dir = g_dir_make_tmp("dbmail-mime-XXXXXX", NULL);
	g_autofree char *manifest = g_build_filename(dir, "manifest", NULL);
	g_autofree char *text = NULL;
	guint leaves = 0;

	if (!g_file_test(program, G_FILE_TEST_EXISTS) ||
		!generate(program, dir, manifest)) {
		g_test_skip("no gen_mail.py there: set DBMAIL_CORPUS");
		remove_tree(dir);
		return;
	}
	g_autoptr(GRegex) leaf = g_regex_new(LEAF, 0, 0, NULL);
	g_assert_true(g_file_get_contents(manifest, &text, NULL, NULL));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
		leaves += check_line(dir, lines[i], leaf);
	remove_tree(dir);
	g_assert_cmpuint(leaves, >, (guint)number_of(MESSAGES));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/manifest", test_manifest);
	return g_test_run();
}
