-- SPDX-License-Identifier: GPL-2.0-or-later
-- Mailboxes.  Whoever changes names holds the lock of the user's row.

-- name: mailbox_get
-- $1 owner, $2 name.
SELECT mailbox_idnr, owner_idnr, name, special_use, uidvalidity, uidnext,
       first_recent, seq, messages, unseen, deleted, size, permission,
       no_select, no_inferiors
  FROM dbmail_mailboxes
 WHERE owner_idnr = $1::bigint AND name = $2::text;

-- name: mailbox_list
-- $1 owner.
SELECT b.mailbox_idnr, b.owner_idnr, b.name, b.special_use, b.uidvalidity,
       b.uidnext, b.first_recent, b.seq, b.messages, b.unseen, b.deleted,
       b.size, b.permission, b.no_select, b.no_inferiors,
       coalesce(b.name, s.name) AS listed, s.name IS NOT NULL AS subscribed
  FROM (SELECT * FROM dbmail_mailboxes WHERE owner_idnr = $1::bigint) b
  FULL JOIN (SELECT name FROM dbmail_subscribed_names
	      WHERE user_id = $1::bigint) s ON s.name = b.name
 ORDER BY coalesce(b.name, s.name) COLLATE "C";

-- name: mailbox_count_recent
-- $1 mailboxes.
SELECT b.mailbox_idnr, n.messages
  FROM unnest($1::bigint[]) w (id)
 CROSS JOIN LATERAL (SELECT mailbox_idnr, first_recent FROM dbmail_mailboxes
		      WHERE mailbox_idnr = w.id OFFSET 0) b
 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM dbmail_messages
		      WHERE mailbox_idnr = b.mailbox_idnr
			AND uid >= b.first_recent OFFSET 0) n;

-- name: mailbox_count_deleted
-- $1 mailboxes.
SELECT w.id, n.size
  FROM unnest($1::bigint[]) w (id)
 CROSS JOIN LATERAL (
	SELECT coalesce(sum(p.messagesize), 0)::bigint AS size
	  FROM (SELECT physmessage_id FROM dbmail_messages
		 WHERE mailbox_idnr = w.id AND deleted_flag = 1 OFFSET 0) m
	 CROSS JOIN LATERAL (SELECT messagesize FROM dbmail_physmessage
			      WHERE id = m.physmessage_id OFFSET 0) p
	 OFFSET 0) n;

-- name: mailbox_levels
-- Which of these names are there; $1 owner, $2 names.
SELECT mailbox_idnr, name, no_select, no_inferiors
  FROM dbmail_mailboxes
 WHERE owner_idnr = $1::bigint AND name = ANY ($2::text[]);

-- name: mailbox_take_uses
-- Takes special uses away from all mailboxes; $1 owner, $2 uses.
UPDATE dbmail_mailboxes b
   SET special_use = (
	SELECT string_agg(u.name, ' ' ORDER BY u.name COLLATE "C")
	  FROM unnest(string_to_array(b.special_use, ' ')) u (name)
	 WHERE u.name <> ALL ($2::text[]))
 WHERE b.owner_idnr = $1::bigint AND b.special_use IS NOT NULL
   AND string_to_array(b.special_use, ' ') && $2::text[];

-- name: mailbox_set_uses
-- $1 owner, $2 name, $3 uses.
UPDATE dbmail_mailboxes
   SET special_use = $3::text
 WHERE owner_idnr = $1::bigint AND name = $2::text AND no_select = 0;

-- name: mailbox_insert
-- Makes those that are missing; $1 owner, $2 names, $3 what each is for.
INSERT INTO dbmail_mailboxes (owner_idnr, name, special_use)
SELECT $1::bigint, n.name, n.special_use
  FROM unnest($2::text[], $3::text[]) n (name, special_use)
    ON CONFLICT (owner_idnr, name) DO NOTHING;

-- name: mailbox_revive
-- A \Noselect name becomes a mailbox again; $1 owner, $2 name, $3 what for.
UPDATE dbmail_mailboxes
   SET no_select = 0, special_use = $3::text
 WHERE owner_idnr = $1::bigint AND name = $2::text AND no_select = 1;

-- name: mailbox_lock_name
-- Locks a mailbox that is to be deleted or renamed; $1 owner, $2 name.
SELECT b.mailbox_idnr, b.no_select, b.permission,
       EXISTS (SELECT FROM dbmail_mailboxes c
		WHERE c.owner_idnr = $1::bigint
		  AND starts_with(c.name, $2::text || '/')) AS has_children
  FROM dbmail_mailboxes b
 WHERE b.owner_idnr = $1::bigint AND b.name = $2::text
   FOR UPDATE OF b;

