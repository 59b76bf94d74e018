-- SPDX-License-Identifier: GPL-2.0-or-later
-- Messages between mailboxes and out of them; store_lock comes before.  OFFSET
-- 0 keeps the planner at one index scan per range of UIDs, whatever it believes
-- the size of the mailbox is; nobody else changes rows of a locked mailbox, so
-- their ctid holds.

-- name: message_drop
-- Removes messages.  $1 mailboxes; $2 first and $3 last UIDs of ranges, which
-- do not overlap; $4 only those with \Deleted; $5 their contents stay held by
-- other rows, so the clean-up need not look; $6 spare what the mailbox's last
-- change put there (a MOVE to where the messages are); $7 only if message_put
-- has put anything (RFC 8508).
-- Gives what went: mailbox, first and last UID of a range, the mailbox's seq.
WITH boxes AS MATERIALIZED (
	SELECT b.mailbox_idnr, b.seq, b.ctid AS place,
	       u.ctid AS user_place
	  FROM dbmail_mailboxes b
	  JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
	 WHERE b.mailbox_idnr = ANY ($1::bigint[])
	   AND (NOT $7::boolean OR current_setting('dbmail.put') <> '{}')
), wanted AS (
	SELECT b.mailbox_idnr, b.seq, r.uid_first, r.uid_last
	  FROM boxes b,
	       unnest($2::bigint[], $3::bigint[]) AS r (uid_first, uid_last)
), doomed AS (
	SELECT m.place
	  FROM wanted w
	 CROSS JOIN LATERAL (
		SELECT ctid AS place
		  FROM dbmail_messages
		 WHERE mailbox_idnr = w.mailbox_idnr AND deleted_flag = 1
		   AND uid >= w.uid_first AND uid <= w.uid_last
		OFFSET 0) m
	 WHERE $4::boolean
	 UNION ALL
	SELECT m.place
	  FROM wanted w
	 CROSS JOIN LATERAL (
		SELECT ctid AS place
		  FROM dbmail_messages
		 WHERE mailbox_idnr = w.mailbox_idnr
		   AND uid >= w.uid_first AND uid <= w.uid_last
		   AND (NOT $6::boolean OR seq < w.seq)
		OFFSET 0) m
	 WHERE NOT $4::boolean
), gone AS (
	DELETE FROM dbmail_messages m
	 USING doomed
	 WHERE m.ctid = doomed.place
	RETURNING m.mailbox_idnr, m.uid, m.physmessage_id, m.size,
		  m.seen_flag, m.deleted_flag
), queued AS (
	INSERT INTO dbmail_purge_queue (physmessage_id)
	SELECT DISTINCT physmessage_id
	  FROM gone
	 WHERE NOT $5::boolean
), sums AS MATERIALIZED (
	SELECT b.place, b.user_place, s.*
	  FROM (SELECT mailbox_idnr, count(*) AS messages,
		       count(*) FILTER (WHERE seen_flag = 0) AS unseen,
		       count(*) FILTER (WHERE deleted_flag = 1) AS deleted,
		       sum(size) AS size
		  FROM gone
		 GROUP BY mailbox_idnr) AS s
	  JOIN boxes b ON b.mailbox_idnr = s.mailbox_idnr
), mailboxes AS (
	UPDATE dbmail_mailboxes b
	   SET seq = b.seq + 1,
	       messages = b.messages - s.messages,
	       unseen = b.unseen - s.unseen,
	       deleted = b.deleted - s.deleted,
	       size = b.size - s.size
	  FROM sums s
	 WHERE b.ctid = s.place
	RETURNING b.mailbox_idnr, b.seq
), users AS (
	UPDATE dbmail_users u
	   SET curmail_size = u.curmail_size - s.size
	  FROM (SELECT user_place, sum(size) AS size
		  FROM sums
		 GROUP BY user_place) AS s
	 WHERE u.ctid = s.user_place
), ranges AS (
	SELECT i.mailbox_idnr, min(i.uid) AS uid_first, max(i.uid) AS uid_last
	  FROM (SELECT mailbox_idnr, uid,
		       uid - row_number() OVER (PARTITION BY mailbox_idnr
						ORDER BY uid) AS island
		  FROM gone) AS i
	 GROUP BY i.mailbox_idnr, i.island
), logged AS (
	INSERT INTO dbmail_changes (mailbox_idnr, seq, uid_first, uid_last, kind)
	SELECT r.mailbox_idnr, b.seq, r.uid_first, r.uid_last, 2
	  FROM ranges r
	  JOIN mailboxes b ON b.mailbox_idnr = r.mailbox_idnr
)
SELECT r.mailbox_idnr, r.uid_first, r.uid_last, b.seq
  FROM ranges r
  JOIN mailboxes b ON b.mailbox_idnr = r.mailbox_idnr
 ORDER BY r.mailbox_idnr, r.uid_first;

-- name: message_seq
-- $1 mailbox.
SELECT seq
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint;

-- name: message_copy_keywords
-- Makes the keywords of messages known where they are copied to; $1 from, $2
-- and $3 ranges of UIDs, $4 to.
UPDATE dbmail_mailboxes b
   SET keywords = b.keywords || new.names
  FROM (SELECT array_agg(k.name ORDER BY k.bit) AS names
	  FROM dbmail_mailboxes o
	 CROSS JOIN unnest(o.keywords) WITH ORDINALITY AS k (name, bit)
	  JOIN dbmail_mailboxes d ON d.mailbox_idnr = $4::bigint
	 WHERE o.mailbox_idnr = $1::bigint
	   AND $1::bigint <> $4::bigint
	   AND NOT EXISTS (SELECT FROM unnest(d.keywords) AS known (name)
			    WHERE lower(known.name COLLATE "C") =
				  lower(k.name COLLATE "C"))
	   AND (SELECT bit_or(m.keywords)
		  FROM unnest($2::bigint[], $3::bigint[])
			AS r (uid_first, uid_last)
		 CROSS JOIN LATERAL (
			SELECT keywords
			  FROM dbmail_messages
			 WHERE mailbox_idnr = $1::bigint
			   AND uid >= r.uid_first AND uid <= r.uid_last
			OFFSET 0) m)
		& (1::bigint << (k.bit - 1)::integer) <> 0
       ) AS new
 WHERE b.mailbox_idnr = $4::bigint
   AND new.names IS NOT NULL;

