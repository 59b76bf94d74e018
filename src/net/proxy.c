/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PROXY protocol, versions 1 and 2: a pure parser and its reader. */
#include "net/proxy.h"

#include "base/errors.h"
#include "base/text.h"

#define V1_MAX 107  /* longest line, with its CRLF */
#define V1_MIN 15   /* "PROXY UNKNOWN\r\n" */
#define V2_FIXED 16 /* signature, version and command, family, length */

#define TLV_CRC32C 0x03
#define TLV_SSL 0x20
#define SSL_CLIENT_SSL 0x01

static const char v1_start[6] = { 'P', 'R', 'O', 'X', 'Y', ' ' };
static const char v2_signature[12] = { '\r', '\n', '\r', '\n', '\0', '\r', '\n',
	'Q', 'U', 'I', 'T', '\n' };

static ProxyResult need(ProxyHeader *header, gsize size)
{
	*header = (ProxyHeader){ .size = size };
	return PROXY_INCOMPLETE;
}

/* --- version 1: a line ------------------------------------------------------ */

/* Takes the word up to the next single space; the last one is what is left. */
static Bytes next_word(Bytes *rest)
{
	const char *space =
		rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
	gsize size = space != NULL ? (gsize)(space - rest->data) : rest->size;
	Bytes word = bytes_slice(*rest, 0, size);

	*rest = bytes_slice(*rest, size + 1, rest->size);
	return word;
}

static gboolean v1_port(Bytes word, guint16 *port)
{
	guint64 number;

	if (word.size > 5 || !text_to_number(word, 65535, &number))
		return FALSE;
	if (word.size > 1 && word.data[0] == '0')
		return FALSE;
	*port = (guint16)number;
	return TRUE;
}

/* The address must be written as the announced family; ::ffff:1.2.3.4 is
 * announced as TCP6 and kept as IPv4. */
static gboolean v1_address(Bytes word, gboolean is_v6, Address *address)
{
	gboolean has_colon =
		word.size > 0 && memchr(word.data, ':', word.size) != NULL;

	return has_colon == is_v6 && address_parse(word, address);
}

static gboolean v1_addresses(Bytes line, gboolean is_v6, ProxyHeader *header)
{
	gboolean ok = v1_address(next_word(&line), is_v6, &header->source);

	ok = ok && v1_address(next_word(&line), is_v6, &header->destination);
	ok = ok && v1_port(next_word(&line), &header->source.port);
	/* The last word: there is no space behind it, nor anything else. */
	return ok &&
		memchr(line.data != NULL ? line.data : "", ' ', line.size) ==
		NULL &&
		v1_port(line, &header->destination.port);
}

static ProxyResult v1_parse(Bytes bytes, ProxyHeader *header)
{
	Bytes seen = bytes_slice(bytes, 0, V1_MAX);
	const char *end = memchr(seen.data, '\n', seen.size);

	if (end == NULL && seen.size >= V1_MAX)
		return PROXY_INVALID;
	if (end == NULL)
		return need(header, MAX(V1_MIN, bytes.size + 1));
	if (end[-1] != '\r')
		return PROXY_INVALID;
	ProxyHeader parsed = { .size = (gsize)(end - seen.data) + 1 };
	Bytes line = bytes_slice(
		seen, sizeof(v1_start), parsed.size - 2 - sizeof(v1_start));
	Bytes family = next_word(&line);

	/* After UNKNOWN anything may stand and is to be ignored. */
	gboolean ok = bytes_equal(family, bytes_of_string("UNKNOWN"));
	if (bytes_equal(family, bytes_of_string("TCP4")))
		ok = v1_addresses(line, FALSE, &parsed);
	else if (bytes_equal(family, bytes_of_string("TCP6")))
		ok = v1_addresses(line, TRUE, &parsed);
	if (!ok)
		return PROXY_INVALID;
	*header = parsed;
	return PROXY_DONE;
}

/* --- version 2: binary ------------------------------------------------------ */

static guint16 get_u16(const char *at)
{
	return (guint16)((guchar)at[0] << 8 | (guchar)at[1]);
}

static guint32 get_u32(const char *at)
{
	return (guint32)get_u16(at) << 16 | get_u16(at + 2);
}

