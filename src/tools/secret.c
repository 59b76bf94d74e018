/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a password from where no other user of the machine can see it. */
#include "tools/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "auth/password.h"
#include "base/bytes.h"
#include "base/errors.h"

/* What Control-C sends while the terminal leaves it alone. */
#define INTERRUPT '\003'

void secret_free(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	g_free(*secret);
	*secret = NULL;
}

static gboolean invalid(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

static gboolean unreadable(GError **error, const char *path)
{
	g_autofree char *text =
		g_strdup_printf("cannot read %s: %s", path, g_strerror(errno));

	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, text, "%s", text);
	return FALSE;
}

/* One line, byte by byte, so that nothing behind it is taken from a pipe the
 * caller's shell goes on reading. */
static gboolean read_line(
	int fd, const char *name, char *line, gsize size, GError **error)
{
	gsize used = 0;
	char c = '\0';

	for (;;) {
		gssize got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return unreadable(error, name);
		if (got == 0 || c == '\n')
			break;
		if (c == '\0')
			return invalid(error, "the password holds a NUL byte");
		if (used + 1 >= size)
			return invalid(error,
				"the password is longer than 1024 bytes");
		line[used++] = c;
	}
	if (used > 0 && line[used - 1] == '\r')
		used--;
	line[used] = '\0';
	return used > 0 || invalid(error, "the password is empty");
}

static char *read_secret(int fd, const char *name, GError **error)
{
	char line[PASSWORD_MAX + 2]; /* a CR may come before the end */
	char *secret = NULL;

	if (read_line(fd, name, line, sizeof(line), error))
		secret = g_strdup(line);
	explicit_bzero(line, sizeof(line));
	return secret;
}

char *secret_read(const char *path, GError **error)
{
	if (g_str_equal(path, "-"))
		return read_secret(STDIN_FILENO, "standard input", error);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		(void)unreadable(error, path);
		return NULL;
	}
	char *secret = read_secret(fd, path, error);
	close(fd);
	return secret;
}

/* --- the terminal ------------------------------------------------------------ */

static void say(int fd, const char *text)
{
	gsize size = strlen(text);

	while (size > 0) {
		gssize sent = write(fd, text, size);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return;
		text += sent;
		size -= (gsize)sent;
	}
}

/* Control-C comes as a character, so that the terminal is never left without
 * echo. */
static char *ask_once(int fd, const char *prompt, GError **error)
{
	struct termios before;
	struct termios silent;

	if (tcgetattr(fd, &before) != 0) {
		(void)unreadable(error, "/dev/tty");
		return NULL;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	/* Before the prompt: what is typed in answer to it is not flushed. */
	tcsetattr(fd, TCSAFLUSH, &silent);
	say(fd, prompt);
	char *secret = read_secret(fd, "/dev/tty", error);
	tcsetattr(fd, TCSAFLUSH, &before);
	say(fd, "\n");
	if (secret != NULL && strchr(secret, INTERRUPT) != NULL) {
		secret_free(&secret);
		(void)invalid(error, "interrupted");
	}
	return secret;
}

char *secret_ask(const char *user, GError **error)
{
	g_autofree char *prompt = g_strdup_printf("Password of %s: ", user);
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"there is no terminal to ask for the password; "
			"-W FILE reads it from a file, -W - from standard "
			"input",
			"/dev/tty: %s", g_strerror(errno));
		return NULL;
	}
	char *first = ask_once(fd, prompt, error);
	char *second =
		first != NULL ? ask_once(fd, "Once more: ", error) : NULL;
	close(fd);
	if (second != NULL && !g_str_equal(first, second)) {
		secret_free(&second);
		(void)invalid(error, "the passwords differ");
	}
	secret_free(&first);
	return second;
}

/* --- shadow files ------------------------------------------------------------ */

/* Where a hash ends: at a colon, but SCRAM's have two of their own, each. */
static const char *hash_end(const char *hash)
{
	while (g_ascii_strncasecmp(hash, "SCRAM-", 6) == 0) {
		for (guint i = 0; i < 2; i++) {
			hash += strcspn(hash, ":\r\n");
			if (*hash == ':')
				hash++;
		}
		hash += strcspn(hash, " :\r\n");
		if (*hash != ' ')
			return hash;
		hash++;
	}
	return hash + strcspn(hash, ":\r\n");
}

static char *shadow_find(char *text, const char *user)
{
	gsize size = strlen(user);
	char *line = text;

	while (line != NULL) {
		char *next = strchr(line, '\n');
		if (strncmp(line, user, size) == 0 && line[size] == ':') {
			line += size + 1;
			return g_strndup(line, (gsize)(hash_end(line) - line));
		}
		line = next != NULL ? next + 1 : NULL;
	}
	return NULL;
}

char *secret_from_shadow(const char *path, const char *user, GError **error)
{
	g_autoptr(GError) failed = NULL;
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &failed)) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, failed->message,
			"%s", failed->message);
		return NULL;
	}
	char *hash = shadow_find(text, user);
	secret_free(&text);
	if (hash == NULL || hash[0] == '\0') {
		g_autofree char *why =
			g_strdup_printf("%s has no password of %s", path, user);
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, why, "%s", why);
		secret_free(&hash);
	}
	return hash;
}
