# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The daemons of a throw-away store: start, stop, wait until ready.  Sourced by
# with-store and store-daemon; everything is about $DBMAIL_STORE, a directory
# with dbmail.conf, one log per daemon and `pids`.

# Short name, program, section of the configuration.
STORE_DAEMONS="lmtpd:dbmail-lmtpd:LMTP imapd:dbmail-imapd:IMAP pop3d:dbmail-pop3d:POP
	sieved:dbmail-sieved:SIEVE queued:dbmail-queued:QUEUE"
# Seconds a daemon may take to greet and to end: long ones, for sanitizers on a
# machine that is shared; nobody waits for them but where something is wrong.
STORE_START=${DBMAIL_START_TIMEOUT:-120}
STORE_STOP=${DBMAIL_STOP_TIMEOUT:-120}

# A process that was not yet waited for has ended all the same; but not while
# threads of it are still there, which keep its port open.
pid_runs() { # PID
	local state tasks
	{ read -r state <"/proc/$1/stat"; } 2>/dev/null || return 1
	state=${state##*) }
	tasks=("/proc/$1/task/"*)
	[ "${state%% *}" != Z ] || [ ${#tasks[@]} -gt 1 ]
}

# Only what runs with our configuration is ours: pids come again.
pid_is_ours() { # PID
	pid_runs "$1" && tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null |
		grep -qxF "$DBMAIL_CONF"
}

pids_of() { # NAME
	awk -v name="$1" '$1 == name { print $2 }' "$DBMAIL_PIDS"
}

# One writer at a time: tests may restart daemons side by side.
pids_change() { # NAME [PID]: forgets the name's line; notes the new one
	(
		flock 9
		awk -v name="$1" '$1 != name' "$DBMAIL_PIDS" >"$DBMAIL_PIDS.new"
		[ $# -lt 2 ] || echo "$1 $2" >>"$DBMAIL_PIDS.new"
		mv "$DBMAIL_PIDS.new" "$DBMAIL_PIDS"
	) 9>"$DBMAIL_STORE/pids.lock"
}

daemon_port() { # NAME
	case $1 in
	lmtpd) echo "$DBMAIL_LMTP_PORT" ;;
	imapd) echo "$DBMAIL_IMAP_PORT" ;;
	pop3d) echo "$DBMAIL_POP3_PORT" ;;
	sieved) echo "$DBMAIL_SIEVE_PORT" ;;
	esac
}

# Connecting works once the daemon listens; its greeting comes once it serves.
daemon_greets() { # PID PORT
	local deadline=$((SECONDS + STORE_START))
	local greeting

	while pid_runs "$1" && [ "$SECONDS" -lt "$deadline" ]; do
		if { exec 8<>"/dev/tcp/127.0.0.1/$2"; } 2>/dev/null; then
			if [ -n "${STORE_NO_GREETING:-}" ] ||
				read -r -t "$STORE_START" -u 8 greeting
			then
				exec 8>&-
				pid_runs "$1"
				return
			fi
			exec 8>&-
		fi
		# Not listening yet: look again in a moment.
		read -r -t 0.02 <> <(:) || :
	done
	return 1
}

# One that listens nowhere says so in its log, behind what was there before.
daemon_works() { # PID LOG BYTES
	local deadline=$((SECONDS + STORE_START))

	while pid_runs "$1" && [ "$SECONDS" -lt "$deadline" ]; do
		! tail -c +$(($3 + 1)) "$2" | grep -q 'event=working\|"working"' ||
			return 0
		read -r -t 0.02 <> <(:) || :
	done
	return 1
}

# Starts the daemon as a child of this shell and waits until it serves.  Its
# pid goes to DBMAIL_PIDS and to started_pid.
daemon_start() { # NAME
	local entry program log=$DBMAIL_STORE/$1.log size

	for entry in $STORE_DAEMONS; do
		[ "${entry%%:*}" != "$1" ] || program=${entry#*:}
	done
	program=${program%%:*}
	size=$(stat -c %s "$log" 2>/dev/null || echo 0)
	# shellcheck disable=SC2086 # the wrapper may have arguments
	${DBMAIL_WRAP:-} "$program" -f "$DBMAIL_CONF" \
		</dev/null >>"$log" 2>&1 8>&- 9>&- &
	started_pid=$!
	pids_change "$1" "$started_pid"
	if [ -n "$(daemon_port "$1")" ]; then
		daemon_greets "$started_pid" "$(daemon_port "$1")"
	else
		daemon_works "$started_pid" "$log" "$size"
	fi
}

# Asks it to end and waits until it has; ends it by force when it does not.
daemon_stop() { # NAME [SIGNAL]
	local pid deadline=$((SECONDS + STORE_STOP))

	pid=$(pids_of "$1")
	[ -n "$pid" ] && pid_is_ours "$pid" || return 0
	kill -s "${2:-TERM}" "$pid" 2>/dev/null || return 0
	while pid_runs "$pid" && [ "$SECONDS" -lt "$deadline" ]; do
		read -r -t 0.02 <> <(:) || :
	done
	pid_runs "$pid" || return 0
	echo "with-store: $1 (pid $pid) did not end, killing it" >&2
	kill -s KILL "$pid" 2>/dev/null
	return 1
}

postmaster_pid() {
	head -n 1 "$DBMAIL_STORE/pg/data/postmaster.pid"
}

# After a kill the last backends may hold the cluster for a moment.
postmaster_start() {
	local deadline=$((SECONDS + STORE_START))

	until "$DBMAIL_PG_CLUSTER" start "$DBMAIL_STORE/pg" \
		2>"$DBMAIL_STORE/pg-start.log"
	do
		if [ "$SECONDS" -ge "$deadline" ]; then
			cat "$DBMAIL_STORE/pg-start.log" >&2
			return 1
		fi
		read -r -t 0.1 <> <(:) || :
	done
	pids_change postmaster "$(postmaster_pid)"
}

# Every process of the server works in its data directory.
backends_run() {
	local link

	for link in /proc/[0-9]*/cwd; do
		[ "$(readlink "$link" 2>/dev/null)" != "$DBMAIL_STORE/pg/data" ] ||
			return 0
	done
	return 1
}

# TERM: sessions are cut off and all is written; KILL: as in a crash.
postmaster_stop() { # [SIGNAL]
	local pid

	pid=$(pids_of postmaster)
	if [ "${1:-TERM}" = KILL ]; then
		kill -s KILL "$pid"
		while pid_runs "$pid" || backends_run; do
			read -r -t 0.02 <> <(:) || :
		done
		# Nobody may have waited for it yet: PostgreSQL would take it
		# for alive.
		[ ! -e "/proc/$pid" ] || rm -f "$DBMAIL_STORE/pg/data/postmaster.pid"
	else
		"$DBMAIL_PG_CLUSTER" stop "$DBMAIL_STORE/pg"
	fi
}
