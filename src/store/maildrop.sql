-- SPDX-License-Identifier: GPL-2.0-or-later

-- name: maildrop_lock
-- Takes a lock that nobody has or whose lease ran out; no row where somebody
-- has it.  $1 mailbox, $2 session, $3 seconds of the lease.
INSERT INTO dbmail_maildrop_locks AS held (mailbox_idnr, session, expires)
SELECT mailbox_idnr, $2::text, now() + $3::integer * interval '1 second'
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint
    ON CONFLICT (mailbox_idnr) DO UPDATE
   SET session = excluded.session, expires = excluded.expires
 WHERE held.expires <= now()
RETURNING mailbox_idnr;

-- name: maildrop_renew
-- $1 mailboxes, $2 sessions, side by side, $3 seconds; gives those that are
-- still held.
UPDATE dbmail_maildrop_locks l
   SET expires = now() + $3::integer * interval '1 second'
  FROM unnest($1::bigint[], $2::text[]) AS mine (mailbox_idnr, session)
 WHERE l.mailbox_idnr = mine.mailbox_idnr AND l.session = mine.session
RETURNING l.mailbox_idnr, l.session;

-- name: maildrop_unlock
-- $1 mailbox, $2 session.
DELETE FROM dbmail_maildrop_locks
 WHERE mailbox_idnr = $1::bigint AND session = $2::text;
