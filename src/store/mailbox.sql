-- SPDX-License-Identifier: GPL-2.0-or-later
-- Mailboxes.  Whoever changes names holds the lock of the user's row.

-- name: mailbox_get
-- $1 who asks, $2 the owner or, where that is NULL, $3 the owner's name in
-- lower case, $4 the owner's own name.
SELECT b.mailbox_idnr, b.owner_idnr, v.name,
       CASE WHEN b.owner_idnr = $1::bigint THEN b.special_use END,
       b.uidvalidity, b.uidnext, b.first_recent, b.seq, b.messages, b.unseen,
       b.deleted, b.size, b.permission, b.no_select, b.no_inferiors, r.rights
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL dbmail_rights($1::bigint, b.mailbox_idnr, b.owner_idnr) r
 CROSS JOIN LATERAL dbmail_visible($1::bigint, b.owner_idnr, b.name) v
 WHERE b.owner_idnr = coalesce($2::bigint,
		(SELECT user_idnr FROM dbmail_users
		  WHERE lower(userid) = $3::text))
   AND b.name = $4::text
   AND r.rights <> 0;

-- name: mailbox_get_own
-- The same of a mailbox of one's own, which is asked for all the time: $1 who
-- asks, $2 the name.
SELECT b.mailbox_idnr, b.owner_idnr, b.name, b.special_use, b.uidvalidity,
       b.uidnext, b.first_recent, b.seq, b.messages, b.unseen, b.deleted,
       b.size, b.permission, b.no_select, b.no_inferiors,
       coalesce((SELECT CASE WHEN bool_or(a.user_id = $1::bigint)
			     THEN bit_or(a.rights) | 1027 END
		   FROM dbmail_acl a
		  WHERE a.mailbox_id = b.mailbox_idnr
		    AND a.user_id IN ($1::bigint, -1)), 2047) AS rights
  FROM dbmail_mailboxes b
 WHERE b.owner_idnr = $1::bigint AND b.name = $2::text;

-- name: mailbox_get_id
-- The same of a mailbox that mailbox_list has: $1 who asks, $2 the mailbox.
SELECT b.mailbox_idnr, b.owner_idnr, v.name,
       CASE WHEN b.owner_idnr = $1::bigint THEN b.special_use END,
       b.uidvalidity, b.uidnext, b.first_recent, b.seq, b.messages, b.unseen,
       b.deleted, b.size, b.permission, b.no_select, b.no_inferiors, r.rights
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL dbmail_rights($1::bigint, b.mailbox_idnr, b.owner_idnr) r
 CROSS JOIN LATERAL dbmail_visible($1::bigint, b.owner_idnr, b.name) v
 CROSS JOIN LATERAL (
	SELECT userid
	  FROM dbmail_users
	 WHERE user_idnr = b.owner_idnr
	OFFSET 0) o
 WHERE b.mailbox_idnr = $2::bigint
   AND (b.owner_idnr = $1::bigint
	OR ((r.rights & 1) <> 0 AND o.userid !~ '[/*%]'));

-- name: mailbox_list_uses
-- The same of all that have a use, which are few; $1 owner.
SELECT b.mailbox_idnr, b.owner_idnr, b.name, b.special_use, b.uidvalidity,
       b.uidnext, b.first_recent, b.seq, b.messages, b.unseen, b.deleted,
       b.size, b.permission, b.no_select, b.no_inferiors, r.rights
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL dbmail_rights($1::bigint, b.mailbox_idnr, b.owner_idnr) r
 WHERE b.owner_idnr = $1::bigint AND b.special_use IS NOT NULL
 ORDER BY b.name COLLATE "C";

