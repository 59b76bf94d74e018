/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-users: adds, changes, lists and deletes users. */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/saslprep.h"
#include "base/errors.h"
#include "base/numset.h"
#include "base/text.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/quota.h"
#include "store/user.h"
#include "tools/forwards.h"
#include "tools/secret.h"
#include "tools/tool.h"

static const char usage_text[] =
	"usage: dbmail-users ACTION [OPTION]...\n"
	"\n"
	"Actions:\n"
	"  -a NAME       add a user\n"
	"  -c NAME       change a user\n"
	"  -d NAME       delete a user with all mail\n"
	"  -e NAME       empty all mailboxes of a user\n"
	"  -l [PATTERN]  list the users whose name matches (* and ?)\n"
	"  -x ALIAS      send on what comes for an alias: with -t and -T; "
	"alone,\n"
	"                list where the aliases that match it lead outside\n"
	"\n"
	"For -x:\n"
	"  -t ADDRESS    also to this address or user; may be repeated\n"
	"  -T ADDRESS    no longer to this one; may be repeated\n"
	"\n"
	"For -a and -c:\n"
	"  -W [FILE]     password from the first line of FILE, - for standard "
	"input;\n"
	"                without FILE it is asked for\n"
	"  -P [FILE]     password hash of the user in FILE (/etc/shadow)\n"
	"  -p SCHEME     scheme of the hash that -P takes (crypt)\n"
	"  -m SIZE       quota in bytes, or with K, M, G or T; 0 for none\n"
	"  -M COUNT      messages the user may have; none for any number\n"
	"  -B COUNT      mailboxes the user may have; none for any number\n"
	"  -s ALIAS      add an alias; may be repeated\n"
	"  -S ALIAS      remove an alias; may be repeated\n"
	"  -A yes|no     whether the user may do all under #Public, set "
	"quotas\n"
	"                and annotate the server over IMAP\n"
	"  -g NUMBER     put the user into a client group\n"
	"  -u NAME       new name, for -c\n"
	"\n"
	"  -n            show what would be done, and do nothing\n"
	"  -y            delete and empty without asking\n"
	"  -i            ask before deleting and emptying (the "
	"default)\n" TOOL_OPTIONS_HELP;

typedef struct {
	Tool tool;
	int action; /* its letter */
	const char *name;
	gboolean is_dry;
	gboolean is_sure;

	gboolean asks_password;
	const char *password_file;
	const char *shadow_file;
	const char *scheme;
	const char *quota_text;
	gint64 quota;
	const char *count_texts[QUOTA_RESOURCES]; /* or NULL */
	gint64 counts[QUOTA_RESOURCES];
	const char *administrator; /* "yes", "no" or NULL */
	const char *client_text;
	gint64 client;
	const char *new_name;
	GPtrArray *aliases_on;
	GPtrArray *aliases_off;
	GPtrArray *forwards_on;
	GPtrArray *forwards_off;

	char *hash; /* new password's */
	const char *hash_scheme;
} Users;

/* --- the command line -------------------------------------------------------- */

static void set_action(Users *users, int action, const char *name)
{
	if (users->action != 0)
		tool_wrong_usage(&users->tool,
			"one of -a, -c, -d, -e, -l and -x at a time");
	users->action = action;
	users->name = name;
}

