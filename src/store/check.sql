-- SPDX-License-Identifier: GPL-2.0-or-later
-- Checks.  Each walks the keys of one table in steps: check_KEYS_count says
-- how many there are, check_KEYS_next where the next step of $2 keys behind
-- $1 ends (NULL: there are none).  A check gets the keys above $1 up to $2 and
-- gives key and detail of what is wrong, all in one statement and so in one
-- snapshot, so that whoever works on the store meanwhile is no finding.  Its
-- repair gets the keys, under the locks of its lock statement, works them out
-- again, and gives the keys it mended.

-- name: check_users_count
SELECT count(*) FROM dbmail_users;

-- name: check_users_next
SELECT max(user_idnr), count(*)
  FROM (SELECT user_idnr FROM dbmail_users
	 WHERE user_idnr > $1::bigint ORDER BY user_idnr LIMIT $2::integer) k;

-- name: check_aliases_count
SELECT count(*) FROM dbmail_aliases;

-- name: check_aliases_next
SELECT max(alias_idnr), count(*)
  FROM (SELECT alias_idnr FROM dbmail_aliases
	 WHERE alias_idnr > $1::bigint ORDER BY alias_idnr LIMIT $2::integer) k;

-- name: check_mailboxes_count
SELECT count(*) FROM dbmail_mailboxes;

-- name: check_mailboxes_next
SELECT max(mailbox_idnr), count(*)
  FROM (SELECT mailbox_idnr FROM dbmail_mailboxes
	 WHERE mailbox_idnr > $1::bigint ORDER BY mailbox_idnr
	 LIMIT $2::integer) k;

-- name: check_messages_count
SELECT count(*) FROM dbmail_messages;

-- name: check_messages_next
SELECT max(message_idnr), count(*)
  FROM (SELECT message_idnr FROM dbmail_messages
	 WHERE message_idnr > $1::bigint ORDER BY message_idnr
	 LIMIT $2::integer) k;

-- name: check_physmessages_count
SELECT count(*) FROM dbmail_physmessage;

-- name: check_physmessages_next
SELECT max(id), count(*)
  FROM (SELECT id FROM dbmail_physmessage
	 WHERE id > $1::bigint ORDER BY id LIMIT $2::integer) k;

-- name: check_parts_count
SELECT count(*) FROM dbmail_mimeparts;

-- name: check_parts_next
SELECT max(id), count(*)
  FROM (SELECT id FROM dbmail_mimeparts
	 WHERE id > $1::bigint ORDER BY id LIMIT $2::integer) k;

-- name: check_scripts_count
SELECT count(*) FROM dbmail_sievescripts;

-- name: check_scripts_next
SELECT max(id), count(*)
  FROM (SELECT id FROM dbmail_sievescripts
	 WHERE id > $1::bigint ORDER BY id LIMIT $2::integer) k;

-- name: check_secrets_count
-- There is to be one; its key is 1.
SELECT 1::bigint;

-- name: check_secrets_next
SELECT max(k.key), count(*)
  FROM (SELECT 1::bigint AS key WHERE $1::bigint < 1 LIMIT $2::integer) k;

-- name: check_lock_users
-- $1 users.
SELECT user_idnr
  FROM dbmail_users
 WHERE user_idnr = ANY ($1::bigint[])
 ORDER BY user_idnr
   FOR NO KEY UPDATE;

-- name: check_lock_messages
-- The mailboxes of these messages; $1 messages.
SELECT mailbox_idnr
  FROM dbmail_mailboxes
 WHERE mailbox_idnr IN (SELECT mailbox_idnr FROM dbmail_messages
			 WHERE message_idnr = ANY ($1::bigint[]))
 ORDER BY owner_idnr, mailbox_idnr
   FOR NO KEY UPDATE;

-- Users and aliases --------------------------------------------------------

-- name: check_user_inbox
SELECT u.user_idnr, format('user %s (%s) has no INBOX', u.user_idnr, u.userid)
  FROM dbmail_users u
 WHERE u.user_idnr > $1::bigint AND u.user_idnr <= $2::bigint
   AND u.user_idnr >= 0
   AND NOT EXISTS (SELECT FROM dbmail_mailboxes b
		    WHERE b.owner_idnr = u.user_idnr AND b.name = 'INBOX');

