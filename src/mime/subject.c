/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base subject, by which SORT and THREAD compare. */
#include "mime/subject.h"

#include "base/bytes.h"
#include "base/text.h"

static const char trailer[] = "(fwd)";
static const char forward_begin[] = "[fwd:";

static gsize skip_blanks(Bytes text, gsize pos)
{
	while (pos < text.size && text.data[pos] == ' ')
		pos++;
	return pos;
}

/* Behind the subj-blob at pos, "[...]" and blanks; pos where there is none. */
static gsize skip_blob(Bytes text, gsize pos)
{
	if (pos >= text.size || text.data[pos] != '[')
		return pos;
	for (gsize i = pos + 1; i < text.size; i++) {
		if (text.data[i] == '[')
			return pos;
		if (text.data[i] == ']')
			return skip_blanks(text, i + 1);
	}
	return pos;
}

/* Behind the subj-refwd at pos, "re [x]:"; pos where there is none. */
static gsize skip_refwd(Bytes text, gsize pos)
{
	static const char *const words[] = { "re", "fwd", "fw" };
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		Bytes rest = bytes_slice(text, pos, text.size);
		if (!text_has_prefix_nocase(rest, words[i]))
			continue;
		gsize at = skip_blanks(text, pos + strlen(words[i]));
		at = skip_blob(text, at);
		if (at < text.size && text.data[at] == ':')
			return at + 1;
	}
	return pos;
}

/* Step 2: "(fwd)" and blanks at the end. */
static Bytes cut_trailers(Bytes text, gboolean *changed)
{
	gsize size = strlen(trailer);
	while (TRUE) {
		text = text_trim(text);
		if (text.size < size ||
			!text_equal_nocase(
				bytes_slice(text, text.size - size, size),
				trailer))
			return text;
		text.size -= size;
		*changed = TRUE;
	}
}

/* Steps 3 to 5: leaders, and blobs as long as something is left. */
static Bytes cut_leaders(Bytes text, gboolean *changed)
{
	while (TRUE) {
		gsize at = skip_blanks(text, 0);
		gsize next = at;
		do {
			at = next;
			next = skip_blob(text, at);
		} while (next > at);
		next = skip_refwd(text, at);
		if (next > at) {
			*changed = TRUE;
			text = bytes_slice(text, next, text.size);
			continue;
		}
		text = bytes_slice(text, skip_blanks(text, 0), text.size);
		gsize blob = skip_blob(text, 0);
		if (blob == 0 || blob == text.size)
			return text;
		text = bytes_slice(text, blob, text.size);
	}
}

gboolean mime_subject_base(const char *subject, GString *out)
{
	g_autoptr(GString) spaced = g_string_new(NULL);
	gboolean changed = FALSE;

	for (const char *p = subject; *p != '\0'; p++) {
		char c = *p == '\t' || *p == '\r' || *p == '\n' ? ' ' : *p;
		if (c != ' ' || spaced->len == 0 ||
			spaced->str[spaced->len - 1] != ' ')
			g_string_append_c(spaced, c);
	}
	Bytes text = bytes_of(spaced->str, spaced->len);
	while (TRUE) {
		text = cut_leaders(cut_trailers(text, &changed), &changed);
		if (!text_has_prefix_nocase(text, forward_begin) ||
			text.data[text.size - 1] != ']')
			break;
		gsize size = strlen(forward_begin);
		text = bytes_slice(text, size, text.size - size - 1);
		changed = TRUE;
	}
	if (text.size > 0)
		g_string_append_len(out, text.data, (gssize)text.size);
	return changed;
}
