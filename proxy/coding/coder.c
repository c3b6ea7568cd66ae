#include "proxy/coding/coder.h"

#include <stdlib.h>

#include "proxy/coding/stage.h"

enum { MIDDLE = 8192 }; /* octets between two stages */

const char *coder_error_text(enum coder_error e)
{
	static const char *const texts[CODER_ERRORS] = {
		[CODER_OK] = "no error",
#define CG_CODER_ERROR(id, text) [CODER_E_##id] = text,
#include "proxy/coding/error_table.h"
#undef CG_CODER_ERROR
	};

	return texts[e];
}

/* -- pool ---------------------------------------------------------------------------------------------------------- */

void coder_pool_init(struct coder_pool *pool, const struct coder_limits *limits, unsigned keep)
{
	*pool = (struct coder_pool){.limits = *limits, .keep = keep};
}

void coder_pool_free(struct coder_pool *pool)
{
	for (size_t k = 0; k < CODER_KINDS; k++) {
		while (pool->idle[k]) {
			struct coder_stage *s = pool->idle[k];

			pool->idle[k] = s->next;
			s->kind->close(s);
		}
		pool->idle_n[k] = 0;
	}
}

static struct coder_stage *pool_take(struct coder_pool *pool, const struct coder_stage_kind *kind, enum coding coding)
{
	struct coder_stage *s = pool->idle[kind->index];

	if (s) {
		pool->idle[kind->index] = s->next;
		pool->idle_n[kind->index]--;
	} else {
		s = kind->open(&pool->limits);
	}
	if (!s)
		return NULL;
	s->kind = kind;
	s->coding = coding;
	s->out = 0;
	s->error = CODER_OK;
	s->detail = NULL;
	if (kind->begin(s, coding))
		return s;
	kind->close(s);
	return NULL;
}

static void pool_give(struct coder_pool *pool, struct coder_stage *s)
{
	unsigned k = s->kind->index;

	if (s->error || pool->idle_n[k] >= pool->keep || !s->kind->rest(s)) {
		s->kind->close(s);
		return;
	}
	s->next = pool->idle[k];
	pool->idle[k] = s;
	pool->idle_n[k]++;
}

/* -- opening and closing ------------------------------------------------------------------------------------------- */

static bool add_stage(struct coder *c, const struct coder_stage_kind *kind, enum coding coding)
{
	struct coder_stage *s = pool_take(c->pool, kind, coding);

	if (!s) {
		coder_close(c);
		return false;
	}
	c->stage[c->n++] = s;
	return true;
}

bool coder_decode(struct coder *c, struct coder_pool *pool, const struct coding_stack *stack)
{
	static const struct coder_stage_kind *const kinds[CODINGS] = {[CODING_GZIP] = &stage_inflate,
								      [CODING_DEFLATE] = &stage_inflate,
								      [CODING_BR] = &stage_br_decode,
								      [CODING_ZSTD] = &stage_zstd_decode};

	*c = (struct coder){.pool = pool};
	if (stack->n > 1) {
		c->middle = malloc(MIDDLE);
		if (!c->middle)
			return false;
	}
	for (size_t i = stack->n; i-- > 0;) {
		if (!add_stage(c, kinds[stack->v[i]], stack->v[i]))
			return false;
	}
	return true;
}

bool coder_encode(struct coder *c, struct coder_pool *pool, enum coding coding)
{
	static const struct coder_stage_kind *const kinds[CODINGS] = {
		[CODING_GZIP] = &stage_gzip, [CODING_BR] = &stage_br_encode, [CODING_ZSTD] = &stage_zstd_encode};

	CG_CHECK(coding != CODING_DEFLATE);
	*c = (struct coder){.pool = pool, .encodes = true};
	if (coding == CODING_IDENTITY)
		return true;
	if (!add_stage(c, kinds[coding], coding))
		return false;
	pool->encoding++;
	return true;
}

void coder_close(struct coder *c)
{
	if (c->encodes && c->n)
		c->pool->encoding--;
	for (size_t i = 0; i < c->n; i++)
		pool_give(c->pool, c->stage[i]);
	free(c->middle);
	*c = (struct coder){0};
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static enum coder_result copy(struct slice *in, enum coder_input what, struct coder_room *out)
{
	room_put(out, in);
	if (in->n)
		return CODER_FULL;
	return what == CODER_LAST ? CODER_END : CODER_INPUT;
}

/* Octets that a stage may have written once `in` octets of the body were read. */
static uint64_t allowed(const struct coder *c, uint64_t in)
{
	const struct coder_limits *l = &c->pool->limits;
	uint64_t by_ratio = in > UINT64_MAX / 2 / ((uint64_t)l->ratio + 1) ? UINT64_MAX / 2 : in * l->ratio;

	return by_ratio > l->ratio_from ? by_ratio : l->ratio_from;
}

/*
 * One stage of a decoder. What it writes is held against what was read of the whole body: so two small ratios, one upon
 * the other, do not make a large one. first: *in is input of the body, not of the middle.
 */
static enum coder_result run_decoder(struct coder *c, struct coder_stage *s, bool first, struct slice *in,
				     enum coder_input what, struct coder_room *out)
{
	uint64_t most = allowed(c, c->in + (first ? in->n : 0)) + 1 - s->out;
	struct coder_room room = {out->p, out->n < most ? out->n : (size_t)most};
	size_t before_in = in->n, before_out = room.n;
	enum coder_result r;

	if (s->error)
		return CODER_ERROR;
	r = s->kind->run(s, in, what, &room);
	room_advance(out, before_out - room.n);
	s->out += before_out - room.n;
	if (first)
		c->in += before_in - in->n;
	if (s->out > allowed(c, c->in))
		return stage_fail(s, CODER_E_BOMB, NULL);
	return r;
}

/* Two stages: the second is served first, so that the middle is empty when the first one writes to it. */
static enum coder_result run_stacked(struct coder *c, struct slice *in, enum coder_input what, struct coder_room *out)
{
	for (;;) {
		struct coder_room middle = {c->middle, MIDDLE};
		enum coder_result r =
			run_decoder(c, c->stage[1], false, &c->pending, c->first_ended ? CODER_LAST : CODER_MORE, out);

		if (r != CODER_INPUT)
			return r;
		r = run_decoder(c, c->stage[0], true, in, what, &middle);
		c->pending = slice_of(c->middle, MIDDLE - middle.n);
		c->first_ended = r == CODER_END;
		if ((r == CODER_ERROR || r == CODER_INPUT) && c->pending.n == 0)
			return r;
	}
}

static enum coder_result run(struct coder *c, struct slice *in, enum coder_input what, struct coder_room *out)
{
	if (c->n == 0)
		return copy(in, what, out);
	if (c->n == 2)
		return run_stacked(c, in, what, out);
	if (c->encodes)
		return c->stage[0]->error ? CODER_ERROR : c->stage[0]->kind->run(c->stage[0], in, what, out);
	return run_decoder(c, c->stage[0], true, in, what, out);
}

static void note_error(struct coder *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->stage[i]->error) {
			c->error = c->stage[i]->error;
			c->culprit = c->stage[i]->coding;
			c->detail = c->stage[i]->detail;
		}
	}
}

enum coder_result coder_run(struct coder *c, struct slice *in, enum coder_input what, struct coder_room *out)
{
	size_t in_n = in->n, out_n = out->n;
	enum coder_result r = run(c, in, what, out);

	if (c->n == 0 || c->encodes)
		c->in += in_n - in->n;
	c->out += out_n - out->n;
	if (r == CODER_ERROR)
		note_error(c);
	return r;
}
