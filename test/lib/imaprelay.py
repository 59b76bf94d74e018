# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands between a real IMAP client and the server, and notes what both say.

Without TLS, so that it can read along; through COMPRESS=DEFLATE it can.  Literals
are passed over: what a message says is no word of the protocol.
"""

import os
import re
import select
import socket
import threading
import zlib

import dbmailtest as t

LITERAL = re.compile(rb"\{(\d+)\+?\}$")


class Side:
    """One direction: lines out of bytes, without their literals."""

    def __init__(self):
        self.inflate = None
        self.line = bytearray()
        self.skip = 0

    def lines(self, data):
        if self.inflate is not None:
            data = self.inflate.decompress(data)
        found = []
        at = 0
        while at < len(data):
            if self.skip:
                some = min(self.skip, len(data) - at)
                self.skip -= some
                at += some
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self.line += data[at:]
                break
            self.line += data[at:end + 1]
            at = end + 1
            self.ended(found)
        return found

    def ended(self, found):
        """A literal's line goes on behind the literal."""
        line = bytes(self.line).rstrip(b"\r\n")
        literal = LITERAL.search(line)
        if literal:
            self.skip = int(literal.group(1))
            self.line[:] = line[:literal.start()] + b"{}"
            return
        found.append(line)
        self.line.clear()


class Conversation:
    """What was said on one connection."""

    def __init__(self, relay):
        self.relay = relay
        self.client = Side()
        self.server = Side()
        self.commands = {}
        self.is_leaving = False

    def heard(self, data):
        for line in self.client.lines(data):
            words = line.split(b" ", 2)
            if len(words) < 2:
                continue  # DONE, or a step of AUTHENTICATE
            name = words[1].upper()
            if name == b"UID" and len(words) > 2:
                name += b" " + words[2].split(b" ", 1)[0].upper()
            self.commands[words[0]] = (name, line)
            self.is_leaving |= name == b"LOGOUT"
            self.relay.said(name.decode(errors="replace"), line)

    def answered(self, data):
        for line in self.server.lines(data):
            words = line.split(b" ", 2)
            status = words[1].upper() if len(words) > 1 else b""
            name, command = self.commands.get(words[0], (b"", b""))
            if name == b"COMPRESS" and status == b"OK":
                self.client.inflate = zlib.decompressobj(-15)
                self.server.inflate = zlib.decompressobj(-15)
            if words[0] == b"*":
                bad = status in (b"BAD", b"NO") or (
                    status == b"BYE" and not self.is_leaving)
            else:
                bad = bool(name) and status != b"OK"
            if bad:
                self.relay.refused.append(
                    (command.decode(errors="replace"),
                     line.decode(errors="replace")))
            self.relay.note(b"S: ", line)


class Relay:
    """Listens on .port for as many connections as come.

    .refused has a (command, answer) for each NO, BAD and unasked-for BYE, and
    .commands one (name, line) per command, since the last take()."""

    def __init__(self):
        self.refused = []
        self.commands = []
        self.lock = threading.Lock()
        # For whoever looks for the reason: every line, to a file.
        name = os.environ.get("DBMAIL_RELAY_LOG")
        self.log = open(name, "ab") if name else None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        server = socket.create_connection((t.setting("HOST"), t.port("IMAP")))
        talk = Conversation(self)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = {client: (server, talk.heard), server: (client, talk.answered)}
        try:
            while ends:
                for end in select.select(list(ends), [], [])[0]:
                    other, tell = ends[end]
                    data = end.recv(262144)
                    if data:
                        tell(data)
                        other.sendall(data)
                    else:
                        del ends[end]
                        other.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them has gone, which the other is told by close
        client.close()
        server.close()

    def said(self, name, line):
        self.commands.append((name, line.decode(errors="replace")))
        self.note(b"C: ", line)

    def note(self, who, line):
        if self.log is not None:
            with self.lock:
                self.log.write(who + line[:2000] + b"\n")
                self.log.flush()

    def take(self):
        """The commands since the last time, (name, line)."""
        commands, self.commands = self.commands, []
        return commands

    def end(self, report, provoked=()):
        """Nothing was refused but what begins with a provoked command."""
        left = [pair for pair in self.refused
                if not any(re.search(some, "%s -> %s" % pair)
                           for some in provoked)]
        report.case("the server refuses the client nothing", not left,
                    "\n".join("%s -> %s" % pair for pair in left[:20]))
