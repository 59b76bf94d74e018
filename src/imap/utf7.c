/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names on the wire: modified UTF-7 (RFC 3501 section 5.1.3). */
#include "imap/utf7.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static gboolean stands_for_itself(gunichar c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* UTF-16 units of one shifted run on their way to UTF-8. */
typedef struct {
	guint32 bits;
	guint n_bits;
	gunichar high; /* surrogate waiting for its other half, or 0 */
} Shifted;

static gboolean take_unit(Shifted *shifted, guint32 unit, GString *out)
{
	gboolean is_low = unit >= 0xdc00 && unit <= 0xdfff;

	if ((shifted->high != 0) != is_low)
		return FALSE;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		shifted->high = unit;
		return TRUE;
	}
	gunichar c = unit;
	if (is_low)
		c = 0x10000 + ((shifted->high - 0xd800) << 10) +
			(unit - 0xdc00);
	shifted->high = 0;
	if (stands_for_itself(c) || c == 0)
		return FALSE;
	g_string_append_unichar(out, c);
	return TRUE;
}

/* Decodes from behind "&" up to "-"; returns how many bytes with the "-", 0
 * where it is wrong. */
static gsize decode_shifted(Bytes rest, GString *out)
{
	Shifted shifted = { 0 };

	for (gsize i = 0; i < rest.size; i++) {
		if (rest.data[i] == '-') {
			gboolean is_whole = i > 0 && shifted.high == 0 &&
				shifted.n_bits < 6 && shifted.bits == 0;
			return is_whole ? i + 1 : 0;
		}
		const char *digit = rest.data[i] == '\0' ?
			NULL :
			strchr(digits, rest.data[i]);
		if (digit == NULL)
			return 0;
		shifted.bits = shifted.bits << 6 | (guint32)(digit - digits);
		shifted.n_bits += 6;
		if (shifted.n_bits < 16)
			continue;
		shifted.n_bits -= 16;
		if (!take_unit(&shifted, shifted.bits >> shifted.n_bits, out))
			return 0;
		shifted.bits &= (1u << shifted.n_bits) - 1;
	}
	return 0;
}

gboolean utf7_decode(Bytes name, GString *out)
{
	gsize before = out->len;
	gsize shift_end = 0; /* where the last shifted run ended */

	for (gsize i = 0; i < name.size;) {
		guchar c = (guchar)name.data[i];
		gsize used = 1;
		if (!stands_for_itself(c)) {
			used = 0;
		} else if (c != '&') {
			g_string_append_c(out, (char)c);
		} else if (i + 1 < name.size && name.data[i + 1] == '-') {
			g_string_append_c(out, '&');
			used = 2;
		} else if (i > 0 && i == shift_end) {
			used = 0;
		} else {
			used = decode_shifted(
				bytes_slice(name, i + 1, name.size), out);
			used = used > 0 ? used + 1 : 0;
			shift_end = i + used;
		}
		if (used == 0) {
			g_string_truncate(out, before);
			return FALSE;
		}
		i += used;
	}
	return TRUE;
}

static void encode_unit(
	guint32 *bits, guint *n_bits, guint32 unit, GString *out)
{
	*bits = *bits << 16 | unit;
	*n_bits += 16;
	while (*n_bits >= 6) {
		*n_bits -= 6;
		g_string_append_c(out, digits[*bits >> *n_bits & 63]);
	}
	*bits &= (1u << *n_bits) - 1;
}

/* Encodes the run of characters that need it; returns what follows it. */
static const char *encode_shifted(const char *at, GString *out)
{
	guint32 bits = 0;
	guint n_bits = 0;

	g_string_append_c(out, '&');
	for (; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (stands_for_itself(c))
			break;
		if (c >= 0x10000) {
			encode_unit(&bits, &n_bits,
				0xd800 + ((c - 0x10000) >> 10), out);
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		encode_unit(&bits, &n_bits, c, out);
	}
	if (n_bits > 0)
		g_string_append_c(out, digits[bits << (6 - n_bits) & 63]);
	g_string_append_c(out, '-');
	return at;
}

void utf7_encode(const char *name, GString *out)
{
	while (*name != '\0') {
		if (!stands_for_itself((guchar)*name)) {
			name = encode_shifted(name, out);
			continue;
		}
		g_string_append_c(out, *name);
		if (*name == '&')
			g_string_append_c(out, '-');
		name++;
	}
}
