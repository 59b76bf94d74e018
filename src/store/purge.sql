-- SPDX-License-Identifier: GPL-2.0-or-later
-- The clean-up.  It locks what it may remove FOR UPDATE before it looks, in a
-- later statement, whether anybody refers to it: who wants to refer to a row
-- must lock it too (its foreign key does), so it either was seen, or waits and
-- then finds the row gone and begins again.  What somebody else has locked is
-- passed over and looked at another time.  OFFSET 0 keeps the planner at one
-- index look-up each.

-- name: purge_now
-- The server's clock, by which the queues go.
SELECT now();

-- name: purge_claim_messages
-- $1 how many, $2 queued before.
SELECT ctid::text, physmessage_id
  FROM dbmail_purge_queue
 WHERE queued < $2::timestamptz
 ORDER BY queued
 LIMIT $1::integer
   FOR UPDATE SKIP LOCKED;

-- name: purge_lock_messages
-- $1 physical messages.
SELECT id
  FROM dbmail_physmessage
 WHERE id = ANY ($1::bigint[])
 ORDER BY id
   FOR UPDATE SKIP LOCKED;

-- name: purge_messages
-- Removes those that no mailbox holds; their shared parts are queued, the
-- others go.  $1 physical messages, locked.
WITH doomed AS MATERIALIZED (
	SELECT p.id
	  FROM unnest($1::bigint[]) AS p (id)
	 WHERE NOT EXISTS (SELECT FROM dbmail_messages m
			    WHERE m.physmessage_id = p.id OFFSET 0)
), lists AS (
	DELETE FROM dbmail_partlists l
	 USING doomed
	 WHERE l.physmessage_id = doomed.id
	RETURNING l.part_id
), parts AS MATERIALIZED (
	SELECT DISTINCT l.part_id,
	       (SELECT m.hash IS NULL FROM dbmail_mimeparts m
		 WHERE m.id = l.part_id) AS is_private
	  FROM lists l
), queued AS (
	INSERT INTO dbmail_part_queue (part_id)
	SELECT part_id
	  FROM parts
	 WHERE NOT is_private
), privates AS (
	DELETE FROM dbmail_mimeparts m
	 USING parts
	 WHERE m.id = parts.part_id AND parts.is_private
	RETURNING m.size
), envelopes AS (
	DELETE FROM dbmail_envelope e
	 USING doomed
	 WHERE e.physmessage_id = doomed.id
), messages AS (
	DELETE FROM dbmail_physmessage p
	 USING doomed
	 WHERE p.id = doomed.id
	RETURNING p.id
)
SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM privates),
       (SELECT coalesce(sum(size), 0)::bigint FROM privates);

-- name: purge_settle_messages
-- Takes rows out of the queue but for those of messages that were locked by
-- somebody else, which go to its end; $1 rows, $2 messages that were ours.
WITH claimed AS MATERIALIZED (
	SELECT q.ctid AS place, q.physmessage_id
	  FROM dbmail_purge_queue q
	 WHERE q.ctid = ANY ($1::text[]::tid[])
), later AS (
	INSERT INTO dbmail_purge_queue (physmessage_id)
	SELECT p.id
	  FROM dbmail_physmessage p
	 WHERE p.id IN (SELECT physmessage_id FROM claimed)
	   AND NOT p.id = ANY ($2::bigint[])
)
DELETE FROM dbmail_purge_queue q
 USING claimed
 WHERE q.ctid = claimed.place;

-- name: purge_claim_parts
-- $1 how many, $2 not before.
SELECT ctid::text, part_id
  FROM dbmail_part_queue
 WHERE not_before < $2::timestamptz
 ORDER BY not_before
 LIMIT $1::integer
   FOR UPDATE SKIP LOCKED;

-- name: purge_lock_parts
-- $1 parts.
SELECT id
  FROM dbmail_mimeparts
 WHERE id = ANY ($1::bigint[])
 ORDER BY hash
   FOR UPDATE SKIP LOCKED;

