/*
 * The channel between the parent and one worker: messages of one fixed size over a SOCK_SEQPACKET pair, some with a
 * descriptor. Nothing of a message is used before its size, type and counts are checked.
 */
#ifndef CG_PROXY_PROCESS_CONTROL_H
#define CG_PROXY_PROCESS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/tls/tls.h"
#include "rules/base/attributes.h"

enum control_type {
	/* parent to worker */
	CONTROL_TICKET_KEYS =
		1,	    /* keys; the first message, waiting before the worker starts, and after each rotation */
	CONTROL_ACCESS_LOG, /* carries a descriptor: write the access log there from now on */
	CONTROL_DRAIN,	    /* finish what is in flight and exit */
	CONTROL_ASK_STATS,
	/* worker to parent */
	CONTROL_READY, /* it accepts connections */
	CONTROL_STATS, /* stats */
	CONTROL_TYPES
};

struct worker_stats {
	uint64_t connections; /* of visitors, open now */
	uint64_t log_dropped; /* access log lines that are lost and not yet announced */
};

struct control_message {
	uint32_t type;
	union {
		struct tls_ticket_keys keys;
		struct worker_stats stats;
	} u;
};

enum control_result {
	CONTROL_OK,
	CONTROL_EMPTY, /* nothing there now */
	CONTROL_GONE,  /* the other end is closed */
	CONTROL_BAD,   /* not one of our messages, or an error: the channel is of no use any more */
};

/* Both ends are non-blocking and close-on-exec; pair[0] is the parent's. False with errno set. */
CG_WARN_UNUSED bool control_pair(int pair[2]);

/* fd: a descriptor to pass along, which stays the caller's; -1: none. False if the other end is gone or stuck. */
bool control_send(int channel, const struct control_message *m, int fd);
/* A message without content. */
bool control_send_type(int channel, enum control_type type);

/* Never waits. *fd: the descriptor that came along, now the caller's and close-on-exec, or -1. */
enum control_result control_receive(int channel, struct control_message *m, int *fd);

#endif
