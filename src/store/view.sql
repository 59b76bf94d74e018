-- SPDX-License-Identifier: GPL-2.0-or-later
-- A mailbox's messages, whole and as changes since a seq.

-- name: view_load
-- All of it; $1 mailbox.  Columns as arrays in the order of uid: a tenth of
-- the protocol's overhead of a row per message.
SELECT b.seq, b.uidnext, b.uidvalidity, b.keywords,
       coalesce(b.incarnation = (
		SELECT id FROM dbmail_incarnation
		 WHERE relation = 'dbmail_incarnation'::regclass::oid), false)
       AS is_current, b.flags_floor,
       m.uids, m.keyword_bits, m.seqs, m.physmessages, m.sizes
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL (
	SELECT array_agg(a.uid * 32 + a.flags) AS uids,
	       array_agg(a.keywords) AS keyword_bits,
	       array_agg(a.seq) AS seqs,
	       array_agg(a.physmessage_id) AS physmessages,
	       array_agg(a.size) AS sizes
	  FROM (SELECT uid, keywords, seq, physmessage_id, size,
		       seen_flag + answered_flag * 2 + flagged_flag * 4
		       + deleted_flag * 8 + draft_flag * 16 AS flags
		  FROM dbmail_messages
		 WHERE mailbox_idnr = $1::bigint
		 ORDER BY uid) a
       ) m
 WHERE b.mailbox_idnr = $1::bigint;

-- name: view_changes
-- What changed; $1 mailbox, $2 the seq and $3 the uidnext known so far.  One
-- statement, so that all of it is of one moment, and cheap where it is nothing.  Rows by kind, ascending by
-- uid within it: 0 the mailbox, 1 a message that is new or has other flags,
-- 2 a range that was expunged.  The ranges of the log overlap where the same
-- messages changed again and again: each is cut to what those before it do
-- not cover.  OFFSET 0 keeps the planner at index look-ups: see fetch.sql.
WITH box AS MATERIALIZED (
	SELECT seq, uidnext, uidvalidity, log_floor,
	       CASE WHEN seq <> $2::bigint THEN keywords END AS keywords,
	       coalesce(incarnation = (
			SELECT id FROM dbmail_incarnation
			 WHERE relation = 'dbmail_incarnation'::regclass::oid),
		false)::integer AS is_current
	  FROM dbmail_mailboxes
	 WHERE mailbox_idnr = $1::bigint
), news AS MATERIALIZED (
	SELECT c.kind, c.uid_first, c.uid_last,
	       max(c.uid_last) OVER (PARTITION BY c.kind
			ORDER BY c.uid_first, c.uid_last
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
	       AS covered
	  FROM dbmail_changes c
	 WHERE c.mailbox_idnr = $1::bigint AND c.seq > $2::bigint
	   AND c.uid_first < $3::bigint
	   AND (SELECT log_floor <= $2::bigint AND seq > $2::bigint
		       AND is_current = 1
		  FROM box)
), ranges AS MATERIALIZED (
	SELECT kind, greatest(uid_first, covered + 1) AS first,
	       least(uid_last, $3::bigint - 1) AS last
	  FROM news
	UNION ALL
	SELECT 1, $3::bigint, uidnext - 1
	  FROM box
	 WHERE log_floor <= $2::bigint AND uidnext > $3::bigint
	   AND is_current = 1
)
SELECT 0 AS kind, seq AS uid, uidnext AS flags, uidvalidity AS keyword_bits,
       log_floor AS seq, is_current AS physmessage, NULL::bigint AS size,
       keywords
  FROM box
UNION ALL
SELECT 1, m.uid, m.flags, m.keywords, m.seq, m.physmessage_id, m.size, NULL
  FROM ranges r
 CROSS JOIN LATERAL (
	SELECT uid, keywords, seq, physmessage_id, size,
	       seen_flag + answered_flag * 2 + flagged_flag * 4
	       + deleted_flag * 8 + draft_flag * 16 AS flags
	  FROM dbmail_messages
	 WHERE mailbox_idnr = $1::bigint AND uid >= r.first AND uid <= r.last
	   AND seq > $2::bigint
	OFFSET 0) m
 WHERE r.kind = 1
UNION ALL
SELECT 2, first, last, NULL, NULL, NULL, NULL, NULL
  FROM ranges
 WHERE kind = 2 AND first <= last
 ORDER BY 1, 2;
