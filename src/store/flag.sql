-- SPDX-License-Identifier: GPL-2.0-or-later
-- Changing flags and keywords.  UIDs come as ranges: $2 where each begins, $3
-- where it ends (inside), ascending.  OFFSET 0 keeps the planner at one index
-- scan per range, whatever it believes the size of the mailbox is.

-- name: flag_lock
-- Locks the mailbox; $1 mailbox, $2 on or off: whether the commit waits for
-- the disk.
SELECT seq, permission, keywords,
       set_config('synchronous_commit', $2::text, true)
  FROM dbmail_mailboxes
 WHERE mailbox_idnr = $1::bigint
   FOR NO KEY UPDATE;

-- name: flag_spared
-- The UIDs that were changed since; $4 modseq.
SELECT m.uid
  FROM unnest($2::bigint[], $3::bigint[]) r (first, last)
 CROSS JOIN LATERAL (
	SELECT uid
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $1::bigint AND uid >= r.first AND uid <= r.last
	   AND seq > $4::bigint
	OFFSET 0) m
 ORDER BY m.uid;

-- name: flag_keywords
-- Gives the mailbox the keywords it lacks, in the order of their names; $1
-- mailbox, $2 names, $3 the same in lower case, $4 how many it can have.
-- Where they are too many it is left as it is, which the caller sees.
UPDATE dbmail_mailboxes b
   SET keywords = b.keywords || k.missing
  FROM (SELECT array_agg(DISTINCT n.name) AS missing
	  FROM unnest($2::text[], $3::text[]) n (name, folded)
	 WHERE n.folded NOT IN (
		SELECT lower(h.name COLLATE "C")
		  FROM dbmail_mailboxes o, unnest(o.keywords) h (name)
		 WHERE o.mailbox_idnr = $1::bigint)) k
 WHERE b.mailbox_idnr = $1::bigint AND b.permission = 2
   AND k.missing IS NOT NULL
   AND cardinality(b.keywords) + cardinality(k.missing) <= $4::integer
RETURNING cardinality(b.keywords);

-- name: flag_change
-- Changes what has to change, counts it, and notes it in the log; $1
-- mailbox, $4 the modseq that a message may have at most, $5 the bits of
-- flags that stay and $6 those that are set then, $7 keywords in lower case,
-- $8 whether keywords that are not named stay, $9 whether those named are set,
-- cleared otherwise; $10 how many of the keywords the mailbox must know.
--
-- The log's ranges may cover messages that did not change (a reader goes by
-- their seq), so that UIDs less than 64 apart share one.
WITH box AS MATERIALIZED (
	SELECT b.mailbox_idnr, b.seq + 1 AS seq, k.bits
	  FROM dbmail_mailboxes b
	 CROSS JOIN LATERAL (
		SELECT coalesce(bit_or(1::bigint << (n.place - 1)::integer), 0)
		       AS bits, count(*) AS known
		  FROM unnest(b.keywords) WITH ORDINALITY n (name, place)
		 WHERE lower(n.name COLLATE "C") = ANY ($7::text[])) k
	 WHERE b.mailbox_idnr = $1::bigint AND b.permission = 2
	   AND k.known >= $10::integer
), todo AS MATERIALIZED (
	SELECT m.place, m.uid, m.old_seen, m.old_deleted, m.new_flags,
	       m.new_keywords
	  FROM box
	 CROSS JOIN unnest($2::bigint[], $3::bigint[]) r (first, last)
	 CROSS JOIN LATERAL (
		SELECT o.ctid AS place, o.uid, o.seen_flag AS old_seen,
		       o.deleted_flag AS old_deleted, o.old_flags,
		       o.old_flags & $5::integer | $6::integer AS new_flags,
		       o.keywords AS old_keywords,
		       CASE WHEN $8::boolean THEN o.keywords ELSE 0 END
		       & ~box.bits
		       | CASE WHEN $9::boolean THEN box.bits ELSE 0 END
		       AS new_keywords
		  FROM (SELECT ctid, uid, seen_flag, deleted_flag, keywords,
			       seen_flag + answered_flag * 2
			       + flagged_flag * 4 + deleted_flag * 8
			       + draft_flag * 16 AS old_flags
			  FROM dbmail_messages
			 WHERE mailbox_idnr = $1::bigint
			   AND uid >= r.first AND uid <= r.last
			   AND seq <= $4::bigint
			OFFSET 0) o) m
	 WHERE m.new_flags <> m.old_flags OR m.new_keywords <> m.old_keywords
), done AS (
	UPDATE dbmail_messages m
	   SET seen_flag = t.new_flags & 1,
	       answered_flag = t.new_flags >> 1 & 1,
	       flagged_flag = t.new_flags >> 2 & 1,
	       deleted_flag = t.new_flags >> 3 & 1,
	       draft_flag = t.new_flags >> 4 & 1,
	       keywords = t.new_keywords,
	       seq = box.seq
	  FROM todo t, box
	 WHERE m.ctid = t.place
), logged AS (
	INSERT INTO dbmail_changes (mailbox_idnr, seq, uid_first, uid_last, kind)
	SELECT box.mailbox_idnr, box.seq, min(i.uid), max(i.uid), 1
	  FROM box
	 CROSS JOIN (
		SELECT g.uid, count(*) FILTER (WHERE g.begins)
		       OVER (ORDER BY g.uid) AS island
		  FROM (SELECT uid, uid - lag(uid) OVER (ORDER BY uid) >= 64
			       AS begins
			  FROM todo) g) i
	 GROUP BY box.mailbox_idnr, box.seq, i.island
)
UPDATE dbmail_mailboxes b
   SET seq = box.seq,
       unseen = b.unseen + d.unseen,
       deleted = b.deleted + d.deleted
  FROM box, (SELECT count(*) AS messages,
		    sum(old_seen - (new_flags & 1)) AS unseen,
		    sum((new_flags >> 3 & 1) - old_deleted) AS deleted
	       FROM todo) d
 WHERE b.mailbox_idnr = box.mailbox_idnr AND d.messages > 0
