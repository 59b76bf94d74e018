/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-lmtpd: takes mail in over LMTP. */
#include "net/daemon.h"
#include "deliver/deliver.h"
#include "lmtp/session.h"

static gpointer start(const Settings *settings, GError **error)
{
	if (!deliver_settings_check(settings, error))
		return NULL;
	Store *store =
		store_open(settings, "dbmail-lmtpd", STORE_NOTIFY, error);
	if (store == NULL)
		return NULL;
	LmtpState *state = g_new0(LmtpState, 1);
	state->store = store;
	state->deliverer = deliverer_new(store);
	state->settings = settings;
	return state;
}

/* Sessions go on with the settings they began with. */
static gboolean reload(gpointer data, const Settings *settings, GError **error)
{
	LmtpState *state = data;

	if (!deliver_settings_check(settings, error))
		return FALSE;
	g_atomic_pointer_set(&state->settings, settings);
	return TRUE;
}

static void stop(gpointer data)
{
	LmtpState *state = data;

	deliverer_free(&state->deliverer);
	store_close(&state->store);
	g_free(state);
}

static const DaemonSpec spec = {
	.name = "dbmail-lmtpd",
	.section = "LMTP",
	.summary = "takes mail in over LMTP",
	.refusal = "421 4.3.2 too many connections\r\n",
	.start = start,
	.serve = lmtp_session_serve,
	.reload = reload,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
