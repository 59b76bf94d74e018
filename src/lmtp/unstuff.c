/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the end of DATA and takes out what dot-stuffing put in. */
#include "lmtp/unstuff.h"

/* One call of unstuff_feed(): bytes from run to at are message and were not
 * yet given to the sink. */
typedef struct {
	Unstuff *unstuff;
	const char *at;
	const char *end;
	const char *run;
	UnstuffSink sink;
	gpointer data;
} Feed;

static void flush(Feed *feed)
{
	if (feed->at > feed->run)
		feed->sink(bytes_of(feed->run, (gsize)(feed->at - feed->run)),
			feed->data);
	feed->run = feed->at;
}

static UnstuffState at_line_start(Feed *feed)
{
	if (*feed->at != '.')
		return UNSTUFF_TEXT;
	flush(feed);
	feed->run = ++feed->at;
	return UNSTUFF_DOT;
}

static UnstuffState behind_dot(Feed *feed)
{
	if (*feed->at != '\r')
		return UNSTUFF_TEXT;
	feed->run = ++feed->at;
	return UNSTUFF_DOT_CR;
}

static UnstuffState behind_dot_cr(Feed *feed)
{
	if (*feed->at == '\n') {
		feed->run = ++feed->at;
		return UNSTUFF_END;
	}
	feed->sink(bytes_of("\r", 1), feed->data);
	return UNSTUFF_TEXT;
}

/* Up to the next CRLF at memchr's speed. */
static UnstuffState in_text(Feed *feed)
{
	const char *lf = memchr(feed->at, '\n', (gsize)(feed->end - feed->at));

	if (lf == NULL) {
		feed->at = feed->end;
		return feed->end[-1] == '\r' ? UNSTUFF_TEXT_CR : UNSTUFF_TEXT;
	}
	gboolean is_line_end = lf > feed->at && lf[-1] == '\r';
	feed->at = lf + 1;
	if (is_line_end)
		return UNSTUFF_LINE_START;
	feed->unstuff->has_bare_lf = TRUE;
	return UNSTUFF_TEXT;
}

static UnstuffState behind_cr(Feed *feed)
{
	if (*feed->at != '\n')
		return UNSTUFF_TEXT;
	feed->at++;
	return UNSTUFF_LINE_START;
}

gsize unstuff_feed(
	Unstuff *unstuff, Bytes input, UnstuffSink sink, gpointer data)
{
	static UnstuffState (*const steps[])(Feed * feed) = {
		[UNSTUFF_LINE_START] = at_line_start,
		[UNSTUFF_DOT] = behind_dot,
		[UNSTUFF_DOT_CR] = behind_dot_cr,
		[UNSTUFF_TEXT] = in_text,
		[UNSTUFF_TEXT_CR] = behind_cr,
	};
	if (input.size == 0)
		return 0;
	Feed feed = { unstuff, input.data, input.data + input.size, input.data,
		sink, data };
	while (feed.at < feed.end && unstuff->state != UNSTUFF_END)
		unstuff->state = steps[unstuff->state](&feed);
	if (unstuff->state != UNSTUFF_END)
		flush(&feed);
	return (gsize)(feed.at - input.data);
}