-- name: mailbox_list
-- $1 user, $2 only what the user owns.  Names of users that cannot be part of
-- a mailbox name keep their mailboxes from being seen.
SELECT b.mailbox_idnr, b.owner_idnr, b.name, b.special_use, b.uidvalidity,
       b.uidnext, b.first_recent, b.seq, b.messages, b.unseen, b.deleted,
       b.size, b.permission, b.no_select, b.no_inferiors, b.rights,
       coalesce(b.name, s.name) AS listed, s.name IS NOT NULL AS subscribed
  FROM (SELECT o.mailbox_idnr, o.owner_idnr, o.name, o.special_use,
	       o.uidvalidity, o.uidnext, o.first_recent, o.seq, o.messages,
	       o.unseen, o.deleted, o.size, o.permission, o.no_select,
	       o.no_inferiors,
	       CASE WHEN EXISTS (SELECT FROM dbmail_acl
				  WHERE user_id = $1::bigint)
		    THEN coalesce(
			(SELECT CASE WHEN bool_or(a.user_id = $1::bigint)
				     THEN bit_or(a.rights) | 1027 END
			   FROM dbmail_acl a
			  WHERE a.mailbox_id = o.mailbox_idnr
			    AND a.user_id IN ($1::bigint, -1)), 2047)
		    ELSE 2047 END AS rights
	  FROM dbmail_mailboxes o
	 WHERE o.owner_idnr = $1::bigint
	 UNION ALL
	SELECT x.mailbox_idnr, x.owner_idnr, v.name, NULL,
	       x.uidvalidity, x.uidnext, x.first_recent, x.seq, x.messages,
	       x.unseen, x.deleted, x.size, x.permission, x.no_select,
	       x.no_inferiors, r.rights
	  FROM (SELECT mailbox_id
		  FROM dbmail_acl
		 WHERE user_id IN ($1::bigint, -1) AND lookup_flag = 1
		 UNION
		SELECT p.mailbox_idnr
		  FROM dbmail_users u
		  JOIN dbmail_mailboxes p ON p.owner_idnr = -2
		 WHERE u.user_idnr = $1::bigint AND u.administrator = 1) l
	 CROSS JOIN LATERAL (
		SELECT *
		  FROM dbmail_mailboxes
		 WHERE mailbox_idnr = l.mailbox_id
		   AND owner_idnr <> $1::bigint
		OFFSET 0) x
	 CROSS JOIN LATERAL dbmail_rights(
			$1::bigint, x.mailbox_idnr, x.owner_idnr) r
	 CROSS JOIN LATERAL dbmail_visible(
			$1::bigint, x.owner_idnr, x.name) v
	 CROSS JOIN LATERAL (
		SELECT userid
		  FROM dbmail_users
		 WHERE user_idnr = x.owner_idnr
		OFFSET 0) o
	 WHERE NOT $2::boolean AND o.userid !~ '[/*%]') b
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
 CROSS JOIN LATERAL (SELECT coalesce(sum(size), 0)::bigint AS size
		       FROM dbmail_messages
		      WHERE mailbox_idnr = w.id AND deleted_flag = 1
		     OFFSET 0) n;

-- name: mailbox_owner
-- $1 name of a user in lower case.
SELECT user_idnr
  FROM dbmail_users
 WHERE lower(userid) = $1::text;

-- name: mailbox_is_administrator
-- $1 user.
SELECT administrator
  FROM dbmail_users
 WHERE user_idnr = $1::bigint;

-- name: mailbox_reread
-- $1 mailboxes.
SELECT mailbox_idnr, uidvalidity, uidnext, seq, messages, unseen, deleted, size
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = ANY ($1::bigint[]);

-- name: mailbox_levels
-- Which of these names are there; $1 owner, $2 names, $3 who asks.
SELECT b.mailbox_idnr, b.name, b.no_select, b.no_inferiors, r.rights
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL dbmail_rights($3::bigint, b.mailbox_idnr, b.owner_idnr) r
 WHERE b.owner_idnr = $1::bigint AND b.name = ANY ($2::text[]);

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
-- Makes those that are missing; $1 owner, $2 names, $3 what each is for, $4
-- the mailbox whose ACL they take, or NULL.
WITH made AS (
	INSERT INTO dbmail_mailboxes (owner_idnr, name, special_use)
	SELECT $1::bigint, n.name, n.special_use
	  FROM unnest($2::text[], $3::text[]) n (name, special_use)
	    ON CONFLICT (owner_idnr, name) DO NOTHING
	RETURNING mailbox_idnr
)
INSERT INTO dbmail_acl (user_id, mailbox_id, lookup_flag, read_flag, seen_flag,
	write_flag, insert_flag, post_flag, create_flag, delete_flag,
	deleted_flag, expunge_flag, administer_flag)
