/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names as paths of files, there and back. */
#include "tools/folder.h"

static gboolean is_maildir_word(const char *level)
{
	return g_str_equal(level, "cur") || g_str_equal(level, "new") ||
		g_str_equal(level, "tmp");
}

static void append_level(GString *path, const char *level)
{
	gboolean escape_first = level[0] == '.' || is_maildir_word(level);

	for (const char *p = level; *p != '\0'; p++) {
		gboolean escape = (p == level && escape_first) || *p == '%' ||
			(guchar)*p < 0x20 || *p == 0x7f;
		if (escape)
			g_string_append_printf(path, "%%%02X", (guchar)*p);
		else
			g_string_append_c(path, *p);
	}
}

char *folder_to_path(const char *mailbox)
{
	g_auto(GStrv) levels = g_strsplit(mailbox, "/", -1);
	g_autoptr(GString) path = g_string_new(NULL);

	for (gsize i = 0; levels[i] != NULL; i++) {
		if (i > 0)
			g_string_append_c(path, '/');
		append_level(path, levels[i]);
	}
	return g_string_free(g_steal_pointer(&path), FALSE);
}

char *folder_from_path(const char *path)
{
	g_autoptr(GString) name = g_string_new(NULL);

	for (const char *p = path; *p != '\0'; p++) {
		if (*p != '%') {
			g_string_append_c(name, *p);
			continue;
		}
		if (!g_ascii_isxdigit(p[1]) || !g_ascii_isxdigit(p[2]))
			return NULL;
		g_string_append_c(name,
			(char)(g_ascii_xdigit_value(p[1]) * 16 +
				g_ascii_xdigit_value(p[2])));
		p += 2;
	}
	if (!g_utf8_validate(name->str, (gssize)name->len, NULL))
		return NULL;
	return g_string_free(g_steal_pointer(&name), FALSE);
}
