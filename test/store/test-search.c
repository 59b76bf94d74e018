/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH: keys against messages in many charsets, and trees of keys. */
#include "store/search.h"

#include "store/search-index.h"

#include "base/arena.h"
#include "base/text.h"
#include "fixture.h"
#include "mime/objectid.h"
#include "store/search-private.h"

static Store *store;
static gint64 inbox;

/* Message i has UID i + 1; a letter names it in the tables below. */
static const char *const messages[] = {
	/* a */
	"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\n"
	"Subject: Hello World\r\nDate: Wed, 1 Jan 2020 23:30:00 -0800\r\n"
	"Message-ID: <one@example.org>\r\nX-Spam: yes\r\n\r\n"
	"The quick brown fox\r\njumps over\r\n",
	/* b: encoded words, folded, utf-8 */
	"From: =?utf-8?Q?J=C3=BCrgen_Stra=C3=9Fe?= <juergen@example.de>\r\n"
	"To: alice@example.org,\r\n carol@example.com\r\nCc: "
	"dave@example.org\r\n"
	"Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?B?IGF1cyBLw7Zsbg==?=\r\n"
	"Date: Fri, 3 Jan 2020 00:30:00 +0900\r\n"
	"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	"Sch=F6ne Gr=FC=\r\n=DFe und ein sehr lan=\r\nges Wort\r\n",
	/* c: base64 utf-8 in a multipart, an attachment that is no text */
	"From: carol@example.com\r\nTo: list@example.org\r\nBcc: "
	"eve@example.org\r\n"
	"Subject: parts\r\nMIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; "
	"boundary=b\r\n\r\npreamble-word\r\n--b\r\n"
	"Content-Type: text/html; charset=utf-8\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\n"
	"PHA+w4RwZmVsIHVuZCBCaXJuZW48L3A+\r\n--b\r\n"
	"Content-Type: application/octet-stream; name=\"fruit-basket.bin\"\r\n"
	"\r\nbinary-needle\r\n--b--\r\n",
	/* d: a message inside, Russian in koi8-r, no Date */
	"From: dave@example.org\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n"
	"Content-Type: message/rfc822\r\n\r\n"
	"From: inner@example.org\r\nSubject: =?koi8-r?B?8NLJ18XU?=\r\n"
	"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
	"\xcd\xc9\xd2 inner-text\r\n",
	/* e: no header worth the name, 8-bit bytes, wrong date */
	"X-Empty:\r\nDate: yesterday\r\nSubject: caf\xc3\xa9 \xff\r\n"
	"Subject: the second of two\r\n"
	"Message-ID: (c) <odd id@x>\r\n\r\n\xe9t\xe9 plain\r\n",
	/* f: two To fields and a long subject, is large (filled in below) */
	NULL,
};

#define LARGE_WORD "hay-needle-stack"

