/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target over files: those named, else its corpus, the directory
 * test/fuzz/corpus/TARGET of the source.  Each file is also cut short at each
 * of its first bytes, which is where parsers look past the end. */
#include "fuzz.h"

#include <glib.h>

#define CUTS_MAX 512

static guint replayed;

static void run_copy(const char *data, gsize size)
{
	/* Exactly as large as it is, so that a sanitizer sees each byte
	 * behind it. */
	guint8 *copy = g_malloc(MAX(size, 1));
	if (size > 0)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	g_free(copy);
}

static void run_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, &error))
		g_error("%s", error->message);
	for (gsize cut = 0; cut < MIN(size, CUTS_MAX); cut++)
		run_copy(text, cut);
	run_copy(text, size);
	replayed++;
}

static void run_corpus(gconstpointer data)
{
	const char *path = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
	const char *name;

	if (dir == NULL)
		g_error("%s", error->message);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		run_file(file);
	}
	g_test_message("%u files", replayed);
	g_assert_cmpuint(replayed, >, 0);
}

int main(int argc, char **argv)
{
	g_autofree char *target = g_path_get_basename(argv[0]);
	const char *srcdir = g_getenv("srcdir");

	g_test_init(&argc, &argv, NULL);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc > 1)
		return 0;
	g_autofree char *corpus =
		g_build_filename(srcdir != NULL ? srcdir : ".", "test", "fuzz",
			"corpus", target, NULL);
	g_autofree char *name = g_strconcat("/fuzz/", target, NULL);
	g_test_add_data_func(name, corpus, run_corpus);
	return g_test_run();
}
