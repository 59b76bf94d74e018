/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an SMTP server says (RFC 5321 section 4.2). */
#include "queue/reply.h"

#include "base/text.h"

void reply_init(Reply *reply)
{
	*reply = (Reply){ .text = g_string_new(NULL) };
}

void reply_clear(Reply *reply)
{
	if (reply->text != NULL)
		g_string_free(reply->text, TRUE);
	*reply = (Reply){ 0 };
}

/* 2yz to 5yz; 1yz is not used in SMTP. */
static gboolean parse_code(Bytes line, guint *code)
{
	if (line.size < 3 || line.data[0] < '2' || line.data[0] > '5' ||
		!g_ascii_isdigit(line.data[1]) ||
		!g_ascii_isdigit(line.data[2]))
		return FALSE;
	*code = (guint)(line.data[0] - '0') * 100 +
		(guint)(line.data[1] - '0') * 10 + (guint)(line.data[2] - '0');
	return TRUE;
}

/* The enhanced code stands on every line: once is enough. */
static void append_text(Reply *reply, Bytes rest)
{
	g_autofree char *valid = text_make_valid(rest);
	const char *text = g_strstrip(valid);
	char status[REPLY_STATUS_SIZE];

	if (reply->lines == 1) {
		g_string_printf(reply->text, "%03u", reply->code);
	} else {
		reply_status(reply->text->str, status);
		gsize known = strlen(status);
		if (strncmp(text, status, known) == 0 && text[known] == ' ')
			text += known + 1;
	}
	gsize room = REPLY_TEXT_MAX - MIN(reply->text->len + 1, REPLY_TEXT_MAX);
	gsize size = MIN(strlen(text), room);
	while (size > 0 && ((guchar)text[size] & 0xc0) == 0x80)
		size--;
	if (size > 0)
		g_string_append_printf(reply->text, " %.*s", (int)size, text);
}

ReplyState reply_take(Reply *reply, Bytes line, Bytes *rest)
{
	guint code;

	if (!parse_code(line, &code) ||
		(line.size > 3 && line.data[3] != ' ' && line.data[3] != '-') ||
		(reply->lines > 0 && reply->code != code) ||
		++reply->lines > REPLY_LINES_MAX)
		return REPLY_WRONG;
	reply->code = code;
	*rest = bytes_slice(line, 4, line.size);
	append_text(reply, *rest);
	return line.size > 3 && line.data[3] == '-' ? REPLY_MORE : REPLY_WHOLE;
}

/* "5.1.1": class, subject and detail of one to three digits each. */
static gsize status_size(const char *text)
{
	const char *at = text;

	if (*at < '2' || *at > '5' || at[1] != '.')
		return 0;
	at++;
	for (guint part = 0; part < 2; part++) {
		if (*at != '.')
			return 0;
		gsize digits = strspn(at + 1, "0123456789");
		if (digits < 1 || digits > 3)
			return 0;
		at += digits + 1;
	}
	return *at == ' ' || *at == '\0' ? (gsize)(at - text) : 0;
}

void reply_status(const char *text, char out[static REPLY_STATUS_SIZE])
{
	gboolean is_coded = strlen(text) > 4 && text[3] == ' ';
	gsize size = is_coded ? status_size(text + 4) : 0;

	if (size > 0 && text[4] == text[0])
		g_strlcpy(out, text + 4, size + 1);
	else
		g_snprintf(out, REPLY_STATUS_SIZE, "%c.0.0",
			text[0] == '2' || text[0] == '4' ? text[0] : '5');
}

static void note_auth(ReplyAbilities *abilities, Bytes words)
{
	g_autofree char *text = g_strndup(words.data, words.size);
	g_auto(GStrv) list = g_strsplit_set(text, " =", -1);

	for (char **word = list; *word != NULL; word++) {
		if (g_ascii_strcasecmp(*word, "PLAIN") == 0)
			abilities->auth_plain = TRUE;
		if (g_ascii_strcasecmp(*word, "LOGIN") == 0)
			abilities->auth_login = TRUE;
	}
}

static void note_size(ReplyAbilities *abilities, Bytes number)
{
	guint64 size;

	abilities->size = TRUE;
	if (text_to_number(text_trim(number), G_MAXINT64, &size))
		abilities->max_size = size;
}

void reply_ability(ReplyAbilities *abilities, Bytes line)
{
	const struct {
		const char *name;
		gboolean *flag;
	} flags[] = {
		{ "STARTTLS", &abilities->starttls },
		{ "8BITMIME", &abilities->eightbit },
		{ "SMTPUTF8", &abilities->utf8 },
		{ "CHUNKING", &abilities->chunking },
		{ "BINARYMIME", &abilities->binary },
		{ "DSN", &abilities->dsn },
	};
	Bytes word = text_trim(line);

	for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
		if (text_equal_nocase(word, flags[i].name))
			*flags[i].flag = TRUE;
	}
	/* "AUTH=" is how it was written before RFC 4954. */
	if (text_has_prefix_nocase(word, "AUTH ") ||
		text_has_prefix_nocase(word, "AUTH="))
		note_auth(abilities, bytes_slice(word, 5, word.size));
	if (text_equal_nocase(word, "SIZE") ||
		text_has_prefix_nocase(word, "SIZE "))
		note_size(abilities, bytes_slice(word, 5, word.size));
}