static char *large_message(void)
{
	g_autoptr(GString) text =
		g_string_new("From: frank@example.org\r\nTo: x@example.org\r\n"
			     "To: second-to@example.org\r\nX-Large: "
			     "=?utf-8?Q?l=C3=A4rge?=\r\n"
			     "Subject: ");
	for (guint i = 0; i < 1200; i++)
		g_string_append(text, "long-subject\r\n ");
	g_string_append(text,
		"tail-of-subject\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\nContent-Type: application/x-big\r\n\r\n");
	for (guint i = 0; i < 20000; i++)
		g_string_append(text, "not-a-text not-a-text\r\n");
	g_string_append(text,
		"--b\r\nContent-Type: text/plain\r\n\r\n" LARGE_WORD
		"\r\n--b--\r\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void put_messages(void)
{
	inbox = fixture_inbox(fixture_user(store, "search", 0));
	g_autofree char *large = large_message();
	for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
		const char *text = messages[i] != NULL ? messages[i] : large;
		g_autoptr(MessageDraft) draft =
			message_draft_new(store, bytes_of_string(text), NULL);
		MessagePut put = {
			.draft = draft,
			.mailbox = inbox,
			/* 2020-01-01 22:00 UTC, and a day more each */
			.internal_date = TIMESTAMP_SECOND *
				(1577916000 + (gint64)i * 86400),
			.flags = i % 2 ? FLAG_SEEN : FLAG_FLAGGED,
		};
		GError *error = NULL;
		if (!message_append(store, &put, 1, &error))
			database_check(error);
		g_assert_cmpuint(put.uid, ==, i + 1);
	}
	database_script("UPDATE dbmail_messages SET save_date ="
			" CASE uid WHEN 2 THEN '2018-12-31 23:00+00'"
			" ::timestamptz END WHERE uid IN (2, 3)");
}

/* --- keys from text -------------------------------------------------------------------- */

/* A little language for the tables: words apart by blanks, in prefix form.
 * & and | take two keys, ! one; "b:x" BODY, "t:x" TEXT, "h:field:x" HEADER,
 * "d<day" INTERNALDATE with < = ge (}), > ; "s<day" SENT; "v<day" save date;
 * "z<n" size; "a<n" age; "i:n" email id, "T:x" thread id; "F:field:x", "B:x"
 * and "X:x" as h, b and t, but fuzzy;
 * "u:1" UID, "n:1" sequence number, "k:x" keyword, "S" \Seen, "r:n" recent
 * from, "m:n" modseq, "*" all.  _ stands for a blank. */
typedef struct {
	Arena *arena;
	char **words;
	GPtrArray *sets;
} Reader;

static SearchCompare compare_of(char c)
{
	switch (c) {
	case '<':
		return SEARCH_LESS;
	case '=':
		return SEARCH_EQUAL;
	case '>':
		return SEARCH_GREATER;
	case '{':
		return SEARCH_LESS_EQUAL;
	default:
		return SEARCH_GREATER_EQUAL;
	}
}

static SearchKey *read_key(Reader *reader);

static void read_operands(Reader *reader, SearchKey *key, guint count)
{
	SearchKey **place = &key->first_child;
	for (guint i = 0; i < count; i++) {
		*place = read_key(reader);
		place = &(*place)->next;
	}
}

static void read_header_key(Reader *reader, SearchKey *key, const char *word)
{
	const char *colon = strchr(word, ':');
	key->field = arena_copy(reader->arena, word, (gsize)(colon - word));
	key->text = colon + 1;
}

static void read_set(Reader *reader, SearchKey *key, const char *word)
{
	NumSet *set = numset_new();
	numset_add(set, (guint32)g_ascii_strtoull(word, NULL, 10));
	g_ptr_array_add(reader->sets, set);
	key->set = set;
}

static const struct {
	char letter;
	SearchKind kind;
	guint operands;
} key_forms[] = {
	{ '&', SEARCH_AND, 2 },
	{ '|', SEARCH_OR, 2 },
	{ '!', SEARCH_NOT, 1 },
	{ '*', SEARCH_ALL, 0 },
	{ 'S', SEARCH_FLAGS, 0 },
	{ 'b', SEARCH_BODY, 0 },
	{ 't', SEARCH_TEXT, 0 },
	{ 'h', SEARCH_HEADER, 0 },
	{ 'd', SEARCH_INTERNAL_DATE, 0 },
	{ 's', SEARCH_SENT_DATE, 0 },
	{ 'z', SEARCH_SIZE, 0 },
	{ 'u', SEARCH_UID, 0 },
	{ 'n', SEARCH_SEQUENCE, 0 },
	{ 'k', SEARCH_KEYWORD, 0 },
	{ 'r', SEARCH_RECENT, 0 },
	{ 'm', SEARCH_MODSEQ, 0 },
	{ 'a', SEARCH_AGE, 0 },
	{ 'v', SEARCH_SAVE_DATE, 0 },
	{ 'V', SEARCH_SAVE_DATE_SUPPORTED, 0 },
	{ 'i', SEARCH_EMAIL_ID, 0 },
	{ 'T', SEARCH_THREAD_ID, 0 },
	{ 'F', SEARCH_HEADER, 0 },
	{ 'B', SEARCH_BODY, 0 },
	{ 'X', SEARCH_TEXT, 0 },
};

static SearchKey *read_key(Reader *reader)
{
	const char *word = *reader->words++;
	SearchKey *key = arena_new_object(reader->arena, SearchKey);
	for (guint i = 0; i < G_N_ELEMENTS(key_forms); i++) {
		if (key_forms[i].letter == word[0]) {
			key->kind = key_forms[i].kind;
			read_operands(reader, key, key_forms[i].operands);
			break;
		}
	}
	const char *rest = word[1] != '\0' ? word + 2 : word + 1;
	key->text = rest;
	key->number = g_ascii_strtoull(rest, NULL, 10);
	key->compare = compare_of(word[1]);
	key->flags_mask = key->flags_value = FLAG_SEEN;
	if (key->kind == SEARCH_HEADER)
		read_header_key(reader, key, rest);
	if (key->kind == SEARCH_UID || key->kind == SEARCH_SEQUENCE)
		read_set(reader, key, rest);
	key->fuzzy = strchr("FBX", word[0]) != NULL;
	if (key->kind == SEARCH_INTERNAL_DATE ||
		key->kind == SEARCH_SAVE_DATE ||
		key->kind == SEARCH_SENT_DATE) {
		key->text = NULL;
		g_assert_true(
			calendar_day_parse(bytes_of_string(rest), &key->day));
	}
	return key;
}

static void numset_drop(gpointer set)
{
	NumSet *gone = set;
	numset_free(&gone);
}

static char *run_scored(const char *text, GArray **scores)
{
	g_autoptr(Arena) arena = arena_new();
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	for (guint i = 0; words[i] != NULL; i++)
		g_strdelimit(words[i], "_", ' ');
	g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func(numset_drop);
	Reader reader = { arena, words, sets };
	const SearchKey *key = read_key(&reader);
	g_assert_null(*reader.words);

	GError *error = NULL;
	g_autoptr(MailboxView) view = NULL;
	g_autoptr(GArray) matches = NULL;
	if (!view_get(store, inbox, &view, &error) ||
		!search_run_scored(
			store, view, key, NULL, NULL, &matches, scores, &error))
		database_check(error);
	GString *letters = g_string_new(NULL);
	for (guint i = 0; i < matches->len; i++)
		g_string_append_c(letters,
			(char)('a' + g_array_index(matches, guint, i)));
	return g_string_free(letters, FALSE);
}

static char *run(const char *text)
{
	return run_scored(text, NULL);
}

/* --- vectors -------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	const char *matches;
} vectors[] = {
	/* of the view */
	{ "*", "abcdef" },
	{ "! *", "" },
	{ "S", "bdf" },
	{ "! S", "ace" },
	{ "u:3", "c" },
	{ "n:6", "f" },
	{ "u:9", "" },
	{ "k:nothing", "" },
	{ "! k:nothing", "abcdef" },
	{ "r:5", "ef" },
	{ "m:5", "def" },
	{ "z>100000", "f" },
	{ "z<100000", "abcde" },
	/* dates: by day, in UTC or in the field's own zone */
	{ "d=2-Jan-2020", "b" },
	{ "d<2-Jan-2020", "a" },
	{ "d}2-Jan-2020", "bcdef" },
	{ "! d}2-Jan-2020", "a" },
	{ "s=1-Jan-2020", "a" },
	{ "s=3-Jan-2020", "b" },
	{ "s<3-Jan-2020", "a" },
	{ "s}1-Jan-2020", "ab" },
	{ "! s}1-Jan-2020", "cdef" },
	/* b's save date is an hour before the day, c's was not kept */
	{ "v=31-Dec-2018", "b" },
	{ "v=3-Jan-2020", "c" },
	{ "v{3-Jan-2020", "bc" },
	{ "! v{3-Jan-2020", "adef" },
	{ "V", "abcdef" },
	{ "a{100", "" },
	{ "a}100", "abcdef" },
	{ "i:3", "c" },
	{ "i:99", "" },
	{ "T:T2be0b3d9a8d3c1b5", "" },
	/* words in any order, without marks, or nearly */
	{ "F:subject:world_hello", "a" },
	{ "F:subject:helo", "a" },
	{ "F:subject:wrold_hello", "a" },
	{ "F:subject:hello_nothing", "" },
	{ "F:subject:grusse_koln", "b" },
	{ "F:subject:h", "ae" },
	{ "F:x-spam:yes", "a" },
	{ "F:subject:subject-of-tail", "f" },
	{ "B:jumps_fox", "a" },
	{ "B:quikc", "a" },
	{ "B:schone", "b" },
	{ "X:juergen_koln", "b" },
	{ "! B:fox_jumps", "bcdef" },
	{ "h:subject:grusse_koln", "" },
	/* fields */
	{ "h:subject:hello", "a" },
	{ "h:SUBJECT:O_w", "a" },
	{ "h:subject:gr\xc3\xbc\xc3\x9f"
	  "e",
		"b" },
	{ "h:subject:GR\xc3\x9cSSE_aus_k", "b" },
	{ "h:subject:caf\xc3\x89", "e" },
	{ "h:subject:SECOND_OF_TWO", "e" },
	{ "h:subject:cafe\xcc\x81", "e" },
	{ "h:subject:", "abcdef" },
	{ "h:subject:tail-of-subject", "f" },
	{ "h:from:j\xc3\xbcrgen", "b" },
	{ "h:from:strasse", "b" },
	{ "h:from:@EXAMPLE.ORG", "adf" },
	{ "h:from:", "abcdf" },
	{ "h:to:carol@", "b" },
	{ "h:to:second-to", "f" },
	{ "h:cc:dave", "b" },
	{ "h:bcc:eve", "c" },
	{ "! h:bcc:eve", "abdef" },
	{ "h:message-id:<one@example.org>", "a" },
	{ "h:message-id:odd_id", "e" },
	{ "h:message-id:", "ae" },
	{ "h:x-spam:", "a" },
	{ "h:x-spam:YES", "a" },
	{ "h:x-spam:no", "" },
	{ "h:x-empty:", "e" },
	{ "h:x-empty:x", "" },
	{ "h:x-large:l\xc3\xa4rge", "f" },
	{ "h:x-nothing:", "" },
	{ "! h:x-spam:", "bcdef" },
	{ "h:date:2020", "ab" },
	/* texts */
	{ "b:QUICK", "a" },
	{ "b:hello", "" },
	{ "t:hello", "a" },
	{ "b:sch\xc3\xb6ne", "b" },
	{ "b:langes", "b" },
	{ "b:=f6", "" },
	{ "b:\xc3\xa4pfel", "c" },
	{ "b:\xc3\x84PFEL_und", "c" },
	{ "b:binary-needle", "" },
	{ "t:binary-needle", "" },
	{ "b:fruit-basket", "" },
	{ "t:fruit-basket", "c" },
	{ "b:inner-text", "d" },
	{ "b:\xd0\x9c\xd0\x98\xd0\xa0", "d" },
	{ "b:\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "d" },
	{ "t:\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "d" },
	{ "h:subject:\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "" },
	{ "b:dave@example.org", "" },
	{ "t:dave@example.org", "bd" },
	{ "t:k\xc3\xb6ln", "b" },
	{ "t:=?iso-8859-1?q?gr", "b" },
	{ "b:" LARGE_WORD, "f" },
	{ "t:not-a-text", "" },
	{ "t:frank", "f" },
	{ "b:plain", "de" }, /* d: in the header of what is inside */
	{ "b:", "abcdef" },
	{ "t:", "abcdef" },
	{ "! t:example", "e" },
	/* trees */
	{ "& S h:from:example", "bdf" },
	{ "| u:1 b:" LARGE_WORD, "af" },
	{ "& ! S t:example", "ac" },
	{ "& b:quick t:hello", "a" },
	{ "| & u:2 b:langes & u:1 h:x-spam:yes", "ab" },
	{ "! | h:subject:hello | S b:plain", "c" },
	{ "& | d=1-Jan-2020 s=3-Jan-2020 | h:x-spam: b:langes", "ab" },
	{ "| ! h:date: & h:date:2020 ! b:quick", "bcdf" },
	{ "& ! b:quick ! & t:example S", "ce" },
};

static void test_vectors(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *matches = run(vectors[i].key);
		if (strcmp(matches, vectors[i].matches) == 0)
			continue;
		g_test_message("%s: %s, not %s", vectors[i].key, matches,
			vectors[i].matches);
		g_test_fail();
	}
}

/* What is kept for BODY and TEXT may be there, in part or not at all. */
static void test_kept(void)
{
	test_vectors();
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_searches"),
		==, G_N_ELEMENTS(messages));
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_texts"), ==, 6);
	database_script("DELETE FROM dbmail_searches"
			" WHERE physmessage_id % 2 = 0");
	test_vectors();
	database_script("DELETE FROM dbmail_searches");
	test_vectors();
	database_script("DELETE FROM dbmail_searches;"
			"DELETE FROM dbmail_texts");
	test_vectors();
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_texts"), ==, 6);
	/* Also ahead of all searches, once. */
	database_script("DELETE FROM dbmail_searches;"
			"DELETE FROM dbmail_texts");
	gint64 all = fixture_number("SELECT count(*) FROM dbmail_physmessage");
	for (guint i = 0; i < 2; i++) {
		GError *error = NULL;
		guint64 done = 0;
		if (!search_keep_all(store, &done, &error))
			database_check(error);
		g_assert_cmpint((gint64)done, ==, i == 0 ? all : 0);
		g_assert_cmpint(fixture_number("SELECT count(*) FROM"
					       " dbmail_searches"),
			==, all);
	}
	test_vectors();
	/* The same as when each message is looked at. */
	database_script("UPDATE dbmail_searches SET whole = false,"
			" headers = '', inner_headers = '', texts = '{}'");
	test_vectors();
	database_script("DELETE FROM dbmail_searches");
}

/* Texts of more than one row, and one text in many messages. */
static void test_large_texts(void)
{
	gint64 mailbox = fixture_inbox(fixture_user(store, "large", 0));
	g_autoptr(GString) text = g_string_new(
		"Subject: large\r\nContent-Type: text/plain\r\n\r\n");
	gsize begin = text->len;
	while (text->len < begin + 1048570 - 40)
		g_string_append(text, "all the same and the same again\r\n");
	while (text->len < begin + 1048570)
		g_string_append_c(text, '.');
	g_string_append(text, "Across The Border\r\n");
	while (text->len < 9000000)
		g_string_append(text, "all the same and the same again\r\n");
	g_string_append(text, "At Its End\r\n");
	fixture_deliver(store, mailbox, bytes_of(text->str, text->len),
		DELIVERY_STORED);
	for (guint i = 0; i < 20; i++) {
		g_autofree char *small = g_strdup_printf(
			"Subject: small %u\r\n\r\nOne Text For All\r\n", i);
		fixture_deliver(store, mailbox, bytes_of_string(small),
			DELIVERY_STORED);
	}
	gint64 before = inbox;
	gint64 texts = fixture_number("SELECT count(*) FROM dbmail_texts");
	inbox = mailbox;
	for (guint i = 0; i < 2; i++) {
		g_autofree char *end = run("b:its_end");
		g_assert_cmpstr(end, ==, "a");
		g_autofree char *border = run("b:._across_the_bo");
		g_assert_cmpstr(border, ==, "");
		g_autofree char *across = run("b:.across_the_bo");
		g_assert_cmpstr(across, ==, "a");
		g_autofree char *all = run("b:text_for");
		g_assert_cmpstr(all, ==, "bcdefghijklmnopqrstu");
		g_autofree char *one = run("t:small_7");
		g_assert_cmpstr(one, ==, "i");
	}
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_texts"), ==,
		texts + 1);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_searches"
				       " WHERE NOT whole"),
		==, 1);
	inbox = before;
}

