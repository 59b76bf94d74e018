/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The THREAD response (RFC 5256 section 4). */
#include "imap/thread-reply.h"

/* What is put together before it is sent. */
#define HELD_MAX 8192

typedef struct {
	Stream *stream;
	const MailboxView *view;
	gboolean is_uid;
	GString *text;
	GPtrArray *waiting; /* for each open "(": its next sub-thread or NULL */
} Writer;

static void write_number(Writer *writer, const ThreadNode *node)
{
	g_string_append_printf(writer->text, "%u",
		writer->is_uid ? writer->view->messages[node->index].uid :
				 node->index + 1);
}

/* One thread down to where it branches: "(3 6 " or, where it does not,
 * "(2)". */
static void write_chain(Writer *writer, const ThreadNode *node)
{
	gboolean is_empty = TRUE;

	g_string_append_c(writer->text, '(');
	for (;;) {
		if (node->index != G_MAXUINT) {
			if (!is_empty)
				g_string_append_c(writer->text, ' ');
			write_number(writer, node);
			is_empty = FALSE;
		}
		if (node->first_child == NULL) {
			g_string_append_c(writer->text, ')');
			return;
		}
		node = node->first_child;
		if (node->next != NULL)
			break;
	}
	if (!is_empty)
		g_string_append_c(writer->text, ' ');
	g_ptr_array_add(writer->waiting, (gpointer)node);
}

/* A thread may be as deep as there are messages: no recursion. */
static void write_threads(Writer *writer, const ThreadNode *first)
{
	GPtrArray *waiting = writer->waiting;

	g_ptr_array_add(waiting, (gpointer)first);
	while (waiting->len > 0) {
		const ThreadNode *node = waiting->pdata[waiting->len - 1];
		if (node == NULL) {
			g_ptr_array_remove_index(waiting, waiting->len - 1);
			if (waiting->len > 0)
				g_string_append_c(writer->text, ')');
			continue;
		}
		waiting->pdata[waiting->len - 1] = node->next;
		write_chain(writer, node);
		if (writer->text->len < HELD_MAX)
			continue;
		stream_write(
			writer->stream, writer->text->str, writer->text->len);
		g_string_truncate(writer->text, 0);
	}
}

void thread_reply(Stream *stream, const MailboxView *view, gboolean is_uid,
	const ThreadNode *first)
{
	g_autoptr(GString) text = g_string_new("* THREAD");
	g_autoptr(GPtrArray) waiting = g_ptr_array_new();
	Writer writer = { stream, view, is_uid, text, waiting };

	if (first != NULL)
		g_string_append_c(text, ' ');
	write_threads(&writer, first);
	g_string_append(text, "\r\n");
	stream_write(stream, text->str, text->len);
}
