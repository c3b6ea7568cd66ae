/*
 * Streaming decoders and encoders of bodies, sans-I/O: octets of a slice in, octets into the caller's room out.
 *
 * Use: coder_decode() or coder_encode(), then coder_run() with whatever input there is until it says CODER_INPUT, with
 * CODER_LAST from the last piece on until it says CODER_END or CODER_ERROR, then coder_close().
 *
 * Memory: what a codec needs (tens of KB for gzip, up to limits.memory for br and zstd) belongs to a pool that hands it
 * from body to body, since making it anew costs more than a page. One pool per thread; a pool outlives its coders.
 */
#ifndef CG_PROXY_CODING_CODER_H
#define CG_PROXY_CODING_CODER_H

#include "proxy/coding/coding.h"

struct coder_limits {
	uint32_t ratio;	      /* a body may decode to this many times what was read of it ... */
	uint64_t ratio_from;  /* ... or to this many octets, whichever is more; stacked codings count together */
	size_t memory;	      /* octets that a br or zstd decoder may allocate for one body */
	unsigned zstd_window; /* log2 of the largest window of zstd, 10 to 27; RFC 9659 asks for 23 */
};
/* br needs up to 16 MB of window, and as much again half-way while the window grows. */
#define CODER_LIMITS_DEFAULT \
	((struct coder_limits){.ratio = 1000, .ratio_from = 1u << 20, .memory = 32u << 20, .zstd_window = 23})

/* -- pool ---------------------------------------------------------------------------------------------------------- */

enum { CODER_KINDS = 6 };
struct coder_stage;

struct coder_pool {
	struct coder_limits limits;
	unsigned keep; /* idle contexts of each kind at most; each holds CODER_IDLE_MAX octets at most */
	struct coder_stage *idle[CODER_KINDS];
	unsigned idle_n[CODER_KINDS];
	size_t encoding; /* readable: encoders that are open */
};
#define CODER_IDLE_MAX ((size_t)5 << 19) /* 2.5 MB */

/* Allocates nothing. */
CG_NONNULL void coder_pool_init(struct coder_pool *pool, const struct coder_limits *limits, unsigned keep);
/* Frees the idle contexts; there must be no open coder. The pool may be used again. */
CG_NONNULL void coder_pool_free(struct coder_pool *pool);

/* -- coder --------------------------------------------------------------------------------------------------------- */

enum coder_error {
	CODER_OK,
#define CG_CODER_ERROR(id, text) CODER_E_##id,
#include "proxy/coding/error_table.h"
#undef CG_CODER_ERROR
	CODER_ERRORS
};
/* For the log, static. */
const char *coder_error_text(enum coder_error e);

/* One body's way through at most CODING_STACK_MAX codecs. The members are for coder.c but for those marked. */
struct coder {
	struct coder_pool *pool;
	struct coder_stage *stage[CODING_STACK_MAX]; /* in the order of the octets' way */
	size_t n;
	uint64_t in;	      /* readable: octets read so far */
	uint64_t out;	      /* readable: octets written so far */
	char *middle;	      /* owned: what is between two stages; NULL if there are not two */
	struct slice pending; /* of middle */
	bool first_ended;     /* nothing will come into middle any more */
	bool encodes;
	enum coder_error error; /* readable: why CODER_ERROR */
	enum coding culprit;	/* readable: in which coding, if it was one */
	const char *detail;	/* readable: the codec's own words, static, or NULL */
};

/*
 * Opens a decoder that undoes the stack; an empty stack copies. False if there is no memory; the coder is then closed.
 * A body of no octets at all is taken as complete in every coding.
 */
CG_NONNULL CG_WARN_UNUSED bool coder_decode(struct coder *c, struct coder_pool *pool, const struct coding_stack *stack);
/* Opens an encoder of that coding (not deflate); identity copies. False if there is no memory; the coder is closed. */
CG_NONNULL CG_WARN_UNUSED bool coder_encode(struct coder *c, struct coder_pool *pool, enum coding coding);
/* Gives the contexts back to the pool. Harmless on a closed coder. */
CG_NONNULL void coder_close(struct coder *c);

/* What comes after this input. */
enum coder_input {
	CODER_MORE,
	CODER_FLUSH, /* more, but not now: write all that was taken in so that it can be read up to here. Costs octets:
			call it where the origin pauses, not at every piece. Decoders always write what they can. */
	CODER_LAST,  /* nothing */
};

enum coder_result {
	CODER_INPUT, /* all input is taken; give more (after CODER_FLUSH: all is written) */
	CODER_FULL, /* the room is used up; call again with more room, what is left of the input, and the same `what` */
	CODER_END,  /* after CODER_LAST: the body is complete and all is written */
	CODER_ERROR, /* see c->error; what was written is what came before the fault. Every later call says so again */
};

/* Room to write at. */
struct coder_room {
	char *p;
	size_t n;
};

/*
 * Takes from *in and writes to *out, advancing both. An encoder may keep what it took until a flush. May be called with
 * empty input, or with no room, at any time. A decoder never writes more than one octet above what the limits allow.
 */
CG_NONNULL CG_WARN_UNUSED enum coder_result coder_run(struct coder *c, struct slice *in, enum coder_input what,
						      struct coder_room *out);

#endif
