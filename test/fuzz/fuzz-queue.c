/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes out: messages in SMTP's form, notices about them, and what servers
 * answer. */
#include "fuzz.h"

#include "queue/bounce.h"
#include "queue/content.h"
#include "queue/reply.h"

static void gather(const char *data, gsize size, gpointer out)
{
	g_string_append_len(out, data, (gssize)size);
}

/* What the server takes for the message: dots go, up to the one that is
 * alone.  Nothing may end it before its time. */
static GString *unstuff(Bytes sent)
{
	GString *out = g_string_new(NULL);

	while (sent.size > 0) {
		const char *end = memchr(sent.data, '\n', sent.size);
		g_assert_nonnull(end);
		g_assert(end > sent.data && end[-1] == '\r');
		gsize size = (gsize)(end - sent.data) + 1;
		g_assert(memchr(sent.data, '\r', size - 2) == NULL);
		g_assert(size != 3 || sent.data[0] != '.');
		gsize dot = sent.data[0] == '.' ? 1 : 0;
		g_string_append_len(out, sent.data + dot, (gssize)(size - dot));
		sent = bytes_slice(sent, size, sent.size);
	}
	return out;
}

static void check_content(Bytes message)
{
	g_autoptr(GString) sent = g_string_new(NULL);

	content_write(message, gather, sent);
	g_autoptr(GString) got = unstuff(bytes_of(sent->str, sent->len));
	if (content_look(message).has_bare)
		return;
	/* Alike, but for a line end that was missing. */
	g_assert(got->len == message.size || got->len == message.size + 2);
	g_assert(message.size == 0 ||
		memcmp(got->str, message.data, message.size) == 0);
}

static void check_notice(Bytes message)
{
	g_autofree char *text =
		g_strndup(message.data, MIN(message.size, (gsize)500));
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) out = g_string_new(NULL);
	const BounceAbout about = { .host = "h",
		.sender = "a@b",
		.recipient = valid,
		.remote = "r",
		.text = valid,
		.status = "5.0.0",
		.attempts = 1,
		.id = "id",
		.message = message };

	(void)bounce_is_due(valid, message);
	bounce_compose(out, &about);
	ContentNeeds needs = content_look(bytes_of(out->str, out->len));
	g_assert_false(needs.has_bare);
	g_assert(memchr(out->str, '\0', out->len) == NULL);
}

static void check_reply(Bytes rest)
{
	ReplyAbilities abilities = { 0 };
	ReplyState state = REPLY_MORE;
	char status[REPLY_STATUS_SIZE];
	Reply reply;

	reply_init(&reply);
	while (rest.size > 0 && state == REPLY_MORE) {
		const char *end = memchr(rest.data, '\n', rest.size);
		gsize size = end != NULL ? (gsize)(end - rest.data) : rest.size;
		Bytes text = bytes_of(NULL, 0);
		state = reply_take(&reply, bytes_slice(rest, 0, size), &text);
		if (state != REPLY_WRONG)
			reply_ability(&abilities, text);
		rest = bytes_slice(rest, size + 1, rest.size);
	}
	g_assert(g_utf8_validate(
		reply.text->str, (gssize)reply.text->len, NULL));
	reply_status(reply.text->str, status);
	g_assert(status[0] == '2' || status[0] == '4' || status[0] == '5' ||
		status[0] == '3');
	reply_clear(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* No bytes may have no address. */
	Bytes bytes = bytes_of(size > 0 ? (const char *)data : "", size);

	check_content(bytes);
	check_notice(bytes);
	check_reply(bytes);
	return 0;
}
