/*
 * Accepts connections on a listening socket. When descriptors or memory run out it pauses for a moment instead of
 * spinning: waiting connections stay in the kernel's queue.
 */
#ifndef CG_PROXY_IO_LISTENER_H
#define CG_PROXY_IO_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "proxy/io/deadline.h"
#include "proxy/io/io.h"

/* A new connection: a non-blocking, close-on-exec socket that now belongs to the callee. */
typedef void (*listener_accept)(void *arg, int fd, const struct sockaddr *peer, socklen_t len);

struct listener {
	int fd; /* not owned */
	struct event ev;
	struct deadline pause;
	listener_accept accept;
	void *arg;
	bool enabled; /* accepting is wanted */
};

CG_WARN_UNUSED bool listener_init(struct listener *l, struct io *io, int fd, listener_accept accept, void *arg);
/* Stops and resumes accepting; waiting connections stay in the kernel's queue. */
void listener_enable(struct listener *l, bool on);
void listener_free(struct listener *l);

#endif