-- name: check_repair_user_inbox
INSERT INTO dbmail_mailboxes (owner_idnr, name)
SELECT user_idnr, 'INBOX'
  FROM unnest($1::bigint[]) AS k (user_idnr)
    ON CONFLICT (owner_idnr, name) DO NOTHING
RETURNING owner_idnr;

-- name: check_quota_sum
SELECT u.user_idnr, format('user %s (%s) uses %s bytes, recorded are %s',
		u.user_idnr, u.userid, s.size, u.curmail_size)
  FROM dbmail_users u
 CROSS JOIN LATERAL (
	SELECT coalesce(sum(b.size), 0)::bigint AS size
	  FROM dbmail_mailboxes b
	 WHERE b.owner_idnr = u.user_idnr) s
 WHERE u.user_idnr > $1::bigint AND u.user_idnr <= $2::bigint
   AND u.curmail_size <> s.size;

-- name: check_repair_quota_sum
UPDATE dbmail_users u
   SET curmail_size = (SELECT coalesce(sum(b.size), 0)
			 FROM dbmail_mailboxes b
			WHERE b.owner_idnr = u.user_idnr)
 WHERE u.user_idnr = ANY ($1::bigint[])
RETURNING u.user_idnr;

-- name: check_alias_target
SELECT a.alias_idnr, format('alias %s leads to user %s, who does not exist',
		a.alias, a.deliver_to)
  FROM dbmail_aliases a
 WHERE a.alias_idnr > $1::bigint AND a.alias_idnr <= $2::bigint
   AND a.deliver_to ~ '^[0-9]{1,18}$'
   AND NOT EXISTS (SELECT FROM dbmail_users u
		    WHERE u.user_idnr = CASE WHEN a.deliver_to ~ '^[0-9]{1,18}$'
					THEN a.deliver_to::bigint END);

-- name: check_repair_alias_target
DELETE FROM dbmail_aliases
 WHERE alias_idnr = ANY ($1::bigint[])
RETURNING alias_idnr;

-- Scripts ------------------------------------------------------------------

-- name: check_lock_script_owners
-- $1 scripts.
SELECT user_idnr
  FROM dbmail_users
 WHERE user_idnr IN (SELECT owner_idnr FROM dbmail_sievescripts
		      WHERE id = ANY ($1::bigint[]))
 ORDER BY user_idnr
   FOR NO KEY UPDATE;

-- name: check_orphan_script
SELECT s.id, format('script %s belongs to user %s, who does not exist', s.id,
		s.owner_idnr)
  FROM dbmail_sievescripts s
 WHERE s.id > $1::bigint AND s.id <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_users u
		    WHERE u.user_idnr = s.owner_idnr);

-- name: check_repair_orphan_script
DELETE FROM dbmail_sievescripts
 WHERE id = ANY ($1::bigint[])
RETURNING id;

-- name: check_script_active
SELECT u.user_idnr, format('user %s (%s) has %s active scripts', u.user_idnr,
		u.userid, a.scripts)
  FROM dbmail_users u
 CROSS JOIN LATERAL (
	SELECT count(*) AS scripts
	  FROM dbmail_sievescripts s
	 WHERE s.owner_idnr = u.user_idnr AND s.active + 0 = 1
	OFFSET 0) a
 WHERE u.user_idnr > $1::bigint AND u.user_idnr <= $2::bigint
   AND a.scripts > 1;

-- name: check_repair_script_active
-- The one that was changed last stays.
WITH ended AS (
	UPDATE dbmail_sievescripts s
	   SET active = 0
	 WHERE s.owner_idnr = ANY ($1::bigint[]) AND s.active + 0 = 1
	   AND EXISTS (SELECT FROM dbmail_sievescripts o
			WHERE o.owner_idnr = s.owner_idnr AND o.active + 0 = 1
			  AND (o.changed, o.id) > (s.changed, s.id))
	RETURNING s.owner_idnr
)
SELECT DISTINCT owner_idnr
  FROM ended;

