/*
 * Starting a worker: fork and exec of this very program (the file that runs, so that a replaced one on disk does not
 * matter) with the hidden subcommand "worker". Descriptors are handed over by number; every other one is close-on-exec.
 */
#ifndef CG_PROXY_PROCESS_SPAWN_H
#define CG_PROXY_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "proxy/process/privileges.h"
#include "rules/base/attributes.h"

#define WORKER_LISTENS_MAX 256

/* What a worker is told on its command line. */
struct worker_args {
	unsigned index;	     /* from 0, below config.workers */
	unsigned generation; /* counts the loads of the configuration, from 1 */
	int control;
	int bundle;
	int regions;	/* -1: there is no database of networks */
	int access_log; /* -1: off */
	int counters;	/* counter_board.fd; -1: the worker counts for itself */
	unsigned counter_page;
	struct identity identity;
	int listens[WORKER_LISTENS_MAX]; /* one for each of config.listens, in order */
	size_t n_listens;
};

/* The new process, or -1 with errno. The descriptors stay the caller's. */
pid_t spawn_worker(const struct worker_args *args);

/* The inverse, in the worker: false if argv is not what spawn_worker() writes. Descriptors become close-on-exec. */
CG_WARN_UNUSED bool worker_args_parse(int argc, char **argv, struct worker_args *args);

#endif
