-- SPDX-License-Identifier: GPL-2.0-or-later
-- What was expunged, out of the log of changes.

-- name: expunged_since
-- $1 mailbox, $2 modseq.  Gives whether the log reaches back so far, and where
-- ranges of UIDs begin and end, ascending; ranges that touch come as one.
SELECT b.log_floor <= $2::bigint, i.firsts, i.lasts
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL (
	SELECT array_agg(r.first ORDER BY r.first) AS firsts,
	       array_agg(r.last ORDER BY r.first) AS lasts
	  FROM (SELECT min(g.uid_first) AS first, max(g.uid_last) AS last
		  FROM (SELECT n.uid_first, n.uid_last,
			       count(*) FILTER (WHERE n.begins)
			       OVER (ORDER BY n.uid_first, n.uid_last) AS island
			  FROM (SELECT c.uid_first, c.uid_last,
				       c.uid_first > 1 + max(c.uid_last)
				       OVER (ORDER BY c.uid_first, c.uid_last
					ROWS BETWEEN UNBOUNDED PRECEDING
					AND 1 PRECEDING) AS begins
				  FROM dbmail_changes c
				 WHERE c.mailbox_idnr = $1::bigint
				   AND c.seq > $2::bigint AND c.kind = 2
				   AND b.log_floor <= $2::bigint) n) g
		 GROUP BY g.island) r) i
 WHERE b.mailbox_idnr = $1::bigint;
