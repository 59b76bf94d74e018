#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Roundcube, served by PHP's own web server with a configuration of its own, does what
its users do: over HTTP, with and without its message cache."""

import base64
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
import imaprelay  # noqa: E402
from roundcube import Browser, Server, is_installed  # noqa: E402

CACHED = """
$config['imap_cache'] = 'db';
$config['messages_cache'] = 'db';
"""

ATTACHMENT = bytes(range(256)) * 20

# (subject, name, day of February, references, further body)
MESSAGES = (
    ("Zebra", "Carl", 10, "", "stripes"),
    ("apple", "Ada", 9, "", "a needle"),
    ("Re: Zebra", "Bob", 12, "1", "more stripes"),
    ("mango", "Dora", 8, "", "Grüße"),
    ("Re: Zebra", "Emil", 11, "1 3", "no more"),
    ("with a file", "Fay", 13, "", ""),
)


def message(number):
    subject, name, day, references, body = MESSAGES[number - 1]
    head = ("From: %s <%s@example.org>\r\nTo: web@example.com\r\n"
            "Date: %d Feb 2026 09:15:00 +0100\r\nSubject: %s\r\n"
            "Message-ID: <w.%d@example.org>\r\nMIME-Version: 1.0\r\n" % (
                name, name.lower(), day, subject, number))
    if references:
        head += "References: %s\r\n" % " ".join(
            "<w.%s@example.org>" % one for one in references.split())
    if subject != "with a file":
        return ("%sContent-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: 8bit\r\n\r\n"
                "body of %d: %s\r\n" % (head, number, body)).encode()
    return (head + "Content-Type: multipart/mixed; boundary=cut\r\n\r\n"
            "--cut\r\nContent-Type: multipart/alternative; boundary=alt\r\n"
            "\r\n--alt\r\nContent-Type: text/plain\r\n\r\nin plain\r\n"
            "--alt\r\nContent-Type: text/html\r\n\r\n<p>in <b>html</b></p>\r\n"
            "--alt--\r\n"
            "--cut\r\nContent-Type: application/octet-stream\r\n"
            "Content-Disposition: attachment; filename=\"all bytes.bin\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n%s--cut--\r\n" %
            base64.encodebytes(ATTACHMENT).decode().replace("\n", "\r\n")
            ).encode()


def check_list(report, browser):
    rows = browser.rows()
    report.equal("the list, last come first", [row[0] for row in rows],
                 [6, 5, 4, 3, 2, 1])
    report.equal("with its subjects", [row[1]["subject"] for row in rows],
                 [MESSAGES[uid - 1][0] for uid in (6, 5, 4, 3, 2, 1)])
    report.equal("one has an attachment",
                 [row[0] for row in rows if row[2].get("hasattachment")
                  or "multipart/mixed" in str(row[2].get("ctype"))], [6])
    for sort, wanted in (("subject_ASC", [2, 4, 6, 1, 3, 5]),
                         ("from_ASC", [2, 3, 1, 4, 5, 6]),
                         ("from_DESC", [6, 5, 4, 1, 3, 2]),
                         ("date_ASC", [4, 2, 1, 5, 3, 6]),
                         ("arrival_ASC", [1, 2, 3, 4, 5, 6]),
                         ("date_DESC", [6, 3, 5, 1, 2, 4])):
        report.equal("sorted by %s" % sort, browser.uids(_sort=sort), wanted)
    report.equal("the largest comes first",
                 browser.uids(_sort="size_DESC")[0], 6)
    rows = browser.rows(_threads="1", _sort="date_ASC")
    # THREAD=REFS goes by when the last of a thread came.
    report.equal("threads, with their levels",
                 [(row[0], row[2].get("depth", 0)) for row in rows],
                 [(2, 0), (4, 0), (1, 0), (3, 1), (5, 2), (6, 0)])
    browser.uids(_threads="0", _sort="date_DESC")


def check_search(report, browser):
    for what, query, wanted in (
            ("subject", {"_q": "zebra", "_headers": "subject"}, [3, 5, 1]),
            ("sender", {"_q": "dora", "_headers": "from"}, [4]),
            ("text", {"_q": "stripes", "_headers": "text"}, [3, 1]),
            ("letters beyond ASCII",
             {"_q": "grüße", "_headers": "text"}, [4]),
            ("letters in another case",
             {"_q": "GRÜSSE", "_headers": "text"}, [4]),
            ("subject or sender", {"_q": "a", "_headers": "subject,from"},
             None),
            ("body", {"_q": "needle", "_headers": "body"}, [2]),
            ("with a filter", {"_q": "zebra", "_headers": "subject",
                               "_filter": "UNSEEN"}, [3, 5, 1]),
            ("flagged", {"_q": "", "_filter": "FLAGGED"}, []),
            ("all folders", {"_q": "needle", "_headers": "text",
                             "_scope": "all"}, None),
            ("young", {"_q": "zebra", "_headers": "subject",
                       "_interval": "1Y"}, None)):
        got = browser.uids("search", **query)
        if wanted is None:
            report.case("search: %s" % what, got, repr(got))
        else:
            report.equal("search: %s" % what, got, wanted)
    browser.uids()


def check_read(report, browser, client):
    page = browser.page(_action="show", _uid="6", _mbox="INBOX").decode()
    report.case("a message is shown", "with a file" in page and
                "in <b>html</b>" in page, page[-3000:])
    report.case("with its attachment", "all bytes.bin" in page)
    for part, wanted in (("2", ATTACHMENT), ("1.1", b"in plain")):
        got = browser.page(_action="get", _uid="6", _mbox="INBOX", _part=part,
                           _download="1", _token=browser.token)
        report.equal("part %s comes as it is" % part, got, wanted)
    report.equal("its source comes as it is", browser.page(
        _action="viewsource", _uid="6", _mbox="INBOX", _save="1",
        _token=browser.token),
                 t.expected(message(6)))
    client.select("INBOX", readonly=True)
    report.equal("what is read is seen", client.search(None, "SEEN")[1],
                 [b"6"])
    page = browser.page(_action="show", _uid="4", _mbox="INBOX").decode()
    report.case("letters beyond ASCII are shown", "body of 4: Grüße" in page)
    page = browser.page(_action="headers", _uid="5", _mbox="INBOX").decode()
    report.case("the header is shown", "w.5@example.org" in page)


def check_change(report, browser, client):
    def mark(uids, flag):
        browser.ask("mark", {"_uid": uids, "_mbox": "INBOX", "_flag": flag})

    def found(*keys, box="INBOX"):
        client.select(box, readonly=True)
        return client.uid("SEARCH", *keys)[1][0].decode()

    browser.uids()
    mark("1,2", "flagged")
    mark("2", "unflagged")
    mark("3", "read")
    mark("6", "unread")
    report.equal("flagged", found("FLAGGED"), "1")
    report.equal("seen", found("SEEN"), "3 4")
    rows = {row[0]: row[2] for row in browser.rows()}
    report.case("the list shows the flags", rows[1].get("flagged") and
                rows[3].get("seen") and not rows[6].get("seen"), rows)
    browser.ask("move", {"_uid": "2", "_mbox": "INBOX",
                         "_target_mbox": "Archive"})
    browser.ask("copy", {"_uid": "3", "_mbox": "INBOX",
                         "_target_mbox": "Archive"})
    report.equal("one is moved", found("ALL"), "1 3 4 5 6")
    report.equal("and one copied", found("ALL", box="Archive"), "1 2")
    # As its page deletes.
    browser.ask("move", {"_uid": "4", "_mbox": "INBOX",
                         "_target_mbox": "Trash"})
    report.equal("in Trash", found("ALL", box="Trash"), "1")
    browser.ask("delete", {"_uid": "1", "_mbox": "Trash"})
    report.equal("and deleted there, gone", found("ALL", box="Trash"), "")
    browser.ask("plugin.markasjunk.junk", {
        "_uid": "5", "_mbox": "INBOX"})
    report.equal("junk has its keyword", found("KEYWORD", "Junk"), "5")
    browser.ask("move", {"_uid": "5", "_mbox": "INBOX",
                         "_target_mbox": "Junk"})
    browser.ask("plugin.move2archive", {"_uid": "6", "_mbox": "INBOX"})
    report.equal("what is left", found("ALL"), "1 3")


def check_others(report, browser, client):
    # Its cache sees what others do only after it has listed the folder.
    browser.uids()
    client.append_bytes("INBOX", message(4), r"(\Flagged)")
    client.select("INBOX")
    client.uid("STORE", "1", "-FLAGS", r"(\Flagged)")
    client.uid("STORE", "3", "+FLAGS", r"(\Deleted)")
    client.expunge()
    said = browser.ask("refresh", {"_mbox": "INBOX", "_uids": "1,3,6",
                                   "_list": "1", "_quota": "1"})[1]
    report.case("the page is told of new mail", "mango" in said, said)
    rows = {row[0]: row[2] for row in browser.rows()}
    report.case("the list shows what others did", set(rows) == {1, 7} and
                rows[7].get("flagged") and not rows[1].get("flagged"), rows)
    browser.ask("expunge", {"_mbox": "INBOX"})
    browser.ask("purge", {"_mbox": "Archive"})
    browser.ask("getunread", {"_page": "1"})
    client.select("Archive", readonly=True)
    report.equal("a folder is emptied", client.search(None, "ALL")[1], [b""])


def check_folders(report, browser, client):
    def settings(action, **form):
        if action == "save-folder":
            said = browser.page("settings", dict(
                form, _token=browser.token, _framed="1"),
                _action=action).decode()
            report.case("%s %r" % (action, form["_name"]),
                        '"error"' not in said, said[-1500:])
        else:
            browser.ask(action, form, task="settings")

    def names():
        return {row.rpartition(b'"/" ')[2].decode().strip('"')
                for row in client.list()[1]}

    settings("save-folder", _name="Projekte Grün", _parent="", _mbox="")
    settings("save-folder", _name="Kind", _mbox="",
             _parent="Projekte Gr&APw-n")
    report.case("folders are made", {"Projekte Gr&APw-n",
                                     "Projekte Gr&APw-n/Kind"} <= names(),
                names())
    page = browser.page("settings", _action="folders").decode()
    report.case("and shown", "Projekte Grün" in page)
    settings("save-folder", _name="Arbeit", _parent="",
             _mbox="Projekte Gr&APw-n")
    report.case("one is renamed with its child",
                {"Arbeit", "Arbeit/Kind"} <= names(), names())
    settings("unsubscribe", _mbox="Arbeit/Kind")
    page = browser.page("mail").decode()
    report.case("one not subscribed is not listed",
                '"Arbeit"' in page and '"Arbeit/Kind"' not in page)
    settings("subscribe", _mbox="Arbeit/Kind")
    settings("folder-size", _mbox="INBOX")
    page = browser.page("settings", _action="edit-folder",
                        _mbox="Arbeit").decode()
    report.case("a folder's page is shown", "Arbeit" in page)
    settings("plugin.acl", _act="save", _mbox="Arbeit", _user="anyone",
             _acl="lr")
    got = client._simple_command("GETACL", "Arbeit")
    answer = client._untagged_response(got[0], got[1], "ACL")[1]
    report.case("a right is given", b"anyone" in answer[0], answer)
    settings("delete-folder", _mbox="Arbeit/Kind")
    settings("delete-folder", _mbox="Arbeit")
    report.case("they are deleted", not any("Arbeit" in name
                                            for name in names()), names())


def check_shared(report, browser, user):
    """What another user shares is found, listed and read."""
    owner = t.add_user(user + "-boss")
    boss = t.Imap(owner)
    boss.create("Team")
    boss.setacl("Team", user, "lrs")
    boss.append_bytes("Team", message(6))
    name = "#Users/%s/Team" % owner
    page = browser.page("settings", _action="folders").decode()
    report.case("a shared folder is shown", '"%s"' % name in page.replace(
        "\\/", "/"), re.findall(r".{80}Team.{80}", page))
    browser.ask("subscribe", {"_mbox": name}, task="settings")
    report.equal("and listed", browser.uids(_mbox=name), [1])
    got = browser.page(_action="get", _uid="1", _mbox=name, _part="2",
                       _download="1", _token=browser.token)
    report.equal("and read", got, ATTACHMENT)
    browser.ask("mark", {"_uid": "1", "_mbox": name, "_flag": "read"})
    boss.select("Team", readonly=True)
    report.equal("with the flag it may set", boss.search(None, "SEEN")[1],
                 [b"1"])
    boss.logout()


def check_draft(report, browser, client):
    browser.page(_action="compose")
    compose = re.search(r"_id=(\w+)", browser.url).group(1)
    page = browser.page(_action="compose", _id=compose).decode()
    sender = re.search(r'<select[^>]*name="_from".*?<option value="(\d+)"',
                       page, re.DOTALL).group(1)
    form = {"_token": browser.token, "_task": "mail", "_action": "send",
            "_id": compose, "_attachments": "", "_from": sender,
            "_to": "ada@example.org", "_cc": "", "_bcc": "", "_replyto": "",
            "_followupto": "", "_subject": "Entwurf über", "_draft": "1",
            "_draft_saveid": "", "_is_html": "0", "_framed": "1",
            "_message": "Grüße,\nWeb", "_store_target": "Sent"}
    said = browser.page(form=form, _action="send").decode()
    saved = re.search(r'set_draft_id\("?(\d+)', said)
    if not report.case("a draft is saved", saved, said[-2000:]):
        return
    form.update(_draft_saveid=saved.group(1), _message="Grüße,\nWeb, neu")
    said = browser.page(form=form, _action="send").decode()
    report.case("and saved again", "set_draft_id" in said, said[-2000:])
    drafts = [data for _, data in client.messages("Drafts")]
    if report.equal("one draft is there", len(drafts), 1):
        report.case("the new one", b"Web, neu" in drafts[0], drafts[0])
    client.select("Drafts", readonly=True)
    flags = client.fetch("1", "(FLAGS)")[1][0]
    report.case("seen", b"\\Seen" in flags, flags)
    rows = browser.rows(_mbox="Drafts")
    report.equal("the list of drafts has it",
                 [row[1]["subject"] for row in rows], ["Entwurf über"])


def check_user(report, name, more):
    user = t.add_user("web-%s" % name)
    report.note(name)
    lmtp = t.Lmtp()
    for number in range(1, len(MESSAGES) + 1):
        lmtp.deliver([t.address(user)], message(number))
    lmtp.quit()
    relay = imaprelay.Relay()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, relay.port, more)
        try:
            browser = Browser(server)
            page = browser.log_in(user)
            report.case("the first page lists the folders", all(
                '"%s"' % one in page for one in (
                    "INBOX", "Drafts", "Sent", "Junk", "Trash")))
            client = t.Imap(user)
            check_list(report, browser)
            check_search(report, browser)
            check_read(report, browser, client)
            check_change(report, browser, client)
            check_others(report, browser, client)
            check_folders(report, browser, client)
            check_shared(report, browser, user)
            check_draft(report, browser, client)
            client.logout()
        finally:
            server.close()
            report.equal("Roundcube logs no error", server.errors(), "")
        relay.end(report)


def main():
    if not is_installed():
        t.skip("Roundcube is not installed (contrib/packages webmail)")
    report = t.Report()
    check_user(report, "plain", "")
    check_user(report, "cached", CACHED)
    t.check_logs(report)
    report.end()


main()
