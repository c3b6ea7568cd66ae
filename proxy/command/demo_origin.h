/*
 * The web server behind "crumbgate demo": a child process that serves the example site over plain HTTP/1.1 on a
 * loopback port of the system's choice. It ends with its parent.
 */
#ifndef CG_PROXY_COMMAND_DEMO_ORIGIN_H
#define CG_PROXY_COMMAND_DEMO_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rules/base/attributes.h"

struct demo_origin {
	pid_t pid;
	int lifeline; /* closed: the child ends */
	uint16_t port;
};

/* False with errno. */
CG_WARN_UNUSED bool demo_origin_start(struct demo_origin *o);
/* Ends the child and waits for it. */
void demo_origin_stop(struct demo_origin *o);

#endif