/* Options of DBMail's that are refused, and why. */
static void refuse_option(const Users *users, int option)
{
	static const struct {
		int option;
		int status;
		const char *why;
	} refused[] = {
		{ 'w', EX_USAGE,
			"a password on the command line can be read by "
			"everybody "
			"on this machine; -W FILE reads it from a file, -W - "
			"from standard input" },
		{ 'X', EX_UNAVAILABLE,
			"-x ALIAS -T ADDRESS ends that mail is sent on" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
		if (refused[i].option != option)
			continue;
		fprintf(stderr, "%s: -%c: %s\n", users->tool.name, option,
			refused[i].why);
		exit(refused[i].status);
	}
}

static void take_option(Users *users, int option, int argc, char **argv)
{
	switch (option) {
	case 'a':
	case 'c':
	case 'd':
	case 'e':
	case 'x':
		set_action(users, option, optarg);
		return;
	case 'l':
		set_action(users, option, tool_optional_argument(argc, argv));
		return;
	case 'W':
		users->password_file = tool_optional_argument(argc, argv);
		users->asks_password = users->password_file == NULL;
		return;
	case 'P':
		users->shadow_file = tool_optional_argument(argc, argv);
		if (users->shadow_file == NULL)
			users->shadow_file = "/etc/shadow";
		return;
	case 'p':
		users->scheme = optarg;
		return;
	case 'm':
		users->quota_text = optarg;
		return;
	case 'M':
		users->count_texts[QUOTA_MESSAGES] = optarg;
		return;
	case 'B':
		users->count_texts[QUOTA_MAILBOXES] = optarg;
		return;
	case 'A':
		users->administrator = optarg;
		return;
	case 'g':
		users->client_text = optarg;
		return;
	case 'u':
		users->new_name = optarg;
		return;
	case 's':
		g_ptr_array_add(users->aliases_on, optarg);
		return;
	case 'S':
		g_ptr_array_add(users->aliases_off, optarg);
		return;
	case 't':
		g_ptr_array_add(users->forwards_on, optarg);
		return;
	case 'T':
		g_ptr_array_add(users->forwards_off, optarg);
		return;
	case 'n':
		users->is_dry = TRUE;
		return;
	case 'y':
	case 'i':
		users->is_sure = option == 'y';
		return;
	default:
		refuse_option(users, option);
		tool_option(&users->tool, option, optarg);
	}
}

/* "10M" in bytes. */
static gboolean parse_size(const char *text, gint64 *size)
{
	static const char suffixes[] = "KMGT";
	Bytes digits = bytes_of_string(text);
	guint shift = 0;
	guint64 number;

	if (digits.size > 0) {
		char last = g_ascii_toupper(digits.data[digits.size - 1]);
		const char *at =
			g_ascii_isalpha(last) ? strchr(suffixes, last) : NULL;
		if (at != NULL) {
			shift = 10 * ((guint)(at - suffixes) + 1);
			digits.size--;
		}
	}
	if (!text_to_number(digits, G_MAXINT64 >> shift, &number))
		return FALSE;
	*size = (gint64)(number << shift);
	return TRUE;
}

static gboolean has_changes(const Users *users)
{
	return users->asks_password || users->password_file != NULL ||
		users->shadow_file != NULL || users->quota_text != NULL ||
		users->count_texts[QUOTA_MESSAGES] != NULL ||
		users->count_texts[QUOTA_MAILBOXES] != NULL ||
		users->client_text != NULL || users->administrator != NULL ||
		users->new_name != NULL || users->aliases_on->len > 0 ||
		users->aliases_off->len > 0;
}

/* "12", or "none". */
static void read_counts(Users *users)
{
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		const char *text = users->count_texts[i];
		guint64 count = 0;

		users->counts[i] = QUOTA_UNLIMITED;
		if (text == NULL || strcmp(text, "none") == 0)
			continue;
		if (!text_to_number(bytes_of_string(text), G_MAXINT32, &count))
			tool_wrong_usage(
				&users->tool, "-M and -B: a number, or none");
		users->counts[i] = (gint64)count;
	}
}

