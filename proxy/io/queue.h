/*
 * Octets on their way, in blocks of the size of one TLS record: appended at the end, taken from the front, each copied
 * once. Zero-initialise. The blocks belong to the pool of struct io; a queue that is empty owns nothing.
 */
#ifndef CG_PROXY_IO_QUEUE_H
#define CG_PROXY_IO_QUEUE_H

#include "proxy/io/io.h"
#include "rules/base/slice.h"

struct io_queue {
	struct io_block *head;
	struct io_block *tail;
	struct io_block *spare; /* an empty block that io_queue_room() gave out, not queued yet */
	size_t n;		/* octets queued */
};

/* Appends as much of *data as fits into one block, and advances it. False if memory ran out. */
bool io_queue_append(struct io_queue *q, struct io *io, struct slice *data);

/*
 * At least `least` octets of room (at most IO_BLOCK) behind what is queued, *n how many. What is written there counts
 * for nothing until io_queue_commit(); to take it back, do nothing, or io_queue_forget(). NULL if memory ran out.
 */
char *io_queue_room(struct io_queue *q, struct io *io, size_t least, size_t *n);
/* Queues the first n octets of the room. */
void io_queue_commit(struct io_queue *q, struct io *io, size_t n);
/* Gives back what io_queue_room() took. Harmless at any time. */
void io_queue_forget(struct io_queue *q, struct io *io);

/* The octets of the first block; empty if there are none. */
static inline struct slice io_queue_front(const struct io_queue *q)
{
	return q->head ? slice_of(q->head->data + q->head->start, q->head->end - q->head->start) : slice_of(NULL, 0);
}
/* Takes n octets from the front; at most q->n. */
void io_queue_consume(struct io_queue *q, struct io *io, size_t n);
/* Gives all blocks back. */
void io_queue_clear(struct io_queue *q, struct io *io);

/* True if the last block has no room left. */
static inline bool io_queue_is_full_block(const struct io_queue *q)
{
	return q->tail && q->tail->end == IO_BLOCK;
}

#endif
