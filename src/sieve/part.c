/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of mail and of envelopes, and their parts. */
#include "sieve/part.h"

/* Behind the first character of the local part that is a delimiter; the size
 * and one where there is none. */
static gsize detail_at(Bytes local, const char *delimiter)
{
	for (gsize i = 0; delimiter != NULL && i < local.size; i++) {
		if (local.data[i] != '\0' &&
			strchr(delimiter, local.data[i]) != NULL)
			return i + 1;
	}
	return local.size + 1;
}

gboolean sieve_address_part(const SieveAddress *address, SieveAddressPart part,
	const char *delimiter, Bytes *value)
{
	if (part == SIEVE_PART_ALL) {
		*value = address->all;
		return TRUE;
	}
	if (!address->is_valid)
		return FALSE;
	gsize at = detail_at(address->local, delimiter);
	switch (part) {
	case SIEVE_PART_DOMAIN:
		*value = address->domain;
		return address->domain.data != NULL;
	case SIEVE_PART_USER:
		*value = bytes_slice(address->local, 0, at - 1);
		return TRUE;
	case SIEVE_PART_DETAIL:
		if (at > address->local.size)
			return FALSE;
		*value = bytes_slice(address->local, at, address->local.size);
		return TRUE;
	case SIEVE_PART_LOCAL:
	case SIEVE_PART_ALL:
		break;
	}
	*value = address->local;
	return TRUE;
}

static gboolean is_special(char c)
{
	return (guchar)c <= ' ' || c == 0x7f ||
		strchr("()<>[]:;@\\,\"", c) != NULL;
}

void sieve_address_append_local(Bytes local, GString *out)
{
	gboolean is_plain = local.size > 0;

	for (gsize i = 0; i < local.size; i++)
		is_plain = is_plain && !is_special(local.data[i]);
	if (is_plain) {
		g_string_append_len(out, local.data, (gssize)local.size);
		return;
	}
	g_string_append_c(out, '"');
	for (gsize i = 0; i < local.size; i++) {
		if (local.data[i] == '"' || local.data[i] == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, local.data[i]);
	}
	g_string_append_c(out, '"');
}

/* Letters as sites use them, underscores and all, or an address in brackets. */
static gboolean is_domain(Bytes text)
{
	if (text.size > 2 && text.data[0] == '[' &&
		text.data[text.size - 1] == ']')
		return memchr(text.data + 1, ']', text.size - 2) == NULL;
	if (text.size == 0 || text.data[0] == '.')
		return FALSE;
	for (gsize i = 0; i < text.size; i++) {
		if (is_special(text.data[i]) ||
			(text.data[i] == '.' && i + 1 < text.size &&
				text.data[i + 1] == '.'))
			return FALSE;
	}
	return TRUE;
}

/* Takes "@a,@b:" off.  FALSE where what begins so is no route. */
static gboolean skip_route(Bytes *path)
{
	const char *colon = memchr(path->data, ':', path->size);
	if (path->size == 0 || path->data[0] != '@')
		return TRUE;
	if (colon == NULL)
		return FALSE;
	gsize size = (gsize)(colon - path->data);
	gsize at = 0;
	while (at < size) {
		const char *comma = memchr(path->data + at, ',', size - at);
		gsize end = comma != NULL ? (gsize)(comma - path->data) : size;
		if (path->data[at] != '@' ||
			!is_domain(bytes_slice(*path, at + 1, end - at - 1)))
			return FALSE;
		at = end + 1;
	}
	*path = bytes_slice(*path, size + 1, path->size);
	return TRUE;
}

/* The local part in quotes; *size is what it takes with them. */
static gboolean take_quoted(Bytes path, GString *unquoted, gsize *size)
{
	for (gsize i = 1; i < path.size; i++) {
		if (path.data[i] == '"') {
			*size = i + 1;
			return TRUE;
		}
		if (path.data[i] == '\\' && i + 1 < path.size)
			i++;
		g_string_append_c(unquoted, path.data[i]);
	}
	return FALSE;
}

static gboolean take_local(
	Bytes path, GString *unquoted, gsize *size, Bytes *local)
{
	if (path.size > 0 && path.data[0] == '"') {
		g_string_truncate(unquoted, 0);
		if (!take_quoted(path, unquoted, size))
			return FALSE;
		*local = bytes_of(unquoted->str, unquoted->len);
		return TRUE;
	}
	for (*size = 0; *size < path.size && !is_special(path.data[*size]);)
		*size += 1;
	*local = bytes_slice(path, 0, *size);
	return *size > 0;
}

/* Quotes that nothing needs are not told: they make no other address (RFC 5321
 * section 4.1.2). */
static void write_all(SieveAddress *address, GString *unquoted)
{
	gsize size = address->local.size;
	g_autofree char *local = g_strndup(address->local.data, size);

	sieve_address_append_local(bytes_of(local, size), unquoted);
	if (address->domain.data != NULL) {
		g_string_append_c(unquoted, '@');
		g_string_append_len(unquoted, address->domain.data,
			(gssize)address->domain.size);
	}
	address->local = bytes_of(unquoted->str, size);
	address->all = bytes_of(unquoted->str + size, unquoted->len - size);
}

gboolean sieve_path_parse(Bytes path, GString *unquoted, SieveAddress *address)
{
	gsize size;
	SieveAddress found = { .is_valid = TRUE };

	if (path.size > 2 && path.data[0] == '<' &&
		path.data[path.size - 1] == '>')
		path = bytes_slice(path, 1, path.size - 2);
	if (path.size == 0 || !skip_route(&path) ||
		!take_local(path, unquoted, &size, &found.local))
		return FALSE;
	found.all = path;
	if (size < path.size) {
		found.domain = bytes_slice(path, size + 1, path.size);
		if (path.data[size] != '@' || !is_domain(found.domain))
			return FALSE;
	}
	if (path.data[0] == '"')
		write_all(&found, unquoted);
	*address = found;
	return TRUE;
}