static void check_usage(Users *users)
{
	const Tool *tool = &users->tool;
	guint64 client = 0;

	if (users->action == 0)
		tool_wrong_usage(tool, "no action: -a, -c, -d, -e, -l or -x");
	if (users->action != 'a' && users->action != 'c' && has_changes(users))
		tool_wrong_usage(tool, "that option goes with -a and -c only");
	if (users->action != 'x' &&
		users->forwards_on->len + users->forwards_off->len > 0)
		tool_wrong_usage(tool, "-t and -T go with -x only");
	if (users->action == 'c' && !has_changes(users))
		tool_wrong_usage(tool, "-c: what is to be changed?");
	if (users->action == 'a' &&
		(users->new_name != NULL || users->aliases_off->len > 0))
		tool_wrong_usage(tool, "-u and -S go with -c only");
	if ((users->asks_password || users->password_file != NULL) &&
		users->shadow_file != NULL)
		tool_wrong_usage(tool, "one of -W and -P");
	if (users->scheme != NULL && !password_scheme_known(users->scheme))
		tool_wrong_usage(tool, "-p: no such scheme");
	if (users->quota_text != NULL &&
		!parse_size(users->quota_text, &users->quota))
		tool_wrong_usage(tool,
			"-m: a number of bytes, or with K, M, G or T behind");
	if (users->administrator != NULL &&
		strcmp(users->administrator, "yes") != 0 &&
		strcmp(users->administrator, "no") != 0)
		tool_wrong_usage(tool, "-A: yes or no");
	if (users->client_text != NULL &&
		!text_to_number(bytes_of_string(users->client_text), G_MAXINT64,
			&client))
		tool_wrong_usage(tool, "-g: a number");
	users->client = (gint64)client;
	read_counts(users);
}

/* --- passwords --------------------------------------------------------------- */

static gboolean hash_password(Users *users, char *password, GError **error)
{
	g_autoptr(PasswordHasher) hasher =
		password_hasher_new(users->tool.settings);

	users->hash_scheme =
		users->scheme != NULL ? users->scheme : password_scheme(hasher);
	users->hash =
		password_hash(hasher, users->hash_scheme, password, error);
	return users->hash != NULL;
}

static gboolean read_hash(Users *users, GError **error)
{
	users->hash =
		secret_from_shadow(users->shadow_file, users->name, error);
	users->hash_scheme = users->scheme != NULL ? users->scheme : "crypt";
	if (users->hash == NULL)
		return FALSE;
	if (password_hash_is_whole(users->hash_scheme, users->hash))
		return TRUE;
	g_autofree char *why = g_strdup_printf("%s: what is there of %s is no "
					       "%s hash",
		users->shadow_file, users->name, users->hash_scheme);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, why, "%s", why);
	return FALSE;
}

static gboolean read_password(Users *users, GError **error)
{
	if (users->shadow_file != NULL)
		return read_hash(users, error);
	if (!users->asks_password && users->password_file == NULL)
		return TRUE;
	if (users->scheme != NULL && !password_scheme_is_new(users->scheme)) {
		if (!users->tool.is_quiet)
			fprintf(stderr,
				"%s: -p %s is ignored: no new password is "
				"hashed so\n",
				users->tool.name, users->scheme);
		users->scheme = NULL;
	}
	char *password = users->asks_password ?
		secret_ask(users->name, error) :
		secret_read(users->password_file, error);
	if (password == NULL)
		return FALSE;
	gboolean ok = hash_password(users, password, error);
	secret_free(&password);
	return ok;
}

/* --- names ------------------------------------------------------------------------- */

/* A new name, as log-ins will look for it (RFC 4013); one that cannot be
 * prepared is for the store to judge.  Free with g_free. */
static char *new_name_of(const char *name)
{
	char *prepared = saslprep(name);

	return prepared != NULL ? prepared : g_strdup(name);
}

