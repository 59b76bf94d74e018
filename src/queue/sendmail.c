/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives mail to a program that speaks as sendmail does. */
#include "queue/sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "queue/content.h"

#define SAID_MAX 1000 /* bytes of what the program says that are kept */

extern char **environ;

/* A run of the program. */
typedef struct {
	int input;  /* the message */
	int output; /* what it says */
	pid_t pid;
	int pid_fd; /* readable once it has ended */
	GString *said;
} Run;

static void unreachable(Verdict *verdict, const char *what, int failure)
{
	g_autofree char *text =
		g_strdup_printf("%s: %s", what, g_strerror(failure));

	verdict_set(verdict, VERDICT_UNREACHABLE, "4.3.0", text);
}

/* --- its input --------------------------------------------------------------- */

typedef struct {
	int fd;
	int failure; /* errno, 0 for none */
} Spool;

static void spool_out(const char *data, gsize size, gpointer user_data)
{
	Spool *spool = user_data;

	while (size > 0 && spool->failure == 0) {
		gssize n = write(spool->fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			spool->failure = errno;
			return;
		}
		data += n;
		size -= (gsize)n;
	}
}

/* 0, or what is wrong. */
static int spool(Run *run, Bytes message)
{
	Spool to = { .fd = memfd_create("dbmail-queued", MFD_CLOEXEC) };

	if (to.fd < 0)
		return errno;
	run->input = to.fd;
	content_write_unix(message, spool_out, &to);
	if (to.failure == 0 && lseek(to.fd, 0, SEEK_SET) != 0)
		to.failure = errno;
	return to.failure;
}

/* --- running it ---------------------------------------------------------------- */

static int spawn(Run *run, char *const *argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return errno;
	run->output = pipes[0];
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, run->input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDERR_FILENO);
	/* The daemon blocks the signals that end it, and ignores SIGPIPE. */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	sigaddset(&none, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &none);
	posix_spawnattr_setflags(
		&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int failure = posix_spawn(
		&run->pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pipes[1]);
	return failure;
}

/* FALSE at its end. */
static gboolean take_output(Run *run)
{
	char bytes[512];
	gssize n = read(run->output, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR;
	g_string_append_len(run->said, bytes,
		(gssize)MIN((gsize)n, SAID_MAX - run->said->len));
	return n > 0;
}

/* Until the program itself has ended: a child of it may keep the pipe.  FALSE
 * when the time is over first. */
static gboolean wait_end(Run *run, guint seconds)
{
	gint64 end = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	struct pollfd fds[] = {
		{ .fd = run->output, .events = POLLIN },
		{ .fd = run->pid_fd, .events = POLLIN },
	};

	for (;;) {
		gint64 left = (end - g_get_monotonic_time() + 999) / 1000;
		if (left <= 0)
			return FALSE;
		if (poll(fds, G_N_ELEMENTS(fds), (int)MIN(left, G_MAXINT)) <= 0)
			continue;
		if (fds[0].revents != 0 && !take_output(run))
			fds[0].fd = -1;
		else if (fds[0].revents == 0 && fds[1].revents != 0)
			return TRUE;
		if (fds[0].fd < 0 && (fds[1].revents != 0 || run->pid_fd < 0))
			return TRUE;
	}
}

static const struct {
	int status;
	VerdictKind kind;
	const char *code;
	const char *name;
} exits[] = {
	{ EX_OK, VERDICT_SENT, "2.0.0", "sent" },
	{ EX_TEMPFAIL, VERDICT_LATER, "4.3.0", "EX_TEMPFAIL" },
	{ EX_OSERR, VERDICT_LATER, "4.3.0", "EX_OSERR" },
	{ EX_OSFILE, VERDICT_LATER, "4.3.0", "EX_OSFILE" },
	{ EX_IOERR, VERDICT_LATER, "4.3.0", "EX_IOERR" },
	{ EX_NOUSER, VERDICT_NEVER, "5.1.1", "EX_NOUSER" },
	{ EX_NOHOST, VERDICT_NEVER, "5.1.2", "EX_NOHOST" },
	{ EX_NOPERM, VERDICT_NEVER, "5.7.0", "EX_NOPERM" },
	{ EX_DATAERR, VERDICT_NEVER, "5.6.0", "EX_DATAERR" },
	{ EX_USAGE, VERDICT_NEVER, "5.3.0", "EX_USAGE" },
	{ EX_UNAVAILABLE, VERDICT_NEVER, "5.3.0", "EX_UNAVAILABLE" },
};

static void judge_exit(
	const char *program, Run *run, int status, Verdict *verdict)
{
	g_autofree char *said =
		text_make_valid(bytes_of(run->said->str, run->said->len));
	VerdictKind kind = VERDICT_NEVER;
	const char *code = "5.3.0";
	const char *name = "failed";

	for (gsize i = 0; i < G_N_ELEMENTS(exits); i++) {
		if (exits[i].status != status)
			continue;
		kind = exits[i].kind;
		code = exits[i].code;
		name = exits[i].name;
	}
	g_strstrip(said);
	g_autofree char *text = g_strdup_printf("%s: status %d (%s)%s%s",
		program, status, name, said[0] != '\0' ? ": " : "", said);
	verdict_set(verdict, kind, code, text);
}

static void judge(
	const char *program, Run *run, guint seconds, Verdict *verdict)
{
	int status = 0;
	gboolean has_ended = wait_end(run, seconds);

	/* Ours alone: its id cannot have gone to another before it is waited
	 * for. */
	if (!has_ended)
		kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (has_ended && WIFEXITED(status)) {
		judge_exit(program, run, WEXITSTATUS(status), verdict);
		return;
	}
	/* It had the message: nobody knows what it did with it. */
	g_autofree char *text = has_ended ?
		g_strdup_printf("%s was killed by signal %d", program,
			WTERMSIG(status)) :
		g_strdup_printf(
			"%s did not end within %u seconds", program, seconds);
	verdict_set(verdict, VERDICT_OPEN, "4.3.0", text);
}

static void run_program(const char *program, guint seconds,
	const OutgoingMail *mail, Run *run, Verdict *verdict)
{
	const char *sender = mail->sender[0] != '\0' ? mail->sender : "<>";
	char *argv[] = { (char *)program, (char *)"-i", (char *)"-f",
		(char *)sender, (char *)"--", (char *)mail->recipient, NULL };
	int failure = spool(run, mail->message);

	if (failure != 0) {
		unreachable(verdict, "a copy in memory", failure);
		return;
	}
	if (!mail->hand_over(mail->data)) {
		verdict_set(verdict, VERDICT_DROPPED, "4.0.0",
			"the attempt was broken off before it began");
		return;
	}
	failure = spawn(run, argv);
	if (failure != 0) {
		unreachable(verdict, program, failure);
		return;
	}
	run->pid_fd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	judge(program, run, seconds, verdict);
}

void sendmail_send(const char *program, guint seconds, const OutgoingMail *mail,
	Verdict *verdict)
{
	Run run = { .input = -1, .output = -1, .pid_fd = -1 };

	*verdict = (Verdict){ 0 };
	run.said = g_string_new(NULL);
	run_program(program, seconds, mail, &run, verdict);
	if (run.input >= 0)
		close(run.input);
	if (run.output >= 0)
		close(run.output);
	if (run.pid_fd >= 0)
		close(run.pid_fd);
	g_string_free(run.said, TRUE);
}
