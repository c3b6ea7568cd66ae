/*
 * Connections to origins: per origin a pool of idle keep-alive connections, a limit, a queue for those who must wait,
 * and a note of which addresses failed lately. Who has waited for a second gets what another user can best spare. One
 * set per site balances over its origins.
 *
 * A connection is lent to one exchange at a time. While it is idle in the pool its read event stays armed, so an origin
 * that closes is noticed without asking the kernel before each use.
 */
#ifndef CG_PROXY_UPSTREAM_UPSTREAM_H
#define CG_PROXY_UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/config/config.h"
#include "proxy/io/deadline.h"
#include "proxy/io/stream.h"
#include "proxy/tls/tls.h"

enum upstream_event {
	UPSTREAM_READY,	   /* connected (and secured): send the request */
	UPSTREAM_FAILED,   /* it could not be connected; nothing was sent; the connection is gone */
	UPSTREAM_READABLE, /* as of the stream, while lent */
	UPSTREAM_DRAINED,
	UPSTREAM_WRITE_FAILED,
	UPSTREAM_WANTED, /* others wait, and what is lent here can best be spared: cancel */
};

struct upstream_pool;
struct upstream_set;

/* Whoever wants or has a connection. Embedded in the exchange; zero-initialise, then set handler, spare and arg. */
struct upstream_user {
	void (*handler)(void *arg, enum upstream_event event);
	/* How well what is lent can be spared while others wait; 0: not at all. NULL: never. */
	int64_t (*spare)(void *arg);
	void *arg;
	struct upstream *conn;		  /* what is lent; NULL while waiting or after failure */
	struct upstream_pool *waiting_in; /* the queue it stands in, or NULL */
	struct upstream_user *next;
	struct upstream_user *prev;
	char error[160];      /* after UPSTREAM_FAILED: why */
	bool timed_out;	      /* after UPSTREAM_FAILED: it was the deadline */
	struct slice address; /* text of the address tried last; lives as long as the config */
};

struct upstream {
	struct io_reap reap;
	struct stream stream;
	struct deadline deadline;
	struct upstream_pool *pool;
	struct upstream_user *user; /* NULL while idle */
	struct upstream *next;	    /* in the pool's list of idle ones, or of busy ones */
	struct upstream *prev;
	size_t address; /* index into the origin's addresses */
	bool reused;	/* it has served an exchange before */
	bool idle;
};

/* All pointers must outlive the set; tls may be NULL if no origin of the site uses TLS. NULL if memory ran out. */
CG_WARN_UNUSED struct upstream_set *upstream_set_new(struct io *io, const struct config *config,
						     const struct config_site *site, struct tls_client *tls);
/* Closes idle connections; lent ones must have been closed by their users. NULL is fine. */
void upstream_set_free(struct upstream_set *set);
/* Different addresses to try, over all origins: at least 1. */
size_t upstream_set_targets(const struct upstream_set *set);

/*
 * Asks for a connection. True: u->conn is an idle connection, lent at once (no event). Else UPSTREAM_READY or
 * UPSTREAM_FAILED comes from the loop, and until then upstream_cancel() withdraws; or, if the connection could not even
 * be begun, UPSTREAM_FAILED came before this returned, and u may be gone. fresh: only a new connection will do.
 */
bool upstream_get(struct upstream_set *set, struct upstream_user *u, bool fresh);

/* Withdraws a wish that was not fulfilled yet, or closes what is lent. Harmless otherwise. */
void upstream_cancel(struct upstream_user *u);

/* Gives a connection back in perfect order: the response was read to its end and nothing else came. */
void upstream_release(struct upstream_user *u);

#endif
