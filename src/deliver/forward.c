/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail that is sent on as it is: by redirect, or because an address leads
 * outside. */
#include "deliver/forward.h"

#include <string.h>

#include "deliver/guard.h"
#include "deliver/recipient.h"
#include "mime/compose.h"

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

void forward_write(GString *out, const ComposeAbout *about, Bytes message)
{
	g_autoptr(GString) lines = g_string_new(NULL);

	if (has_bare_ends(message)) {
		mime_compose_lines(lines, message);
		message = bytes_of(lines->str, lines->len);
	}
	compose_redirect(out, about, message);
}

/* --- addresses outside --------------------------------------------------------- */

static void stop_loop(Plan *plan, const char *why, gboolean may_refuse)
{
	plan_note(plan, "not sent on: %s", why);
	if (may_refuse && plan->refusal == NULL)
		plan->refusal =
			g_strdup("mail for this address goes in a loop");
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
	const ComposeAbout about = { .mark = mark };

	if (loop != NULL) {
		stop_loop(plan, loop, may_refuse);
		return;
	}
	if (!plan_job_is_new(job, 0, what))
		return;
	GString *text = plan_job_text(job);
	forward_write(
		text, &about, bytes_of(delivery->message, delivery->size));
	const OutboundMail mail = {
		.kind = "forward",
		.sender =
			forward_sender(job->settings, delivery->sender, owner),
		.recipient = target->outside,
		.message = bytes_of(text->str, text->len),
	};
	plan_mail(plan, &mail);
	plan_note(plan, "sent on to <%s>", target->outside);
}