/* Names from before that may be of any form. */
static gboolean find_user(Users *users, User **user, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *prepared = saslprep(users->name);

	if (user_get(users->tool.store, users->name, user, &failure))
		return TRUE;
	if (dbmail_error_is(failure, DBMAIL_ERROR_NOT_FOUND) &&
		prepared != NULL && !g_str_equal(prepared, users->name))
		return user_get(users->tool.store, prepared, user, error);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* --- add and change ------------------------------------------------------------ */

static gboolean set_password(Users *users, const User *user, GError **error)
{
	if (users->hash == NULL)
		return TRUE;
	if (!users->is_dry &&
		!user_set_password(users->tool.store, user->id, users->hash,
			users->hash_scheme, error))
		return FALSE;
	tool_say(&users->tool, "%s: new password", user->name);
	return TRUE;
}

static gboolean set_quota(Users *users, const User *user, GError **error)
{
	if (users->quota_text == NULL)
		return TRUE;
	if (!users->is_dry &&
		!user_set_quota(
			users->tool.store, user->id, users->quota, error))
		return FALSE;
	tool_say(&users->tool, "%s: quota %" G_GINT64_FORMAT " bytes",
		user->name, users->quota);
	return TRUE;
}

static gboolean set_counts(Users *users, const User *user, GError **error)
{
	static const char *const words[QUOTA_RESOURCES] = {
		[QUOTA_MESSAGES] = "messages",
		[QUOTA_MAILBOXES] = "mailboxes",
	};
	g_auto(Quota) quota = { .name = NULL };
	gboolean has_any = FALSE;

	for (guint i = 0; i < QUOTA_RESOURCES; i++)
		has_any |= users->count_texts[i] != NULL;
	if (!has_any)
		return TRUE;
	/* With -n the user may not be there yet. */
	if (!users->is_dry &&
		!quota_get(users->tool.store, NULL, user->id, &quota, error))
		return FALSE;
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		if (users->count_texts[i] == NULL)
			continue;
		quota.limit[i] = users->counts[i];
		tool_say(&users->tool, "%s: limit of %s %s", user->name,
			words[i], users->count_texts[i]);
	}
	return users->is_dry ||
		quota_set(users->tool.store, user->id, quota.limit, error);
}

static gboolean set_client(Users *users, const User *user, GError **error)
{
	if (users->client_text == NULL)
		return TRUE;
	if (!users->is_dry &&
		!user_set_client(
			users->tool.store, user->id, users->client, error))
		return FALSE;
	tool_say(&users->tool, "%s: client %" G_GINT64_FORMAT, user->name,
		users->client);
	return TRUE;
}

static gboolean set_administrator(
	Users *users, const User *user, GError **error)
{
	const char *to = users->administrator;

	if (to == NULL)
		return TRUE;
	if (!users->is_dry &&
		!user_set_administrator(users->tool.store, user->id,
			strcmp(to, "yes") == 0, error))
		return FALSE;
	tool_say(&users->tool, "%s: %s administrator", user->name,
		strcmp(to, "yes") == 0 ? "now" : "no longer");
	return TRUE;
}

static gboolean remove_aliases(Users *users, const User *user, GError **error)
{
	for (guint i = 0; i < users->aliases_off->len; i++) {
		const char *alias = users->aliases_off->pdata[i];
		if (!users->is_dry &&
			!user_alias_remove(
				users->tool.store, user->id, alias, error))
			return FALSE;
		tool_say(&users->tool, "%s: no longer %s", user->name, alias);
	}
	return TRUE;
}

static gboolean add_aliases(Users *users, const User *user, GError **error)
{
	for (guint i = 0; i < users->aliases_on->len; i++) {
		const char *alias = users->aliases_on->pdata[i];
		if (!users->is_dry &&
			!user_alias_add(
				users->tool.store, user->id, alias, error))
			return FALSE;
		tool_say(&users->tool, "%s: also %s", user->name, alias);
	}
	return TRUE;
}

static gboolean set_name(Users *users, const User *user, GError **error)
{
	if (users->new_name == NULL)
		return TRUE;
	g_autofree char *name = new_name_of(users->new_name);
	if (!users->is_dry &&
		!user_rename(users->tool.store, user->id, name, error))
		return FALSE;
	tool_say(&users->tool, "%s: now %s", user->name, name);
	return TRUE;
}