-- name: check_script_name
SELECT s.id, format('script %s of user %s has a name no client can say',
		s.id, s.owner_idnr)
  FROM dbmail_sievescripts s
 WHERE s.id > $1::bigint AND s.id <= $2::bigint
   AND (s.name IS NOT NFC NORMALIZED OR char_length(s.name) > 128
	OR s.name ~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]');

-- name: check_repair_script_name
-- The script's number comes behind what is left, so that no other has it.
UPDATE dbmail_sievescripts s
   SET name = left(regexp_replace(normalize(s.name, NFC),
		'[\u0001-\u001f\u007f-\u009f\u2028\u2029]+', ' ',
		'g'), 100) || ' ' || s.id
 WHERE s.id = ANY ($1::bigint[])
RETURNING s.id;

-- name: check_script_version
-- Without a version of its own nobody would look at a user's scripts.
SELECT u.user_idnr, format('user %s (%s) has scripts of version %s, was told'
		' of version %s', u.user_idnr, u.userid, u.sieve_version,
		u.sieve_told)
  FROM dbmail_users u
 WHERE u.user_idnr > $1::bigint AND u.user_idnr <= $2::bigint
   AND (u.sieve_told > u.sieve_version
	OR u.sieve_version <= 0
	AND EXISTS (SELECT FROM dbmail_sievescripts s
		     WHERE s.owner_idnr = u.user_idnr));

-- name: check_repair_script_version
UPDATE dbmail_users
   SET sieve_version = greatest(sieve_version, sieve_told, 0) + 1
 WHERE user_idnr = ANY ($1::bigint[])
RETURNING user_idnr;

-- Mailboxes ----------------------------------------------------------------

-- name: check_scram_secret
SELECT 1::bigint, 'dbmail_secrets has no 32 bytes for scram'::text
 WHERE $1::bigint < 1 AND $2::bigint >= 1
   AND NOT EXISTS (SELECT FROM dbmail_secrets
		    WHERE name = 'scram' AND octet_length(value) = 32);

-- name: check_repair_scram_secret
INSERT INTO dbmail_secrets (name, value)
SELECT 'scram', sha256(convert_to(string_agg(gen_random_uuid()::text, ''),
		'UTF8'))
  FROM generate_series(1, 4)
 WHERE 1 = ANY ($1::bigint[])
HAVING count(*) > 0
    ON CONFLICT (name) DO UPDATE
   SET value = EXCLUDED.value
 WHERE octet_length(dbmail_secrets.value) <> 32
RETURNING 1::bigint;

-- name: check_mailbox_counters
SELECT b.mailbox_idnr,
       format('mailbox %s has %s messages, %s unseen, %s deleted, %s bytes;'
	      ' recorded are %s, %s, %s, %s', b.mailbox_idnr,
	      s.messages, s.unseen, s.deleted, s.size,
	      b.messages, b.unseen, b.deleted, b.size)
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL (
	SELECT count(*) AS messages,
	       count(*) FILTER (WHERE m.seen_flag = 0) AS unseen,
	       count(*) FILTER (WHERE m.deleted_flag = 1) AS deleted,
	       coalesce(sum(p.messagesize), 0)::bigint AS size
	  FROM dbmail_messages m
	  LEFT JOIN dbmail_physmessage p ON p.id = m.physmessage_id
	 WHERE m.mailbox_idnr = b.mailbox_idnr) s
 WHERE b.mailbox_idnr > $1::bigint AND b.mailbox_idnr <= $2::bigint
   AND (b.messages, b.unseen, b.deleted, b.size)
	IS DISTINCT FROM (s.messages, s.unseen, s.deleted, s.size);

-- name: check_repair_mailbox_counters
WITH s AS (
	SELECT k.mailbox_idnr, count(m.uid) AS messages,
	       count(*) FILTER (WHERE m.seen_flag = 0) AS unseen,
	       count(*) FILTER (WHERE m.deleted_flag = 1) AS deleted,
	       coalesce(sum(p.messagesize), 0)::bigint AS size
	  FROM unnest($1::bigint[]) AS k (mailbox_idnr)
	  LEFT JOIN dbmail_messages m ON m.mailbox_idnr = k.mailbox_idnr
	  LEFT JOIN dbmail_physmessage p ON p.id = m.physmessage_id
	 GROUP BY k.mailbox_idnr
)
UPDATE dbmail_mailboxes b
   SET messages = s.messages, unseen = s.unseen, deleted = s.deleted,
       size = s.size, seq = b.seq + 1
  FROM s
 WHERE b.mailbox_idnr = s.mailbox_idnr