-- name: message_copy
-- $1 from, $2 first and $3 last UIDs of ranges, which do not overlap, $4 to,
-- $5 the messages will be dropped where they are, $6 the flags that may be set
-- there as bits, $7 whether keywords may.
-- Gives for each message its UID, the new UID, and UIDVALIDITY; a row of NULLs
-- where there is none (the verdict must be asked whatever else is empty).
WITH destination AS (
	SELECT b.owner_idnr, b.uidnext, b.uidvalidity, b.seq, b.keywords,
	       CASE WHEN u.maxmail_size > 0
		    THEN u.maxmail_size - u.curmail_size END AS room,
	       u.max_messages - CASE WHEN u.max_messages IS NOT NULL
			    THEN dbmail_messages_held(u.user_idnr) END AS places
	  FROM dbmail_mailboxes b
	  JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
	 WHERE b.mailbox_idnr = $4::bigint AND b.no_select = 0
	   AND b.permission = 2
), source AS (
	SELECT b.owner_idnr,
	       (SELECT array_agg((SELECT 1::bigint << (d.bit - 1)::integer
				    FROM destination
				   CROSS JOIN unnest(destination.keywords)
					WITH ORDINALITY AS d (name, bit)
				   WHERE lower(d.name COLLATE "C") =
					 lower(k.name COLLATE "C"))
			ORDER BY k.bit)
		  FROM unnest(b.keywords) WITH ORDINALITY AS k (name, bit)
	       ) AS bits
	  FROM dbmail_mailboxes b
	 WHERE b.mailbox_idnr = $1::bigint
), picked AS MATERIALIZED (
	SELECT m.*, row_number() OVER (ORDER BY m.uid) - 1 AS place
	  FROM unnest($2::bigint[], $3::bigint[]) AS r (uid_first, uid_last)
	 CROSS JOIN LATERAL (
		SELECT uid, physmessage_id, size,
		       CASE WHEN $7::boolean THEN keywords ELSE 0 END
		       AS keywords,
		       seen_flag & $6::integer AS seen_flag,
		       answered_flag & ($6::integer >> 1) AS answered_flag,
		       flagged_flag & ($6::integer >> 2) AS flagged_flag,
		       deleted_flag & ($6::integer >> 3) AS deleted_flag,
		       draft_flag & ($6::integer >> 4) AS draft_flag
		  FROM dbmail_messages
		 WHERE mailbox_idnr = $1::bigint
		   AND uid >= r.uid_first AND uid <= r.uid_last
		OFFSET 0) m
), sums AS MATERIALIZED (
	SELECT count(*) AS messages, coalesce(sum(size), 0) AS size,
	       count(*) FILTER (WHERE seen_flag = 0) AS unseen,
	       count(*) FILTER (WHERE deleted_flag = 1) AS deleted
	  FROM picked
), verdict AS MATERIALIZED (
	SELECT CASE WHEN d.owner_idnr IS NULL
		    THEN dbmail_raise('DM404', 'no such mailbox')
		    WHEN (d.room < s.size OR d.places < s.messages)
		     AND NOT ($5::boolean AND d.owner_idnr =
				(SELECT owner_idnr FROM source))
		    THEN dbmail_raise('DM452', 'the quota is full')
		    ELSE true END AS fits
	  FROM sums s
	  LEFT JOIN destination d ON true
), copies AS (
	INSERT INTO dbmail_messages (mailbox_idnr, physmessage_id, size, uid,
		seq, keywords, seen_flag, answered_flag, flagged_flag, deleted_flag,
		draft_flag)
	SELECT $4::bigint, p.physmessage_id, p.size, d.uidnext + p.place,
	       d.seq + 1,
	       CASE WHEN p.keywords = 0 THEN 0
		    ELSE (SELECT coalesce(bit_or(k.to_bit), 0)
			    FROM unnest(s.bits) WITH ORDINALITY
				AS k (to_bit, bit)
			   WHERE p.keywords & (1::bigint << (k.bit - 1)::integer)
				<> 0) END,
	       p.seen_flag, p.answered_flag, p.flagged_flag, p.deleted_flag,
	       p.draft_flag
	  FROM picked p, destination d, source s, verdict v
	 WHERE v.fits
), mailboxes AS (
	UPDATE dbmail_mailboxes b
	   SET seq = b.seq + 1,
	       uidnext = b.uidnext + s.messages,
	       messages = b.messages + s.messages,
	       unseen = b.unseen + s.unseen,
	       deleted = b.deleted + s.deleted,
	       size = b.size + s.size
	  FROM sums s, verdict v
	 WHERE v.fits AND b.mailbox_idnr = $4::bigint AND s.messages > 0
), users AS (
	UPDATE dbmail_users u
	   SET curmail_size = u.curmail_size + s.size
	  FROM sums s, destination d
	 WHERE u.user_idnr = d.owner_idnr AND s.messages > 0
)
SELECT p.uid, d.uidnext + p.place, d.uidvalidity
  FROM verdict v
  LEFT JOIN (destination d CROSS JOIN picked p) ON true
 WHERE v.fits
 ORDER BY p.uid;
