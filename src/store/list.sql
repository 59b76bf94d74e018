-- SPDX-License-Identifier: GPL-2.0-or-later
-- Lists that scripts ask for.  Values are compared by their ASCII letters in
-- lower case, which the columns' collation C does and no more.

-- name: list_load
-- The list of that name of each of the owners: whether there is one, and its
-- members, each once.  $1 owners, $2 name, $3 members at most.
SELECT NULL AS value
  FROM dbmail_sieve_lists
 WHERE owner_idnr = ANY ($1::bigint[]) AND name = $2::text
 UNION ALL
(SELECT v.value
   FROM (SELECT DISTINCT ON (lower(m.value)) m.value
	   FROM dbmail_sieve_lists l
	  CROSS JOIN LATERAL (
		SELECT value
		  FROM dbmail_sieve_list_members
		 WHERE list_id = l.id
		 ORDER BY lower(value)
		 LIMIT $3::bigint) m
	  WHERE l.owner_idnr = ANY ($1::bigint[]) AND l.name = $2::text
	  ORDER BY lower(m.value)) v
  LIMIT $3::bigint);

-- name: list_has
-- $1 owners, $2 name, $3 value in lower case.
SELECT EXISTS (
	SELECT
	  FROM dbmail_sieve_lists l
	 CROSS JOIN LATERAL (
		SELECT
		  FROM dbmail_sieve_list_members
		 WHERE list_id = l.id AND lower(value) = $3::text
		OFFSET 0) m
	 WHERE l.owner_idnr = ANY ($1::bigint[]) AND l.name = $2::text);

-- name: list_names
-- $1 owner.
SELECT l.name, (SELECT count(*)
		  FROM dbmail_sieve_list_members m
		 WHERE m.list_id = l.id)
  FROM dbmail_sieve_lists l
 WHERE l.owner_idnr = $1::bigint
 ORDER BY l.name;

-- name: list_make
-- $1 owner, $2 name.  Its row is locked.
INSERT INTO dbmail_sieve_lists (owner_idnr, name)
VALUES ($1::bigint, $2::text)
    ON CONFLICT (owner_idnr, name) DO UPDATE SET name = EXCLUDED.name;

-- name: list_add
-- $1 owner, $2 name, $3 values.
INSERT INTO dbmail_sieve_list_members (list_id, value)
SELECT l.id, v.value
  FROM dbmail_sieve_lists l
 CROSS JOIN unnest($3::text[]) AS v (value)
 WHERE l.owner_idnr = $1::bigint AND l.name = $2::text
    ON CONFLICT DO NOTHING;

-- name: list_remove
-- $1 owner, $2 name, $3 values in lower case.
DELETE FROM dbmail_sieve_list_members m
 USING dbmail_sieve_lists l
 WHERE l.owner_idnr = $1::bigint AND l.name = $2::text
   AND m.list_id = l.id AND lower(m.value) = ANY ($3::text[]);

-- name: list_delete
-- $1 owner, $2 name.
DELETE FROM dbmail_sieve_lists
 WHERE owner_idnr = $1::bigint AND name = $2::text;
