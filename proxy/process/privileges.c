#include "proxy/process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The leak check of a sanitizer build stops the process with ptrace, which needs a dumpable one. */
#if defined(__SANITIZE_ADDRESS__)
#define MUST_STAY_DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MUST_STAY_DUMPABLE 1
#endif
#endif
#ifndef MUST_STAY_DUMPABLE
#define MUST_STAY_DUMPABLE 0
#endif

static const struct passwd *find_user(struct slice name)
{
	char text[LOGIN_NAME_MAX];

	if (!name.n) {
		const struct passwd *own = getpwnam("crumbgate");

		return own ? own : getpwnam("nobody");
	}
	if (name.n >= sizeof text)
		return NULL;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return getpwnam(text);
}

/* What somebody who is not root can have: to stay what they are. */
static bool find_unprivileged(const struct config *config, struct diagnostics *d)
{
	static const char hint[] = "start crumbgate as root, or remove the statement";
	struct position user = config_position(config, config->user_line);
	struct position chroot = config_position(config, config->chroot_line);
	const struct passwd *pw = config->user.n ? find_user(config->user) : NULL;

	if (config->chroot.n)
		diagnostics_add(d, SEVERITY_ERROR, &chroot, hint, "chroot %.*s needs root", SLICE_ARG(config->chroot));
	if (config->user.n && (!pw || pw->pw_uid != geteuid()))
		diagnostics_add(d, SEVERITY_ERROR, &user, hint, "becoming user \"%.*s\" needs root",
				SLICE_ARG(config->user));
	return diagnostics_ok(d);
}

bool identity_find(const struct config *config, struct identity *out, struct diagnostics *d)
{
	struct position at = config_position(config, config->user_line);
	const struct passwd *pw;

	*out = (struct identity){.uid = geteuid(), .gid = getegid()};
	if (geteuid() != 0)
		return find_unprivileged(config, d);
	pw = find_user(config->user);
	if (pw) {
		*out = (struct identity){.change = true, .uid = pw->pw_uid, .gid = pw->pw_gid};
		return true;
	}
	if (config->user.n)
		diagnostics_add(d, SEVERITY_ERROR, &at, "create it: adduser --system --group --no-create-home NAME",
				"there is no user \"%.*s\"", SLICE_ARG(config->user));
	else
		diagnostics_add(d, SEVERITY_ERROR, &at, "write: user NAME, with an unprivileged user of this machine",
				"workers would run as root: there is neither a user \"crumbgate\" nor \"nobody\"");
	return false;
}

void privileges_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static bool enter_root(struct slice root)
{
	char path[PATH_MAX];

	if (root.n >= sizeof path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(path, root.p, root.n);
	path[root.n] = '\0';
	return chroot(path) == 0 && chdir("/") == 0;
}

bool privileges_drop(struct slice root, const struct identity *id, const char **what)
{
	static const struct rlimit none = {0, 0};

	*what = "chroot";
	if (root.n && !enter_root(root))
		return false;
	*what = "setgroups";
	if (id->change && setgroups(0, NULL) != 0)
		return false;
	*what = "setresgid";
	if (id->change && setresgid(id->gid, id->gid, id->gid) != 0)
		return false;
	*what = "setresuid";
	if (id->change && setresuid(id->uid, id->uid, id->uid) != 0)
		return false;
	*what = "PR_SET_NO_NEW_PRIVS";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	*what = "RLIMIT_CORE";
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	*what = "PR_SET_DUMPABLE";
	/* Changing the user has cleared it already where it must stay. */
	return prctl(PR_SET_DUMPABLE, MUST_STAY_DUMPABLE, 0, 0, 0) == 0;
}
