/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-deliver: puts the message on standard input into mailboxes. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "deliver/deliver.h"
#include "store/mailbox.h"
#include "store/user.h"
#include "tools/tool.h"

#define READ_SIZE 65536
#define SENDER_MAX 1024

static const char usage_text[] =
	"usage: dbmail-deliver [OPTION]... -d ADDRESS...\n"
	"       dbmail-deliver [OPTION]... -u USER [-m MAILBOX]\n"
	"\n"
	"Delivers the message on standard input, byte for byte.\n"
	"\n"
	"  -d ADDRESS  deliver to an address, as LMTP does; may be repeated\n"
	"  -u USER     deliver to a user, by the user's script or to INBOX\n"
	"  -m MAILBOX  deliver to this mailbox of the user, made if missing; "
	"no\n"
	"              script runs\n"
	"  -r SENDER   envelope sender, for Return-Path (default: none, <>)\n"
	"  -F          take a leading mbox \"From \" line off; its sender is "
	"used\n"
	"              where -r is not given\n"
	"  -C          make each line end CRLF: for MTAs that pipe LF\n"
	"\n" TOOL_OPTIONS_HELP "\n"
	"Exit status (sysexits.h): 0 delivered; 67 unknown user; 69 refused "
	"by\n"
	"the user's script; 73 mailbox cannot be made or is full for good; 65\n"
	"too large; 75 try again later.\n";

typedef struct {
	Tool tool;
	GPtrArray *addresses;
	const char *user;
	const char *mailbox;
	const char *sender; /* from -r */
	gboolean has_from_line;
	gboolean makes_crlf;

	char *from_line_sender;
	Deliverer *deliverer;
	GArray *to; /* of DeliverTo */
} Deliver;

/* --- the command line ---------------------------------------------------------- */

static void take_option(Deliver *deliver, int option)
{
	switch (option) {
	case 'd':
		g_ptr_array_add(deliver->addresses, optarg);
		return;
	case 'u':
		deliver->user = optarg;
		return;
	case 'm':
		deliver->mailbox = optarg;
		return;
	case 'r':
		deliver->sender = optarg;
		return;
	case 'F':
		deliver->has_from_line = TRUE;
		return;
	case 'C':
		deliver->makes_crlf = TRUE;
		return;
	default:
		tool_option(&deliver->tool, option, optarg);
	}
}

/* "<>" and "<a@b>" as well as "a@b".  NULL where it is no address: it becomes a
 * line of the message's header. */
static char *clean_sender(const char *text)
{
	gsize size = strlen(text);

	if (size >= 2 && text[0] == '<' && text[size - 1] == '>') {
		text++;
		size -= 2;
	}
	if (size > SENDER_MAX || !g_utf8_validate(text, (gssize)size, NULL))
		return NULL;
	for (gsize i = 0; i < size; i++) {
		if ((guchar)text[i] < 0x20 || text[i] == 0x7f ||
			text[i] == '<' || text[i] == '>')
			return NULL;
	}
	return g_strndup(text, size);
}

static void check_usage(const Deliver *deliver)
{
	const Tool *tool = &deliver->tool;

	if ((deliver->user != NULL) == (deliver->addresses->len > 0))
		tool_wrong_usage(tool, "to whom? -d ADDRESS or -u USER");
	if (deliver->mailbox != NULL && deliver->user == NULL)
		tool_wrong_usage(tool, "-m goes with -u");
	if (deliver->sender != NULL) {
		g_autofree char *sender = clean_sender(deliver->sender);
		if (sender == NULL)
			tool_wrong_usage(tool, "-r: that is no address");
	}
}

/* --- the message --------------------------------------------------------------- */

static gboolean too_large(gsize max, GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT, "message too large",
		"more than %" G_GSIZE_FORMAT " bytes", max);
	return FALSE;
}

static gboolean read_message(GByteArray *message, gsize max, GError **error)
{
	for (;;) {
		guint have = message->len;
		g_byte_array_set_size(message, have + READ_SIZE);
		gssize got =
			read(STDIN_FILENO, message->data + have, READ_SIZE);
		g_byte_array_set_size(message, have + (guint)MAX(got, 0));
		if (got == 0)
			return TRUE;
		if (got < 0 && errno != EINTR) {
			dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
				"cannot read the message", "read: %s",
				g_strerror(errno));
			return FALSE;
		}
		if (message->len > max)
			return too_large(max, error);
	}
}

/* "From sender date": the line of an mbox file (RFC 4155). */
static void take_from_line(Deliver *deliver, GByteArray *message)
{
	static const char from[] = "From ";
	gsize skip = sizeof(from) - 1;

	if (!deliver->has_from_line || message->len < skip ||
		memcmp(message->data, from, skip) != 0)
		return;
	const guint8 *end = memchr(message->data, '\n', message->len);
	guint size =
		end != NULL ? (guint)(end - message->data) + 1 : message->len;
	g_autofree char *line =
		g_strndup((const char *)message->data + skip, size - skip);
	line[strcspn(line, " \t\r\n")] = '\0';
	deliver->from_line_sender = clean_sender(line);
	g_byte_array_remove_range(message, 0, size);
}

