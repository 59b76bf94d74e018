-- SPDX-License-Identifier: GPL-2.0-or-later
-- What IMAP in full needs beyond the first store.

-- Messages -----------------------------------------------------------------

ALTER TABLE dbmail_messages ADD COLUMN save_date timestamptz;
ALTER TABLE dbmail_messages ALTER COLUMN save_date SET DEFAULT now();
COMMENT ON COLUMN dbmail_messages.save_date IS 'When it came into this mailbox (RFC 8514); NULL: before this was kept.';

-- So that a new version of every row fits beside the old one: setting a flag
-- of all messages then writes to no index.
ALTER TABLE dbmail_messages SET (fillfactor = 50);

ALTER TABLE dbmail_messages ADD COLUMN size bigint;
UPDATE dbmail_messages m
   SET size = p.messagesize
  FROM dbmail_physmessage p
 WHERE p.id = m.physmessage_id;
ALTER TABLE dbmail_messages ALTER COLUMN size SET NOT NULL;
COMMENT ON COLUMN dbmail_messages.size IS 'messagesize of the message, so that listing a mailbox needs no other table.';

-- Names ------------------------------------------------------------------------
-- Kept in Unicode's Normalization Form C from here on (RFC 9051 section 5.1).

CREATE FUNCTION dbmail_free_name(mailbox bigint, owner bigint, wanted text)
    RETURNS text LANGUAGE sql STABLE AS $$
SELECT normalize(wanted, NFC)
       || CASE WHEN EXISTS (
		SELECT FROM dbmail_mailboxes o
		 WHERE o.owner_idnr = owner AND o.mailbox_idnr <> mailbox
		   AND (o.name = normalize(wanted, NFC)
			OR (o.mailbox_idnr < mailbox AND o.name <> wanted
			    AND normalize(o.name, NFC) = normalize(wanted, NFC))))
	       THEN ' ' || mailbox ELSE '' END
$$;
COMMENT ON FUNCTION dbmail_free_name(bigint, bigint, text) IS 'A mailbox''s name in Normalization Form C; where another has or gets that name, with the mailbox''s number behind it.';

UPDATE dbmail_mailboxes
   SET name = dbmail_free_name(mailbox_idnr, owner_idnr, name)
 WHERE name IS NOT NFC NORMALIZED;
INSERT INTO dbmail_subscribed_names (user_id, name)
SELECT user_id, normalize(name, NFC)
  FROM dbmail_subscribed_names
 WHERE name IS NOT NFC NORMALIZED
    ON CONFLICT DO NOTHING;
DELETE FROM dbmail_subscribed_names WHERE name IS NOT NFC NORMALIZED;
COMMENT ON COLUMN dbmail_mailboxes.name IS 'Name in UTF-8 and Normalization Form C, levels separated by /; INBOX in capitals.';
COMMENT ON COLUMN dbmail_mailboxes.special_use IS 'Attributes such as \Sent, separated by blanks (RFC 6154); a new one is taken from the owner''s other mailboxes.';

-- Going back in time ---------------------------------------------------------
-- A server that crashed, was restored or replaced by a standby that lagged may
-- lack commits that clients have seen the numbers of.  What it has lost leaves
-- no trace; but an unlogged table is empty after each of these and only then.

CREATE UNLOGGED TABLE dbmail_incarnation (
    relation oid PRIMARY KEY,
    id bigint NOT NULL
);
COMMENT ON TABLE dbmail_incarnation IS 'The one row is there for as long as the server has forgotten nothing.';
COMMENT ON COLUMN dbmail_incarnation.relation IS 'This table; a row that came out of a dump has another.';
COMMENT ON COLUMN dbmail_incarnation.id IS 'A number no incarnation had before.';

CREATE FUNCTION dbmail_incarnation() RETURNS bigint
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT id FROM dbmail_incarnation
             WHERE relation = 'dbmail_incarnation'::regclass::oid);
END
$$;
COMMENT ON FUNCTION dbmail_incarnation() IS 'The server''s incarnation; NULL: a new one that has written nothing yet.';

INSERT INTO dbmail_incarnation (relation, id)
VALUES ('dbmail_incarnation'::regclass::oid,
        hashtextextended(gen_random_uuid()::text, 0));

ALTER TABLE dbmail_mailboxes ADD COLUMN incarnation bigint;
UPDATE dbmail_mailboxes SET incarnation = dbmail_incarnation();
ALTER TABLE dbmail_mailboxes ALTER COLUMN incarnation SET DEFAULT dbmail_incarnation();
COMMENT ON COLUMN dbmail_mailboxes.incarnation IS 'The incarnation of the server that seq and uidnext are of; where it is not the present one both must jump ahead before they are used.';

