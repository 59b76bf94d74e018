/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names an address may be known by (RFC 5321, RFC 5233). */
#include "deliver/recipient.h"

#include <string.h>

#include "base/text.h"

/* Takes the local part out of its quotes and escapes; *rest is what follows.
 * NULL where a quote is not closed or the local part is empty. */
static char *take_local(Bytes address, Bytes *rest)
{
	g_autoptr(GString) local = g_string_new(NULL);
	gboolean is_quoted = FALSE;
	gsize i;

	for (i = 0; i < address.size; i++) {
		char c = address.data[i];
		if (c == '@' && !is_quoted)
			break;
		if (c == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (c == '\\' && is_quoted && i + 1 < address.size)
			c = address.data[++i];
		g_string_append_c(local, c);
	}
	*rest = bytes_slice(address, i, address.size);
	if (is_quoted || local->len == 0)
		return NULL;
	return g_string_free(g_steal_pointer(&local), FALSE);
}

static gboolean is_local_domain(const char *domain, const char *local_domains)
{
	g_auto(GStrv) list = g_strsplit_set(local_domains, " \t,", -1);

	for (gsize i = 0; list[i] != NULL; i++) {
		if (g_str_equal(list[i], "*") ||
			g_ascii_strcasecmp(list[i], domain) == 0)
			return TRUE;
	}
	return FALSE;
}

static void add_name(RecipientNames *names, char *name, gboolean has_detail)
{
	gsize i = 0;

	while (names->names[i] != NULL)
		i++;
	g_assert(i + 1 < RECIPIENT_NAMES_MAX);
	names->names[i] = name;
	names->has_detail[i] = has_detail;
}

/* The delimiter's place, 0 where there is none. */
static gsize find_detail(const char *local, const char *delimiters)
{
	if (delimiters[0] == '\0')
		return 0;
	gsize at = 1 + strcspn(local + 1, delimiters);
	return local[at] != '\0' ? at : 0;
}

static void add_names(RecipientNames *names, const char *local,
	const char *base, const char *domain, const char *local_domains)
{
	if (domain != NULL) {
		add_name(names, g_strconcat(local, "@", domain, NULL), TRUE);
		if (base != NULL)
			add_name(names, g_strconcat(base, "@", domain, NULL),
				FALSE);
	}
	if (domain == NULL || is_local_domain(domain, local_domains)) {
		add_name(names, g_strdup(local), TRUE);
		if (base != NULL)
			add_name(names, g_strdup(base), FALSE);
	}
	if (domain != NULL)
		add_name(names, g_strconcat("@", domain, NULL), TRUE);
}

gboolean recipient_names(Bytes address, const char *delimiters,
	const char *local_domains, RecipientNames *names)
{
	g_autofree char *domain = NULL;
	g_autofree char *base = NULL;
	Bytes rest;

	memset(names, 0, sizeof(*names));
	if (address.size == 0 ||
		memchr(address.data, '\0', address.size) != NULL ||
		!g_utf8_validate(address.data, (gssize)address.size, NULL))
		return FALSE;
	g_autofree char *local = take_local(address, &rest);
	if (local == NULL || rest.size == 1)
		return FALSE;
	if (rest.size > 1)
		domain = g_ascii_strdown(rest.data + 1, (gssize)rest.size - 1);
	gsize at = find_detail(local, delimiters);
	if (at > 0) {
		base = g_strndup(local, at);
		if (local[at + 1] != '\0')
			names->detail = g_strdup(local + at + 1);
	}
	add_names(names, local, base, domain, local_domains);
	return TRUE;
}

void recipient_names_clear(RecipientNames *names)
{
	for (gsize i = 0; names->names[i] != NULL; i++)
		g_free(names->names[i]);
	g_free(names->detail);
	memset(names, 0, sizeof(*names));
}

const char *recipient_at_host(
	Arena *arena, const char *name, const Settings *settings)
{
	return strchr(name, '@') != NULL ?
		name :
		arena_printf(arena, "%s@%s", name, settings_hostname(settings));
}
