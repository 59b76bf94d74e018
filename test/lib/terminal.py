# SPDX-License-Identifier: GPL-2.0-or-later
"""A program in a terminal of its own: its screen as bytes, and keys for it."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

TIMEOUT = 240


class Terminal:
    """Ends by itself, or is killed with what waits for it."""

    def __init__(self, *command, env=None, rows=40, columns=120):
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8",
                           LINES=str(rows), COLUMNS=str(columns), **(env or {}))
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
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
        return status, self.screen