-- name: purge_parts
-- Removes those that are in no list; $1 parts, locked.
WITH gone AS (
	DELETE FROM dbmail_mimeparts m
	 USING unnest($1::bigint[]) AS p (id)
	 WHERE m.id = p.id
	   AND NOT EXISTS (SELECT FROM dbmail_partlists l
			    WHERE l.part_id = p.id OFFSET 0)
	RETURNING m.size
)
SELECT count(*), coalesce(sum(size), 0)::bigint
  FROM gone;

-- name: purge_settle_parts
-- The same as purge_settle_messages; $1 rows, $2 parts that were ours.
WITH claimed AS MATERIALIZED (
	SELECT q.ctid AS place, q.part_id
	  FROM dbmail_part_queue q
	 WHERE q.ctid = ANY ($1::text[]::tid[])
), later AS (
	INSERT INTO dbmail_part_queue (part_id)
	SELECT p.id
	  FROM dbmail_mimeparts p
	 WHERE p.id IN (SELECT part_id FROM claimed)
	   AND NOT p.id = ANY ($2::bigint[])
)
DELETE FROM dbmail_part_queue q
 USING claimed
 WHERE q.ctid = claimed.place;

-- name: purge_old_changes
-- Mailboxes with changes to be trimmed, among the oldest; $1 older than, $2
-- how many changes to look at.
SELECT DISTINCT mailbox_idnr
  FROM (SELECT mailbox_idnr
	  FROM dbmail_changes
	 WHERE changed < $1::timestamptz
	 ORDER BY changed
	 LIMIT $2::integer) AS oldest;

-- name: purge_changes
-- Trims the log of locked mailboxes and says from where on it is complete; $1
-- mailboxes, $2 older than.
WITH floor AS MATERIALIZED (
	SELECT mailbox_idnr, max(seq) AS seq
	  FROM dbmail_changes
	 WHERE mailbox_idnr = ANY ($1::bigint[]) AND changed < $2::timestamptz
	 GROUP BY mailbox_idnr
), raised AS (
	UPDATE dbmail_mailboxes b
	   SET log_floor = greatest(b.log_floor, floor.seq)
	  FROM floor
	 WHERE b.mailbox_idnr = floor.mailbox_idnr
)
DELETE FROM dbmail_changes c
 USING floor
 WHERE c.mailbox_idnr = floor.mailbox_idnr AND c.seq <= floor.seq;

-- name: purge_deliveries
-- Forgets deliveries nobody confirmed; $1 older than.  The table is small:
-- confirmed ones are gone already.
DELETE FROM dbmail_delivered
 WHERE delivered < $1::timestamptz;

-- name: purge_locks
DELETE FROM dbmail_maildrop_locks
 WHERE expires < now();

-- name: purge_responses
-- A month is kept in any case, lest somebody is answered again because the
-- script now waits longer.
DELETE FROM dbmail_vacation_responses
 WHERE last_reply < now() - greatest(seconds, 2592000) * interval '1 second';

-- name: purge_seen
DELETE FROM dbmail_sieve_seen
 WHERE until <= now();

-- name: purge_seen_more
-- A flood of mail makes a flood of ids; $1 how many a user may have.
WITH flooded AS MATERIALIZED (
	SELECT user_idnr
	  FROM dbmail_sieve_seen
	 GROUP BY user_idnr
	HAVING count(*) > $1::bigint
)
DELETE FROM dbmail_sieve_seen s
 USING flooded f
 CROSS JOIN LATERAL (
	SELECT t.id
	  FROM dbmail_sieve_seen t
	 WHERE t.user_idnr = f.user_idnr
	 ORDER BY t.until DESC, t.id
	OFFSET $1::bigint) AS old
 WHERE s.user_idnr = f.user_idnr AND s.id = old.id;