/* CRC-32C (Castagnoli) of the header with the checksum's own bytes as 0. */
static guint32 crc32c_without(Bytes header, gsize hole)
{
	guint32 crc = 0xffffffff;

	for (gsize i = 0; i < header.size; i++) {
		guint8 byte =
			i >= hole && i < hole + 4 ? 0 : (guint8)header.data[i];
		crc ^= byte;
		for (guint bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static gboolean v2_tlvs(Bytes bytes, gsize at, ProxyHeader *header)
{
	while (at < header->size) {
		if (header->size - at < 3)
			return FALSE;
		guint8 type = (guint8)bytes.data[at];
		gsize size = get_u16(bytes.data + at + 1);
		at += 3;
		if (size > header->size - at)
			return FALSE;
		if (type == TLV_CRC32C &&
			(size != 4 ||
				get_u32(bytes.data + at) !=
					crc32c_without(bytes_slice(bytes, 0,
							       header->size),
						at)))
			return FALSE;
		if (type == TLV_SSL && size < 5)
			return FALSE;
		if (type == TLV_SSL)
			header->has_tls =
				(bytes.data[at] & SSL_CLIENT_SSL) != 0;
		at += size;
	}
	return TRUE;
}

/* What stands behind the fixed part, by its family and protocol byte.  Only
 * streams are served: a datagram cannot have got here. */
static const struct {
	guint8 byte;
	AddressFamily family;
	gsize address_size; /* of one address */
	gsize size;         /* of all before the TLVs */
} v2_families[] = {
	{ 0x00, ADDRESS_NONE, 0, 0 },
	{ 0x11, ADDRESS_V4, 4, 12 },
	{ 0x21, ADDRESS_V6, 16, 36 },
	{ 0x31, ADDRESS_UNIX, 108, 216 },
};

static gboolean v2_addresses(Bytes bytes, ProxyHeader *header)
{
	const guint8 *data = (const guint8 *)bytes.data + V2_FIXED;
	const char *ports;
	gsize i = 0;

	while (i < G_N_ELEMENTS(v2_families) &&
		v2_families[i].byte != (guint8)bytes.data[13])
		i++;
	if (i == G_N_ELEMENTS(v2_families) ||
		header->size - V2_FIXED < v2_families[i].size)
		return FALSE;
	AddressFamily family = v2_families[i].family;
	gsize size = v2_families[i].address_size;
	gboolean has_ports = family == ADDRESS_V4 || family == ADDRESS_V6;
	ports = bytes.data + V2_FIXED + 2 * size;
	header->source =
		address_of_bytes(family, data, has_ports ? get_u16(ports) : 0);
	header->destination = address_of_bytes(
		family, data + size, has_ports ? get_u16(ports + 2) : 0);
	return v2_tlvs(bytes, V2_FIXED + v2_families[i].size, header);
}

static ProxyResult v2_parse(Bytes bytes, ProxyHeader *header)
{
	if (bytes.size < V2_FIXED)
		return need(header, V2_FIXED);
	guint8 command = (guint8)bytes.data[12];
	gsize size = V2_FIXED + get_u16(bytes.data + 14);

	if ((command != 0x20 && command != 0x21) || size > PROXY_HEADER_MAX)
		return PROXY_INVALID;
	if (bytes.size < size)
		return need(header, size);
	ProxyHeader parsed = { .size = size, .is_local = command == 0x20 };
	/* LOCAL: whatever addresses stand there are to be ignored. */
	if (!parsed.is_local && !v2_addresses(bytes, &parsed))
		return PROXY_INVALID;
	*header = parsed;
	return PROXY_DONE;
}

static gboolean begins_alike(Bytes bytes, const char *with, gsize size)
{
	return memcmp(bytes.data, with, MIN(size, bytes.size)) == 0;
}

ProxyResult proxy_parse(Bytes bytes, ProxyHeader *header)
{
	if (bytes.size == 0)
		return need(header, V1_MIN);
	if (begins_alike(bytes, v2_signature, sizeof(v2_signature)))
		return bytes.size < sizeof(v2_signature) ?
			need(header, V1_MIN) :
			v2_parse(bytes, header);
	if (begins_alike(bytes, v1_start, sizeof(v1_start)))
		return bytes.size < sizeof(v1_start) ? need(header, V1_MIN) :
						       v1_parse(bytes, header);
	return PROXY_INVALID;
}

gboolean proxy_read(Stream *stream, ProxyHeader *header, GError **error)
{
	g_autofree char *bytes = g_malloc(PROXY_HEADER_MAX);
	ProxyHeader parsed;
	ProxyResult result;
	gsize have = 0;

	while ((result = proxy_parse(bytes_of(bytes, have), &parsed)) ==
		PROXY_INCOMPLETE) {
		if (!stream_read_unbuffered(
			    stream, bytes + have, parsed.size - have, error))
			return FALSE;
		have = parsed.size;
	}
	if (result == PROXY_INVALID) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"the connection does not begin with a PROXY header",
			"%" G_GSIZE_FORMAT " bytes read; is proxy_protocol "
			"meant to be on?",
			have);
		return FALSE;
	}
	*header = parsed;
	return TRUE;
}
