-- SPDX-License-Identifier: GPL-2.0-or-later
-- Sieve scripts.  What changes one runs behind store_lock_user, which is the
-- lock of all scripts of a user.  The table's trigger raises the user's version.

-- name: script_list
-- $1 user.
SELECT name, octet_length(script), active, changed
  FROM dbmail_sievescripts
 WHERE owner_idnr = $1::bigint
 ORDER BY name;

-- name: script_get
-- $1 user, $2 name.
SELECT script
  FROM dbmail_sievescripts
 WHERE owner_idnr = $1::bigint AND name = $2::text;

-- name: script_get_active
-- $1 user.
SELECT script
  FROM dbmail_sievescripts
 WHERE owner_idnr = $1::bigint AND active = 1;

-- name: script_put
-- $1 user, $2 name, $3 text, or NULL: only says whether it would do; $4 its
-- bytes.  Limits, 0 for none: $5 bytes of one, $6 number, $7 bytes of all.
-- Gives 0 where it did, 1 no such user, 2 too large, 3 too many, 4 too much.
WITH held AS MATERIALIZED (
	SELECT count(*) AS scripts,
	       coalesce(sum(octet_length(script)), 0) AS bytes,
	       coalesce(max(octet_length(script))
			FILTER (WHERE name = $2::text), -1) AS replaced
	  FROM dbmail_sievescripts
	 WHERE owner_idnr = $1::bigint
), judged AS MATERIALIZED (
	SELECT CASE WHEN NOT EXISTS (SELECT FROM dbmail_users
				      WHERE user_idnr = $1::bigint) THEN 1
		    WHEN $5::bigint > 0 AND $4::bigint > $5::bigint THEN 2
		    WHEN $6::bigint > 0 AND replaced < 0
		     AND scripts >= $6::bigint THEN 3
		    WHEN $7::bigint > 0 AND $4::bigint > replaced
		     AND bytes - greatest(replaced, 0) + $4::bigint
				> $7::bigint THEN 4
		    ELSE 0 END AS outcome
	  FROM held
), written AS (
	INSERT INTO dbmail_sievescripts (owner_idnr, name, script)
	SELECT $1::bigint, $2::text, $3::bytea
	  FROM judged
	 WHERE outcome = 0 AND $3::bytea IS NOT NULL
	    ON CONFLICT (owner_idnr, name)
	    DO UPDATE SET script = EXCLUDED.script, changed = now()
)
SELECT outcome
  FROM judged;

-- name: script_deactivate
-- $1 user, $2 the script that becomes active, or NULL.  A statement of its own:
-- two are never active, not for a moment.
UPDATE dbmail_sievescripts
   SET active = 0
 WHERE owner_idnr = $1::bigint AND active = 1
   AND ($2::text IS NULL
	OR EXISTS (SELECT FROM dbmail_sievescripts s
		    WHERE s.owner_idnr = $1::bigint AND s.name = $2::text));

-- name: script_activate
-- $1 user, $2 script or NULL.  A row where there is such a script.
UPDATE dbmail_sievescripts
   SET active = 1
 WHERE owner_idnr = $1::bigint AND name = $2::text
RETURNING id;

-- name: script_deactivate_one
-- $1 user, $2 the script that is to be active no more, or NULL for whichever
-- is.  Gives its name where it was active.
UPDATE dbmail_sievescripts
   SET active = 0
 WHERE owner_idnr = $1::bigint AND active = 1
   AND ($2::text IS NULL OR name = $2::text)
RETURNING name;

-- name: script_delete
-- $1 user, $2 name, $3 whether it goes even where it is active.  Gives, where
-- there is one, whether it stays for being active.
WITH found AS MATERIALIZED (
	SELECT id, active
	  FROM dbmail_sievescripts
	 WHERE owner_idnr = $1::bigint AND name = $2::text
), gone AS (
	DELETE FROM dbmail_sievescripts s
	 USING found
	 WHERE s.id = found.id AND (found.active = 0 OR $3::boolean)
)
SELECT active = 1 AND NOT $3::boolean
  FROM found;

-- name: script_rename
-- $1 user, $2 name, $3 new name.  Gives, where there is such a script, whether
-- the new name is taken; then nothing changes.
WITH found AS MATERIALIZED (
	SELECT id, EXISTS (SELECT FROM dbmail_sievescripts t
			    WHERE t.owner_idnr = $1::bigint
			      AND t.name = $3::text) AS is_taken
	  FROM dbmail_sievescripts
	 WHERE owner_idnr = $1::bigint AND name = $2::text
), renamed AS (
	UPDATE dbmail_sievescripts s
	   SET name = $3::text
	  FROM found
	 WHERE s.id = found.id AND NOT found.is_taken
)
SELECT is_taken
  FROM found;

-- name: script_load_user
-- $1 user.
SELECT userid, sieve_version, sieve_told,
       coalesce((SELECT g.sieve_version
		   FROM dbmail_users g
		  WHERE g.user_idnr = -2), 0)
  FROM dbmail_users
 WHERE user_idnr = $1::bigint;

-- name: script_load_addresses
-- What leads to a user, the way user_resolve() follows it, backwards; $1 user,
-- $2 at most so many.
WITH RECURSIVE step (name, depth) AS (
	SELECT n.name COLLATE "C", 0
	  FROM dbmail_users u
	 CROSS JOIN LATERAL (VALUES (u.user_idnr::text), (u.userid),
				    (lower(u.userid))) AS n (name)
	 WHERE u.user_idnr = $1::bigint
	   AND (n.name = u.user_idnr::text OR n.name !~ '^[0-9]{1,18}$')
	 UNION
	SELECT n.name, s.depth + 1
	  FROM step s
	 CROSS JOIN LATERAL (
		SELECT alias
		  FROM dbmail_aliases
		 WHERE deliver_to = s.name
		OFFSET 0) a
	 CROSS JOIN LATERAL (VALUES (a.alias), (lower(a.alias))) AS n (name)
	 WHERE s.depth < 10
)
SELECT lower(userid)
  FROM dbmail_users
 WHERE user_idnr = $1::bigint
 UNION
(SELECT lower(name)
   FROM step
  WHERE depth > 0 AND name NOT LIKE '@%'
  LIMIT $2::integer)
 ORDER BY 1;

-- name: script_load_sources
-- All scripts of $1 user and of everybody.
SELECT owner_idnr, name, script, active
  FROM dbmail_sievescripts
 WHERE owner_idnr = ANY (ARRAY[$1::bigint, -2])
 ORDER BY owner_idnr, name;

-- name: script_was_seen
-- $1 user, $2 ids.  Whether each was, in their order.  Without OFFSET 0 all ids
-- of the user might be read at once, and there may be very many.
SELECT EXISTS (SELECT FROM dbmail_sieve_seen s
		WHERE s.user_idnr = $1::bigint AND s.id = k.id
		  AND s.until > now()
	       OFFSET 0)
  FROM unnest($2::bytea[]) WITH ORDINALITY AS k (id, n)
 ORDER BY k.n;
