/*
 * Counts what is refused or cut. Each worker counts in a page of memory of its own, which the parent sees and which
 * outlives the worker; a page goes from a worker that ended to one that starts, and is never cleared. So the sum over
 * all pages only grows, whatever crashes or is loaded again.
 *
 * Counting costs one increment. A process that was given no page (tests, tools) counts for itself.
 */
#ifndef CG_PROXY_OBSERVE_COUNTERS_H
#define CG_PROXY_OBSERVE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"

enum counter {
#define CG_COUNTER(id, ...) COUNTER_##id,
#include "proxy/observe/counter_table.h"
#undef CG_COUNTER
	COUNTERS
};

struct counters {
	_Atomic uint64_t n[COUNTERS];
};

extern struct counters *counters_own;

/* One writer, so a load and a store are enough. */
static inline void counter_add(enum counter c)
{
	_Atomic uint64_t *n = &counters_own->n[c];

	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* From now on this process counts in that page of a board, which no other may use. fd stays the caller's. */
CG_WARN_UNUSED bool counters_use(int fd, unsigned page);

/* -- the parent's side --------------------------------------------------------------------------------------------- */

#define COUNTER_PAGES 1024

struct counter_board {
	int fd; /* a memfd of fixed size; what a worker writes there can disturb nothing but the numbers */
	const unsigned char *memory;
	unsigned used; /* pages from here on were never taken */
	bool taken[COUNTER_PAGES];
};

CG_WARN_UNUSED bool counter_board_init(struct counter_board *b);
void counter_board_free(struct counter_board *b);
/* A page for one process; -1 if all are taken. */
int counter_board_take(struct counter_board *b);
/* The process has ended. -1 is fine. */
void counter_board_give(struct counter_board *b, int page);

struct counts {
	uint64_t n[COUNTERS];
};

void counter_board_sum(const struct counter_board *b, struct counts *out);
/* True if what is not usual has grown. */
bool counts_unusual(const struct counts *before, const struct counts *now);
/* "head-slow 12 (+3), malformed 5": all that are not 0, with what came since `before`; "nothing". */
void counts_describe(const struct counts *before, const struct counts *now, struct buffer *out);

#endif
