/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking dbmail-libsieve (src/libsieve/): a process per question, over a
 * socket, until it answers or its time is up. */
#include "deliver/libsieve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/errors.h"
#include "sieve/action.h"
#include "sieve/extension.h"

/* Of an answer; 64 actions, each with texts as long as a script may have. */
#define ANSWER_MAX (64 * 1024 * 1024)

extern char **environ;

gboolean libsieve_is_built(void)
{
#ifdef HAVE_LIBSIEVE
	return TRUE;
#else
	return FALSE;
#endif
}

const char *libsieve_helper(void)
{
	return LIBEXECDIR "/dbmail-libsieve";
}

/* regex, relational and imap4flags are in it too, and crash it or are not what
 * their RFCs say. */
SieveExtensions libsieve_extensions(void)
{
	static const SieveExtension all[] = {
		SIEVE_EXT_BASE,
		SIEVE_EXT_FILEINTO,
		SIEVE_EXT_ENVELOPE,
		SIEVE_EXT_REJECT,
		SIEVE_EXT_VACATION,
		SIEVE_EXT_SUBADDRESS,
		SIEVE_EXT_COMPARATOR_OCTET,
		SIEVE_EXT_COMPARATOR_ASCII_CASEMAP,
	};
	SieveExtensions bits = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
		bits |= (SieveExtensions)1 << all[i];
	return bits;
}

/* --- the question ------------------------------------------------------------- */

static void add_item(GByteArray *question, const char *name, Bytes value)
{
	g_autofree char *line =
		g_strdup_printf("%s %" G_GSIZE_FORMAT "\n", name, value.size);

	g_byte_array_append(
		question, (const guint8 *)line, (guint)strlen(line));
	g_byte_array_append(
		question, (const guint8 *)value.data, (guint)value.size);
}

static GByteArray *make_question(Bytes source, const SieveInput *input)
{
	GByteArray *question = g_byte_array_new();

	add_item(question, "script", source);
	add_item(question, "message", input->message);
	add_item(question, "sender", bytes_of_string(input->sender));
	add_item(question, "recipient", bytes_of_string(input->recipient));
	add_item(question, "delimiter", bytes_of_string(input->delimiter));
	return question;
}

/* --- the process -------------------------------------------------------------- */

typedef struct {
	pid_t pid;
	int fd;
	gint64 until;
} Helper;

static gboolean cannot_start(GError **error, const char *path, int status)
{
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
		"mail filter cannot be run now", "%s: %s", path,
		g_strerror(status));
	return FALSE;
}

static int spawn(Helper *helper, const LibsieveBounds *bounds, int end)
{
	g_autofree char *path = g_strdup(bounds->helper);
	g_autofree char *seconds = g_strdup_printf("%u", bounds->seconds);
	g_autofree char *memory =
		g_strdup_printf("%" G_GUINT64_FORMAT, bounds->memory);
	char *const arguments[] = { path, seconds, memory, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, end, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, end, STDOUT_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	int status = posix_spawn(
		&helper->pid, path, &files, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return status;
}

static gboolean helper_start(
	Helper *helper, const LibsieveBounds *bounds, GError **error)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return cannot_start(error, "socketpair", errno);
	int status = spawn(helper, bounds, ends[1]);
	close(ends[1]);
	if (status != 0) {
		close(ends[0]);
		return cannot_start(error, bounds->helper, status);
	}
	helper->fd = ends[0];
	helper->until = g_get_monotonic_time() +
		(gint64)bounds->seconds * G_USEC_PER_SEC;
	return TRUE;
}

/* Whatever it does now is of no interest any more. */
static void helper_end(Helper *helper)
{
	close(helper->fd);
	kill(helper->pid, SIGKILL);
	while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* FALSE where the time is up. */
static gboolean helper_wait(const Helper *helper, short events)
{
	struct pollfd poller = { helper->fd, events, 0 };

	for (;;) {
		gint64 left = helper->until - g_get_monotonic_time();
		if (left <= 0)
			return FALSE;
		int ready = poll(&poller, 1, (int)(left / 1000) + 1);
		if (ready > 0)
			return TRUE;
		if (ready < 0 && errno != EINTR)
			return FALSE;
	}
}

static gboolean helper_write(const Helper *helper, const GByteArray *question)
{
	gsize done = 0;

	while (done < question->len) {
		if (!helper_wait(helper, POLLOUT))
			return FALSE;
		ssize_t sent = send(helper->fd, question->data + done,
			question->len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return FALSE;
		done += sent > 0 ? (gsize)sent : 0;
	}
	return shutdown(helper->fd, SHUT_WR) == 0;
}

static gboolean helper_read(const Helper *helper, GString *answer)
{
	char buffer[16384];

	while (answer->len <= ANSWER_MAX) {
		if (!helper_wait(helper, POLLIN))
			return FALSE;
		ssize_t got =
			recv(helper->fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (got == 0)
			return TRUE;
		if (got > 0)
			g_string_append_len(answer, buffer, got);
		else if (errno != EINTR && errno != EAGAIN)
			return FALSE;
	}
	return FALSE;
}

/* FALSE only where there is no process; one that fails has an answer that
 * does not end as it must. */
static gboolean ask(const LibsieveBounds *bounds, const GByteArray *question,
	GString *answer, GError **error)
{
	Helper helper = { 0 };

	if (!helper_start(&helper, bounds, error))
		return FALSE;
	if (!helper_write(&helper, question) || !helper_read(&helper, answer))
		g_string_truncate(answer, 0);
	helper_end(&helper);
	return TRUE;
}

/* --- the answer --------------------------------------------------------------- */

static SieveError *failure_new(const char *name, guint line, const char *text)
{
	SieveError *failure = g_new0(SieveError, 1);

	failure->script = g_strdup(name);
	failure->line = MAX(line, 1);
	failure->column = 1;
	failure->text = g_utf8_make_valid(text, -1);
	return failure;
}

/* Takes the last line off, and gives what it says is wrong, or NULL. */
static SieveError *take_outcome(GString *answer, const char *name)
{
	if (answer->len == 0 || answer->str[answer->len - 1] != '\n')
		return failure_new(name, 1,
			"libsieve crashed, or took too much time or memory");
	g_string_truncate(answer, answer->len - 1);
	char *feed = strrchr(answer->str, '\n');
	gsize start = feed != NULL ? (gsize)(feed - answer->str) + 1 : 0;
	g_autofree char *last = g_strdup(answer->str + start);
	g_string_truncate(answer, start);
	if (strcmp(last, "ok") == 0)
		return NULL;
	if (!g_str_has_prefix(last, "error "))
		return failure_new(name, 1, "libsieve broke off");
	char *text = NULL;
	guint64 line = g_ascii_strtoull(last + strlen("error "), &text, 10);
	return failure_new(name, (guint)MIN(line, G_MAXUINT), g_strstrip(text));
}

gboolean libsieve_run(const LibsieveBounds *bounds, const char *name,
	Bytes source, const SieveInput *input, SieveResult **result,
	GError **error)
{
	g_autoptr(GByteArray) question = make_question(source, input);
	g_autoptr(GString) answer = g_string_new(NULL);

	if (!ask(bounds, question, answer, error))
		return FALSE;
	SieveError *failure = take_outcome(answer, name);
	if (failure == NULL)
		*result = sieve_result_of_lines(
			bytes_of(answer->str, answer->len), input->message);
	if (failure == NULL && *result == NULL)
		failure = failure_new(name, 1, "libsieve's answer is broken");
	if (failure != NULL)
		*result = sieve_result_of_failure(failure, input->message);
	return TRUE;
}