ALTER TABLE dbmail_mailboxes ADD COLUMN flags_floor bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN dbmail_mailboxes.flags_floor IS 'Whoever knows the mailbox as of a seq before this one may know flags that were lost: seq at the last jump.';

CREATE FUNCTION dbmail_check_incarnation() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    present bigint := (SELECT id FROM dbmail_incarnation
                        WHERE relation = 'dbmail_incarnation'::regclass::oid);
BEGIN
    IF present IS NULL OR NEW.incarnation IS DISTINCT FROM present THEN
        RAISE EXCEPTION USING ERRCODE = 'DM600',
            MESSAGE = 'the mailbox is of an earlier incarnation of the server',
            CONSTRAINT = NEW.mailbox_idnr::text;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION dbmail_check_incarnation() IS 'Turns away a seq that may have been used; the store then has the mailbox jump ahead and tries again.';

CREATE TRIGGER dbmail_mailboxes_incarnation
    BEFORE UPDATE OF seq ON dbmail_mailboxes
    FOR EACH ROW WHEN (NEW.seq <> OLD.seq)
    EXECUTE FUNCTION dbmail_check_incarnation();

-- Sharing ------------------------------------------------------------------
-- Two users that nobody is: whom an ACL means by "anyone", and who owns the
-- mailboxes under #Public.  Their ids are fixed, so that no statement has to
-- look them up.

SELECT dbmail_raise('DM409', 'the user ' || userid || ' has a name the store now needs for itself: rename it first')
  FROM dbmail_users
 WHERE lower(userid) IN ('anyone', '__public__');
INSERT INTO dbmail_users (user_idnr, userid) VALUES (-1, 'anyone'), (-2, '__public__');

ALTER TABLE dbmail_users ADD COLUMN administrator smallint NOT NULL DEFAULT 0
    CHECK (administrator IN (0, 1));
COMMENT ON COLUMN dbmail_users.administrator IS '1: may do everything under #Public, set quotas (RFC 9208), and annotate the server (RFC 5464).';

ALTER TABLE dbmail_users ADD COLUMN max_messages bigint CHECK (max_messages >= 0);
ALTER TABLE dbmail_users ADD COLUMN max_mailboxes bigint CHECK (max_mailboxes >= 0);
COMMENT ON COLUMN dbmail_users.max_messages IS 'Messages the user''s mailboxes may hold together; NULL: any number. Counted only where there is a limit.';
COMMENT ON COLUMN dbmail_users.max_mailboxes IS 'Mailboxes the user may have, INBOX among them; NULL: any number.';

-- A function of its own, so that who has no limit does not pay for the plan.
CREATE FUNCTION dbmail_messages_held(owner bigint) RETURNS bigint
    LANGUAGE sql STABLE AS $$
SELECT coalesce(sum(messages), 0)::bigint
  FROM dbmail_mailboxes
 WHERE owner_idnr = owner
$$;
COMMENT ON FUNCTION dbmail_messages_held(bigint) IS 'Messages in all mailboxes of a user together.';

-- Where names in these two namespaces begin, which were ordinary names so far.
UPDATE dbmail_mailboxes SET name = '#' || name WHERE name ~* '^#(users|public)(/|$)';
UPDATE dbmail_subscribed_names SET name = '#' || name WHERE name ~* '^#(users|public)(/|$)';