RETURNING b.mailbox_idnr;

-- name: check_uidnext
SELECT b.mailbox_idnr, format('mailbox %s holds UID %s, uidnext is %s',
		b.mailbox_idnr, s.uid, b.uidnext)
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL (
	SELECT max(uid) AS uid
	  FROM dbmail_messages m
	 WHERE m.mailbox_idnr = b.mailbox_idnr) s
 WHERE b.mailbox_idnr > $1::bigint AND b.mailbox_idnr <= $2::bigint
   AND b.uidnext <= s.uid;

-- name: check_repair_uidnext
UPDATE dbmail_mailboxes b
   SET uidnext = greatest(b.uidnext, 1 + (SELECT coalesce(max(m.uid), 0)
					   FROM dbmail_messages m
					  WHERE m.mailbox_idnr = b.mailbox_idnr))
 WHERE b.mailbox_idnr = ANY ($1::bigint[])
RETURNING b.mailbox_idnr;

-- name: check_mailbox_seq
SELECT b.mailbox_idnr,
       format('mailbox %s is at seq %s; messages are at %s, the change log at'
	      ' %s and complete above %s', b.mailbox_idnr, b.seq,
	      coalesce(s.message_seq, 0), coalesce(s.change_seq, 0),
	      b.log_floor)
  FROM dbmail_mailboxes b
 CROSS JOIN LATERAL (
	SELECT (SELECT max(m.seq) FROM dbmail_messages m
		 WHERE m.mailbox_idnr = b.mailbox_idnr) AS message_seq,
	       (SELECT max(c.seq) FROM dbmail_changes c
		 WHERE c.mailbox_idnr = b.mailbox_idnr) AS change_seq) s
 WHERE b.mailbox_idnr > $1::bigint AND b.mailbox_idnr <= $2::bigint
   AND b.seq < greatest(s.message_seq, s.change_seq, b.log_floor);

-- name: check_repair_mailbox_seq
-- Above all that was ever used, so that every reader begins anew.
WITH s AS (
	SELECT b.mailbox_idnr, greatest(b.seq, b.log_floor,
		(SELECT max(m.seq) FROM dbmail_messages m
		  WHERE m.mailbox_idnr = b.mailbox_idnr),
		(SELECT max(c.seq) FROM dbmail_changes c
		  WHERE c.mailbox_idnr = b.mailbox_idnr)) + 1 AS seq
	  FROM dbmail_mailboxes b
	 WHERE b.mailbox_idnr = ANY ($1::bigint[])
)
UPDATE dbmail_mailboxes b
   SET seq = s.seq, log_floor = s.seq
  FROM s
 WHERE b.mailbox_idnr = s.mailbox_idnr
RETURNING b.mailbox_idnr;

-- name: check_first_recent
SELECT mailbox_idnr, format('mailbox %s: first recent UID %s, uidnext %s',
		mailbox_idnr, first_recent, uidnext)
  FROM dbmail_mailboxes
 WHERE mailbox_idnr > $1::bigint AND mailbox_idnr <= $2::bigint
   AND first_recent > uidnext;

-- name: check_repair_first_recent
UPDATE dbmail_mailboxes
   SET first_recent = least(first_recent, uidnext)
 WHERE mailbox_idnr = ANY ($1::bigint[])
RETURNING mailbox_idnr;

-- name: check_mailbox_name
-- A name in another form of Unicode cannot be found by any client.
SELECT mailbox_idnr,
       format('mailbox %s: name "%s" is not in Normalization Form C',
		mailbox_idnr, name)
  FROM dbmail_mailboxes
 WHERE mailbox_idnr > $1::bigint AND mailbox_idnr <= $2::bigint
   AND name IS NOT NFC NORMALIZED;

