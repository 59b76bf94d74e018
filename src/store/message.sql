-- SPDX-License-Identifier: GPL-2.0-or-later
-- Messages into mailboxes.  A delivery or an APPEND is one transaction of
-- store_lock, message_put and message_list; the lock comes first and alone, so
-- that the snapshots of the others see what it waited for.

-- name: message_add_keywords
-- Makes keywords known to mailboxes; $1 mailboxes, $2 names, side by side, a
-- pair once.
UPDATE dbmail_mailboxes b
   SET keywords = b.keywords || new.names
  FROM (SELECT k.mailbox_idnr, array_agg(k.name ORDER BY k.name) AS names
	  FROM unnest($1::bigint[], $2::text[]) AS k (mailbox_idnr, name)
	  JOIN dbmail_mailboxes o ON o.mailbox_idnr = k.mailbox_idnr
	 WHERE NOT EXISTS (SELECT FROM unnest(o.keywords) AS known (name)
		            WHERE lower(known.name COLLATE "C") =
				  lower(k.name COLLATE "C"))
	 GROUP BY k.mailbox_idnr) AS new
 WHERE b.mailbox_idnr = new.mailbox_idnr;

-- name: message_lock_aliases
-- Two deliveries of one key to an address outside wait for each other as they do
-- at a mailbox.  $1 aliases.
SELECT alias_idnr
  FROM dbmail_aliases
 WHERE alias_idnr = ANY ($1::bigint[])
 ORDER BY alias_idnr
   FOR NO KEY UPDATE;

