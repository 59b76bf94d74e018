/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ESEARCH, SEARCH and THREAD responses, and what SAVE keeps. */
#include "imap/search-reply.h"

#include <sys/socket.h>
#include <unistd.h>

#include "imap/thread-reply.h"

/* --- what a stream was given ------------------------------------------------ */

typedef struct {
	int fds[2];
	Stream *stream;
	GThread *reader;
} Wire;

static gpointer read_all(gpointer data)
{
	GString *text = g_string_new(NULL);
	int fd = GPOINTER_TO_INT(data);
	char some[4096];
	ssize_t size;

	while ((size = read(fd, some, sizeof(some))) > 0)
		g_string_append_len(text, some, size);
	close(fd);
	return text;
}

static void wire_open(Wire *wire)
{
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, wire->fds), ==, 0);
	wire->stream = stream_new(wire->fds[0]);
	wire->reader =
		g_thread_new("reader", read_all, GINT_TO_POINTER(wire->fds[1]));
}

static char *wire_close(Wire *wire)
{
	g_assert_true(stream_flush(wire->stream, NULL));
	stream_free(&wire->stream);
	return g_string_free(g_thread_join(wire->reader), FALSE);
}

/* --- ESEARCH ---------------------------------------------------------------- */

static const ViewMessage messages[] = {
	{ .uid = 10, .modseq = 107 },
	{ .uid = 20, .modseq = 104 },
	{ .uid = 21, .modseq = 101 },
	{ .uid = 22, .modseq = 108 },
	{ .uid = 50, .modseq = 105 },
};
static const MailboxView view = { .count = 5, .messages = messages };

static const struct {
	const char *found; /* indexes */
	guint returns;
	PartialRange partial;
	const char *numbers;
	const char *uids;
	const char *saved;
} cases[] = {
	{ "01234", RETURN_ALL, { 0 }, " ALL 1:5 MODSEQ 108",
		" UID ALL 10,20:22,50 MODSEQ 108", "10,20:22,50" },
	{ "", RETURN_ALL | RETURN_COUNT | RETURN_MIN, { 0 }, " COUNT 0",
		" UID COUNT 0", "" },
	{ "124", RETURN_MIN, { 0 }, " MIN 2 MODSEQ 104",
		" UID MIN 20 MODSEQ 104", "20" },
	{ "124", RETURN_MIN | RETURN_MAX, { 0 }, " MIN 2 MAX 5 MODSEQ 105",
		" UID MIN 20 MAX 50 MODSEQ 105", "20,50" },
	{ "134", RETURN_MIN | RETURN_COUNT, { 0 }, " MIN 2 COUNT 3 MODSEQ 108",
		" UID MIN 20 COUNT 3 MODSEQ 108", "20,22,50" },
	/* In an order of its own (RFC 5267 section 3.2). */
	{ "43210", RETURN_ALL | RETURN_MIN | RETURN_MAX, { 0 },
		" MIN 5 MAX 1 ALL 5,4,3,2,1 MODSEQ 108",
		" UID MIN 50 MAX 10 ALL 50,22,21,20,10 MODSEQ 108",
		"10,20:22,50" },
	{ "34012", RETURN_ALL, { 0 }, " ALL 4:5,1:3 MODSEQ 108",
		" UID ALL 22,50,10,20:21 MODSEQ 108", "10,20:22,50" },
	{ "01234", RETURN_PARTIAL, { 4, 2, FALSE },
		" PARTIAL (2:4 2:4) MODSEQ 108",
		" UID PARTIAL (2:4 20:22) MODSEQ 108", "20:22" },
	{ "01234", RETURN_PARTIAL | RETURN_MIN, { 1, 1, TRUE },
		" MIN 1 PARTIAL (-1:-1 5) MODSEQ 107",
		" UID MIN 10 PARTIAL (-1:-1 50) MODSEQ 107", "10,50" },
	{ "01", RETURN_PARTIAL, { 3, 9, FALSE }, " PARTIAL (3:9 NIL)",
		" UID PARTIAL (3:9 NIL)", "" },
	{ "01", RETURN_PARTIAL, { 2, G_MAXUINT32, TRUE },
		" PARTIAL (-2:-4294967295 1) MODSEQ 107",
		" UID PARTIAL (-2:-4294967295 10) MODSEQ 107", "10" },
};

static void check(gsize i, gboolean is_uid, const char *rest)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));
	SearchArgs args = { .returns = cases[i].returns,
		.partial = cases[i].partial,
		.program = { .uses = SEARCH_USES_MODSEQ } };
	SearchResult result = {
		.view = &view, .is_uid = is_uid, .found = found
	};
	g_autofree char *wanted =
		g_strdup_printf("* ESEARCH (TAG \"t\")%s\r\n", rest);
	g_autoptr(GString) saved = g_string_new(NULL);
	Wire wire;

	for (const char *c = cases[i].found; *c != '\0'; c++) {
		guint index = (guint)g_ascii_digit_value(*c);
		g_array_append_val(found, index);
	}
	wire_open(&wire);
	search_reply_esearch(wire.stream, "(TAG \"t\")", &result, &args);
	g_autofree char *got = wire_close(&wire);
	g_assert_cmpstr(got, ==, wanted);
	g_autoptr(NumSet) set = search_reply_saved(&result, &args);
	numset_append_text(set, saved);
	g_assert_cmpstr(saved->str, ==, cases[i].saved);
}

