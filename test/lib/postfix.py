# SPDX-License-Identifier: GPL-2.0-or-later
"""A Postfix of a test's own, on loopback, that hands mail to the store.

It has its own configuration, queue and ports, set up as contrib/postfix says,
and shares nothing with a Postfix of the machine's.  Postfix starts as root
only; a user needs sudo without a password, and is skipped without."""

import os
import shutil
import subprocess

import dbmailtest as t

MAIN = """
compatibility_level = 3.6
queue_directory = %(folder)s/queue
data_directory = %(folder)s/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = %(folder)s/log
maillog_file_prefixes = %(folder)s
myhostname = mx.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
local_recipient_maps =
smtputf8_autodetect_classes = all
# What is sent is to arrive as it is.
message_drop_headers =
local_header_rewrite_clients =
always_add_missing_headers = no
header_size_limit = 10000000
# A retry is not to take longer than the test.
minimal_backoff_time = 2s
maximal_backoff_time = 2s
queue_run_delay = 2s
address_verify_poll_delay = 1s
address_verify_poll_count = 200
# As contrib/postfix says.
virtual_mailbox_domains = %(domain)s
virtual_transport = lmtp:inet:127.0.0.1:%(lmtp)s
lmtp_destination_recipient_limit = 1000
lmtp_destination_concurrency_limit = 10
lmtp_tls_security_level = %(tls)s
lmtp_tls_CAfile = %(ca)s
lmtp_tls_loglevel = 1
message_size_limit = 104857600
recipient_delimiter = +
smtpd_recipient_restrictions = reject_unverified_recipient, permit_mynetworks
unverified_recipient_reject_code = 550
address_verify_map = btree:%(folder)s/data/verify
"""

MASTER = """
127.0.0.1:%(port)s inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
lmtp unix - - n - - lmtp
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
"""


def root_prefix():
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(
            ["sudo", "-n", "true"], stderr=subprocess.DEVNULL,
            check=False).returncode == 0:
        return ["sudo", "-n"]
    t.skip("Postfix starts as root only, and there is no sudo")


class Postfix:
    """Beside the store, in an empty folder.  more: further settings, which
    take precedence; port: where it listens, if not anywhere."""

    def __init__(self, folder, more="", port=None):
        if not program("postfix"):
            t.skip("Postfix is not installed")
        self.folder = folder
        self.prefix = prefix = root_prefix()
        self.port = port or t.free_port()
        # Read by its processes, which are other users'.
        os.umask(0o022)
        os.chmod(folder, 0o755)
        self.config = os.path.join(folder, "etc")
        for name in ("etc", "queue"):
            os.mkdir(os.path.join(folder, name))
        self.write("main.cf", MAIN + more)
        self.write("master.cf", MASTER)
        data = os.path.join(folder, "data")
        t.run(*prefix, "install", "-d", "-o", "postfix", data)
        if prefix:
            t.run(*prefix, "chown", "root", self.config,
                  os.path.join(folder, "queue"), *[
                      os.path.join(self.config, name)
                      for name in ("main.cf", "master.cf")])

    def write(self, name, text):
        with open(os.path.join(self.config, name), "w",
                  encoding="ascii") as file:
            file.write(text % {
                "folder": self.folder, "port": self.port,
                "lmtp": t.setting("LMTP_PORT"), "domain": t.setting("DOMAIN"),
                "ca": t.setting("CA"), "tls": "encrypt"})

    def run(self, verb):
        t.run(*self.prefix, program("postfix"), "-c", self.config, verb)

    def end(self):
        """Stops it; the folder can be removed then."""
        self.run("stop")
        if self.prefix:
            t.run(*self.prefix, "chown", "-R", str(os.getuid()), self.folder)

    def queue(self):
        """How many messages are waiting."""
        out = t.run(*self.prefix, program("postqueue"), "-c", self.config,
                    "-j")
        return len(out.splitlines())

    def log(self):
        path = os.path.join(self.folder, "log")
        return t.run(*self.prefix, "cat", path, check=False).decode(
            errors="replace")


def program(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:" +
                        os.environ.get("PATH", ""))
