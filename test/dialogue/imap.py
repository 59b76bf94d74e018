#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the IMAP dialogues of test/imap/dialogue, each with a user of its own.

    imap.py [DIALOGUE...]

A dialogue is lines:

    # a remark
    open A [tls]     connects A and reads the greeting (tls: on the TLS port)
    login A [NAME]   the same, and logs in as the dialogue's user, or NAME
    user NAME [OPTION...]   makes another user, with options of dbmail-users
    starttls A       shakes hands
    deflate A        both directions are compressed from here on
    plain A          and are so no more
    close A          closes the connection
    A> text          A sends the line
    A>> text         the same without a line end
    A< text          the next line that A gets is this
    A<...            A skips lines up to the one that the next A< wants
    A< EOF           the server closes the connection

In what is sent, {{N:text}} is a literal {N+}: N is worked out, and \\r, \\n and
\\xNN are bytes in it.  In what is wanted, {{regex}} matches by a regular
expression, and {{name=regex}} keeps what it matched for $name$ in later lines.
$user$ and $password$ are the dialogue's user.
"""

import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "..", "lib"))
import dbmailtest as t  # noqa: E402

report = t.Report()


class Failed(Exception):
    pass


def literal(match):
    data = match.group(1).encode("latin-1").decode("unicode_escape")
    data = data.encode("latin-1")
    return b"{%d+}\r\n" % len(data) + data


class Dialogue:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.names = {"user": self.name, "password": "secret"}
        self.connections = {}
        self.skipping = False
        self.number = 0

    def run(self):
        t.add_user(self.name, "secret")
        with open(self.path, encoding="latin-1") as file:
            for self.number, line in enumerate(file, 1):
                line = line.rstrip("\n")
                if line.strip() and not line.startswith("#"):
                    self.step(line)
        for connection in self.connections.values():
            connection.close()

    def fail(self, text):
        raise Failed("%s:%d: %s" % (self.path, self.number, text))

    def step(self, line):
        match = re.match(r"(\w+)(<\.\.\.|<|>>|>) ?(.*)$", line)
        if match is None:
            words = line.split()
            getattr(self, "do_" + words[0])(*words[1:])
            return
        connection = self.connections[match.group(1)]
        if match.group(2) == ">":
            connection.send(self.outgoing(match.group(3)) + b"\r\n")
        elif match.group(2) == ">>":
            connection.send(self.outgoing(match.group(3)))
        elif match.group(2) == "<...":
            self.skipping = True
        else:
            self.expect(connection, match.group(3))

    def filled(self, text):
        return re.sub(r"\$(\w+)\$", lambda m: self.names[m.group(1)], text)

    def outgoing(self, text):
        out = b""
        at = 0
        text = self.filled(text)
        for match in re.finditer(r"\{\{N:(.*?)\}\}", text):
            out += text[at:match.start()].encode("latin-1") + literal(match)
            at = match.end()
        return out + text[at:].encode("latin-1")

    def pattern(self, text):
        out = ""
        at = 0
        names = []
        text = self.filled(text)
        for match in re.finditer(r"\{\{(?:(\w+)=)?(.*?)\}\}", text):
            out += re.escape(text[at:match.start()])
            names.append(match.group(1))
            out += "(" + match.group(2) + ")"
            at = match.end()
        return re.compile(out + re.escape(text[at:]) + r"\Z", re.S), names

    def expect(self, connection, text):
        skipping, self.skipping = self.skipping, False
        pattern, names = self.pattern(text)
        skipped = []
        while True:
            try:
                line = connection.line().decode("latin-1")
            except (EOFError, ConnectionError):
                line = "EOF"
            match = pattern.match(line)
            if match:
                break
            skipped.append(line)
            if not skipping or line == "EOF":
                self.fail("wanted %r, got %r" % (text, skipped[-5:]))
        for i, name in enumerate(names, 1):
            if name is not None:
                self.names[name] = match.group(i)

    def do_open(self, name, how=""):
        port = t.port("IMAPS" if how == "tls" else "IMAP")
        connection = t.Lines(t.setting("HOST"), port)
        self.connections[name] = connection
        if how == "tls":
            connection.start_tls()
        self.expect(connection, "* OK {{.*}}")

    def do_user(self, name, *options):
        t.add_user(name, self.names["password"], *options)

    def do_login(self, name, user="$user$"):
        self.do_open(name)
        connection = self.connections[name]
        connection.send(self.outgoing("log LOGIN %s $password$\r\n" % user))
        self.skipping = True
        self.expect(connection, "log OK {{.*}}")

    def do_starttls(self, name):
        self.connections[name].start_tls()

    def do_deflate(self, name):
        self.connections[name].start_deflate()

    def do_plain(self, name):
        self.connections[name].stop_deflate()

    def do_close(self, name):
        self.connections.pop(name).close()


def main():
    here = os.path.dirname(os.path.realpath(__file__))
    paths = sys.argv[1:] or sorted(glob.glob(
        os.path.join(here, "..", "imap", "dialogue", "*.txt")))
    for path in paths:
        dialogue = Dialogue(path)
        try:
            dialogue.run()
            report.case(dialogue.name, True)
        except Failed as failure:
            report.case(dialogue.name, False, failure)
        except (OSError, EOFError) as failure:
            report.case(dialogue.name, False, "%s:%d: %s" % (
                path, dialogue.number, failure))
    report.end()


main()
