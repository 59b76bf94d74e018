-- SPDX-License-Identifier: GPL-2.0-or-later

-- name: known_hashes
-- Hashes of a mailbox's messages, with how often each is there; $1 mailbox.
SELECT p.hash, count(*)
  FROM dbmail_messages m
  JOIN dbmail_physmessage p ON p.id = m.physmessage_id
 WHERE m.mailbox_idnr = $1::bigint
 GROUP BY p.hash;