-- name: message_put
-- Decides which of the puts are taken, and writes all of them but the lists
-- of parts, for which the ids of the physical messages are left in the
-- setting dbmail.put of the transaction, and the tokens that were taken, for
-- what else goes with them (delivery.sql), in dbmail.taken.
-- Puts, side by side: $1 mailboxes, $2 drafts (from 1; 0: nothing is put, but
-- the mailbox has to be there, or, below 0, the alias of that number), $3 flags, $4 keywords separated by blanks, $10
-- tokens: what has the same is taken together or not at all; $15 versions:
-- above 0, only where the owner was not told of it; $16 numbers: above 0, only
-- where it is in the setting dbmail.due.  Drafts: $5 sizes, $6 internal dates,
-- $7 hashes.
-- Shared parts, ascending by hash: $8 hashes, $9 bytes.  $11 the delivery's key
-- or NULL, which is looked for and remembered under the tokens, $12 seconds for
-- which keys are remembered.  $13 mailbox and $14 UID of a message that the
-- same transaction drops if anything is put (RFC 8508), or NULLs.
-- Gives for each put, in their order: the outcome of its token, one of
-- DeliveryOutcome or 4 where the message to be dropped is not there, UID (NULL
-- where nothing was put) and UIDVALIDITY, and its own outcome.  The rows of
-- users and mailboxes are locked, so their ctid holds; OFFSET 0 keeps the
-- planner at one index look-up each.
WITH replaced AS MATERIALIZED (
	SELECT b.owner_idnr, m.size
	  FROM dbmail_messages m
	  JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
	 WHERE m.mailbox_idnr = $13::bigint AND m.uid = $14::bigint
), given AS (
	SELECT p.n, p.mailbox, p.token, p.flags, p.keywords, p.told, b.*,
	       CASE WHEN p.told > 0 AND b.sieve_told >= p.told THEN 0
		    WHEN p.response > 0
		     AND NOT p.response = ANY (coalesce(nullif(
				current_setting('dbmail.due', true), ''),
				'{}')::integer[]) THEN 0
		    ELSE p.draft END AS draft
	  FROM unnest($1::bigint[], $2::integer[], $3::smallint[], $4::text[],
		$10::bigint[], $15::bigint[], $16::integer[])
		WITH ORDINALITY AS p (mailbox, draft, flags, keywords, token,
				      told, response, n)
	  LEFT JOIN LATERAL (
		SELECT m.ctid AS place, m.owner_idnr, m.uidvalidity, m.uidnext,
		       m.seq, m.keywords AS known, m.no_select, m.permission,
		       u.ctid AS user_place, u.maxmail_size, u.curmail_size,
		       u.max_messages, u.sieve_told,
		       CASE WHEN u.max_messages IS NOT NULL
			    THEN dbmail_messages_held(u.user_idnr) END AS held
		  FROM dbmail_mailboxes m
		  JOIN dbmail_users u ON u.user_idnr = m.owner_idnr
		 WHERE m.mailbox_idnr = p.mailbox
		OFFSET 0) AS b ON true
), put AS (
	SELECT given.*, coalesce(d.size, 0) AS size,
	       CASE WHEN EXISTS (SELECT FROM dbmail_delivered x
				  WHERE x.key = $11::bytea
				    AND x.mailbox_idnr = given.token
				    AND x.delivered > now() - $12::bigint
						* interval '1 second') THEN 1
		    WHEN given.mailbox < 0 THEN CASE
			WHEN EXISTS (SELECT FROM dbmail_aliases
				      WHERE alias_idnr = -given.mailbox)
			THEN 0 ELSE 3 END
		    WHEN place IS NULL
		      OR given.draft > 0 AND (no_select = 1 OR permission <> 2)
			THEN 3
		    WHEN $13::bigint IS NOT NULL
		     AND NOT EXISTS (SELECT FROM replaced) THEN 4
		    ELSE 0 END AS outcome
	  FROM given
	  LEFT JOIN unnest($5::bigint[]) WITH ORDINALITY AS d (size, draft)
	    ON d.draft = given.draft
	OFFSET 0
), grouped AS (
	SELECT put.*,
	       coalesce(min(outcome) FILTER (WHERE outcome > 0)
			OVER (PARTITION BY token), 0) AS group_outcome
	  FROM put
), weighed AS (
	SELECT grouped.*,
	       group_outcome = 0 AND draft > 0
	       AND (maxmail_size > 0
		    AND curmail_size + sum(size) FILTER (WHERE group_outcome = 0)
				OVER (PARTITION BY owner_idnr ORDER BY n)
			 - coalesce((SELECT r.size
				       FROM replaced r
				      WHERE r.owner_idnr = grouped.owner_idnr), 0)
				> maxmail_size
		    OR max_messages IS NOT NULL
		    AND held + count(*) FILTER (WHERE group_outcome = 0
						  AND draft > 0)
				OVER (PARTITION BY owner_idnr ORDER BY n)
			 - (SELECT count(*)
			      FROM replaced r
			     WHERE r.owner_idnr = grouped.owner_idnr)
				> max_messages) AS is_over
	  FROM grouped
), settled AS (
	SELECT weighed.*,
	       CASE WHEN bool_or(is_over) OVER (PARTITION BY token) THEN 2
		    ELSE group_outcome END AS result
	  FROM weighed
), judged AS MATERIALIZED (
	SELECT settled.*, result = 0 AND draft > 0 AS taken,
	       uidnext - 1 + count(*) FILTER (WHERE result = 0 AND draft > 0)
			OVER (PARTITION BY mailbox ORDER BY n) AS uid
	  FROM settled
), ids AS MATERIALIZED (
	SELECT d.size, d.internal_date, d.hash, d.draft,
	       CASE WHEN EXISTS (SELECT FROM judged
				  WHERE taken AND judged.draft = d.draft)
		    THEN nextval('dbmail_physmessage_id_seq') END AS id
	  FROM unnest($5::bigint[], $6::timestamptz[], $7::bytea[])
		WITH ORDINALITY AS d (size, internal_date, hash, draft)
), physmessages AS (
	INSERT INTO dbmail_physmessage (id, messagesize, internal_date, hash)
	SELECT id, size, internal_date, hash
	  FROM ids
	 WHERE id IS NOT NULL
), messages AS (
	INSERT INTO dbmail_messages (mailbox_idnr, physmessage_id, size, uid,
		seq, keywords, seen_flag, answered_flag, flagged_flag, deleted_flag,
		draft_flag)
	SELECT t.mailbox, ids.id, ids.size, t.uid, t.seq + 1,
	       CASE WHEN t.keywords = '' THEN 0
		    ELSE (SELECT coalesce(bit_or(1::bigint << (k.bit - 1)::integer), 0)
			    FROM unnest(t.known) WITH ORDINALITY AS k (name, bit)
			   WHERE lower(k.name COLLATE "C") = ANY (
				string_to_array(lower(t.keywords COLLATE "C"),
						' '))) END,
	       t.flags & 1, t.flags >> 1 & 1, t.flags >> 2 & 1,
	       t.flags >> 3 & 1, t.flags >> 4 & 1
	  FROM judged t
	  JOIN ids ON ids.draft = t.draft
	 WHERE t.taken
), mailboxes AS (
	UPDATE dbmail_mailboxes b
	   SET seq = b.seq + 1,
	       uidnext = b.uidnext + s.messages,
	       messages = b.messages + s.messages,
	       unseen = b.unseen + s.unseen,
	       deleted = b.deleted + s.deleted,
	       size = b.size + s.size
	  FROM (SELECT place, count(*) AS messages,
		       count(*) FILTER (WHERE flags & 1 = 0) AS unseen,
		       count(*) FILTER (WHERE flags & 8 <> 0) AS deleted,
		       sum(size) AS size
		  FROM judged
		 WHERE taken
		 GROUP BY place) AS s
	 WHERE b.ctid = s.place
), users AS (
	UPDATE dbmail_users u
	   SET curmail_size = u.curmail_size + s.size,
	       sieve_told = greatest(u.sieve_told, s.told)
	  FROM (SELECT user_place, sum(size) AS size, max(told) AS told
		  FROM judged
		 WHERE taken
		 GROUP BY user_place) AS s
	 WHERE u.ctid = s.user_place
), parts AS (
	INSERT INTO dbmail_mimeparts (size, hash, data)
	SELECT length(p.data), p.hash, p.data
	  FROM unnest($8::bytea[], $9::bytea[]) AS p (hash, data)
	 WHERE EXISTS (SELECT FROM judged WHERE taken)
	    ON CONFLICT DO NOTHING
	RETURNING id
), unused AS (
	INSERT INTO dbmail_part_queue (part_id)
	SELECT id
	  FROM parts
	 WHERE EXISTS (SELECT FROM ids WHERE ids.id IS NULL)
), remembered AS (
	INSERT INTO dbmail_delivered (key, mailbox_idnr)
	SELECT DISTINCT $11::bytea, token
	  FROM judged
	 WHERE result = 0 AND $11::bytea IS NOT NULL
	    ON CONFLICT (key, mailbox_idnr) DO UPDATE SET delivered = now()
)
SELECT result, CASE WHEN taken THEN uid END, uidvalidity, outcome,
       (SELECT set_config('dbmail.put',
			CASE WHEN count(id) = 0 THEN '{}'
			     ELSE array_agg(id ORDER BY draft)::text END, true)
	  FROM ids),
       (SELECT set_config('dbmail.taken',
			coalesce(array_agg(token), '{}')::text, true)
	  FROM judged
	 WHERE result = 0)
  FROM judged
 ORDER BY n;

