/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP URLs of messages and their parts, as a session means them (RFC 5092). */
#include "syntax/message-url.h"

#include "base/text.h"

/* Where the word begins in the text, the text's size where it is not there. */
static gsize find_word(Bytes text, const char *word)
{
	for (gsize i = 0; i < text.size; i++) {
		if (text_has_prefix_nocase(
			    bytes_slice(text, i, G_MAXSIZE), word))
			return i;
	}
	return text.size;
}

/* What stands before the word; *text becomes what stands behind it.  FALSE,
 * with all of the text, where the word is not there. */
static gboolean split_at(Bytes *text, const char *word, Bytes *before)
{
	gsize at = find_word(*text, word);
	gboolean is_there = at < text->size;

	*before = bytes_slice(*text, 0, at);
	*text = is_there ? bytes_slice(*text, at + strlen(word), G_MAXSIZE) :
			   bytes_of(NULL, 0);
	return is_there;
}

/* Undoes %XX; NULL where there is something wrong with it. */
static const char *decode(Arena *arena, Bytes text)
{
	char *out = arena_alloc(arena, text.size + 1);
	gsize used = 0;

	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '%') {
			if (i + 2 >= text.size)
				return NULL;
			gint high = g_ascii_xdigit_value(text.data[i + 1]);
			gint low = g_ascii_xdigit_value(text.data[i + 2]);
			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return NULL;
		out[used++] = c;
	}
	return g_utf8_validate(out, (gssize)used, NULL) ? out : NULL;
}

static gboolean to_uint32(Bytes text, guint32 *number)
{
	guint64 value;

	if (!text_to_number(text, G_MAXUINT32, &value) || value == 0)
		return FALSE;
	*number = (guint32)value;
	return TRUE;
}

/* "/mailbox;UIDVALIDITY=1", which may be nothing. */
static gboolean parse_mailbox(Arena *arena, Bytes text, MessageUrl *url)
{
	Bytes name;

	if (text.size > 0 && text.data[0] == '/')
		text = bytes_slice(text, 1, G_MAXSIZE);
	if (text.size == 0)
		return TRUE;
	if (split_at(&text, ";UIDVALIDITY=", &name) &&
		!to_uint32(text, &url->uidvalidity))
		return FALSE;
	if (name.size == 0 || name.data[0] == '/' ||
		memchr(name.data, ';', name.size) != NULL ||
		memchr(name.data, '?', name.size) != NULL)
		return FALSE;
	url->mailbox = decode(arena, name);
	return url->mailbox != NULL;
}

/* "offset" or "offset.size". */
static gboolean parse_partial(Bytes text, MessageUrl *url)
{
	Bytes offset;

	url->size = G_MAXUINT64;
	if (split_at(&text, ".", &offset) &&
		(!text_to_number(text, G_MAXINT64, &url->size) ||
			url->size == 0))
		return FALSE;
	return text_to_number(offset, G_MAXINT64, &url->offset);
}

gboolean message_url_parse(Arena *arena, Bytes text, MessageUrl *url)
{
	Bytes mailbox, uid, section;
	MessageUrl found = { .size = G_MAXUINT64 };

	if (text.size == 0 || (text.data[0] != '/' && text.data[0] != ';'))
		return FALSE;
	if (!split_at(&text, ";UID=", &mailbox))
		return FALSE;
	if (mailbox.size > 0 && mailbox.data[mailbox.size - 1] != '/')
		return FALSE;
	if (mailbox.size > 0)
		mailbox.size--;
	if (!parse_mailbox(arena, mailbox, &found))
		return FALSE;
	gboolean has_partial = split_at(&text, "/;PARTIAL=", &section);
	if (has_partial && !parse_partial(text, &found))
		return FALSE;
	if (split_at(&section, "/;SECTION=", &uid)) {
		found.section = decode(arena, section);
		if (found.section == NULL)
			return FALSE;
	}
	if (!to_uint32(uid, &found.uid))
		return FALSE;
	*url = found;
	return TRUE;
}
