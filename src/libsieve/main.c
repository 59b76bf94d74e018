/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-libsieve: one script over one message by libsieve, for one question
 * on standard input.
 *
 *   dbmail-libsieve SECONDS BYTES
 *
 * libsieve loops and crashes over valid scripts; here it does so alone, with
 * that much processor time and memory.  The question is a row of items, each a
 * line "NAME SIZE" and SIZE bytes (deliver/libsieve.c writes them); the
 * answer is a line for each action, as sieve_action_write() makes it, and
 * then "ok", or "error LINE TEXT".  An answer without that last line is none. */
#include <errno.h>
#include <sieve2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mime/header.h"
#include "mime/scan.h"
#include "mime/words.h"
#include "sieve/action.h"

#define ITEMS_MAX 16
#define NAME_MAX_SIZE 32
#define ACTIONS_MAX 64

/* The memory limit would forbid the shadow memory of a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SHADOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SHADOW 1
#endif
#endif
#ifndef HAS_SHADOW
#define HAS_SHADOW 0
#endif

typedef struct {
	char name[NAME_MAX_SIZE];
	Bytes value;
} Item;

typedef struct {
	Item items[ITEMS_MAX];
	guint n_items;
	MimeHeader *header;
	Arena *arena;
	GString *out;
	guint actions;
	gboolean cancels_keep;
	gboolean has_failed;
	int line;
	char *text;
} Run;

/* --- the question ------------------------------------------------------------- */

static gboolean take_item(Run *run, const char *all, gsize size, gsize *pos)
{
	Item *item = &run->items[run->n_items];
	const char *line = all + *pos;
	const char *end = memchr(line, '\n', size - *pos);
	const char *blank =
		end != NULL ? memchr(line, ' ', (gsize)(end - line)) : NULL;

	if (blank == NULL || run->n_items == ITEMS_MAX ||
		blank - line >= NAME_MAX_SIZE)
		return FALSE;
	memcpy(item->name, line, (gsize)(blank - line));
	guint64 value_size = g_ascii_strtoull(blank + 1, NULL, 10);
	*pos = (gsize)(end - all) + 1;
	if (value_size > size - *pos)
		return FALSE;
	item->value =
		bytes_of(arena_copy(run->arena, all + *pos, (gsize)value_size),
			(gsize)value_size);
	*pos += (gsize)value_size;
	run->n_items++;
	return TRUE;
}

static gboolean take_question(Run *run)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	guint8 buffer[65536];
	gsize pos = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) != 0) {
		if (got < 0 && errno != EINTR)
			return FALSE;
		if (got > 0)
			g_byte_array_append(all, buffer, (guint)got);
	}
	while (pos < all->len) {
		if (!take_item(run, (const char *)all->data, all->len, &pos))
			return FALSE;
	}
	return TRUE;
}

/* NULL where there is no such item. */
static const Item *find_item(const Run *run, const char *name)
{
	for (guint i = 0; i < run->n_items; i++) {
		if (strcmp(run->items[i].name, name) == 0)
			return &run->items[i];
	}
	return NULL;
}

static const char *item_text(const Run *run, const char *name)
{
	const Item *item = find_item(run, name);

	return item != NULL ? item->value.data : "";
}

/* --- what libsieve asks ------------------------------------------------------- */

/* libsieve's declarations know no const; it does not write there. */
static void answer(
	sieve2_context_t *context, const char *name, const char *value)
{
	g_autofree char *key = g_strdup(name);

	sieve2_setvalue_string(context, key, (char *)(guintptr)value);
}

static const char *ask(sieve2_context_t *context, const char *name)
{
	g_autofree char *key = g_strdup(name);

	return sieve2_getvalue_string(context, key);
}

static int ask_number(sieve2_context_t *context, const char *name)
{
	g_autofree char *key = g_strdup(name);

	return sieve2_getvalue_int(context, key);
}

static int on_script(sieve2_context_t *context, void *data)
{
	const Run *run = data;
	const char *path = ask(context, "path");
	const char *name = ask(context, "name");

	if ((path != NULL && *path != '\0') || (name != NULL && *name != '\0'))
		return SIEVE2_ERROR_GETSCRIPT;
	answer(context, "script", item_text(run, "script"));
	return SIEVE2_OK;
}

/* Addresses must be parsed before their words are decoded, and libsieve does
 * not say which of the two it is after: they stay as they stand. */
static gboolean holds_addresses(const char *name)
{
	static const char *const names[] = { "from", "to", "cc", "bcc",
		"sender", "reply-to", "return-path", "delivered-to",
		"resent-from", "resent-to", "resent-cc", "resent-bcc",
		"resent-sender", "envelope-to" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_ascii_strcasecmp(name, names[i]) == 0)
			return TRUE;
	}
	return FALSE;
}

