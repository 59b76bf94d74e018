/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail that is sent on as it is: by redirect, or because an address leads
 * outside. */
#include "deliver/forward.h"

#include <string.h>

#include "base/errors.h"
#include "deliver/guard.h"
#include "deliver/recipient.h"
#include "deliver/trace.h"
#include "mime/compose.h"

gboolean forward_settings_check(const Settings *settings, GError **error)
{
	static const char *const words[] = { "sender", "recipient", "empty",
		NULL };
	const char *how = settings->SIEVE_redirect_sender;
	const OutboundMail probe = {
		.kind = "forward", .recipient = how, .sender = how
	};
	const char *at = strrchr(how, '@');
	g_autoptr(GError) invalid = NULL;

	if (g_strv_contains(words, how) ||
		(at != NULL && at != how && at[1] != '\0' &&
			outbound_check(&probe, &invalid)))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"[SIEVE] redirect_sender is sender, recipient, empty, or an "
		"address such as bounces@example.org",
		"redirect_sender = %s", how);
	return FALSE;
}

const char *forward_sender(
	const Settings *settings, const char *sender, const char *owner)
{
	const char *how = settings->SIEVE_redirect_sender;

	if (sender[0] == '\0' || g_str_equal(how, "sender"))
		return sender;
	if (g_str_equal(how, "recipient"))
		return owner;
	return g_str_equal(how, "empty") ? "" : how;
}

/* SMTP has no line ends but CRLF. */
static gboolean has_bare_ends(Bytes message)
{
	for (gsize i = 0; i < message.size; i++) {
		const char *p = message.data + i;
		if (*p == '\r' && (i + 1 == message.size || p[1] != '\n'))
			return TRUE;
		if (*p == '\n' && (i == 0 || p[-1] != '\r'))
			return TRUE;
	}
	return message.size > 0 && message.data[message.size - 1] != '\n';
}

void forward_write(GString *out, const PlanJob *job, const char *address,
	const char *mark, Bytes message)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	const ComposeAbout about = { .mark = mark };

	if (has_bare_ends(message)) {
		mime_compose_lines(lines, message);
		message = bytes_of(lines->str, lines->len);
	}
	trace_received(out, &job->delivery->trace,
		settings_hostname(job->settings), address, job->now);
	compose_redirect(out, &about, message);
}

/* --- addresses outside --------------------------------------------------------- */

/* Nothing is sent on; who asks for it is told so. */
static void stop(
	Plan *plan, const char *why, const char *refusal, gboolean may_refuse)
{
	plan_note(plan, "not sent on: %s", why);
	if (may_refuse && plan->refusal == NULL)
		plan->refusal = g_strdup(refusal);
}

void forward_plan(PlanJob *job, const DeliverTarget *target,
	const char *address, gboolean may_refuse, Plan *plan)
{
	const Delivery *delivery = job->delivery;
	const char *owner =
		recipient_at_host(job->arena, address, job->settings);
	g_autofree char *mark = guard_mark(target->mailbox, owner);
	const char *loop = guard_loop(plan_job_header(job), mark);
	g_autofree char *what = g_strconcat("forward ", target->outside, NULL);
	g_autoptr(GError) invalid = NULL;

	if (loop != NULL) {
		stop(plan, loop, "mail for this address goes in a loop",
			may_refuse);
		return;
	}
	if (!plan_is_first(plan, job, 0, what))
		return;
	GString *text = plan_job_text(job);
	forward_write(text, job, address, mark,
		bytes_of(delivery->message, delivery->size));
	const OutboundMail mail = {
		.kind = "forward",
		.sender =
			forward_sender(job->settings, delivery->sender, owner),
		.recipient = target->outside,
		.message = bytes_of(text->str, text->len),
	};
	/* One that the queue cannot take is no reason to refuse the others. */
	if (!outbound_check(&mail, &invalid)) {
		stop(plan, "sender", "mail from this sender cannot be sent on",
			may_refuse);
		return;
	}
	plan_mail(plan, &mail);
	plan_note(plan, "sent on to <%s>", target->outside);
}
