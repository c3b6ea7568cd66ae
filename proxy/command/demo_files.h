/* The folder of "crumbgate demo": certificates, keys, rules and configuration, for people to read and change. */
#ifndef CG_PROXY_COMMAND_DEMO_FILES_H
#define CG_PROXY_COMMAND_DEMO_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/attributes.h"

#define DEMO_PATH_MAX 4096

struct demo_setup {
	const char *folder; /* exists */
	const char *address;
	uint16_t port;
	uint16_t http_port;
	uint16_t origin_port;
};

/*
 * The folder to use when none is named: crumbgate/demo in $XDG_DATA_HOME or ~/.local/share, or crumbgate-demo here
 * if there is no home. False if it is too long.
 */
CG_WARN_UNUSED bool demo_default_folder(char out[DEMO_PATH_MAX]);

/* Makes the folder and those above it. False after saying why on standard error. */
CG_WARN_UNUSED bool demo_make_folder(const char *folder);
/* A descriptor that holds the folder until it is closed. -1, after saying why, if another demo holds it. */
CG_WARN_UNUSED int demo_lock_folder(const char *folder);

/* "folder/name"; false if it is too long. */
CG_WARN_UNUSED bool demo_path(const char *folder, const char *name, char out[DEMO_PATH_MAX]);

/*
 * Writes what is missing: the authority and certificate for localhost, the consent key, the rules; and the
 * configuration each time, as the origin's port changes. False after saying why.
 */
CG_WARN_UNUSED bool demo_write_files(const struct demo_setup *s);

#endif
