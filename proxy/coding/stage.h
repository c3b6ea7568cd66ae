/*
 * Inside proxy/coding: one codec at work, behind the same five functions each.
 *
 * A stage is made by open(), readied for each body by begin(), fed by run() and rests in a pool between bodies. After
 * an error it is closed, never pooled: no codec promises a good state then.
 */
#ifndef CG_PROXY_CODING_STAGE_H
#define CG_PROXY_CODING_STAGE_H

#include <string.h>

#include "proxy/coding/coder.h"

struct coder_stage_kind {
	unsigned index; /* in a pool */
	/* NULL if there is no memory. */
	struct coder_stage *(*open)(const struct coder_limits *limits);
	/* False if there is no memory. */
	bool (*begin)(struct coder_stage *s, enum coding coding);
	/* As coder_run(). */
	enum coder_result (*run)(struct coder_stage *s, struct slice *in, enum coder_input what,
				 struct coder_room *out);
	/* After a body: lets go of what is not worth keeping. False if the stage itself is not. */
	bool (*rest)(struct coder_stage *s);
	void (*close)(struct coder_stage *s);
};

/* Each codec's own structure begins with this. */
struct coder_stage {
	const struct coder_stage_kind *kind;
	struct coder_stage *next; /* in a pool */
	enum coding coding;
	uint64_t out; /* octets written of this body */
	enum coder_error error;
	const char *detail;
};

extern const struct coder_stage_kind stage_inflate, stage_gzip; /* of deflate and gzip */
extern const struct coder_stage_kind stage_br_decode, stage_br_encode;
extern const struct coder_stage_kind stage_zstd_decode, stage_zstd_encode;

/* Sets the error and returns CODER_ERROR. detail is static or NULL. */
static inline enum coder_result stage_fail(struct coder_stage *s, enum coder_error error, const char *detail)
{
	s->error = error;
	s->detail = detail;
	return CODER_ERROR;
}

static inline void slice_advance(struct slice *s, size_t n)
{
	*s = slice_from(*s, n);
}

static inline void room_advance(struct coder_room *r, size_t n)
{
	if (n == 0) /* p may be NULL then */
		return;
	r->p += n;
	r->n -= n;
}

/* As much of the front of *from as there is room for. */
static inline void room_put(struct coder_room *r, struct slice *from)
{
	size_t n = from->n < r->n ? from->n : r->n;

	if (n)
		memcpy(r->p, from->p, n);
	slice_advance(from, n);
	room_advance(r, n);
}

#endif