/* Each LF that has no CR before it gets one. */
static GByteArray *with_crlf(const GByteArray *message)
{
	GByteArray *out =
		g_byte_array_sized_new(message->len + message->len / 32);

	for (guint at = 0; at < message->len;) {
		const guint8 *start = message->data + at;
		const guint8 *lf = memchr(start, '\n', message->len - at);
		guint size =
			lf != NULL ? (guint)(lf - start) : message->len - at;
		g_byte_array_append(out, start, size);
		at += size;
		if (lf == NULL)
			break;
		gboolean has_cr = at > 0 && lf[-1] == '\r';
		g_byte_array_append(out,
			(const guint8 *)(has_cr ? "\n" : "\r\n"),
			has_cr ? 1 : 2);
		at++;
	}
	return out;
}

static GByteArray *take_message(Deliver *deliver, GError **error)
{
	gsize max = store_max_message_size(deliver->tool.store);
	g_autoptr(GByteArray) message = g_byte_array_new();

	if (!read_message(message, max, error))
		return NULL;
	take_from_line(deliver, message);
	if (!deliver->makes_crlf)
		return g_steal_pointer(&message);
	g_autoptr(GByteArray) converted = with_crlf(message);
	if (converted->len > max) {
		(void)too_large(max, error);
		return NULL;
	}
	return g_steal_pointer(&converted);
}

/* --- to whom ------------------------------------------------------------------- */

static void add_recipient(Deliver *deliver, DeliverRecipient *recipient)
{
	DeliverTo to = { .recipient = recipient };

	g_array_append_val(deliver->to, to);
}

static gboolean find_mailbox(
	Deliver *deliver, gint64 user, gint64 *id, GError **error)
{
	Store *store = deliver->tool.store;
	g_autoptr(GError) failed = NULL;
	g_autoptr(Mailbox) mailbox = NULL;
	g_autofree char *name = mailbox_name_normalise(deliver->mailbox,
		(guint)deliver->tool.settings->IMAP_max_mailbox_depth, error);

	if (name == NULL)
		return FALSE;
	if (!mailbox_get(store, user, name, &mailbox, &failed)) {
		if (!dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return FALSE;
		}
		if (!mailbox_create(store, user, name, NULL, &mailbox, error) ||
			!mailbox_subscribe(store, user, name, error))
			return FALSE;
	}
	if (mailbox->no_select || mailbox->read_only) {
		dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
			"the mailbox takes no messages", "%s", name);
		return FALSE;
	}
	*id = mailbox->id;
	return TRUE;
}

static gboolean find_user(Deliver *deliver, GError **error)
{
	g_autoptr(User) user = NULL;
	gint64 mailbox = 0;

	if (!user_get(deliver->tool.store, deliver->user, &user, error))
		return FALSE;
	if (deliver->mailbox == NULL) {
		DeliverRecipient *recipient = NULL;
		if (!deliver_resolve_user(deliver->deliverer, user->name,
			    user->id, &recipient, error))
			return FALSE;
		add_recipient(deliver, recipient);
		return TRUE;
	}
	if (!find_mailbox(deliver, user->id, &mailbox, error))
		return FALSE;
	add_recipient(deliver, deliver_recipient_of(user->name, mailbox));
	return TRUE;
}

static gboolean find_recipients(Deliver *deliver, GError **error)
{
	if (deliver->user != NULL)
		return find_user(deliver, error);
	for (guint i = 0; i < deliver->addresses->len; i++) {
		DeliverRecipient *recipient = NULL;
		if (!deliver_resolve(deliver->deliverer, deliver->tool.settings,
			    deliver->addresses->pdata[i], &recipient, error))
			return FALSE;
		add_recipient(deliver, recipient);
	}
	return TRUE;
}

/* --- delivering ---------------------------------------------------------------- */

/* The MTA bounces the mail for good on anything but EX_TEMPFAIL: so only what
 * the recipient or the message is at fault for is for good. */
static int fail(const Deliver *deliver, GError **error)
{
	static const struct {
		DbmailErrorCode code;
		int status;
	} statuses[] = {
		{ DBMAIL_ERROR_NOT_FOUND, EX_NOUSER },
		{ DBMAIL_ERROR_NO_PERMISSION, EX_CANTCREAT },
		{ DBMAIL_ERROR_OVER_QUOTA, EX_CANTCREAT },
		{ DBMAIL_ERROR_LIMIT, EX_DATAERR },
		{ DBMAIL_ERROR_EXISTS, EX_TEMPFAIL },
		{ DBMAIL_ERROR_INVALID, EX_CANTCREAT },
	};
	const Settings *settings = deliver->tool.settings;
	DbmailErrorCode code = dbmail_error_code(*error);
	int status = EX_TEMPFAIL;

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		if (statuses[i].code == code)
			status = statuses[i].status;
	}
	/* Not even the store was reached. */
	if (deliver->tool.store == NULL)
		status = EX_TEMPFAIL;
	else if (code == DBMAIL_ERROR_OVER_QUOTA &&
		!g_str_equal(settings->LMTP_quota_failure, "hard"))
		status = EX_TEMPFAIL;
	(void)tool_fail(&deliver->tool, error);
	return status;
}

