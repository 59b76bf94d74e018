-- SPDX-License-Identifier: GPL-2.0-or-later
-- Names come in with their ASCII letters in lower case; the columns are of
-- collation C, whose lower() touches no other letters.

-- name: user_get
-- $1 name.
SELECT user_idnr, userid, passwd, encryption_type, maxmail_size, curmail_size,
       client_idnr, last_login, administrator
  FROM dbmail_users
 WHERE lower(userid) = $1::text;

-- name: user_list
-- $1 LIKE pattern.
SELECT user_idnr, userid, passwd, encryption_type, maxmail_size, curmail_size,
       client_idnr, last_login, administrator
  FROM dbmail_users
 WHERE lower(userid) LIKE $1::text AND user_idnr >= 0
 ORDER BY lower(userid);

-- name: user_salt_secret
SELECT value
  FROM dbmail_secrets
 WHERE name = 'scram';

-- name: user_create
-- $1 name as given, $2 password hash, $3 its scheme, $4 quota, $5 names of
-- folders, $6 their special uses.
WITH created AS (
	INSERT INTO dbmail_users (userid, passwd, encryption_type, maxmail_size)
	VALUES ($1::text, $2::text, $3::text, $4::bigint)
	RETURNING user_idnr
), folder AS (
	SELECT f.name, f.special_use
	  FROM unnest($5::text[], $6::text[]) AS f (name, special_use)
), mailboxes AS (
	INSERT INTO dbmail_mailboxes (owner_idnr, name, special_use)
	SELECT user_idnr, name, special_use
	  FROM created, folder
), subscriptions AS (
	INSERT INTO dbmail_subscribed_names (user_id, name)
	SELECT user_idnr, name
	  FROM created, folder
)
SELECT user_idnr
  FROM created;

-- name: user_lock_all
-- Locks a user and all its mailboxes; $1 user.
SELECT user_idnr
  FROM dbmail_users
 WHERE user_idnr = $1::bigint
   FOR UPDATE;

-- name: user_mailboxes
-- $1 user.
SELECT mailbox_idnr
  FROM dbmail_mailboxes
 WHERE owner_idnr = $1::bigint
 ORDER BY mailbox_idnr
   FOR UPDATE;

-- name: user_delete_mailboxes
-- $1 user; the messages are gone already.
DELETE FROM dbmail_mailboxes
 WHERE owner_idnr = $1::bigint;

-- name: user_delete_aliases
-- $1 user.
DELETE FROM dbmail_aliases a
 USING dbmail_users u
 WHERE u.user_idnr = $1::bigint
   AND (a.deliver_to = u.user_idnr::text
	OR a.deliver_to = u.userid AND u.userid !~ '^[0-9]{1,18}$');

-- name: user_delete
-- $1 user.
DELETE FROM dbmail_users
 WHERE user_idnr = $1::bigint;

-- name: user_rename
-- $1 user, $2 name.  Others stay subscribed to the mailboxes under their new
-- name.
WITH old AS (
	SELECT lower('#Users/' || userid || '/') AS prefix
	  FROM dbmail_users
	 WHERE user_idnr = $1::bigint AND userid <> $2::text
), gone AS (
	DELETE FROM dbmail_subscribed_names s
	 USING old
	 WHERE starts_with(lower(s.name COLLATE "C"), old.prefix)
	RETURNING s.user_id, substr(s.name, length(old.prefix) + 1) AS own
), moved AS (
	INSERT INTO dbmail_subscribed_names (user_id, name)
	SELECT user_id, '#Users/' || $2::text || '/' || own
	  FROM gone
	    ON CONFLICT DO NOTHING
)
UPDATE dbmail_users
   SET userid = $2::text
 WHERE user_idnr = $1::bigint;

-- name: user_set_password
-- $1 user, $2 hash, $3 scheme.
UPDATE dbmail_users
   SET passwd = $2::text, encryption_type = $3::text
 WHERE user_idnr = $1::bigint;

-- name: user_set_quota
-- $1 user, $2 bytes.
UPDATE dbmail_users
   SET maxmail_size = $2::bigint
 WHERE user_idnr = $1::bigint;

-- name: user_set_client
-- $1 user, $2 group.
UPDATE dbmail_users
   SET client_idnr = $2::bigint
 WHERE user_idnr = $1::bigint;

-- name: user_set_administrator
-- $1 user, $2 1 or 0.
UPDATE dbmail_users
   SET administrator = $2::bigint
 WHERE user_idnr = $1::bigint;

-- name: user_note_login
-- $1 user.
UPDATE dbmail_users
   SET last_login = now()
 WHERE user_idnr = $1::bigint;

-- name: user_alias_add
-- $1 user, $2 alias as given.
INSERT INTO dbmail_aliases (alias, deliver_to)
SELECT $2::text, user_idnr::text
  FROM dbmail_users
 WHERE user_idnr = $1::bigint;