CREATE TABLE dbmail_acl (
    user_id bigint NOT NULL REFERENCES dbmail_users ON DELETE CASCADE,
    mailbox_id bigint NOT NULL REFERENCES dbmail_mailboxes ON DELETE CASCADE,
    lookup_flag smallint NOT NULL DEFAULT 0 CHECK (lookup_flag IN (0, 1)),
    read_flag smallint NOT NULL DEFAULT 0 CHECK (read_flag IN (0, 1)),
    seen_flag smallint NOT NULL DEFAULT 0 CHECK (seen_flag IN (0, 1)),
    write_flag smallint NOT NULL DEFAULT 0 CHECK (write_flag IN (0, 1)),
    insert_flag smallint NOT NULL DEFAULT 0 CHECK (insert_flag IN (0, 1)),
    post_flag smallint NOT NULL DEFAULT 0 CHECK (post_flag IN (0, 1)),
    create_flag smallint NOT NULL DEFAULT 0 CHECK (create_flag IN (0, 1)),
    delete_flag smallint NOT NULL DEFAULT 0 CHECK (delete_flag IN (0, 1)),
    deleted_flag smallint NOT NULL DEFAULT 0 CHECK (deleted_flag IN (0, 1)),
    expunge_flag smallint NOT NULL DEFAULT 0 CHECK (expunge_flag IN (0, 1)),
    administer_flag smallint NOT NULL DEFAULT 0 CHECK (administer_flag IN (0, 1)),
    rights integer NOT NULL GENERATED ALWAYS AS (
        lookup_flag + read_flag * 2 + seen_flag * 4 + write_flag * 8
        + insert_flag * 16 + post_flag * 32 + create_flag * 64
        + delete_flag * 128 + deleted_flag * 256 + expunge_flag * 512
        + administer_flag * 1024) STORED,
    PRIMARY KEY (user_id, mailbox_id)
);
CREATE INDEX dbmail_acl_mailbox ON dbmail_acl (mailbox_id, user_id);
COMMENT ON TABLE dbmail_acl IS 'Who may do what with a mailbox (RFC 4314). Without a row its owner may do all, others nothing.';
COMMENT ON COLUMN dbmail_acl.user_id IS 'The user; -1 for anyone.';
COMMENT ON COLUMN dbmail_acl.mailbox_id IS 'The mailbox.';
COMMENT ON COLUMN dbmail_acl.lookup_flag IS 'l: LIST shows it.';
COMMENT ON COLUMN dbmail_acl.read_flag IS 'r: SELECT and all that reads.';
COMMENT ON COLUMN dbmail_acl.seen_flag IS 's: change \Seen.';
COMMENT ON COLUMN dbmail_acl.write_flag IS 'w: change flags but \Seen and \Deleted.';
COMMENT ON COLUMN dbmail_acl.insert_flag IS 'i: APPEND and COPY into it.';
COMMENT ON COLUMN dbmail_acl.post_flag IS 'p: send mail to it.';
COMMENT ON COLUMN dbmail_acl.create_flag IS 'k: create mailboxes below it.';
COMMENT ON COLUMN dbmail_acl.delete_flag IS 'x: delete or rename it.';
COMMENT ON COLUMN dbmail_acl.deleted_flag IS 't: change \Deleted.';
COMMENT ON COLUMN dbmail_acl.expunge_flag IS 'e: expunge.';
COMMENT ON COLUMN dbmail_acl.administer_flag IS 'a: see and change its ACL.';
COMMENT ON COLUMN dbmail_acl.rights IS 'All of them as bits, l the lowest, in the order of the columns.';

-- Both are single selects, which the planner puts in the place of the call.
CREATE FUNCTION dbmail_rights(asker bigint, mailbox bigint, owner bigint)
    RETURNS TABLE (rights integer) LANGUAGE sql STABLE AS $$
SELECT CASE WHEN owner <> asker THEN coalesce(bit_or(a.rights), 0)
            WHEN bool_or(a.user_id = owner) THEN bit_or(a.rights) | 1027
            ELSE 2047 END
       | CASE WHEN owner = -2 AND EXISTS (
		SELECT FROM dbmail_users u
		 WHERE u.user_idnr = asker AND u.administrator = 1)
              THEN 2047 ELSE 0 END
  FROM dbmail_acl a
 WHERE a.mailbox_id = mailbox AND a.user_id IN (asker, -1)
$$;
COMMENT ON FUNCTION dbmail_rights(bigint, bigint, bigint) IS 'What a user may do with a mailbox, as bits. The owner keeps l, r and a; administrators may do all with what __public__ owns.';

CREATE FUNCTION dbmail_visible(asker bigint, owner bigint, own text)
    RETURNS TABLE (name text) LANGUAGE sql STABLE AS $$
SELECT CASE WHEN owner = asker THEN own
            WHEN owner = -2 THEN '#Public/' || own
            ELSE (SELECT '#Users/' || u.userid || '/' || own
                    FROM dbmail_users u
                   WHERE u.user_idnr = owner) END COLLATE "C"
$$;
COMMENT ON FUNCTION dbmail_visible(bigint, bigint, text) IS 'A mailbox''s name as a user sees it.';

CREATE TABLE dbmail_previews (
    part_id bigint NOT NULL REFERENCES dbmail_mimeparts ON DELETE CASCADE,
    form text COLLATE "C" NOT NULL,
    preview text NOT NULL,
    PRIMARY KEY (part_id, form)
);
COMMENT ON TABLE dbmail_previews IS 'Previews of texts (RFC 8970), worked out when they were first asked for.';
COMMENT ON COLUMN dbmail_previews.part_id IS 'The part that the text is, or begins, in.';
COMMENT ON COLUMN dbmail_previews.form IS 'How its bytes were read: version, kind of text, transfer encoding, charset.';
COMMENT ON COLUMN dbmail_previews.preview IS 'At most 200 characters on one line; empty where there is nothing to show.';

-- Searching ----------------------------------------------------------------

