/*
 * A generation: one load of the configuration with the workers that serve it. Usually there is one; during a reload the
 * next starts beside it, and the previous ones drain.
 *
 * STARTING -> SERVING -> DRAINING; a generation that cannot start goes from STARTING to DRAINING. Its owner frees it
 * once no worker runs any more.
 */
#ifndef CG_PROXY_PROCESS_GENERATION_H
#define CG_PROXY_PROCESS_GENERATION_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/config/config.h"
#include "proxy/observe/counters.h"
#include "proxy/process/listeners.h"
#include "proxy/process/load.h"
#include "proxy/process/privileges.h"
#include "proxy/tls/tls.h"

enum generation_state { GENERATION_STARTING, GENERATION_SERVING, GENERATION_DRAINING };

struct generation;

struct worker {
	struct generation *generation;
	unsigned index;
	pid_t pid;   /* 0: not running */
	int control; /* -1: closed */
	struct event *readable;
	struct event *respawn; /* pending while it waits for its next start */
	bool ready;
	int64_t started_ms;
	unsigned failures; /* deaths in a row without useful life between them */
	uint64_t connections;
	int counter_page; /* while it runs; -1: none */
};

/* What the generations of a parent share. */
struct generation_env {
	struct event_base *base;
	struct listener_table *listeners;
	struct tls_ticket_keys *ticket_keys;
	struct counter_board *counters;
	/* A worker of g became ready, or died. */
	void (*changed)(void *arg, struct generation *g);
	void *arg;
};

struct generation {
	const struct generation_env *env;
	unsigned number;
	enum generation_state state;
	struct loaded loaded;
	struct identity identity;
	int access_log;	    /* -1: off; 1 and 2 are not ours to close */
	int *listens;	    /* of all workers; see listener_table_acquire() */
	bool holds_sockets; /* they are acquired */
	struct worker *workers;
	struct event *patience; /* while draining: its end */
	size_t n_workers;
	bool failed; /* a worker died before all were ready */
	struct generation *next;
};

/* Loads and binds; starts nothing. NULL after errors, all of them in d. */
CG_WARN_UNUSED struct generation *generation_load(const struct generation_env *env, unsigned number, struct slice path,
						  const char consent_key[CONSENT_KEY_TEXT], struct diagnostics *d);
/* Kills what still runs. NULL is fine. */
void generation_free(struct generation *g);

/* Starts all workers; false if one could not be started (the rest goes on and must be told to drain). */
CG_WARN_UNUSED bool generation_start(struct generation *g);
/*
 * Tells the workers to finish, starts none again, gives up the sockets. Workers end by themselves after timeouts.drain;
 * those that have not a moment later are killed.
 */
void generation_drain(struct generation *g);
/* SIGKILL to all its workers. */
void generation_kill(struct generation *g);
/* Looks for workers that ended; those of a serving generation are started again. */
void generation_reap(struct generation *g);
/* Passes the ticket keys of env to all workers. */
void generation_send_ticket_keys(struct generation *g);
/* Opens the access log's file again and hands it to all workers; the old one goes on being used if that fails. */
void generation_reopen_log(struct generation *g);
/* Asks the workers for their numbers; worker.connections changes when they answer. */
void generation_ask_stats(struct generation *g);

size_t generation_running(const struct generation *g);
bool generation_ready(const struct generation *g); /* all its workers are */
uint64_t generation_connections(const struct generation *g);

#endif