RETURNING b.seq, b.keywords, d.messages;

-- name: flag_change_one
-- The same for what comes most: one message and no keywords named, which
-- without arrays, sums and windows is a third less work.  $1 mailbox, $2 UID,
-- $3 the modseq that the message may have at most, $4 the bits of flags that
-- stay and $5 those that are set then, $6 whether its keywords stay.
WITH message AS MATERIALIZED (
	SELECT o.place, o.seen_flag, o.deleted_flag,
	       o.flags & $4::integer | $5::integer AS flags
	  FROM (SELECT ctid AS place, seen_flag, deleted_flag, keywords,
		       seen_flag + answered_flag * 2 + flagged_flag * 4
		       + deleted_flag * 8 + draft_flag * 16 AS flags
		  FROM dbmail_messages
		 WHERE mailbox_idnr = $1::bigint AND uid = $2::bigint
		   AND seq <= $3::bigint) o
	 WHERE o.flags & $4::integer | $5::integer <> o.flags
	    OR (o.keywords <> 0 AND NOT $6::boolean)
), box AS (
	UPDATE dbmail_mailboxes b
	   SET seq = b.seq + 1,
	       unseen = b.unseen + m.seen_flag - (m.flags & 1),
	       deleted = b.deleted + (m.flags >> 3 & 1) - m.deleted_flag
	  FROM message m
	 WHERE b.mailbox_idnr = $1::bigint AND b.permission = 2
	RETURNING b.seq, b.keywords, m.place, m.flags
), done AS (
	UPDATE dbmail_messages m
	   SET seen_flag = box.flags & 1,
	       answered_flag = box.flags >> 1 & 1,
	       flagged_flag = box.flags >> 2 & 1,
	       deleted_flag = box.flags >> 3 & 1,
	       draft_flag = box.flags >> 4 & 1,
	       keywords = CASE WHEN $6::boolean THEN m.keywords ELSE 0 END,
	       seq = box.seq
	  FROM box
	 WHERE m.ctid = box.place
), logged AS (
	INSERT INTO dbmail_changes (mailbox_idnr, seq, uid_first, uid_last, kind)
	SELECT $1::bigint, seq, $2::bigint, $2::bigint, 1
	  FROM box
)
SELECT seq, keywords, 1::bigint
  FROM box;
