#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Roundcube's filters (its plug-in managesieve), edited as its users do."""

import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import dbmailtest as t  # noqa: E402
from roundcube import Browser, SHARED, Server, is_installed  # noqa: E402

MORE = """
$config['plugins'] = ['managesieve'];
$config['managesieve_host'] = 'tls://localhost:%d';
$config['managesieve_conn_options'] = ['ssl' => [
    'verify_peer' => true, 'cafile' => '%s']];
$config['managesieve_default'] = '';
$config['managesieve_vacation'] = 1;
$config['managesieve_forward'] = 1;
"""

RULE = {
    "_header[0]": "Subject", "_rule_op[0]": "contains",
    "_rule_target[0][]": "pills", "_rule_mod[0]": "",
    "_rule_mod_type[0]": "", "_rule_comp[0]": "", "_custom_header[0][]": "",
    "_custom_var[0][]": "", "_rule_size_op[0]": "", "_rule_size_item[0]": "",
    "_rule_size_target[0]": "", "_rule_trans[0]": "",
    "_rule_trans_type[0][]": "", "_rule_index[0]": "",
    "_rule_date_header[0]": "", "_rule_date_part[0]": "",
    "_rule_message[0]": "", "_rule_duplicate_handle[0]": "",
    "_rule_duplicate_header[0]": "", "_rule_duplicate_uniqueid[0]": "",
    "_rule_duplicate_seconds[0]": "", "_rule_mime_part[0]": "",
    "_rule_mime_type[0]": "", "_rule_mime_param[0][]": "",
}

BAD = "keep;\r\nkeeep;\r\n  fileinto;\r\n"


def send(browser, action, form, **query):
    """A form of the plug-in, as its pages send it; what the page is told."""
    return browser.page("settings", dict(
        form, _token=browser.token, _framed="1"), _action=action,
        **query).decode()


def save(browser, name, actions, **more):
    form = dict(RULE, _name=name, _fid="", _join="anyof", _enabled="1")
    form.update(actions)
    form.update(more)
    return send(browser, "plugin.managesieve-save", form)


def act(browser, what, **form):
    return browser.ask("plugin.managesieve-action", dict(form, _act=what),
                       task="settings")[1]


def stored(session, name):
    answer = session.say(b'GETSCRIPT "%s"' % name.encode())
    return answer.lines[0][0].decode() if answer.lines else ""


def active(session):
    return [line[0].decode() for line in session.say(b"LISTSCRIPTS").lines
            if line[1:] == ["ACTIVE"]]


def check_filters(report, browser, session):
    page = browser.page("settings", _action="plugin.managesieve").decode()
    report.case("the page of filters opens",
                "filterconnerror" not in page and '"error"' not in page,
                page[-1500:])
    said = save(browser, "Spam", {"_action_type[0]": "fileinto",
                                  "_action_mailbox[0]": "Junk",
                                  "_action_type[1]": "stop"})
    report.case("a filter is made", "confirmation" in said, said[-1500:])
    names = [line[0].decode() for line in session.say(b"LISTSCRIPTS").lines]
    report.equal("in a script of its own", len(names), 1)
    if not names:
        return
    name = names[0]
    script = stored(session, name)
    report.case("as it should be", 'fileinto "Junk";' in script and
                'header :contains "Subject" "pills"' in script, script)
    said = save(browser, "Flags", {
        "_action_type[0]": "addflag", "_action_flags[0][]": "\\Flagged",
        "_action_type[1]": "redirect_copy",
        "_action_target[1]": "ada@example.org",
        "_action_type[2]": "fileinto_copy", "_action_mailbox[2]": "Archive",
        "_action_type[3]": "keep"})
    report.case("another one", "confirmation" in said, said[-1500:])
    script = stored(session, name)
    report.case("behind it", script.index('"Junk"') <
                script.index('redirect :copy "ada@example.org"'), script)
    said = act(browser, "list")
    report.case("both are listed", "Spam" in said and "Flags" in said, said)
    act(browser, "move", _fid="1", _to="0")
    script = stored(session, name)
    report.case("one is moved up", script.index('"Junk"') >
                script.index("redirect :copy"), script)
    act(browser, "act", _fid="0")
    report.case("and disabled", "false # " in stored(session, name),
                stored(session, name))
    act(browser, "delete", _fid="0")
    report.case("and deleted", "redirect" not in stored(session, name))
    check_sets(report, browser, session, name)