static void test_esearch(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].numbers);
		check(i, FALSE, cases[i].numbers);
		check(i, TRUE, cases[i].uids);
	}
}

/* A long answer is one line, whole and in order. */
static void test_long(void)
{
	const guint count = 100000;
	g_autofree ViewMessage *many = g_new0(ViewMessage, count);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));
	MailboxView large = { .count = count, .messages = many };
	SearchResult result = { &large, TRUE, found, NULL };
	g_autoptr(GString) wanted = g_string_new("* SEARCH");
	Wire wire;

	for (guint i = 0; i < count; i++) {
		many[i].uid = 2 * i + 1;
		g_array_append_val(found, i);
		g_string_append_printf(wanted, " %u", 2 * i + 1);
	}
	g_string_append(wanted, "\r\n");
	wire_open(&wire);
	search_reply_numbers(wire.stream, "SEARCH", &result, FALSE);
	g_autofree char *got = wire_close(&wire);
	g_assert_cmpstr(got, ==, wanted->str);
}

/* --- THREAD ------------------------------------------------------------------ */

/* Reads "(2)(3 6 (4 23))" into nodes, so that writing has something to write;
 * "((" begins a dummy. */
static ThreadNode *thread_of(Arena *arena, const char **text)
{
	ThreadNode *first = NULL;
	ThreadNode **next = &first;

	while (**text == '(') {
		ThreadNode *node = arena_new_object(arena, ThreadNode);
		*next = node;
		next = &node->next;
		node->index = G_MAXUINT;
		(*text)++;
		for (gboolean is_first = TRUE; g_ascii_isdigit(**text);
			is_first = FALSE) {
			char *end;
			ThreadNode *here = node;
			if (!is_first) {
				here = arena_new_object(arena, ThreadNode);
				node->first_child = here;
			}
			here->index =
				(guint)g_ascii_strtoull(*text, &end, 10) - 1;
			node = here;
			*text = *end == ' ' ? end + 1 : end;
		}
		node->first_child = thread_of(arena, text);
		g_assert_cmpint(**text, ==, ')');
		(*text)++;
	}
	return first;
}

static char *written(const ThreadNode *first, const MailboxView *of)
{
	Wire wire;

	wire_open(&wire);
	thread_reply(wire.stream, of, FALSE, first);
	return wire_close(&wire);
}

static void test_thread(void)
{
	/* RFC 5256 sections 3 and 4. */
	static const char *const examples[] = {
		"(2)(3 6 (4 23)(44 7 96))",
		"((3)(5))",
		"(166)(167)(168)(169)(172)(170)(171)"
		"(173)(174 (175)(176)(178)(181)(180))(179)(177"
		" (183)(182)(188)(184)(185)(186)(187)(189))(190)"
		"(191)(192)(193)(194 195)(196 (197)(198))(199)"
		"(200 202)(201)(203)(204)(205)(206 207)(208)",
		"(166)(167)(168)(169)(172)((170)(179))"
		"(171)(173)((174)(175)(176)(178)(181)(180))"
		"((177)(183)(182)(188 (184)(189))(185 186)(187))"
		"(190)(191)(192)(193)((194)(195 196))(197 198)"
		"(199)(200 202)(201)(203)(204)(205 206 207)(208)",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autoptr(Arena) arena = arena_new();
		const char *text = examples[i];
		const ThreadNode *first = thread_of(arena, &text);
		g_autofree char *got = written(first, &view);
		g_autofree char *wanted =
			g_strdup_printf("* THREAD %s\r\n", examples[i]);
		g_assert_cmpstr(got, ==, wanted);
	}
	g_autofree char *nothing = written(NULL, &view);
	g_assert_cmpstr(nothing, ==, "* THREAD\r\n");
}

/* Each message has two answers, the second of which goes on: as deep as it is
 * long, and no stack is used up. */
static void test_deep(void)
{
	const guint depth = 200000;
	g_autoptr(Arena) arena = arena_new();
	ThreadNode *nodes = arena_new_array(arena, ThreadNode, 2 * depth);

	for (guint i = 0; i < depth; i++) {
		nodes[2 * i].index = 2 * i;
		nodes[2 * i + 1].index = 2 * i + 1;
		if (i == 0)
			continue;
		nodes[2 * i - 1].first_child = &nodes[2 * i];
		nodes[2 * i].next = &nodes[2 * i + 1];
	}
	nodes[0].next = &nodes[1];
	g_autofree char *got = written(nodes, &view);
	g_assert_true(
		g_str_has_prefix(got, "* THREAD (1)(2 (3)(4 (5)(6 (7)(8 "));
	g_assert_nonnull(strstr(got, "(399999)(400000))))"));
	guint open = 0, closed = 0;
	for (const char *c = got; *c != '\0'; c++) {
		open += *c == '(';
		closed += *c == ')';
	}
	g_assert_cmpuint(open, ==, 2 * depth);
	g_assert_cmpuint(closed, ==, open);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/search-reply/esearch", test_esearch);
	g_test_add_func("/imap/search-reply/long", test_long);
	g_test_add_func("/imap/search-reply/thread", test_thread);
	g_test_add_func("/imap/search-reply/deep", test_deep);
	return g_test_run();
}