-- name: user_alias_remove
-- $1 user, $2 alias.
DELETE FROM dbmail_aliases
 WHERE lower(alias) = $2::text AND deliver_to = $1::bigint::text;

-- name: user_aliases
-- $1 user.
SELECT alias
  FROM dbmail_aliases
 WHERE deliver_to = $1::bigint::text
 ORDER BY lower(alias);

-- name: user_forward_add
-- $1 alias as given, $2 address; nothing where the alias leads there.
INSERT INTO dbmail_aliases (alias, deliver_to)
SELECT $1::text, $2::text
 WHERE NOT EXISTS (SELECT FROM dbmail_aliases
		    WHERE lower(alias) = lower($1::text COLLATE "C")
		      AND lower(deliver_to) = lower($2::text COLLATE "C"));

-- name: user_forward_remove
-- $1 alias, $2 address.
DELETE FROM dbmail_aliases
 WHERE lower(alias) = $1::text AND lower(deliver_to) = $2::text;

-- name: user_forwards
-- $1 LIKE pattern.
SELECT alias, deliver_to
  FROM dbmail_aliases
 WHERE lower(alias) LIKE $1::text AND deliver_to LIKE '_%@_%'
 ORDER BY lower(alias), lower(deliver_to);

-- name: user_resolve
-- $1 names.  A step is a name looked at on behalf of one of them; names of
-- digits are ids where an alias leads to them, and nothing else there; an
-- address that an alias leads to and nobody has here is one outside.  OFFSET
-- 0 keeps the planner at index look-ups whatever it believes of the aliases.
WITH RECURSIVE step (matched, name, depth, alias, address) AS (
	SELECT n.matched, n.name COLLATE "C", 0, NULL::bigint,
	       NULL::text COLLATE "C"
	  FROM unnest($1::text[]) WITH ORDINALITY AS n (name, matched)
	UNION
	SELECT s.matched, lower(a.deliver_to), s.depth + 1, a.alias_idnr,
	       a.deliver_to
	  FROM step s
	 CROSS JOIN LATERAL (
		SELECT alias_idnr, deliver_to
		  FROM dbmail_aliases
		 WHERE lower(alias) = s.name
		OFFSET 0) a
	 WHERE s.depth < 10
	   AND (s.depth = 0 OR s.name !~ '^[0-9]{1,18}$')
), found AS MATERIALIZED (
	SELECT DISTINCT s.matched, u.user_idnr
	  FROM step s
	 CROSS JOIN LATERAL (
		SELECT user_idnr
		  FROM dbmail_users
		 WHERE lower(userid) = s.name AND user_idnr >= 0
		   AND (s.depth = 0 OR s.name !~ '^[0-9]{1,18}$')
		 UNION ALL
		SELECT user_idnr
		  FROM dbmail_users
		 WHERE user_idnr = CASE
			WHEN s.depth > 0 AND s.name ~ '^[0-9]{1,18}$'
			THEN s.name::bigint END
		OFFSET 0) u
), outside AS MATERIALIZED (
	SELECT DISTINCT ON (s.matched, s.name) s.matched, s.alias, s.address
	  FROM step s
	 WHERE s.depth > 0 AND s.name LIKE '_%@_%'
	   AND NOT EXISTS (SELECT FROM dbmail_aliases
			    WHERE lower(alias) = s.name
			   OFFSET 0)
	   AND NOT EXISTS (SELECT FROM dbmail_users
			    WHERE lower(userid) = s.name
			   OFFSET 0)
	 ORDER BY s.matched, s.name, s.alias
), best AS (
	SELECT min(matched) AS matched
	  FROM (SELECT matched FROM found
		 UNION ALL
		SELECT matched FROM outside) AS any_of
)
SELECT u.user_idnr, b.mailbox_idnr,
       u.maxmail_size > 0 AND u.curmail_size >= u.maxmail_size
       OR u.max_messages IS NOT NULL
       AND u.max_messages <= dbmail_messages_held(u.user_idnr),
       f.matched, coalesce(v.own, 0),
       coalesce((SELECT g.sieve_version
		   FROM dbmail_users g
		  WHERE g.user_idnr = -2), 0),
       0::bigint AS alias, NULL::text AS address
  FROM best
  JOIN found f ON f.matched = best.matched
  JOIN dbmail_users u ON u.user_idnr = f.user_idnr
  LEFT JOIN dbmail_mailboxes b
    ON b.owner_idnr = u.user_idnr AND b.name = 'INBOX'
  LEFT JOIN LATERAL (
	SELECT u.sieve_version AS own
	  FROM dbmail_sievescripts s
	 WHERE s.owner_idnr = u.user_idnr AND s.active = 1
	OFFSET 0) v ON true
 UNION ALL
SELECT 0, NULL, false, o.matched, 0, 0, o.alias, o.address
  FROM best
  JOIN outside o ON o.matched = best.matched
 ORDER BY 7, 1;