def check_sets(report, browser, session, name):
    """Whole scripts, which it calls sets."""
    act(browser, "setact", _set=name)
    report.equal("a set is activated", active(session), [name])
    act(browser, "deact", _set=name)
    report.equal("and deactivated", active(session), [])
    other = "Zweiter Grün"
    said = send(browser, "plugin.managesieve-save", {
        "_newset": "1", "_name": other, "_from": "set", "_copy": name})
    report.case("one is copied", "confirmation" in said, said[-1500:])
    # It adds a line end to what it reads.
    report.equal("as it is", stored(session, other).rstrip(),
                 stored(session, name).rstrip())
    said = send(browser, "plugin.managesieve-saveraw", {
        "_set": other, "_seteditraw": "1",
        "rawsetcontent": "# mine\r\nkeep;\r\n"})
    report.case("its text is edited", "confirmation" in said, said[-1500:])
    report.equal("and stored", stored(session, other), "# mine\r\nkeep;\r\n")
    said = send(browser, "plugin.managesieve-saveraw", {
        "_set": other, "_seteditraw": "1", "rawsetcontent": BAD})
    lines = re.findall(r'"line":"(\d+)"', said)
    report.case("errors are shown at their lines", lines[:2] == ["2", "3"],
                said[-1500:])
    report.equal("and nothing is stored", stored(session, other),
                 "# mine\r\nkeep;\r\n")
    got = browser.page("settings", _action="plugin.managesieve-action",
                       _act="setget", _set=other, _token=browser.token)
    report.equal("it is downloaded", got.rstrip(), b"# mine\r\nkeep;")
    act(browser, "setdel", _set=other)
    report.equal("it is deleted", stored(session, other), "")


def check_vacation(report, browser, session):
    page = browser.page("settings",
                        _action="plugin.managesieve-vacation").decode()
    report.case("the page of absence opens", "vacation_reason" in page,
                page[-1500:])
    said = send(browser, "plugin.managesieve-vacation", {
        "vacation_status": "on", "vacation_subject": "Im Urlaub",
        "vacation_reason": "Bis später.", "vacation_from": "",
        "vacation_addresses[]": "", "vacation_interval": "7",
        "vacation_datefrom": "", "vacation_dateto": "",
        "vacation_action": "", "_act": "save"})
    names = active(session)
    script = stored(session, names[0]) if names else ""
    report.case("an absence is told", "vacation" in script and
                "Bis später." in script, script + said[-1500:])


def main():
    if not is_installed() or not os.path.isdir(
            SHARED + "/plugins/managesieve"):
        t.skip("Roundcube is not installed (contrib/packages webmail)")
    report = t.Report()
    user = t.add_user("web")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, t.port("IMAP"), MORE % (
            t.port("SIEVE"), t.setting("CA")))
        try:
            browser = Browser(server)
            browser.log_in(user)
            session = t.SieveLines(user)
            check_filters(report, browser, session)
            check_vacation(report, browser, session)
            session.close()
        finally:
            server.close()
            # Some of its own PHP is careless; what is refused is logged, and
            # an absence is answered with a template that it does not have.
            report.equal("Roundcube logs no error", [
                line for line in server.errors().split("\n")
                if line and "PHP Warning" not in line and
                "PHP Deprecated" not in line and "'keeep'" not in line and
                "Error loading template for  in" not in line], [])
    t.check_logs(report)
    report.end()


main()