-- name: mailbox_empty
-- Removes all messages; $1 mailbox.
WITH gone AS (
	DELETE FROM dbmail_messages
	 WHERE mailbox_idnr = $1::bigint
	RETURNING physmessage_id
)
INSERT INTO dbmail_purge_queue (physmessage_id)
SELECT DISTINCT physmessage_id FROM gone;

-- name: mailbox_return_quota
-- Takes the mailbox's messages off its owner's sum; $1 mailbox.
UPDATE dbmail_users u
   SET curmail_size = u.curmail_size - b.size
  FROM dbmail_mailboxes b
 WHERE b.mailbox_idnr = $1::bigint AND u.user_idnr = b.owner_idnr
   AND b.size <> 0;

-- name: mailbox_log_emptied
-- Notes that all messages went; mailbox_note_emptied follows.  $1 mailbox.
INSERT INTO dbmail_changes (mailbox_idnr, seq, uid_first, uid_last, kind)
SELECT mailbox_idnr, seq + 1, 1, uidnext - 1, 2
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint AND uidnext > 1;

-- name: mailbox_note_emptied
UPDATE dbmail_mailboxes
   SET seq = seq + 1, messages = 0, unseen = 0, deleted = 0, size = 0,
       first_recent = uidnext
 WHERE mailbox_idnr = $1::bigint;

-- name: mailbox_make_noselect
UPDATE dbmail_mailboxes
   SET no_select = 1, special_use = NULL
 WHERE mailbox_idnr = $1::bigint;

-- name: mailbox_delete
DELETE FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint;

-- name: mailbox_longest
-- Bytes of the longest name after a renaming; $1 owner, $2 old, $3 new name.
SELECT coalesce(max(octet_length(name)), 0) - octet_length($2::text)
       + octet_length($3::text)
  FROM dbmail_mailboxes
 WHERE owner_idnr = $1::bigint
   AND (name = $2::text OR starts_with(name, $2::text || '/'));

-- name: mailbox_rename
-- A name and all below it; $1 owner, $2 old, $3 new name.
UPDATE dbmail_mailboxes
   SET name = $3::text || substr(name, length($2::text) + 1)
 WHERE owner_idnr = $1::bigint
   AND (name = $2::text OR starts_with(name, $2::text || '/'));

-- name: mailbox_give
-- Gives all messages of a mailbox to an empty one, in their order with UIDs
-- from 1, saved there now (RFC 8514); $1 giver, $2 taker.
UPDATE dbmail_messages m
   SET mailbox_idnr = $2::bigint, uid = n.uid, seq = b.seq + 1,
       save_date = now()
  FROM (SELECT message_idnr, row_number() OVER (ORDER BY uid) AS uid
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $1::bigint) n, dbmail_mailboxes b
 WHERE m.message_idnr = n.message_idnr AND b.mailbox_idnr = $2::bigint;

-- name: mailbox_take
-- What the taker's row says then; $1 giver, $2 taker.
UPDATE dbmail_mailboxes b
   SET seq = b.seq + 1, uidnext = n.uidnext,
       first_recent = coalesce(n.first_recent, n.uidnext),
       messages = g.messages, unseen = g.unseen, deleted = g.deleted,
       size = g.size, keywords = g.keywords
  FROM dbmail_mailboxes g, (
	SELECT coalesce(max(uid), 0) + 1 AS uidnext,
	       min(uid) FILTER (WHERE recent_flag = 1) AS first_recent
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $2::bigint) n
 WHERE b.mailbox_idnr = $2::bigint AND g.mailbox_idnr = $1::bigint;

-- name: mailbox_subscribe
-- $1 user, $2 name.
INSERT INTO dbmail_subscribed_names (user_id, name)
VALUES ($1::bigint, $2::text)
    ON CONFLICT DO NOTHING;

-- name: mailbox_unsubscribe
-- $1 user, $2 name.
DELETE FROM dbmail_subscribed_names
 WHERE user_id = $1::bigint AND name = $2::text;

-- name: mailbox_recent
-- Whether there is anything recent; $1 mailbox.
SELECT first_recent, uidnext
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint;

-- name: mailbox_recent_lock
SELECT first_recent
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint
   FOR NO KEY UPDATE;

-- name: mailbox_recent_flags
UPDATE dbmail_messages m
   SET recent_flag = 0
  FROM dbmail_mailboxes b
 WHERE b.mailbox_idnr = $1::bigint AND m.mailbox_idnr = $1::bigint
   AND m.uid >= b.first_recent AND m.recent_flag = 1;

-- name: mailbox_recent_take
UPDATE dbmail_mailboxes
   SET first_recent = uidnext
 WHERE mailbox_idnr = $1::bigint;
