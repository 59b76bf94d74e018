/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of LMTP and when they are allowed. */
#ifndef LMTP_COMMAND_H
#define LMTP_COMMAND_H

#include "base/bytes.h"
#include "lmtp/session.h"

/* Runs one line. */
void lmtp_command_run(LmtpSession *session, Bytes line);

/* Each command in its file; arguments are what is behind its name and one
 * blank. */
void lmtp_command_lhlo(LmtpSession *session, Bytes arguments);
void lmtp_command_starttls(LmtpSession *session, Bytes arguments);
void lmtp_command_mail(LmtpSession *session, Bytes arguments);
void lmtp_command_rcpt(LmtpSession *session, Bytes arguments);
void lmtp_command_vrfy(LmtpSession *session, Bytes arguments);
void lmtp_command_data(LmtpSession *session, Bytes arguments);
void lmtp_command_bdat(LmtpSession *session, Bytes arguments);

#endif