static char *field_text(Run *run, const char *name, Bytes value)
{
	if (holds_addresses(name))
		return mime_unfold(run->arena, value);
	g_autofree char *text = mime_words_decode(value);
	return arena_strdup(run->arena, text);
}

static int on_header(sieve2_context_t *context, void *data)
{
	Run *run = data;
	const char *name = ask(context, "header");
	char **values =
		arena_new_array(run->arena, char *, run->header->count + 1);
	const MimeField *field = NULL;
	guint n = 0;
	char key[] = "body";

	while (name != NULL &&
		(field = mime_header_find_next(run->header, name, field)) !=
			NULL)
		values[n++] = field_text(run, name, field->value);
	if (n == 0)
		return SIEVE2_ERROR_FAIL;
	sieve2_setvalue_stringlist(context, key, values);
	return SIEVE2_OK;
}

static int on_size(sieve2_context_t *context, void *data)
{
	const Item *message = find_item(data, "message");
	char key[] = "size";

	sieve2_setvalue_int(context, key,
		message != NULL ? (int)MIN(message->value.size, G_MAXINT) : 0);
	return SIEVE2_OK;
}

static int on_envelope(sieve2_context_t *context, void *data)
{
	answer(context, "from", item_text(data, "sender"));
	answer(context, "to", item_text(data, "recipient"));
	return SIEVE2_OK;
}

static int on_subaddress(sieve2_context_t *context, void *data)
{
	Run *run = data;
	const char *address = ask(context, "address");
	const char *delimiter = item_text(run, "delimiter");

	if (address == NULL)
		return SIEVE2_ERROR_FAIL;
	const char *at = strrchr(address, '@');
	gsize size = at != NULL ? (gsize)(at - address) : strlen(address);
	char *local = arena_copy(run->arena, address, size);
	char *split = *delimiter != '\0' ? strstr(local, delimiter) : NULL;
	const char *detail = split != NULL ? split + strlen(delimiter) : "";
	gsize user = split != NULL ? (gsize)(split - local) : size;
	answer(context, "user", arena_copy(run->arena, local, user));
	answer(context, "detail", detail);
	answer(context, "localpart", local);
	answer(context, "domain",
		arena_strdup(run->arena, at != NULL ? at + 1 : ""));
	return SIEVE2_OK;
}

/* --- what libsieve wants done --------------------------------------------------- */

static int act(Run *run, const SieveAction *action)
{
	if (++run->actions > ACTIONS_MAX) {
		run->has_failed = TRUE;
		run->text = arena_strdup(run->arena, "too many actions");
		return SIEVE2_ERROR_FAIL;
	}
	sieve_action_write(action, run->out);
	g_string_append_c(run->out, '\n');
	return SIEVE2_OK;
}

static const char *const *ask_flags(sieve2_context_t *context)
{
	char key[] = "flags";
	char **flags = sieve2_getvalue_stringlist(context, key);

	return flags != NULL && flags[0] != NULL ? (const char *const *)flags :
						   NULL;
}

static int on_keep(sieve2_context_t *context, void *data)
{
	Run *run = data;
	SieveAction action = { .kind = SIEVE_KEEP,
		.file.flags = ask_flags(context) };

	run->cancels_keep = TRUE;
	return act(run, &action);
}

static int on_fileinto(sieve2_context_t *context, void *data)
{
	Run *run = data;
	SieveAction action = { .kind = SIEVE_FILEINTO,
		.file.mailbox = ask(context, "mailbox"),
		.file.flags = ask_flags(context) };

	run->cancels_keep = TRUE;
	return act(run, &action);
}

static int on_redirect(sieve2_context_t *context, void *data)
{
	Run *run = data;
	SieveAction action = { .kind = SIEVE_REDIRECT,
		.address = ask(context, "address") };

	run->cancels_keep = TRUE;
	return act(run, &action);
}

static int on_discard(sieve2_context_t *context G_GNUC_UNUSED, void *data)
{
	Run *run = data;

	run->cancels_keep = TRUE;
	return SIEVE2_OK;
}

static int on_reject(sieve2_context_t *context, void *data)
{
	Run *run = data;
	SieveAction action = { .kind = SIEVE_REJECT,
		.text = ask(context, "message") };

	run->cancels_keep = TRUE;
	return act(run, &action);
}

static int on_vacation(sieve2_context_t *context, void *data)
{
	Run *run = data;
	int days = ask_number(context, "days");
	const char *handle = ask(context, "hash");
	SieveAction action = { .kind = SIEVE_VACATION,
		.text = ask(context, "message"),
		.subject = ask(context, "subject"),
		.from = ask(context, "fromaddr"),
		.handle = handle != NULL ? handle : "",
		.is_mime = ask_number(context, "mime") > 0,
		.seconds = (gint64)MAX(days, 1) * 86400 };

	return act(run, &action);
}

