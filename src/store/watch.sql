-- SPDX-License-Identifier: GPL-2.0-or-later
-- The safety net under notifications.

-- name: watch_seqs
-- Where the mailboxes are now; $1 their ids.
SELECT mailbox_idnr, seq
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = ANY ($1::bigint[]);
