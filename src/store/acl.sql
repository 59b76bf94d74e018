-- SPDX-License-Identifier: GPL-2.0-or-later
-- Access control lists.

-- name: acl_get
-- Everybody with rights, the owner first; $1 mailbox.
SELECT u.userid, r.rights
  FROM dbmail_mailboxes b
  JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
 CROSS JOIN LATERAL (
	SELECT coalesce(
		(SELECT a.rights | 1027
		   FROM dbmail_acl a
		  WHERE a.mailbox_id = b.mailbox_idnr
		    AND a.user_id = b.owner_idnr), 2047) AS rights) r
 WHERE b.mailbox_idnr = $1::bigint
 UNION ALL
(SELECT u.userid, a.rights
   FROM dbmail_acl a
   JOIN dbmail_mailboxes b ON b.mailbox_idnr = a.mailbox_id
   JOIN dbmail_users u ON u.user_idnr = a.user_id
  WHERE a.mailbox_id = $1::bigint AND a.user_id <> b.owner_idnr
  ORDER BY u.userid);

-- name: acl_rights
-- $1 user, $2 mailbox.
SELECT r.rights
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL dbmail_rights($1::bigint, b.mailbox_idnr, b.owner_idnr) r
 WHERE b.mailbox_idnr = $2::bigint;

-- name: acl_who
-- $1 mailbox, $2 identifier in lower case; NULLs where it is nobody's.
SELECT u.user_idnr, u.user_idnr = b.owner_idnr,
       coalesce((SELECT a.rights
		   FROM dbmail_acl a
		  WHERE a.mailbox_id = b.mailbox_idnr
		    AND a.user_id = u.user_idnr),
		CASE WHEN u.user_idnr = b.owner_idnr THEN 2047 ELSE 0 END)
  FROM dbmail_mailboxes b
  LEFT JOIN dbmail_users u ON lower(u.userid) = $2::text
 WHERE b.mailbox_idnr = $1::bigint;

-- name: acl_put
-- $1 user, $2 mailbox, $3 rights as bits.
INSERT INTO dbmail_acl (user_id, mailbox_id, lookup_flag, read_flag, seen_flag,
	write_flag, insert_flag, post_flag, create_flag, delete_flag,
	deleted_flag, expunge_flag, administer_flag)
VALUES ($1::bigint, $2::bigint, $3::integer & 1, ($3::integer >> 1) & 1,
	($3::integer >> 2) & 1, ($3::integer >> 3) & 1, ($3::integer >> 4) & 1,
	($3::integer >> 5) & 1, ($3::integer >> 6) & 1, ($3::integer >> 7) & 1,
	($3::integer >> 8) & 1, ($3::integer >> 9) & 1, ($3::integer >> 10) & 1)
    ON CONFLICT (user_id, mailbox_id) DO UPDATE
   SET lookup_flag = EXCLUDED.lookup_flag, read_flag = EXCLUDED.read_flag,
       seen_flag = EXCLUDED.seen_flag, write_flag = EXCLUDED.write_flag,
       insert_flag = EXCLUDED.insert_flag, post_flag = EXCLUDED.post_flag,
       create_flag = EXCLUDED.create_flag, delete_flag = EXCLUDED.delete_flag,
       deleted_flag = EXCLUDED.deleted_flag,
       expunge_flag = EXCLUDED.expunge_flag,
       administer_flag = EXCLUDED.administer_flag;

-- name: acl_delete
-- $1 user, $2 mailbox.
DELETE FROM dbmail_acl
 WHERE user_id = $1::bigint AND mailbox_id = $2::bigint;