/* As dbmail-lmtpd's, at -v.  What failed is for standard error, which the MTA
 * reads, and is not an error in the log too. */
static void log_results(
	const Deliver *deliver, const Delivery *delivery, gint64 began)
{
	gint64 ms = (g_get_monotonic_time() - began) / 1000;

	for (guint i = 0; i < deliver->to->len; i++) {
		const DeliverTo *to = &g_array_index(deliver->to, DeliverTo, i);
		log_event(LOG_LEVEL_NOTICE, NULL,
			to->refusal != NULL         ? "delivery-refused" :
				to->failure != NULL ? "delivery-failed" :
				to->is_duplicate    ? "delivery-repeated" :
						      "delivered",
			LOG_STRING("from", delivery->sender),
			LOG_STRING(
				"to", deliver_recipient_address(to->recipient)),
			LOG_NUMBER("size", delivery->size),
			LOG_STRING("script", to->did), LOG_NUMBER("ms", ms),
			LOG_GERROR(to->failure));
	}
}

/* The MTA's bounce quotes what stands on standard error. */
static int refuse(const DeliverTo *to)
{
	fprintf(stderr, "%s\n", to->refusal);
	return EX_UNAVAILABLE;
}

/* A temporary failure of one is the failure of all: the MTA has one message
 * and one status, and those who have theirs are not given it again. */
static int report(const Deliver *deliver)
{
	int status = EX_OK;

	for (guint i = 0; i < deliver->to->len; i++) {
		DeliverTo *to = &g_array_index(deliver->to, DeliverTo, i);
		if (to->failure == NULL)
			continue;
		fprintf(stderr, "%s: to %s\n", deliver->tool.name,
			deliver_recipient_address(to->recipient));
		int its = to->refusal != NULL ? refuse(to) :
						fail(deliver, &to->failure);
		if (status != EX_TEMPFAIL)
			status = its;
	}
	return status;
}

static int deliver_message(Deliver *deliver, GByteArray *message)
{
	g_autofree char *sender = clean_sender(deliver->sender != NULL ?
			deliver->sender :
			deliver->from_line_sender != NULL ?
			deliver->from_line_sender :
			"");
	Delivery delivery = {
		.sender = sender,
		.message = (char *)message->data,
		.size = message->len,
		.trace = { .protocol = "local" },
		.to = (DeliverTo *)(gpointer)deliver->to->data,
		.count = deliver->to->len,
	};
	g_autoptr(GError) error = NULL;
	gint64 began = g_get_monotonic_time();

	(void)deliver_run(
		deliver->deliverer, deliver->tool.settings, &delivery);
	log_results(deliver, &delivery, began);
	if (delivery.has_split_failed)
		log_event(LOG_LEVEL_ERROR, NULL, "split-failed",
			LOG_NUMBER("size", delivery.size));
	int status = report(deliver);
	/* Until we have ended, the MTA has no answer: the key stays for a next
	 * try after a failure. */
	if (status == EX_OK && delivery.has_key) {
		deliver_confirm(deliver->deliverer, &delivery.key);
		if (!message_forget_confirmed(deliver->tool.store, &error))
			g_clear_error(&error);
	}
	return status;
}

static int run(Deliver *deliver)
{
	g_autoptr(GError) error = NULL;

	if (!tool_open(&deliver->tool, STORE_NOTIFY, &error))
		return fail(deliver, &error);
	deliver->deliverer = deliverer_new(deliver->tool.store);
	if (!find_recipients(deliver, &error))
		return fail(deliver, &error);
	g_autoptr(GByteArray) message = take_message(deliver, &error);
	if (message == NULL)
		return fail(deliver, &error);
	return deliver_message(deliver, message);
}

static void to_clear(gpointer data)
{
	deliver_to_clear(data);
}

int main(int argc, char **argv)
{
	Deliver deliver = {
		.tool = {
			.name = "dbmail-deliver",
			.usage = usage_text,
			.check = deliver_settings_check,
		},
		.addresses = g_ptr_array_new(),
		.to = g_array_new(FALSE, TRUE, sizeof(DeliverTo)),
	};
	int option;

	g_array_set_clear_func(deliver.to, to_clear);
	while ((option = tool_getopt(argc, argv, "d:u:m:r:FC" TOOL_OPTIONS)) !=
		-1)
		take_option(&deliver, option);
	if (optind < argc)
		tool_wrong_usage(
			&deliver.tool, "that is more than it understands");
	check_usage(&deliver);
	int status = run(&deliver);
	g_array_unref(deliver.to);
	g_ptr_array_unref(deliver.addresses);
	g_free(deliver.from_line_sender);
	deliverer_free(&deliver.deliverer);
	tool_close(&deliver.tool);
	return status;
}