CREATE TABLE dbmail_texts (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    part_id bigint NOT NULL REFERENCES dbmail_mimeparts ON DELETE CASCADE,
    form text COLLATE "C" NOT NULL,
    folded text COLLATE "C" NOT NULL,
    CONSTRAINT dbmail_texts_part_form UNIQUE (part_id, form)
);
COMMENT ON TABLE dbmail_texts IS 'Texts as SEARCH looks at them, each distinct part once; made by the first search that needs them. May be emptied together with dbmail_searches.';
COMMENT ON COLUMN dbmail_texts.id IS 'Key.';
COMMENT ON COLUMN dbmail_texts.part_id IS 'The part.';
COMMENT ON COLUMN dbmail_texts.form IS 'How its bytes were read: version, transfer encoding, charset.';
COMMENT ON COLUMN dbmail_texts.folded IS 'The text in UTF-8, normalized (NFKC) and with its case folded.';

CREATE TABLE dbmail_searches (
    physmessage_id bigint PRIMARY KEY REFERENCES dbmail_physmessage ON DELETE CASCADE,
    whole boolean NOT NULL,
    body_marks bytea NOT NULL,
    header_marks bytea NOT NULL,
    texts bigint[] NOT NULL,
    inner_headers text COLLATE "C" NOT NULL,
    headers text COLLATE "C" NOT NULL
);
ALTER TABLE dbmail_searches ALTER COLUMN body_marks SET STORAGE PLAIN;
ALTER TABLE dbmail_searches ALTER COLUMN header_marks SET STORAGE PLAIN;
COMMENT ON TABLE dbmail_searches IS 'What SEARCH BODY and TEXT look at of a message; made by the first search that needs it. May be emptied.';
COMMENT ON COLUMN dbmail_searches.physmessage_id IS 'The message.';
COMMENT ON COLUMN dbmail_searches.whole IS 'False: it has texts that are kept nowhere, such as one of more than 1 MiB; what is not found here is looked for in the message.';
COMMENT ON COLUMN dbmail_searches.body_marks IS 'Which three bytes in a row its texts and inner_headers have, for dbmail_may_hold(): looked at first, so that few texts are.';
COMMENT ON COLUMN dbmail_searches.header_marks IS 'The same of headers.';
COMMENT ON COLUMN dbmail_searches.headers IS 'Its own header and those of its parts, folded; fields with encoded words also decoded.';
COMMENT ON COLUMN dbmail_searches.inner_headers IS 'The same of messages inside, which SEARCH BODY looks at, too.';
COMMENT ON COLUMN dbmail_searches.texts IS 'Its texts, of dbmail_texts.';

-- The size of marks is a power of two, and a bit of the least size stands for
-- all that are the same but for higher bits.
CREATE FUNCTION dbmail_may_hold(marks bytea, probes integer[])
    RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
SELECT (get_bit(marks, (probes[1] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[2] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[3] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[4] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[5] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[6] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[7] & (octet_length(marks) * 8 - 1))::bigint) = 1
    AND get_bit(marks, (probes[8] & (octet_length(marks) * 8 - 1))::bigint) = 1
    ) IS NOT FALSE
$$;
COMMENT ON FUNCTION dbmail_may_hold(bytea, integer[]) IS 'False where a text with such marks does not have one of at most eight bits, so that what they were made of is not in it. Bits that are not given are not asked for.';

DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 140000 THEN
        EXECUTE 'ALTER TABLE dbmail_texts ALTER COLUMN folded SET COMPRESSION lz4';
        EXECUTE 'ALTER TABLE dbmail_searches ALTER COLUMN headers SET COMPRESSION lz4';
    END IF;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

-- Annotations --------------------------------------------------------------

CREATE TABLE dbmail_metadata (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    mailbox_id bigint REFERENCES dbmail_mailboxes ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES dbmail_users ON DELETE CASCADE,
    entry text COLLATE "C" NOT NULL CHECK (entry ~ '^/(private|shared)/'),
    value bytea NOT NULL,
    CHECK ((user_id = -1) = starts_with(entry, '/shared/'))
);
CREATE UNIQUE INDEX dbmail_metadata_entry ON dbmail_metadata (coalesce(mailbox_id, 0), user_id, entry);
CREATE INDEX dbmail_metadata_mailbox ON dbmail_metadata (mailbox_id);
CREATE INDEX dbmail_metadata_user ON dbmail_metadata (user_id);
COMMENT ON TABLE dbmail_metadata IS 'Annotations of mailboxes and of the server (RFC 5464).';
COMMENT ON COLUMN dbmail_metadata.id IS 'Key.';
COMMENT ON COLUMN dbmail_metadata.mailbox_id IS 'The mailbox; NULL: the server.';
COMMENT ON COLUMN dbmail_metadata.user_id IS 'Whose it is, for /private; -1 for /shared.';
COMMENT ON COLUMN dbmail_metadata.entry IS 'Name, ASCII in lower case.';
COMMENT ON COLUMN dbmail_metadata.value IS 'Any bytes.';
