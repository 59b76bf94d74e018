-- SPDX-License-Identifier: GPL-2.0-or-later
-- SEARCH BODY and TEXT.  OFFSET 0 keeps the planner at one index look-up each:
-- see fetch.sql.

-- name: search_rows
-- The parts of the messages $1, the bytes of headers among them, of at most $2
-- bytes each.
SELECT a.place, l.part_id, l.part_offset, p.size, p.data
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT part_id, part_offset, is_header
	  FROM dbmail_partlists WHERE physmessage_id = a.id OFFSET 0) l
 CROSS JOIN LATERAL (
	SELECT size, CASE WHEN l.is_header = 1 AND size <= $2::bigint
			  THEN data END AS data
	  FROM dbmail_mimeparts WHERE id = l.part_id OFFSET 0) p
 ORDER BY a.place, l.part_offset;

-- name: search_lacking
-- The next $2 messages behind $1, and whether nothing is kept of them.
SELECT p.id, p.messagesize,
       NOT EXISTS (SELECT FROM dbmail_searches s
		    WHERE s.physmessage_id = p.id OFFSET 0)
  FROM (SELECT id, messagesize
	  FROM dbmail_physmessage
	 WHERE id > $1::bigint
	 ORDER BY id
	 LIMIT $2::bigint) p
 ORDER BY p.id;

-- name: search_parts
-- The parts $1, and whether they are texts already in the forms $2.
SELECT a.place, p.data,
       EXISTS (SELECT FROM dbmail_texts t
		WHERE t.part_id = a.id AND t.form = a.form OFFSET 0)
  FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY a (id, form, place)
 CROSS JOIN LATERAL (
	SELECT data FROM dbmail_mimeparts WHERE id = a.id OFFSET 0) p;

-- name: search_keep_texts
-- $1 parts, $2 forms, $3 texts.  Parts that the clean-up took meanwhile are
-- passed over; the order is one for all, so that two searches at the same
-- messages wait for each other only in one direction.
INSERT INTO dbmail_texts (part_id, form, folded)
SELECT p.id, a.form, a.folded
  FROM unnest($1::bigint[], $2::text[], $3::text[]) a (id, form, folded)
 CROSS JOIN LATERAL (
	SELECT id FROM dbmail_mimeparts WHERE id = a.id
	OFFSET 0 FOR KEY SHARE) p
 ORDER BY p.id, a.form
    ON CONFLICT DO NOTHING;

-- name: search_keep
-- $1 messages, $2 whether they are whole, $3 headers, $4 headers of messages
-- inside; their texts: $5 places of the messages, $6 parts, $7 forms; $8 marks
-- of the body, $9 of the headers.  A message one of whose texts is gone is
-- gone, too.
WITH texts AS MATERIALIZED (
	SELECT x.place, count(*) AS wanted, count(t.id) AS known,
	       array_agg(t.id ORDER BY t.id) AS ids
	  FROM unnest($5::integer[], $6::bigint[], $7::text[])
		AS x (place, part, form)
	  LEFT JOIN LATERAL (
		SELECT id
		  FROM dbmail_texts
		 WHERE part_id = x.part AND form = x.form OFFSET 0) t ON true
	 GROUP BY x.place
)
INSERT INTO dbmail_searches (physmessage_id, whole, headers, inner_headers,
	texts, body_marks, header_marks)
SELECT p.id, a.whole, a.headers, a.inner_headers, coalesce(t.ids, '{}'),
       a.body_marks, a.header_marks
  FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::text[], $8::bytea[],
	$9::bytea[])
	WITH ORDINALITY a (id, whole, headers, inner_headers, body_marks,
		header_marks, place)
  LEFT JOIN texts t ON t.place = a.place
 CROSS JOIN LATERAL (
	SELECT id FROM dbmail_physmessage WHERE id = a.id
	OFFSET 0 FOR KEY SHARE) p
 WHERE t.wanted IS NULL OR t.wanted = t.known
 ORDER BY p.id
    ON CONFLICT DO NOTHING;

-- name: search_texts
-- Looks for $3, whose marks are $5, in the messages of ranges from $1 to $2,
-- also in their headers if $4.  Messages of which something is kept (0), those
-- where it may be in what is not kept (2), and those where it is (1), which are
-- also among the others.  Each text is looked at once, however many messages
-- have it, and only where the marks of one of them allow it.
WITH messages AS MATERIALIZED (
	SELECT s.*
	  FROM unnest($1::bigint[], $2::bigint[]) r (low, high)
	 CROSS JOIN LATERAL (
		SELECT physmessage_id AS id, whole,
		       CASE WHEN dbmail_may_hold(body_marks, $5::integer[])
			    THEN texts END AS texts,
		       (dbmail_may_hold(body_marks, $5::integer[])
			AND strpos(inner_headers, $3::text) > 0)
		       OR ($4::boolean
			   AND dbmail_may_hold(header_marks, $5::integer[])
			   AND strpos(headers, $3::text) > 0) AS hit
		  FROM dbmail_searches
		 WHERE physmessage_id BETWEEN r.low AND r.high OFFSET 0) s
), hits AS MATERIALIZED (
	SELECT d.messages
	  FROM (SELECT x.id, array_agg(m.id) AS messages
		  FROM messages m, unnest(m.texts) x (id)
		 WHERE NOT m.hit
		 GROUP BY x.id) d
	 CROSS JOIN LATERAL (
		SELECT folded FROM dbmail_texts WHERE id = d.id OFFSET 0) t
	 WHERE strpos(t.folded, $3::text) > 0
)
SELECT 0 AS state, array_agg(id) AS ids FROM messages
UNION ALL
SELECT 2, array_agg(id) FROM messages WHERE NOT whole
UNION ALL
SELECT 1, array_agg(id) FROM messages WHERE hit
UNION ALL
SELECT 1, array_agg(x.id) FROM hits h, unnest(h.messages) x (id);