/* The better a message fits, the higher its score. */
static void test_scores(void)
{
	static const struct {
		const char *key;
		guint8 score; /* of a */
	} fits[] = {
		{ "F:subject:hello_world", 100 },
		{ "F:subject:world_hello", 90 },
		{ "F:subject:worl_ello", 75 },
		{ "F:subject:wxrld_hello", 70 },
		{ "F:subject:wxrld_hallo", 50 },
		{ "h:subject:hello", 100 },
		{ "| F:subject:world_hello B:quick", 90 },
		{ "& F:subject:world_hello B:quick", 95 },
	};
	for (guint i = 0; i < G_N_ELEMENTS(fits); i++) {
		g_autoptr(GArray) scores = NULL;
		g_autofree char *matches = run_scored(fits[i].key, &scores);
		g_assert_cmpstr(matches, ==, "a");
		g_assert_cmpuint(scores->len, ==, G_N_ELEMENTS(messages));
		g_assert_cmpuint(
			g_array_index(scores, guint8, 0), ==, fits[i].score);
		g_assert_cmpuint(g_array_index(scores, guint8, 1), ==, 0);
	}
}

/* The thread id that FETCH tells finds the message. */
static void test_thread_id(void)
{
	char id[MIME_OBJECTID_SIZE];
	mime_thread_id(NULL, NULL, "<one@example.org>", 1, id);
	g_autofree char *key = g_strdup_printf("T:%s", id);
	g_autofree char *matches = run(key);
	g_assert_cmpstr(matches, ==, "a");
	mime_thread_id(NULL, NULL, NULL, 3, id);
	g_autofree char *lone = g_strdup_printf("T:%s", id);
	g_autofree char *matches_lone = run(lone);
	g_assert_cmpstr(matches_lone, ==, "c");
}