static gboolean change_user(Users *users, GError **error)
{
	g_autoptr(User) user = NULL;

	return find_user(users, &user, error) &&
		set_password(users, user, error) &&
		set_quota(users, user, error) &&
		set_counts(users, user, error) &&
		set_client(users, user, error) &&
		set_administrator(users, user, error) &&
		remove_aliases(users, user, error) &&
		add_aliases(users, user, error) && set_name(users, user, error);
}

static gboolean add_user(Users *users, GError **error)
{
	g_autofree char *name = new_name_of(users->name);
	User user = { .name = name };

	if (!users->is_dry &&
		!user_create(users->tool.store, name,
			users->hash != NULL ? users->hash : "",
			users->hash != NULL ? users->hash_scheme :
					      PASSWORD_SCHEME,
			users->quota, &user.id, error))
		return FALSE;
	tool_say(&users->tool, "%s: new user%s", name,
		users->hash == NULL ? ", who cannot log in without a password" :
				      "");
	return set_counts(users, &user, error) &&
		set_client(users, &user, error) &&
		set_administrator(users, &user, error) &&
		add_aliases(users, &user, error);
}

/* --- delete and empty ---------------------------------------------------------- */

static gboolean is_confirmed(const Users *users, const char *question)
{
	char answer[8];

	if (users->is_sure || users->is_dry)
		return TRUE;
	if (!isatty(STDIN_FILENO))
		tool_wrong_usage(&users->tool,
			"there is no terminal to ask at; -y does it unasked");
	printf("%s [y/N] ", question);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
		(answer[0] == 'y' || answer[0] == 'Y');
}

static gboolean delete_user(Users *users, GError **error)
{
	g_autofree char *question =
		g_strdup_printf("Delete %s with all mail?", users->name);
	g_autoptr(User) user = NULL;

	if (!find_user(users, &user, error))
		return FALSE;
	if (!is_confirmed(users, question))
		return TRUE;
	if (!users->is_dry && !user_delete(users->tool.store, user->id, error))
		return FALSE;
	tool_say(&users->tool, "%s: deleted", user->name);
	return TRUE;
}

static gboolean empty_mailbox(
	Users *users, const Mailbox *mailbox, GError **error)
{
	g_autoptr(NumSet) all = numset_new();

	if (mailbox->messages == 0)
		return TRUE;
	numset_add_range(all, 1, mailbox->uidnext - 1);
	if (!users->is_dry &&
		!message_remove(users->tool.store, mailbox->id, all, error))
		return FALSE;
	tool_say(&users->tool, "%s: %u messages out of %s", users->name,
		mailbox->messages, mailbox->name);
	return TRUE;
}

static gboolean empty_user(Users *users, GError **error)
{
	g_autofree char *question =
		g_strdup_printf("Remove all messages of %s?", users->name);
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(User) user = NULL;

	if (!find_user(users, &user, error) ||
		!mailbox_list_own(users->tool.store, user->id, &list, error))
		return FALSE;
	if (!is_confirmed(users, question))
		return TRUE;
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = list->pdata[i];
		if (listed->mailbox != NULL &&
			!empty_mailbox(users, listed->mailbox, error))
			return FALSE;
	}
	return TRUE;
}

/* --- list ---------------------------------------------------------------------- */

/* One line per user, fields apart by tabs, which no name can hold; dbmail-users(8)
 * promises their order. */