static int on_error(sieve2_context_t *context, void *data)
{
	Run *run = data;
	const char *text = ask(context, "message");

	if (run->has_failed)
		return SIEVE2_OK;
	run->has_failed = TRUE;
	run->line = ask_number(context, "lineno");
	run->text = arena_strdup(run->arena, text != NULL ? text : "error");
	return SIEVE2_OK;
}

/* Headers and addresses that it cannot read simply do not match. */
static int on_bad_mail(
	sieve2_context_t *context G_GNUC_UNUSED, void *data G_GNUC_UNUSED)
{
	return SIEVE2_OK;
}

/* --- the run ------------------------------------------------------------------ */

static const sieve2_callback_t callbacks[] = {
	{ SIEVE2_SCRIPT_GETSCRIPT, on_script },
	{ SIEVE2_MESSAGE_GETHEADER, on_header },
	{ SIEVE2_MESSAGE_GETSIZE, on_size },
	{ SIEVE2_MESSAGE_GETENVELOPE, on_envelope },
	{ SIEVE2_MESSAGE_GETSUBADDRESS, on_subaddress },
	{ SIEVE2_ACTION_KEEP, on_keep },
	{ SIEVE2_ACTION_FILEINTO, on_fileinto },
	{ SIEVE2_ACTION_REDIRECT, on_redirect },
	{ SIEVE2_ACTION_DISCARD, on_discard },
	{ SIEVE2_ACTION_REJECT, on_reject },
	{ SIEVE2_ACTION_VACATION, on_vacation },
	{ SIEVE2_ERRCALL_RUNTIME, on_error },
	{ SIEVE2_ERRCALL_PARSE, on_error },
	{ SIEVE2_ERRCALL_HEADER, on_bad_mail },
	{ SIEVE2_ERRCALL_ADDRESS, on_bad_mail },
	{ 0, NULL },
};

static void note_status(Run *run, int status)
{
	if (status == SIEVE2_OK || run->has_failed)
		return;
	run->has_failed = TRUE;
	run->text = arena_strdup(run->arena, sieve2_errstr(status));
}

static void run_script(Run *run)
{
	sieve2_context_t *context = NULL;
	sieve2_callback_t own[G_N_ELEMENTS(callbacks)];

	memcpy(own, callbacks, sizeof own);
	note_status(run, sieve2_alloc(&context));
	if (run->has_failed)
		return;
	note_status(run, sieve2_callbacks(context, own));
	if (!run->has_failed)
		note_status(run, sieve2_execute(context, run));
}

static void end_answer(Run *run)
{
	SieveAction keep = { .kind = SIEVE_KEEP, .is_implicit = TRUE };
	SieveAction discard = { .kind = SIEVE_DISCARD };

	if (run->has_failed) {
		g_autofree char *text = g_utf8_make_valid(run->text, -1);
		g_strdelimit(text, "\r\n", ' ');
		g_string_printf(
			run->out, "error %d %s\n", MAX(run->line, 0), text);
		return;
	}
	if (!run->cancels_keep)
		act(run, &keep);
	else if (run->actions == 0)
		act(run, &discard);
	g_string_append(run->out, "ok\n");
}

static gboolean limit(int what, const char *number)
{
	guint64 most = g_ascii_strtoull(number, NULL, 10);
	struct rlimit to = { most, most };

	return most > 0 && setrlimit((__rlimit_resource_t)what, &to) == 0;
}

int main(int argc, char **argv)
{
	g_autoptr(Arena) arena = arena_new();
	Run run = { .arena = arena, .out = g_string_new(NULL) };

	if (argc != 3 || !limit(RLIMIT_CPU, argv[1]) ||
		(!HAS_SHADOW && !limit(RLIMIT_AS, argv[2]))) {
		fprintf(stderr, "usage: dbmail-libsieve SECONDS BYTES\n");
		return EXIT_FAILURE;
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (!take_question(&run))
		return EXIT_FAILURE;
	const Item *message = find_item(&run, "message");
	run.header = mime_header_new(
		arena, message != NULL ? message->value : bytes_of(NULL, 0));
	run_script(&run);
	end_answer(&run);
	gboolean written =
		fwrite(run.out->str, 1, run.out->len, stdout) == run.out->len &&
		fflush(stdout) == 0;
	/* The context is not freed: libsieve frees some things twice. */
	_exit(written ? EXIT_SUCCESS : EXIT_FAILURE);
}