-- name: check_repair_mailbox_name
-- Where two names become one, all but one get their number behind them.
UPDATE dbmail_mailboxes b
   SET name = dbmail_free_name(b.mailbox_idnr, b.owner_idnr, b.name)
 WHERE mailbox_idnr = ANY ($1::bigint[])
   AND name IS NOT NFC NORMALIZED
RETURNING mailbox_idnr;

-- name: check_change_log
SELECT c.mailbox_idnr,
       format('mailbox %s: %s changes with impossible UIDs, the last at %s',
	      c.mailbox_idnr, count(*), max(c.seq))
  FROM dbmail_changes c
  JOIN dbmail_mailboxes b ON b.mailbox_idnr = c.mailbox_idnr
 WHERE c.mailbox_idnr > $1::bigint AND c.mailbox_idnr <= $2::bigint
   AND (c.uid_first < 1 OR c.uid_first > c.uid_last
	OR c.uid_last >= b.uidnext)
 GROUP BY c.mailbox_idnr;

-- name: check_repair_change_log
-- The log begins anew.
WITH emptied AS (
	DELETE FROM dbmail_changes
	 WHERE mailbox_idnr = ANY ($1::bigint[])
)
UPDATE dbmail_mailboxes
   SET seq = seq + 1, log_floor = seq + 1
 WHERE mailbox_idnr = ANY ($1::bigint[])
RETURNING mailbox_idnr;

-- Messages -----------------------------------------------------------------

-- name: check_message_size
SELECT m.message_idnr,
       format('mailbox %s UID %s says %s bytes, its message has %s',
	      m.mailbox_idnr, m.uid, m.size, p.messagesize)
  FROM dbmail_messages m
  JOIN dbmail_physmessage p ON p.id = m.physmessage_id
 WHERE m.message_idnr > $1::bigint AND m.message_idnr <= $2::bigint
   AND m.size <> p.messagesize;

-- name: check_repair_message_size
UPDATE dbmail_messages m
   SET size = p.messagesize
  FROM dbmail_physmessage p
 WHERE m.message_idnr = ANY ($1::bigint[]) AND p.id = m.physmessage_id
RETURNING m.message_idnr;

-- name: check_message_contents
SELECT m.message_idnr,
       format('mailbox %s UID %s is physical message %s, which does not exist',
	      m.mailbox_idnr, m.uid, m.physmessage_id)
  FROM dbmail_messages m
 WHERE m.message_idnr > $1::bigint AND m.message_idnr <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_physmessage p
		    WHERE p.id = m.physmessage_id);

-- name: check_message_flags
SELECT m.message_idnr,
       format('mailbox %s UID %s has impossible flags, keywords or status',
	      m.mailbox_idnr, m.uid)
  FROM dbmail_messages m
  JOIN dbmail_mailboxes b ON b.mailbox_idnr = m.mailbox_idnr
 WHERE m.message_idnr > $1::bigint AND m.message_idnr <= $2::bigint
   AND (m.seen_flag NOT IN (0, 1) OR m.answered_flag NOT IN (0, 1)
	OR m.deleted_flag NOT IN (0, 1) OR m.flagged_flag NOT IN (0, 1)
	OR m.draft_flag NOT IN (0, 1) OR m.recent_flag NOT IN (0, 1)
	OR m.status <> m.seen_flag
	OR cardinality(b.keywords) < 64
	   AND m.keywords >> cardinality(b.keywords) <> 0);

-- name: check_repair_message_flags
-- The log begins anew, so that every reader sees it.
WITH mended AS (
	UPDATE dbmail_messages m
	   SET seen_flag = (m.seen_flag <> 0)::integer,
	       answered_flag = (m.answered_flag <> 0)::integer,
	       deleted_flag = (m.deleted_flag <> 0)::integer,
	       flagged_flag = (m.flagged_flag <> 0)::integer,
	       draft_flag = (m.draft_flag <> 0)::integer,
	       recent_flag = (m.recent_flag <> 0)::integer,
	       keywords = CASE WHEN cardinality(b.keywords) < 64
			       THEN m.keywords
				    & ((1::bigint << cardinality(b.keywords)) - 1)
			       ELSE m.keywords END,
	       seq = b.seq + 1
	  FROM dbmail_mailboxes b
	 WHERE m.message_idnr = ANY ($1::bigint[])
	   AND b.mailbox_idnr = m.mailbox_idnr
	RETURNING m.message_idnr, m.mailbox_idnr
), mailboxes AS (
	UPDATE dbmail_mailboxes
	   SET seq = seq + 1, log_floor = seq + 1
	 WHERE mailbox_idnr IN (SELECT mailbox_idnr FROM mended)
)
SELECT message_idnr
  FROM mended;