static gboolean print_user(Users *users, const User *user, GError **error)
{
	g_auto(GStrv) aliases = NULL;
	g_auto(Quota) quota = { .name = NULL };
	char login[25] = "-";

	if (!user_aliases(users->tool.store, user->id, &aliases, error) ||
		!quota_get(users->tool.store, NULL, user->id, &quota, error))
		return FALSE;
	if (user->has_login)
		timestamp_format_iso8601(user->last_login, login);
	g_autofree char *joined = g_strjoinv(",", aliases);
	printf("%s\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT
	       "\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT "\t%s\t%s\t%s",
		user->name, user->id, user->client, user->quota, user->used,
		user->password[0] == '\0'           ? "-" :
			user->encryption[0] == '\0' ? "plaintext" :
						      user->encryption,
		login, joined);
	for (guint i = QUOTA_MESSAGES; i <= QUOTA_MAILBOXES; i++) {
		if (quota.limit[i] == QUOTA_UNLIMITED)
			fputs("\tnone", stdout);
		else
			printf("\t%" G_GINT64_FORMAT, quota.limit[i]);
	}
	puts(user->is_administrator ? "\tyes" : "\tno");
	return TRUE;
}

static gboolean list_users(Users *users, GError **error)
{
	g_autoptr(GPtrArray) list = NULL;

	if (!user_list(users->tool.store, users->name, &list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++) {
		if (!print_user(users, list->pdata[i], error))
			return FALSE;
	}
	if (list->len > 0 || users->name == NULL)
		return TRUE;
	dbmail_error_set(
		error, DBMAIL_ERROR_NOT_FOUND, "no such user", "no such user");
	return FALSE;
}

/* --- main ---------------------------------------------------------------------- */

static gboolean run_forwards(Users *users, GError **error)
{
	const Forwards forwards = {
		.alias = users->name,
		.added = users->forwards_on,
		.removed = users->forwards_off,
		.is_dry = users->is_dry,
	};

	return forwards_run(&users->tool, &forwards, error);
}

static gboolean run_action(Users *users, GError **error)
{
	static const struct {
		int action;
		gboolean (*run)(Users *users, GError **error);
	} actions[] = {
		{ 'a', add_user },
		{ 'c', change_user },
		{ 'd', delete_user },
		{ 'e', empty_user },
		{ 'l', list_users },
		{ 'x', run_forwards },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (actions[i].action == users->action)
			return actions[i].run(users, error);
	}
	g_assert_not_reached();
}

/* What the password could not be read from is an input, not a user. */
static int password_fail(const Users *users, GError **error)
{
	gboolean is_missing = dbmail_error_is(*error, DBMAIL_ERROR_NOT_FOUND);
	int status = tool_fail(&users->tool, error);

	return is_missing ? EX_NOINPUT : status;
}

static int run(Users *users)
{
	g_autoptr(GError) error = NULL;

	if (!tool_read_settings(&users->tool, &error))
		return tool_fail(&users->tool, &error);
	if (!read_password(users, &error))
		return password_fail(users, &error);
	settings_free(&users->tool.settings);
	if (!tool_open(&users->tool, STORE_PLAIN, &error) ||
		!run_action(users, &error))
		return tool_fail(&users->tool, &error);
	return EX_OK;
}

int main(int argc, char **argv)
{
	Users users = {
		.tool = { .name = "dbmail-users", .usage = usage_text },
		.aliases_on = g_ptr_array_new(),
		.aliases_off = g_ptr_array_new(),
		.forwards_on = g_ptr_array_new(),
		.forwards_off = g_ptr_array_new(),
	};
	int option;

	while ((option = tool_getopt(argc, argv,
			"+a:c:d:e:l::W::P::p:m:s:S:g:A:M:B:u:nyiw:x:X:t:"
			"T:" TOOL_OPTIONS)) != -1)
		take_option(&users, option, argc, argv);
	if (optind < argc)
		tool_wrong_usage(
			&users.tool, "that is more than it understands");
	check_usage(&users);
	int status = run(&users);
	secret_free(&users.hash);
	tool_close(&users.tool);
	g_ptr_array_unref(users.aliases_on);
	g_ptr_array_unref(users.aliases_off);
	g_ptr_array_unref(users.forwards_on);
	g_ptr_array_unref(users.forwards_off);
	return status;
}
