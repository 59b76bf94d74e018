# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What failed and what it said, gathered for the last lines of a long run, of
# which often only the end is kept.  Sourced by test/run and .ci/run, and by
# what they run: DBMAIL_REPORT is a directory with `names` and `said`.

# Lines of one failed test, and of all of them.
REPORT_EACH=40
REPORT_ALL=110

report_begin() {
	DBMAIL_REPORT=$(mktemp -d) || exit 70
	export DBMAIL_REPORT
	: >"$DBMAIL_REPORT/names"
	: >"$DBMAIL_REPORT/said"
}

report_count() {
	wc -l <"$DBMAIL_REPORT/names"
}

# The lines of a log that say what is wrong, each with the few that explain it;
# where there are none, the last ones.
report_telling() { # LOG
	awk -v most="$REPORT_EACH" '
	/^ok / { left = 0 }
	/^(not ok|FAIL:|ERROR:|Bail out|Traceback|with-store:|pg-cluster:)/ ||
	/(ERROR|WARNING): [A-Za-z]+Sanitizer|runtime error: |rror: / ||
	/assertion failed|CRITICAL \*\*|\*\*\* |^[A-Za-z.]+(Error|Exception)/ {
		left = 12
	}
	left > 0 && told < most {
		print substr($0, 1, 400)
		told++
	}
	{
		left--
		last[NR % 20] = substr($0, 1, 400)
	}
	END {
		for (i = NR - 19; !told && i <= NR; i++)
			if (i > 0)
				print last[i % 20]
	}' "$1"
}

report_failed() { # NAME LOG
	echo "$1" >>"$DBMAIL_REPORT/names"
	{
		echo "--- $1"
		report_telling "$2"
	} >>"$DBMAIL_REPORT/said"
}

# Runs a command and shows what it says.  One that fails is reported, unless it
# has itself reported which of its tests failed.
report_run() { # NAME COMMAND...
	local name=$1 known log status

	shift
	known=$(report_count)
	log=$(mktemp) || exit 70
	"$@" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	[ "$status" -eq 0 ] || [ "$(report_count)" -gt "$known" ] ||
		report_failed "$name" "$log"
	rm -f "$log"
	return "$status"
}

# Each unit test that failed, by what Automake notes of it.
report_units() { # NAME BUILD-DIRECTORY
	local result

	find "$2" -name '*.trs' -exec \
		grep -lE '^:test-result: (X?FAIL|ERROR|XPASS)' {} + |
		while read -r result; do
			result=${result%.trs}
			report_failed "$1: ${result#"$2/"}" "$result.log"
		done
}

# The last lines; the names once more behind what was said.  Fails where there
# are any.
report_end() {
	local count lines

	count=$(report_count)
	lines=$(wc -l <"$DBMAIL_REPORT/said")
	if [ "$count" -gt 0 ]; then
		echo
		head -n "$REPORT_ALL" "$DBMAIL_REPORT/said"
		[ "$lines" -le "$REPORT_ALL" ] ||
			echo "... and $((lines - REPORT_ALL)) lines more, above"
		printf '\nFAILED:\n'
		sed 's/^/  /' "$DBMAIL_REPORT/names"
	fi
	rm -rf "$DBMAIL_REPORT"
	[ "$count" -eq 0 ]
}