-- Contents -----------------------------------------------------------------

-- name: check_part_size
SELECT id, format('part %s has %s bytes, recorded are %s', id, length(data), size)
  FROM dbmail_mimeparts
 WHERE id > $1::bigint AND id <= $2::bigint
   AND size <> length(data);

-- name: check_repair_part_size
UPDATE dbmail_mimeparts
   SET size = length(data)
 WHERE id = ANY ($1::bigint[])
RETURNING id;

-- name: check_part_hash
SELECT id, format('part %s does not have its hash', id)
  FROM dbmail_mimeparts
 WHERE id > $1::bigint AND id <= $2::bigint
   AND hash <> sha256(data);

-- name: check_dangling_part
SELECT l.physmessage_id,
       format('physical message %s: part %s at %s, %s does not exist',
	      l.physmessage_id, l.part_id, l.part_key, l.part_order)
  FROM dbmail_partlists l
 WHERE l.physmessage_id > $1::bigint AND l.physmessage_id <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_mimeparts m WHERE m.id = l.part_id);

-- name: check_search_texts
SELECT s.physmessage_id,
       format('physical message %s: texts kept for searches are missing',
	      s.physmessage_id)
  FROM dbmail_searches s
 WHERE s.physmessage_id > $1::bigint AND s.physmessage_id <= $2::bigint
   AND EXISTS (SELECT FROM unnest(s.texts) x (id)
		WHERE NOT EXISTS (SELECT FROM dbmail_texts t
				   WHERE t.id = x.id));

-- name: check_repair_search_texts
-- The next search makes them again.
DELETE FROM dbmail_searches
 WHERE physmessage_id = ANY ($1::bigint[])
RETURNING physmessage_id;