-- name: message_put_one
-- The same for what comes most: one message without keywords for one mailbox,
-- which without arrays, sums and windows is half the work.
-- $1 mailbox, $2 flags, $3 size, $4 internal date, $5 hash; $6 hashes and $7
-- bytes of the shared parts; $8 the delivery's key or NULL, $9 seconds, $10 its
-- token.  No row where the mailbox is gone.
WITH box AS MATERIALIZED (
	SELECT b.mailbox_idnr, b.uidvalidity, b.uidnext, b.seq,
	       b.ctid AS place, u.ctid AS user_place,
	       CASE WHEN b.no_select = 1 OR b.permission <> 2 THEN 3
		    WHEN EXISTS (SELECT FROM dbmail_delivered x
				  WHERE x.key = $8::bytea
				    AND x.mailbox_idnr = $10::bigint
				    AND x.delivered > now() - $9::bigint
						* interval '1 second') THEN 1
		    WHEN u.maxmail_size > 0
		     AND u.curmail_size + $3::bigint > u.maxmail_size THEN 2
		    WHEN u.max_messages <= CASE WHEN u.max_messages IS NOT NULL
			    THEN dbmail_messages_held(u.user_idnr) END THEN 2
		    ELSE 0 END AS outcome
	  FROM dbmail_mailboxes b
	  JOIN dbmail_users u ON u.user_idnr = b.owner_idnr
	 WHERE b.mailbox_idnr = $1::bigint
), physmessages AS (
	INSERT INTO dbmail_physmessage (messagesize, internal_date, hash)
	SELECT $3::bigint, $4::timestamptz, $5::bytea
	  FROM box
	 WHERE outcome = 0
	RETURNING id
), messages AS (
	INSERT INTO dbmail_messages (mailbox_idnr, physmessage_id, size, uid,
		seq, seen_flag, answered_flag, flagged_flag, deleted_flag,
		draft_flag)
	SELECT box.mailbox_idnr, p.id, $3::bigint, box.uidnext, box.seq + 1,
	       $2::smallint & 1, $2::smallint >> 1 & 1, $2::smallint >> 2 & 1,
	       $2::smallint >> 3 & 1, $2::smallint >> 4 & 1
	  FROM box, physmessages p
), mailboxes AS (
	UPDATE dbmail_mailboxes b
	   SET seq = b.seq + 1,
	       uidnext = b.uidnext + 1,
	       messages = b.messages + 1,
	       unseen = b.unseen + 1 - ($2::smallint & 1),
	       deleted = b.deleted + ($2::smallint >> 3 & 1),
	       size = b.size + $3::bigint
	  FROM box
	 WHERE b.ctid = box.place AND box.outcome = 0
), users AS (
	UPDATE dbmail_users u
	   SET curmail_size = u.curmail_size + $3::bigint
	  FROM box
	 WHERE u.ctid = box.user_place AND box.outcome = 0
), parts AS (
	INSERT INTO dbmail_mimeparts (size, hash, data)
	SELECT length(p.data), p.hash, p.data
	  FROM box, unnest($6::bytea[], $7::bytea[]) AS p (hash, data)
	 WHERE box.outcome = 0
	    ON CONFLICT DO NOTHING
), remembered AS (
	INSERT INTO dbmail_delivered (key, mailbox_idnr)
	SELECT $8::bytea, $10::bigint
	  FROM box
	 WHERE outcome = 0 AND $8::bytea IS NOT NULL
	    ON CONFLICT (key, mailbox_idnr) DO UPDATE SET delivered = now()
)
SELECT outcome, uidnext, uidvalidity,
       set_config('dbmail.put',
		coalesce((SELECT '{' || id || '}' FROM physmessages), '{}'), true)
  FROM box;

