# SPDX-License-Identifier: GPL-2.0-or-later
"""A program in a terminal of its own: its screen, as bytes and as it looks, and keys
for it."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time

TIMEOUT = 240


# A terminal that can do no more than it takes to write a text to a place, so that a
# program must draw what is to be seen, and Screen knows all of it.
TERMINFO = r"""
plain|what Screen understands,
	am, bel=^G, cr=\r, cub1=^H, cud1=\n, ind=\n,
	clear=\E[H\E[J, cup=\E[%i%p1%d;%p2%dH, ed=\E[J, el=\E[K, home=\E[H,
	rev=\E[7m, rmso=\E[m, sgr0=\E[m, smso=\E[7m,
"""

# A sequence with its numbers and its end, another escape, a control, or text.
TOKEN = re.compile("\x1b\\[([0-9;?]*)([@-~])|\x1b([^[])|([\0-\x1a\x1c-\x1f])|"
                   "([^\0-\x1f]+)")


class Screen:
    """What a person sees of it."""

    def __init__(self, rows, columns):
        self.columns = columns
        self.rows = [" " * columns] * rows
        self.row = self.column = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

    def write(self, data):
        """What is cut at the end waits for the next."""
        self.rest += self.decoder.decode(data)
        while token := TOKEN.match(self.rest):
            self.rest = self.rest[token.end():]
            numbers, final, _, control, text = token.groups()
            if text:
                self.put(text)
            elif control:
                self.control(control)
            elif final == "H":
                row, _, column = numbers.partition(";")
                self.row = min(int(row or 1), len(self.rows)) - 1
                self.column = min(int(column or 1), self.columns) - 1
            elif final in ("J", "K"):
                self.clear(len(self.rows) if final == "J" else self.row + 1)

    def put(self, text):
        for character in text:
            if self.column == self.columns:
                self.column = 0
                self.down()
            line = self.rows[self.row]
            self.rows[self.row] = (line[:self.column] + character +
                                   line[self.column + 1:])
            self.column += 1

    def control(self, control):
        if control == "\r":
            self.column = 0
        elif control == "\b":
            self.column = max(self.column - 1, 0)
        elif control == "\n":
            self.down()

    def down(self):
        self.row += 1
        if self.row == len(self.rows):
            self.row -= 1
            self.rows = self.rows[1:] + [" " * self.columns]

    def clear(self, end):
        """From here to the end of the row, and the rows below before that one."""
        self.rows[self.row] = self.rows[self.row][:self.column].ljust(
            self.columns)
        for row in range(self.row + 1, end):
            self.rows[row] = " " * self.columns

    def lines(self):
        return [row.rstrip() for row in self.rows]

    def __str__(self):
        return "\n".join(line for line in self.lines() if line)


class Terminal:
    """Ends by itself, or is killed with what waits for it.

    .screen has the bytes since what was last waited for; a plain terminal, for which
    nothing but TERMINFO holds, has in .seen what they look like."""

    def __init__(self, *command, env=None, rows=40, columns=120, plain=False):
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8",
                           LINES=str(rows), COLUMNS=str(columns), **(env or {}))
        self.folder = self.seen = None
        if plain:
            self.seen = Screen(rows, columns)
            self.folder = tempfile.TemporaryDirectory()
            subprocess.run(("tic", "-o", self.folder.name, "-"), check=True,
                           input=TERMINFO.encode())
            environment.update(TERM="plain", TERMINFO=self.folder.name)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], command, environment)
        self.screen = b""

    def read(self, seconds):
        """Whether something came; EOFError at the end."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            some = os.read(self.master, 65536)
        except OSError:
            some = b""
        if not some:
            raise EOFError("it has ended; its screen: %r" % self.screen[-2000:])
        self.screen += some
        if self.seen:
            self.seen.write(some)
        return True

    def expect(self, text, seconds=TIMEOUT):
        """Waits until the text is drawn, and takes it and what was before."""
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            if time.monotonic() > deadline:
                raise RuntimeError("%r is not drawn: %r" % (
                    text, self.screen[-3000:]))
            self.read(1)
        self.screen = self.screen.partition(text)[2]

    def see(self, what, seconds=TIMEOUT):
        """Waits until the text is on the screen, or what(screen) is true. What was
        there before counts, too."""
        deadline = time.monotonic() + seconds
        while not (what(self.seen) if callable(what)
                   else what in str(self.seen)):
            if time.monotonic() > deadline:
                raise RuntimeError("it shows\n%s" % self.seen)
            self.read(1)

    def send(self, keys):
        os.write(self.master, keys)

    def end(self, seconds=TIMEOUT):
        """(status, screen) when it has ended; a status below zero says that
        it was killed."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                self.read(1)
            os.kill(self.pid, signal.SIGKILL)
            self.screen += b"\n(it did not end by itself and was killed)"
        except EOFError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        if self.folder:
            self.folder.cleanup()
        return status, self.screen
