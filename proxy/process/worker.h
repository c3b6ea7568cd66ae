/*
 * One worker process: builds its server from the bundle, drops privileges, serves until told to drain. It also drains
 * when the parent is gone.
 */
#ifndef CG_PROXY_PROCESS_WORKER_H
#define CG_PROXY_PROCESS_WORKER_H

#include "proxy/process/spawn.h"

/* The exit status of the process: 0 after draining, 2 if it could not start. */
int worker_run(const struct worker_args *args);

#endif
