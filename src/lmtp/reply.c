/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replies of LMTP (RFC 5321 section 4.2, RFC 2034, RFC 3463). */
#include "lmtp/reply.h"

#include "base/errors.h"

/* Whatever is not known to be for good is for now: the MTA keeps the mail and
 * tries again. */
static const struct {
	DbmailErrorCode code;
	Reply reply;
} replies[] = {
	{ DBMAIL_ERROR_NOT_FOUND, "550 5.1.1 no such user" },
	{ DBMAIL_ERROR_EXISTS, "451 4.3.0 try again later" },
	{ DBMAIL_ERROR_NO_PERMISSION, "550 5.7.1 delivery not permitted" },
	{ DBMAIL_ERROR_AUTH_FAILED, "550 5.7.1 delivery not permitted" },
	{ DBMAIL_ERROR_LIMIT, REPLY_TOO_LARGE },
	{ DBMAIL_ERROR_INVALID, "550 5.6.0 message cannot be stored" },
	{ DBMAIL_ERROR_IN_USE, "450 4.2.0 mailbox is in use" },
	{ DBMAIL_ERROR_TEMPORARY, "451 4.3.0 store unavailable, try again" },
	{ DBMAIL_ERROR_CLOSED, "451 4.3.0 store unavailable, try again" },
	{ DBMAIL_ERROR_UNSUPPORTED, "451 4.3.5 not supported" },
	{ DBMAIL_ERROR_INTERNAL, "451 4.3.0 internal error, try again" },
};

Reply reply_of_error(const GError *error, const Settings *settings)
{
	DbmailErrorCode code = dbmail_error_code(error);

	if (code == DBMAIL_ERROR_OVER_QUOTA)
		return g_str_equal(settings->LMTP_quota_failure, "hard") ?
			"552 5.2.2 mailbox is full" :
			"452 4.2.2 mailbox is full";
	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		if (replies[i].code == code)
			return replies[i].reply;
	}
	return "451 4.3.0 internal error, try again";
}