static void test_fold(void)
{
	static const struct {
		const char *text;
		const char *folded;
	} folds[] = {
		{ "", "" },
		{ "ABC xyz [@`{", "abc xyz [@`{" },
		{ "\xc3\x84x\xc3\x84", "\xc3\xa4x\xc3\xa4" },
		{ "aA\xcc\x88Z", "a\xc3\xa4z" },
		{ "stra\xc3\x9f"
		  "E",
			"strasse" },
		{ "\xef\xac\x81X", "fix" },
		{ "\xef\xbc\xa1", "a" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(folds); i++) {
		g_autoptr(GString) out = g_string_new("=");
		g_autofree char *whole = text_fold(folds[i].text);
		search_fold(folds[i].text, strlen(folds[i].text), out);
		g_assert_cmpstr(out->str + 1, ==, folds[i].folded);
		g_assert_cmpstr(out->str + 1, ==, whole);
	}
	g_autoptr(GString) out = g_string_new(NULL);
	search_fold("A\0\xc3\x84", 4, out);
	g_assert_cmpmem(out->str, out->len, "a \xc3\xa4", 4);
}

static gboolean cancel(guint done, guint total, gpointer data)
{
	g_assert_cmpuint(done, <, total);
	++*(guint *)data;
	return TRUE;
}

static void test_limits(void)
{
	GError *error = NULL;
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(MailboxView) view = NULL;
	g_autoptr(GArray) matches = NULL;
	if (!view_get(store, inbox, &view, &error))
		database_check(error);
	SearchKey *key = arena_new_object(arena, SearchKey);
	key->kind = SEARCH_BODY;
	key->text = "x";
	guint asked = 0;
	g_assert_false(
		search_run(store, view, key, cancel, &asked, &matches, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_CLOSED));
	g_assert_cmpuint(asked, ==, 1);
	g_clear_error(&error);
	for (guint i = 0; i < 5000; i++) {
		SearchKey *not = arena_new_object(arena, SearchKey);
		not ->kind = SEARCH_NOT;
		not ->first_child = key;
		key = not ;
	}
	g_assert_false(
		search_run(store, view, key, NULL, NULL, &matches, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
	g_clear_error(&error);
}

/* A copy is found as the message is; one that is gone is not. */
static void test_copies(void)
{
	GError *error = NULL;
	g_autoptr(NumSet) uids = numset_new();
	MessageCopied copied = { 0 };
	numset_add(uids, 1);
	if (!message_copy(store, inbox, uids, inbox, FALSE, &copied, &error))
		database_check(error);
	message_copied_clear(&copied);
	g_autofree char *both = run("b:quick");
	g_assert_cmpstr(both, ==, "ag");
	g_autofree char *one = run("& b:quick ! u:1");
	g_assert_cmpstr(one, ==, "g");
}

/* As dbmail_may_hold(). */
static gboolean may_hold(Bytes marks, const gint32 *probes, guint count)
{
	for (guint i = 0; i < count; i++) {
		guint bit = (guint)probes[i] & (guint)(marks.size * 8 - 1);
		if ((marks.data[bit / 8] >> bit % 8 & 1) == 0)
			return FALSE;
	}
	return TRUE;
}

/* A text has all marks of all that is in it, at any size of its marks; one
 * without them is told apart mostly. */
static void test_marks(void)
{
	static const gsize sizes[] = { 0, 1, 2, 3, 40, 400, 4000, 200000 };
	g_autoptr(GRand) rand = g_rand_new_with_seed(6203);
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		SearchMarks marks = { { 0 } };
		g_autofree char *text = g_malloc(sizes[i] + 1);
		gint32 probes[SEARCH_PROBES];
		guint wrong = 0;
		for (gsize j = 0; j < sizes[i]; j++)
			text[j] = (char)g_rand_int_range(rand, 'a', 'z');
		search_marks_add(&marks, text, sizes[i]);
		Bytes kept = search_marks_fold(&marks);
		g_assert_cmpuint(kept.size, >=, SEARCH_MARKS_LEAST);
		g_assert_cmpuint(kept.size & (kept.size - 1), ==, 0);
		for (guint j = 0; j < 2000 && sizes[i] > 0; j++) {
			gsize at = g_rand_int(rand) % sizes[i];
			gsize size = g_rand_int(rand) % 20;
			g_assert_true(may_hold(kept, probes,
				search_marks_of_needle(text + at,
					MIN(size, sizes[i] - at), probes)));
			wrong += may_hold(kept, probes,
				search_marks_of_needle(
					&"QUITE ANOTHER"[j % 9], 4, probes));
		}
		g_assert_cmpuint(wrong, <=, sizes[i] <= 4000 ? 1000 : 2000);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	put_messages();
	g_test_add_func("/store/search/marks", test_marks);
	g_test_add_func("/store/search/fold", test_fold);
	g_test_add_func("/store/search/vectors", test_vectors);
	g_test_add_func("/store/search/kept", test_kept);
	g_test_add_func("/store/search/large-texts", test_large_texts);
	g_test_add_func("/store/search/scores", test_scores);
	g_test_add_func("/store/search/thread-id", test_thread_id);
	g_test_add_func("/store/search/limits", test_limits);
	g_test_add_func("/store/search/copies", test_copies);
	int status = g_test_run();
	store_close(&store);
	return status;
}
