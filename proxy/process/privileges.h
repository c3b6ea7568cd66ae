/*
 * What a worker may do: it runs as an unprivileged user, perhaps in an empty root, without a way to gain anything.
 */
#ifndef CG_PROXY_PROCESS_PRIVILEGES_H
#define CG_PROXY_PROCESS_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "proxy/config/config.h"
#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"

/* Who workers are to be; change is false when they stay what the parent is. */
struct identity {
	bool change;
	uid_t uid;
	gid_t gid;
};

/*
 * The user of the config. Root without a "user" statement: the user "crumbgate" if there is one, else "nobody", so that
 * workers never run as root by accident; "user root" asks for it. Another user than root cannot change: naming somebody
 * else, or a chroot, is then an error. False after adding a diagnostic.
 */
CG_WARN_UNUSED bool identity_find(const struct config *config, struct identity *out, struct diagnostics *d);

/*
 * For good, in a worker, once every file is open: chroot (empty: none) and identity, no new privileges, no core, no
 * debugger of the same user. False with the failed step in *what and errno set; the worker must then end.
 */
CG_WARN_UNUSED bool privileges_drop(struct slice root, const struct identity *id, const char **what);

/* As many descriptors as the hard limit allows. */
void privileges_raise_files(void);

#endif
