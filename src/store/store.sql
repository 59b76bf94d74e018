-- SPDX-License-Identifier: GPL-2.0-or-later

-- name: store_lock
-- Locks mailboxes and their owners in the store's one lock order; $1
-- mailboxes.  Those that are gone have no row.
SELECT b.mailbox_idnr, b.owner_idnr
  FROM dbmail_users u
  JOIN dbmail_mailboxes b ON b.owner_idnr = u.user_idnr
 WHERE b.mailbox_idnr = ANY ($1::bigint[])
 ORDER BY u.user_idnr, b.mailbox_idnr
   FOR NO KEY UPDATE OF u, b;

-- name: store_lock_mailboxes
-- The same for what does not touch quota sums; $1 mailboxes.
SELECT mailbox_idnr, owner_idnr
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = ANY ($1::bigint[])
 ORDER BY owner_idnr, mailbox_idnr
   FOR NO KEY UPDATE;

-- name: store_lock_user
-- Locks a user's row, and with it the names of its mailboxes; $1 user.
SELECT user_idnr
  FROM dbmail_users
 WHERE user_idnr = $1::bigint
   FOR NO KEY UPDATE;
