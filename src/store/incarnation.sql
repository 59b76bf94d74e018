-- SPDX-License-Identifier: GPL-2.0-or-later
-- A server that may have lost what clients have seen; sql/0002-imap.sql says how
-- that is known.

-- name: incarnation_begin
-- Gives the server an incarnation where it has none.
INSERT INTO dbmail_incarnation (relation, id)
VALUES ('dbmail_incarnation'::regclass::oid,
	hashtextextended(gen_random_uuid()::text, 0))
    ON CONFLICT DO NOTHING;

-- name: incarnation_renew
-- Has a locked mailbox jump ahead of all numbers that can have been lost; $1
-- mailbox, $2 the jump of seq and $3 that of uidnext.  The log does not lead
-- across, so that whoever knows an older seq reads all again.
UPDATE dbmail_mailboxes
   SET seq = seq + $2::bigint, log_floor = seq + $2::bigint,
       flags_floor = seq + $2::bigint,
       uidnext = least(uidnext + $3::bigint, 4294967295),
       incarnation = dbmail_incarnation()
 WHERE mailbox_idnr = $1::bigint
   AND incarnation IS DISTINCT FROM dbmail_incarnation();