-- name: message_list
-- Writes the lists of parts, the parts that belong to one message, and the
-- envelopes of the physical messages message_put made.
-- Pieces, side by side: $1 drafts, $2 hashes or NULL, $3 bytes where there is
-- no hash, $4 offsets, $5 keys, $6 orders, $7 depths, $8 are headers.
-- Drafts: $9 to $25 the columns of dbmail_envelope.
-- A part that a clean-up took away in between becomes -1, which breaks the
-- foreign key: the whole transaction is done again.
WITH phys AS (
	SELECT p.id, p.draft
	  FROM unnest(
		nullif(current_setting('dbmail.put', true), '')::bigint[])
		WITH ORDINALITY AS p (id, draft)
	 WHERE p.id IS NOT NULL
), piece AS MATERIALIZED (
	SELECT phys.id, x.*,
	       CASE WHEN x.hash IS NULL
		    THEN nextval('dbmail_mimeparts_id_seq')
		    ELSE coalesce((SELECT m.id FROM dbmail_mimeparts m
				    WHERE m.hash = x.hash), -1) END AS part_id
	  FROM unnest($1::integer[], $2::bytea[], $3::bytea[], $4::bigint[],
		$5::integer[], $6::integer[], $7::smallint[], $8::smallint[])
		AS x (draft, hash, data, part_offset, part_key, part_order,
		      part_depth, is_header)
	  JOIN phys ON phys.draft = x.draft
), private AS (
	INSERT INTO dbmail_mimeparts (id, size, data)
	SELECT part_id, length(data), data
	  FROM piece
	 WHERE hash IS NULL
), envelopes AS (
	INSERT INTO dbmail_envelope (physmessage_id, sent_date, sent_zone,
		truncated, date_field, subject, base_subject, from_field,
		to_field, cc_field, bcc_field, sender, reply_to, message_id,
		in_reply_to, references_field, envelope, structure)
	SELECT phys.id, nullif(e.sent_date, '-infinity'),
	       CASE WHEN e.sent_date > '-infinity' THEN e.sent_zone END,
	       e.truncated, e.date_field, e.subject, e.base_subject,
	       e.from_field, e.to_field, e.cc_field, e.bcc_field, e.sender,
	       e.reply_to, e.message_id, e.in_reply_to, e.references_field,
	       e.envelope, e.structure
	  FROM unnest($9::timestamptz[], $10::smallint[], $11::boolean[],
		$12::text[], $13::text[], $14::text[], $15::text[],
		$16::text[], $17::text[], $18::text[], $19::text[],
		$20::text[], $21::text[], $22::text[], $23::text[],
		$24::bytea[], $25::bytea[]) WITH ORDINALITY
		AS e (sent_date, sent_zone, truncated, date_field, subject,
		      base_subject, from_field, to_field, cc_field, bcc_field,
		      sender, reply_to, message_id, in_reply_to,
		      references_field, envelope, structure, draft)
	  JOIN phys ON phys.draft = e.draft
)
INSERT INTO dbmail_partlists (physmessage_id, part_id, part_offset, part_key,
	part_order, part_depth, is_header)
SELECT id, part_id, part_offset, part_key, part_order, part_depth, is_header
  FROM piece;

-- name: message_missing_parts
-- $1 hashes; those that no part has, ascending.
SELECT h.hash
  FROM unnest($1::bytea[]) AS h (hash)
 WHERE NOT EXISTS (SELECT FROM dbmail_mimeparts m
		    WHERE m.hash = h.hash OFFSET 0)
 ORDER BY h.hash;

-- name: message_send_parts
-- Parts ahead of the message that will refer to them; $1 hashes, ascending,
-- $2 bytes.  The clean-up looks after an hour whether it came.
WITH sent AS (
	INSERT INTO dbmail_mimeparts (size, hash, data)
	SELECT length(p.data), p.hash, p.data
	  FROM unnest($1::bytea[], $2::bytea[]) AS p (hash, data)
	    ON CONFLICT DO NOTHING
	RETURNING id
)
INSERT INTO dbmail_part_queue (part_id, not_before)
SELECT id, now() + interval '1 hour'
  FROM sent;

-- name: message_forget_deliveries
-- $1 keys.
DELETE FROM dbmail_delivered
 WHERE key = ANY ($1::bytea[]);