-- name: check_part_offset
SELECT DISTINCT s.physmessage_id,
       format('physical message %s: parts are not where the list says',
	      s.physmessage_id)
  FROM (SELECT l.physmessage_id, l.part_offset, coalesce(sum(m.size) OVER (
			PARTITION BY l.physmessage_id
			ORDER BY l.part_key, l.part_order
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
			AS true_offset
	  FROM dbmail_partlists l
	  JOIN dbmail_mimeparts m ON m.id = l.part_id
	 WHERE l.physmessage_id > $1::bigint
	   AND l.physmessage_id <= $2::bigint) s
 WHERE s.part_offset <> s.true_offset;

-- name: check_repair_part_offset
WITH mended AS (
	UPDATE dbmail_partlists l
	   SET part_offset = s.true_offset
	  FROM (SELECT l.physmessage_id, l.part_key, l.part_order,
		       coalesce(sum(m.size) OVER (
			PARTITION BY l.physmessage_id
			ORDER BY l.part_key, l.part_order
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
			AS true_offset
		  FROM dbmail_partlists l
		  JOIN dbmail_mimeparts m ON m.id = l.part_id
		 WHERE l.physmessage_id = ANY ($1::bigint[])) s
	 WHERE l.physmessage_id = s.physmessage_id
	   AND l.part_key = s.part_key AND l.part_order = s.part_order
	RETURNING l.physmessage_id
)
SELECT DISTINCT physmessage_id
  FROM mended;

-- name: check_orphan_message
SELECT p.id, format('physical message %s is in no mailbox', p.id)
  FROM dbmail_physmessage p
 WHERE p.id > $1::bigint AND p.id <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_messages m WHERE m.physmessage_id = p.id)
   AND p.id NOT IN (SELECT physmessage_id FROM dbmail_purge_queue);

-- name: check_repair_orphan_message
INSERT INTO dbmail_purge_queue (physmessage_id)
SELECT id
  FROM unnest($1::bigint[]) AS k (id)
RETURNING physmessage_id;

-- name: check_orphan_part
SELECT m.id, format('part %s is in no message', m.id)
  FROM dbmail_mimeparts m
 WHERE m.id > $1::bigint AND m.id <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_partlists l WHERE l.part_id = m.id)
   AND m.id NOT IN (SELECT part_id FROM dbmail_part_queue);

-- name: check_repair_orphan_part
INSERT INTO dbmail_part_queue (part_id)
SELECT id
  FROM unnest($1::bigint[]) AS k (id)
RETURNING part_id;

-- name: check_message_hash
-- Messages of up to $3 bytes are put together by the server; larger ones are
-- given with NULL for their detail, and read piece by piece.
SELECT p.id,
       CASE WHEN p.messagesize <= $3::bigint
	    THEN format('physical message %s does not join to its size and hash',
			p.id) END
  FROM dbmail_physmessage p
 WHERE p.id > $1::bigint AND p.id <= $2::bigint
   AND CASE WHEN (SELECT coalesce(sum(m.size), 0)
		    FROM dbmail_partlists l
		    JOIN dbmail_mimeparts m ON m.id = l.part_id
		   WHERE l.physmessage_id = p.id) > $3::bigint
	       OR p.messagesize > $3::bigint THEN true
	    ELSE (SELECT p.messagesize <> coalesce(length(j.bytes), 0)
			OR p.hash <> sha256(coalesce(j.bytes, ''))
		    FROM (SELECT string_agg(m.data, ''
				ORDER BY l.part_key, l.part_order) AS bytes
			    FROM dbmail_partlists l
			    JOIN dbmail_mimeparts m ON m.id = l.part_id
			   WHERE l.physmessage_id = p.id) j) END;

-- name: check_large_message
-- Size and hash of $1.
SELECT messagesize, hash
  FROM dbmail_physmessage
 WHERE id = $1::bigint;

-- name: check_pieces
-- Pieces of the message $1 behind part_key $2 and part_order $3, at most $4.
SELECT l.part_key, l.part_order, m.data
  FROM dbmail_partlists l
  JOIN dbmail_mimeparts m ON m.id = l.part_id
 WHERE l.physmessage_id = $1::bigint
   AND (l.part_key, l.part_order) > ($2::integer, $3::integer)
 ORDER BY l.part_key, l.part_order
 LIMIT $4::integer;

-- name: check_envelope
SELECT p.id, format('physical message %s has no envelope', p.id)
  FROM dbmail_physmessage p
 WHERE p.id > $1::bigint AND p.id <= $2::bigint
   AND NOT EXISTS (SELECT FROM dbmail_envelope e
		    WHERE e.physmessage_id = p.id);

-- name: check_repair_envelope
-- $1 physical message, $2 to $18 the columns as message_list takes them.
INSERT INTO dbmail_envelope (physmessage_id, sent_date, sent_zone,
	truncated, date_field, subject, base_subject, from_field,
	to_field, cc_field, bcc_field, sender, reply_to, message_id,
	in_reply_to, references_field, envelope, structure)
SELECT p.id, nullif(e.sent_date, '-infinity'),
       CASE WHEN e.sent_date > '-infinity' THEN e.sent_zone END,
       e.truncated, e.date_field, e.subject, e.base_subject,
       e.from_field, e.to_field, e.cc_field, e.bcc_field, e.sender,
       e.reply_to, e.message_id, e.in_reply_to, e.references_field,
       e.envelope, e.structure
  FROM dbmail_physmessage p,
       unnest($2::timestamptz[], $3::smallint[], $4::boolean[],
	$5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
	$10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
	$15::text[], $16::text[], $17::bytea[], $18::bytea[])
	AS e (sent_date, sent_zone, truncated, date_field, subject,
	      base_subject, from_field, to_field, cc_field, bcc_field,
	      sender, reply_to, message_id, in_reply_to,
	      references_field, envelope, structure)
 WHERE p.id = $1::bigint
    ON CONFLICT (physmessage_id) DO NOTHING
RETURNING physmessage_id;
