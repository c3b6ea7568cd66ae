/*
 * The parent: loads the configuration, binds the ports, starts the workers and watches them. It reads no network byte.
 *
 * SIGTERM, SIGINT  finish what is in flight (at most timeouts drain), then end; a second one ends at once
 * SIGHUP           load the configuration again: the new workers must be ready before the old ones are told to drain; a
 *                  bad configuration changes nothing
 * SIGUSR1          open the access log's file again, after a rotation
 * SIGUSR2          tell what was refused or cut since the start
 */
#ifndef CG_PROXY_PROCESS_PARENT_H
#define CG_PROXY_PROCESS_PARENT_H

#include "proxy/config/config.h"

struct parent_options {
	const char *config_file;
	/* Called once, when all workers are ready for the first time. May be NULL. */
	void (*ready)(void *arg, const struct config *config);
	void *arg;
};

/* Serves until it is told to end. The exit status: 0; 2 if it could not start, after saying why. */
int parent_run(const struct parent_options *options);

#endif
