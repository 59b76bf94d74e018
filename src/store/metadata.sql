-- SPDX-License-Identifier: GPL-2.0-or-later
-- Annotations.  Mailbox 0 is the server; shared entries are user -1's.

-- name: metadata_get
-- $1 user, $2 mailboxes, $3 entries, $4 how many levels below them, up to 1; 2
-- for all; $5 size up to which values are given.
WITH wanted AS MATERIALIZED (
	SELECT e.entry, CASE WHEN e.entry ~ '^/shared(/|$)' THEN -1
			     ELSE $1::bigint END AS user_id
	  FROM unnest($3::text[]) e (entry)
), present AS (
	SELECT m.id AS mailbox, d.entry, d.value
	  FROM unnest($2::bigint[]) m (id)
	 CROSS JOIN wanted w
	 CROSS JOIN LATERAL (
		SELECT entry, value
		  FROM dbmail_metadata
		 WHERE coalesce(mailbox_id, 0) = m.id AND user_id = w.user_id
		   AND entry = w.entry
		OFFSET 0) d
	 UNION
	SELECT m.id, d.entry, d.value
	  FROM unnest($2::bigint[]) m (id)
	 CROSS JOIN wanted w
	 CROSS JOIN LATERAL (
		SELECT entry, value
		  FROM dbmail_metadata
		 WHERE coalesce(mailbox_id, 0) = m.id AND user_id = w.user_id
		   AND entry > w.entry || '/' AND entry < w.entry || '0'
		   AND ($4::integer = 2 OR
			strpos(substr(entry, length(w.entry) + 2), '/') = 0)
		OFFSET 0) d
	 WHERE $4::integer > 0
	 UNION
	SELECT m.id, '/private/specialuse', convert_to(b.special_use, 'UTF8')
	  FROM unnest($2::bigint[]) m (id)
	 CROSS JOIN LATERAL (
		SELECT special_use
		  FROM dbmail_mailboxes
		 WHERE mailbox_idnr = m.id AND owner_idnr = $1::bigint
		   AND special_use IS NOT NULL
		OFFSET 0) b
	 WHERE EXISTS (SELECT FROM wanted
			WHERE entry = '/private/specialuse'
			   OR entry = '/private' AND $4::integer > 0)
)
SELECT mailbox, entry, octet_length(value)::bigint,
       CASE WHEN octet_length(value) <= $5::bigint THEN value END
  FROM present
 ORDER BY mailbox, entry COLLATE "C";

-- name: metadata_event_scripts
-- The server's comes first; $1 at most so many.
SELECT coalesce(mailbox_id, 0), entry, octet_length(value)::bigint, value
  FROM dbmail_metadata
 WHERE entry = '/shared/imapsieve/script'
 ORDER BY coalesce(mailbox_id, 0)
 LIMIT $1::integer;

-- name: metadata_prints
-- $1 user, $2 mailboxes.
SELECT m.id || ' ' || d.entry, md5(d.value)
  FROM unnest($2::bigint[]) m (id)
 CROSS JOIN LATERAL (
	SELECT entry, value
	  FROM dbmail_metadata
	 WHERE coalesce(mailbox_id, 0) = m.id AND user_id IN ($1::bigint, -1)
	OFFSET 0) d
 UNION ALL
SELECT b.mailbox_idnr || ' /private/specialuse', b.special_use
  FROM dbmail_mailboxes b
 WHERE b.mailbox_idnr = ANY ($2::bigint[]) AND b.owner_idnr = $1::bigint
   AND b.special_use IS NOT NULL;

-- name: metadata_put
-- $1 mailbox, $2 user, $3 entries, each once, $4 values.
INSERT INTO dbmail_metadata (mailbox_id, user_id, entry, value)
SELECT nullif($1::bigint, 0),
       CASE WHEN n.entry LIKE '/shared/%' THEN -1 ELSE $2::bigint END,
       n.entry, n.value
  FROM unnest($3::text[], $4::bytea[]) n (entry, value)
    ON CONFLICT (coalesce(mailbox_id, 0), user_id, entry) DO UPDATE
   SET value = EXCLUDED.value;

-- name: metadata_remove
-- $1 mailbox, $2 user, $3 entries.
DELETE FROM dbmail_metadata
 WHERE coalesce(mailbox_id, 0) = $1::bigint
   AND user_id IN ($2::bigint, -1) AND entry = ANY ($3::text[]);

-- name: metadata_count
-- The user's and the shared ones; $1 mailbox, $2 user.
SELECT user_id, count(*)
  FROM dbmail_metadata
 WHERE coalesce(mailbox_id, 0) = $1::bigint AND user_id IN ($2::bigint, -1)
 GROUP BY user_id;

-- name: metadata_copy
-- INBOX was renamed: its annotations are those of both (RFC 5464 section 4.1);
-- $1 from, $2 to.
INSERT INTO dbmail_metadata (mailbox_id, user_id, entry, value)
SELECT $2::bigint, user_id, entry, value
  FROM dbmail_metadata
 WHERE mailbox_id = $1::bigint;

-- name: metadata_lock
-- Locks the mailbox and says whose it is; $1 mailbox.
SELECT owner_idnr, no_select
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint
   FOR NO KEY UPDATE;

-- name: metadata_touch
-- RFC 7162 section 3.2: an annotation counts for HIGHESTMODSEQ; $1 mailbox.
UPDATE dbmail_mailboxes
   SET seq = seq + 1
 WHERE mailbox_idnr = $1::bigint;

-- name: metadata_set_uses
-- $1 mailbox, $2 uses or NULL.
UPDATE dbmail_mailboxes
   SET special_use = $2::text
 WHERE mailbox_idnr = $1::bigint;
