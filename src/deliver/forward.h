/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail that is sent on as it is: by redirect, or because an address leads
 * outside. */
#ifndef DELIVER_FORWARD_H
#define DELIVER_FORWARD_H

#include "deliver/compose.h"
#include "deliver/plan.h"

/* INVALID, and which setting it is, where redirect_sender is neither one of its
 * words nor an address. */
gboolean forward_settings_check(const Settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The envelope sender of what is sent on, by redirect_sender of [SIEVE]: sender
 * is the message's own, owner the address it was for.  A bounce stays one (RFC
 * 5321 section 6.1). */
const char *forward_sender(
	const Settings *settings, const char *sender, const char *owner);

/* The message, which came for that address, with a Received field (RFC 5228
 * section 4.2) and the mark in front; where its lines do not all end in CRLF
 * they do now, else it stays byte for byte, and signatures good. */
void forward_write(GString *out, const PlanJob *job, const char *address,
	const char *mark, Bytes message);

/* Plans to send the message on to the target's address outside, to which
 * `address` led, once for all recipients of the job.  A message that went round
 * in a loop goes no further: with may_refuse its sender is told so. */
void forward_plan(PlanJob *job, const DeliverTarget *target,
	const char *address, gboolean may_refuse, Plan *plan);

#endif
