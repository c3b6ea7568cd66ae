/*
 * What all streams of a worker share: the event loop, a pool of output blocks, one input buffer, what is done at the
 * end of the loop's turn, and the reaper.
 *
 * Lifetime rule of everything here: no callback frees the object it was called for. io_reap() marks; the reaper frees
 * at the end of the loop's turn, when no callback of the object is on the stack.
 */
#ifndef CG_PROXY_IO_IO_H
#define CG_PROXY_IO_IO_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"

#define IO_BLOCK       16384 /* the most plain text of one TLS record */
#define IO_SCRATCH     65536 /* the most that one read takes */
#define IO_FREE_BLOCKS 64

struct io_block {
	struct io_block *next;
	uint32_t start;
	uint32_t end;
	char data[IO_BLOCK];
};

/* First member of what is reaped, or any member: free_object gets the pointer to it. */
struct io_reap {
	struct io_reap *next;
	void (*free_object)(struct io_reap *r);
	bool marked;
};

/* Embedded in who wants something done once, when all that is ready in this turn of the loop has been handled. */
struct io_later {
	struct io_later *next;
	void (*run)(struct io_later *l);
	bool waiting;
};

struct io {
	struct event_base *base; /* not owned */
	struct io_block *free_blocks;
	unsigned n_free_blocks;
	char *scratch; /* IO_SCRATCH octets for whoever reads right now; nobody keeps slices of it over a callback */
	struct event turn_end;
	struct io_later *later;
	struct io_later **later_end;
	struct io_reap *doomed;
};

CG_WARN_UNUSED bool io_init(struct io *io, struct event_base *base);
/* Reaps what is marked and frees the rest. */
void io_free(struct io *io);

/* An empty block, or NULL. */
struct io_block *io_block_get(struct io *io);
void io_block_put(struct io *io, struct io_block *b);

/*
 * Runs it at the end of this turn, once, in the order of asking, before anything is reaped: so an object that is
 * already marked for the reaper must expect it. Asking twice is harmless.
 */
void io_later(struct io *io, struct io_later *l, void (*run)(struct io_later *l));

/*
 * For each TCP socket, or its listener, which hands it on: what is written leaves at once, and the kernel takes no more
 * than IO_UNSENT octets beyond what is on its way. Else it takes 4 MB for a peer who does not read, and what is urgent
 * waits behind them.
 */
#define IO_UNSENT (256 * 1024)
void io_socket_options(int fd);

/*
 * Has the kernel ask a silent peer whether it is still there: one that vanished is found within three minutes. A
 * connection between requests is usually closed before it is asked.
 */
void io_keepalive(int fd);

/* Frees the object later in this turn; marking twice is harmless. */
void io_reap(struct io *io, struct io_reap *r, void (*free_object)(struct io_reap *r));

#endif
