-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a user's mailboxes may hold together.

-- name: quota_get
-- $1 user, or where that is NULL $2 a name in lower case.
SELECT u.user_idnr, u.userid, u.curmail_size, nullif(u.maxmail_size, 0),
       s.messages, u.max_messages, s.mailboxes, u.max_mailboxes
  FROM dbmail_users u
 CROSS JOIN LATERAL (
	SELECT coalesce(sum(messages), 0)::bigint AS messages,
	       count(*) AS mailboxes
	  FROM dbmail_mailboxes
	 WHERE owner_idnr = u.user_idnr
	OFFSET 0) s
 WHERE u.user_idnr = coalesce($1::bigint,
		(SELECT user_idnr FROM dbmail_users
		  WHERE lower(userid) = $2::text));

-- name: quota_set
-- $1 user, $2 bytes, $3 messages, $4 mailboxes.
UPDATE dbmail_users
   SET maxmail_size = CASE WHEN $2::bigint IS NULL THEN 0
			   ELSE greatest($2::bigint, 1) END,
       max_messages = $3::bigint, max_mailboxes = $4::bigint
 WHERE user_idnr = $1::bigint;

-- name: quota_check_mailboxes
-- Undoes what made one mailbox too many; $1 owner.
SELECT dbmail_raise('DM452', 'the quota of mailboxes is full')
  FROM dbmail_users u
 WHERE u.user_idnr = $1::bigint AND u.max_mailboxes IS NOT NULL
   AND (SELECT count(*) FROM dbmail_mailboxes b
	 WHERE b.owner_idnr = u.user_idnr) > u.max_mailboxes;
