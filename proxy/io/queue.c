#include "proxy/io/queue.h"

#include <string.h>

static void link_block(struct io_queue *q, struct io_block *b)
{
	if (q->tail)
		q->tail->next = b;
	else
		q->head = b;
	q->tail = b;
}

bool io_queue_append(struct io_queue *q, struct io *io, struct slice *data)
{
	struct io_block *b = q->tail;
	size_t part;

	if (!b || b->end == IO_BLOCK) {
		b = io_block_get(io);
		if (!b)
			return false;
		link_block(q, b);
	}
	part = IO_BLOCK - b->end < data->n ? IO_BLOCK - b->end : data->n;
	memcpy(b->data + b->end, data->p, part);
	b->end += (uint32_t)part;
	q->n += part;
	*data = slice_from(*data, part);
	return true;
}

char *io_queue_room(struct io_queue *q, struct io *io, size_t least, size_t *n)
{
	struct io_block *b = q->tail;

	if (!b || IO_BLOCK - b->end < least) {
		if (!q->spare)
			q->spare = io_block_get(io);
		b = q->spare;
	} else {
		io_queue_forget(q, io);
	}
	if (!b)
		return NULL;
	*n = IO_BLOCK - b->end;
	return b->data + b->end;
}

/* The room was in the spare block if there is one, as then the tail had too little. */
void io_queue_commit(struct io_queue *q, struct io *io, size_t n)
{
	if (n == 0) {
		io_queue_forget(q, io);
		return;
	}
	if (q->spare)
		link_block(q, q->spare);
	q->spare = NULL;
	q->tail->end += (uint32_t)n;
	q->n += n;
}

void io_queue_forget(struct io_queue *q, struct io *io)
{
	if (q->spare)
		io_block_put(io, q->spare);
	q->spare = NULL;
}

static void drop_block(struct io_queue *q, struct io *io)
{
	struct io_block *b = q->head;

	q->head = b->next;
	if (!q->head)
		q->tail = NULL;
	io_block_put(io, b);
}

void io_queue_consume(struct io_queue *q, struct io *io, size_t n)
{
	q->n -= n;
	while (n) {
		struct io_block *b = q->head;
		size_t part = b->end - b->start;

		if (n < part) {
			b->start += (uint32_t)n;
			return;
		}
		n -= part;
		drop_block(q, io);
	}
}

void io_queue_clear(struct io_queue *q, struct io *io)
{
	while (q->head)
		drop_block(q, io);
	io_queue_forget(q, io);
	q->n = 0;
}