SELECT a.user_id, m.mailbox_idnr, a.lookup_flag, a.read_flag, a.seen_flag,
       a.write_flag, a.insert_flag, a.post_flag, a.create_flag, a.delete_flag,
       a.deleted_flag, a.expunge_flag, a.administer_flag
  FROM made m
  JOIN dbmail_acl a ON a.mailbox_id = $4::bigint;

-- name: mailbox_inherit
-- A \Noselect name takes an ACL as a new mailbox does; $1 owner, $2 name, $3
-- the mailbox whose ACL that is.
INSERT INTO dbmail_acl (user_id, mailbox_id, lookup_flag, read_flag, seen_flag,
	write_flag, insert_flag, post_flag, create_flag, delete_flag,
	deleted_flag, expunge_flag, administer_flag)
SELECT a.user_id, b.mailbox_idnr, a.lookup_flag, a.read_flag, a.seen_flag,
       a.write_flag, a.insert_flag, a.post_flag, a.create_flag, a.delete_flag,
       a.deleted_flag, a.expunge_flag, a.administer_flag
  FROM dbmail_mailboxes b
  JOIN dbmail_acl a ON a.mailbox_id = $3::bigint
 WHERE b.owner_idnr = $1::bigint AND b.name = $2::text AND b.no_select = 1
    ON CONFLICT DO NOTHING;

-- name: mailbox_revive
-- A \Noselect name becomes a mailbox again; $1 owner, $2 name, $3 what for.
UPDATE dbmail_mailboxes
   SET no_select = 0, special_use = $3::text
 WHERE owner_idnr = $1::bigint AND name = $2::text AND no_select = 1;

-- name: mailbox_lock_name
-- Locks a mailbox that is to be deleted or renamed; $1 owner, $2 name, $3 who
-- asks.
SELECT b.mailbox_idnr, b.no_select, b.permission,
       (SELECT rights FROM dbmail_rights(
		$3::bigint, b.mailbox_idnr, b.owner_idnr)) AS rights,
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
-- A deleted mailbox has no ACL (RFC 4314 section 4) and no annotations (RFC
-- 5464 section 4.1).  $1 mailbox.
WITH nobody AS (
	DELETE FROM dbmail_acl
	 WHERE mailbox_id = $1::bigint
), nothing AS (
	DELETE FROM dbmail_metadata
	 WHERE mailbox_id = $1::bigint
)
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
-- $1 user, $2 name; where it has a prefix, $3 the owner's name in lower case
-- and $4 the owner's own name, so that it is kept as listings show it.
INSERT INTO dbmail_subscribed_names (user_id, name)
VALUES ($1::bigint, coalesce(
	(SELECT v.name
	   FROM dbmail_users u
	  CROSS JOIN LATERAL dbmail_visible(
			$1::bigint, u.user_idnr, $4::text) v
	  WHERE lower(u.userid) = $3::text AND $4::text <> ''), $2::text))
    ON CONFLICT DO NOTHING;

-- name: mailbox_unsubscribe
-- The same parameters.
DELETE FROM dbmail_subscribed_names
 WHERE user_id = $1::bigint
   AND name IN ($2::text,
	(SELECT v.name
	   FROM dbmail_users u
	  CROSS JOIN LATERAL dbmail_visible(
			$1::bigint, u.user_idnr, $4::text) v
	  WHERE lower(u.userid) = $3::text AND $4::text <> ''));

-- name: mailbox_recent
-- The first message that is recent, if there is any; $1 mailbox.
SELECT first_recent
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint;

-- name: mailbox_recent_lock
SELECT first_recent
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint
   FOR NO KEY UPDATE;

-- name: mailbox_recent_flags
-- $1 mailbox, $2 the UID to stop before.
UPDATE dbmail_messages m
   SET recent_flag = 0
  FROM dbmail_mailboxes b
 WHERE b.mailbox_idnr = $1::bigint AND m.mailbox_idnr = $1::bigint
   AND m.uid >= b.first_recent AND m.uid < $2::bigint
   AND m.recent_flag = 1;

-- name: mailbox_recent_take
-- The same parameters.
UPDATE dbmail_mailboxes
   SET first_recent = least($2::bigint, uidnext)
 WHERE mailbox_idnr = $1::bigint AND first_recent < $2::bigint;
