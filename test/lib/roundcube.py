# SPDX-License-Identifier: GPL-2.0-or-later
"""Roundcube, served by PHP's own web server with a configuration of its own, and
a browser that asks as its pages do."""

import http.cookiejar
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request

import dbmailtest as t

SHARED = "/usr/share/roundcube"
DEFAULTS = "/etc/roundcube"
ROOT = "/var/lib/roundcube/public_html"

CONFIG = """<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///%(folder)s/roundcube.db?mode=0600';
$config['imap_host'] = '127.0.0.1:%(port)s';
$config['smtp_host'] = '127.0.0.1:9';
$config['des_key'] = '0123456789abcdefghijklmn';
$config['log_dir'] = '%(folder)s/logs/';
$config['temp_dir'] = '%(folder)s/temp/';
$config['plugins'] = ['acl', 'archive', 'markasjunk'];
$config['skin'] = 'elastic';
$config['create_default_folders'] = true;
$config['enable_spellcheck'] = false;
$config['login_rate_limit'] = 0;
$config['mail_domain'] = 'example.com';
$config['language'] = 'en_US';
$config['list_cols'] = ['subject', 'from', 'date', 'size'];
%(more)s
"""


def is_installed():
    return shutil.which("php") and os.path.isdir(ROOT)


class Server:
    """php -S on a free port, until it is closed."""

    def __init__(self, folder, imap_port, more):
        config = os.path.join(folder, "config")
        for name in ("config", "logs", "temp"):
            os.mkdir(os.path.join(folder, name))
        for name in ("defaults.inc.php", "mimetypes.php"):
            os.symlink(os.path.join(DEFAULTS, name),
                       os.path.join(config, name))
        with open(os.path.join(config, "config.inc.php"), "w",
                  encoding="ascii") as file:
            file.write(CONFIG % {"folder": folder, "port": imap_port,
                                 "more": more})
        database = sqlite3.connect(os.path.join(folder, "roundcube.db"))
        with open(SHARED + "/SQL/sqlite.initial.sql",
                  encoding="utf-8") as file:
            database.executescript(file.read())
        database.close()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        with open(os.path.join(folder, "php.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["php", "-S", "127.0.0.1:%d" % self.port, "-t", ROOT],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, ROUNDCUBE_CONFIG_DIR=config))
        self.wait()

    def wait(self):
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("php does not serve: %r" % t.read(
            os.path.join(self.folder, "php.log")))

    def close(self):
        self.process.terminate()
        self.process.wait()

    def errors(self):
        path = os.path.join(self.folder, "logs", "errors.log")
        return t.read(path).decode() if os.path.exists(path) else ""


class Browser:
    """Asks as Roundcube's page does."""

    def __init__(self, server):
        self.base = "http://127.0.0.1:%d/" % server.port
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.token = None

    def open(self, query, form=None, remote=False):
        headers = {}
        if remote:
            headers["X-Roundcube-Request"] = self.token
            headers["X-Requested-With"] = "XMLHttpRequest"
            query = dict(query, _remote="1", _unlock="0")
        data = None if form is None else urllib.parse.urlencode(
            form, doseq=True).encode()
        request = urllib.request.Request(
            self.base + "?" + urllib.parse.urlencode(query), data, headers)
        with self.opener.open(request, timeout=t.TIMEOUT) as answer:
            self.url = answer.geturl()
            return answer.read()

    def page(self, task="mail", form=None, **query):
        return self.open(dict({"_task": task}, **query), form)

    def ask(self, action, form=None, task="mail", **query):
        """What the page would be told: (env, commands)."""
        query = dict({"_task": task, "_action": action}, **query)
        answer = json.loads(self.open(query, form, remote=True))
        said = answer.get("exec", "")
        if re.search(r'"(error|warning)"', said):
            raise RuntimeError("%s %r: %s" % (action, form, said))
        return answer.get("env") or {}, said

    def log_in(self, user):
        page = self.page("login").decode()
        token = re.search(r'name="_token" value="([^"]+)"', page).group(1)
        page = self.page("login", {
            "_token": token, "_task": "login", "_action": "login",
            "_timezone": "Europe/Berlin", "_url": "", "_user": user,
            "_pass": "secret"}).decode()
        self.token = re.search(r'"request_token":"([^"]+)"', page).group(1)
        return page

    def rows(self, action="list", **query):
        """(uid, columns, flags) of the list, in order."""
        said = self.ask(action, _mbox=query.pop("_mbox", "INBOX"),
                        **query)[1]
        return [json.loads("[%s]" % row) for row in re.findall(
            r"this\.add_message_row\((.*?)\);$", said, re.MULTILINE)]

    def uids(self, action="list", **query):
        return [row[0] for row in self.rows(action, **query)]
