/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replies of LMTP (RFC 5321 section 4.2, RFC 2034, RFC 3463). */
#include "lmtp/reply.h"

#include <string.h>

#include "base/errors.h"

/* Whatever is not known to be for good is for now: the MTA keeps the mail and
 * tries again. */
static const struct {
	DbmailErrorCode code;
	Reply reply;
} replies[] = {
	{ DBMAIL_ERROR_NOT_FOUND, "550 5.1.1 no such user" },
	{ DBMAIL_ERROR_EXISTS, "451 4.3.0 try again later" },
	{ DBMAIL_ERROR_NO_PERMISSION, "550 5.7.1 delivery not permitted" },
	{ DBMAIL_ERROR_AUTH_FAILED, "550 5.7.1 delivery not permitted" },
	{ DBMAIL_ERROR_LIMIT, REPLY_TOO_LARGE },
	{ DBMAIL_ERROR_INVALID, "550 5.6.0 message cannot be stored" },
	{ DBMAIL_ERROR_IN_USE, "450 4.2.0 mailbox is in use" },
	{ DBMAIL_ERROR_TEMPORARY, "451 4.3.0 store unavailable, try again" },
	{ DBMAIL_ERROR_CLOSED, "451 4.3.0 store unavailable, try again" },
	{ DBMAIL_ERROR_UNSUPPORTED, "451 4.3.5 not supported" },
	{ DBMAIL_ERROR_INTERNAL, "451 4.3.0 internal error, try again" },
};

Reply reply_of_error(const GError *error, const Settings *settings)
{
	DbmailErrorCode code = dbmail_error_code(error);

	if (code == DBMAIL_ERROR_OVER_QUOTA)
		return g_str_equal(settings->LMTP_quota_failure, "hard") ?
			"552 5.2.2 mailbox is full" :
			"452 4.2.2 mailbox is full";
	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		if (replies[i].code == code)
			return replies[i].reply;
	}
	return "451 4.3.0 internal error, try again";
}

/* RFC 5321 section 4.5.3.1.5: 512 bytes with the code and CRLF. */
#define REFUSAL_LINE_MAX 400
#define REFUSAL_LINES_MAX 20
#define REFUSAL_CODE "550"
#define REFUSAL_STATUS "5.7.1"

/* Bytes of the text for one line: up to a line end, a blank, or what goes. */
static gsize line_size(const char *text)
{
	gsize size = strcspn(text, "\r\n");

	if (size <= REFUSAL_LINE_MAX)
		return size;
	size = REFUSAL_LINE_MAX;
	while (size > 0 && text[size] != ' ')
		size--;
	return size > 0 ? size : REFUSAL_LINE_MAX;
}

static void append_line(GPtrArray *lines, const char *text, gsize size)
{
	char *line = g_strndup(text, size);

	for (char *p = line; *p != '\0'; p++) {
		if ((guchar)*p < 0x20 || (guchar)*p >= 0x7f)
			*p = ' ';
	}
	g_ptr_array_add(lines, g_strchomp(line));
}

char *reply_of_refusal(const char *reason)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) reply = g_string_new(NULL);

	while (*reason != '\0' && lines->len < REFUSAL_LINES_MAX) {
		gsize size = line_size(reason);
		append_line(lines, reason, size);
		reason += size;
		reason += strspn(reason, " ");
		if (reason[0] == '\r' && reason[1] == '\n')
			reason++;
		if (*reason == '\r' || *reason == '\n')
			reason++;
	}
	if (lines->len == 0)
		append_line(lines, "refused", strlen("refused"));
	for (guint i = 0; i < lines->len; i++)
		g_string_append_printf(reply,
			"%s" REFUSAL_CODE "%c" REFUSAL_STATUS " %s",
			i > 0 ? "\r\n" : "", i + 1 < lines->len ? '-' : ' ',
			(const char *)lines->pdata[i]);
	return g_string_free(g_steal_pointer(&reply), FALSE);
}
