-- SPDX-License-Identifier: GPL-2.0-or-later
-- Reading messages.  Each statement takes the physical messages as an array
-- ($1) and says with `place`, from 1, which of them a row is for.
--
-- OFFSET 0 keeps the planner at one index look-up per row wanted.  A plan is
-- made once per connection, perhaps while the tables are all but empty; a scan
-- or a hash join that was right then is a hundred times too slow later.

-- name: fetch_meta
SELECT a.place, p.messagesize, p.internal_date
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT messagesize, internal_date
	  FROM dbmail_physmessage WHERE id = a.id OFFSET 0) p;

-- name: fetch_envelope
SELECT a.place, e.envelope
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT envelope
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: fetch_structure
SELECT a.place, e.structure
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT structure
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: fetch_summary
SELECT a.place, e.sent_date, e.sent_zone, e.truncated, e.subject,
       e.base_subject, e.from_field, e.to_field, e.cc_field, e.bcc_field,
       e.message_id
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT sent_date, sent_zone, truncated, subject, base_subject,
	       from_field, to_field, cc_field, bcc_field, message_id
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: fetch_thread
SELECT a.place, e.message_id, e.in_reply_to, e.references_field
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT message_id, in_reply_to, references_field
	  FROM dbmail_envelope WHERE physmessage_id = a.id OFFSET 0) e;

-- name: fetch_save_date
-- $1 mailboxes, $2 UIDs.
SELECT a.place, m.save_date
  FROM unnest($1::bigint[], $2::bigint[])
       WITH ORDINALITY a (mailbox, uid, place)
 CROSS JOIN LATERAL (
	SELECT save_date
	  FROM dbmail_messages
	 WHERE mailbox_idnr = a.mailbox AND uid = a.uid OFFSET 0) m;

-- name: fetch_header
-- The message's own header block: the rows of the first entity that are
-- marked so.  One that is not, and yet the first, belongs to a message that
-- was kept whole: NULL.
SELECT a.place, l.part_offset,
       CASE WHEN l.is_header = 1 THEN p.data END AS data
  FROM unnest($1::bigint[]) WITH ORDINALITY a (id, place)
 CROSS JOIN LATERAL (
	SELECT part_id, part_offset, is_header
	  FROM dbmail_partlists
	 WHERE physmessage_id = a.id AND part_key = 1
	   AND (is_header = 1 OR part_order = 0)
	OFFSET 0) l
 CROSS JOIN LATERAL (
	SELECT data FROM dbmail_mimeparts WHERE id = l.part_id OFFSET 0) p;

-- name: fetch_raw
-- Byte ranges: $2 where they begin, $3 where they end (not inside).
SELECT a.place, greatest(l.part_offset, a.first) AS part_offset,
       CASE WHEN l.part_offset >= a.first AND l.part_offset + p.size <= a.behind
	    THEN p.data
	    ELSE substring(p.data
		FROM (greatest(a.first - l.part_offset, 0) + 1)::integer
		FOR least(a.behind - greatest(a.first, l.part_offset),
			p.size)::integer)
       END AS data
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
       WITH ORDINALITY a (id, first, behind, place)
 CROSS JOIN LATERAL (
	SELECT part_id, part_offset
	  FROM dbmail_partlists
	 WHERE physmessage_id = a.id AND part_offset < a.behind
	OFFSET 0) l
 CROSS JOIN LATERAL (
	SELECT size, data
	  FROM dbmail_mimeparts WHERE id = l.part_id OFFSET 0) p
 WHERE l.part_offset + p.size > a.first;

-- name: fetch_list
-- What a range is made of; $1 message, $2 where it begins, $3 where it ends
-- (not inside).  The first row has no part: it is the message.
SELECT NULL::bigint AS part_id, 0::bigint AS part_offset, messagesize AS size
  FROM dbmail_physmessage
 WHERE id = $1::bigint
UNION ALL
SELECT l.part_id, l.part_offset, p.size
  FROM dbmail_partlists l
 CROSS JOIN LATERAL (
	SELECT size FROM dbmail_mimeparts WHERE id = l.part_id OFFSET 0) p
 WHERE l.physmessage_id = $1::bigint AND l.part_offset < $3::bigint
   AND l.part_offset + p.size > $2::bigint
 ORDER BY 2, 1 NULLS FIRST;

-- name: fetch_parts
-- Bytes of parts; $1 parts, $2 where to begin in each (from 0), $3 how many.
SELECT a.place,
       CASE WHEN a.first = 0 AND a.size = p.size THEN p.data
	    ELSE substring(p.data FROM (a.first + 1)::integer
		FOR a.size::integer)
       END AS data
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
       WITH ORDINALITY a (id, first, size, place)
 CROSS JOIN LATERAL (
	SELECT size, data FROM dbmail_mimeparts WHERE id = a.id OFFSET 0) p
 ORDER BY a.place;
