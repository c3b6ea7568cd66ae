#include "proxy/page/chain.h"

#include <stdlib.h>

const char *chain_error_text(enum chain_error e)
{
	static const char *const texts[CHAIN_ERRORS] = {
		[CHAIN_OK] = "no error",
		[CHAIN_E_CODING] = "the page cannot be decoded",
		[CHAIN_E_BOMB] = "the page grows beyond all measure when decoded",
		[CHAIN_E_UNREADABLE] = "the page is no text that can be read",
		[CHAIN_E_OVERSIZED] = "the page holds more in one piece than the rules allow",
		[CHAIN_E_NO_MEMORY] = "no memory for the page",
		[CHAIN_E_STOPPED] = "the page is not wanted any more",
	};

	return texts[e];
}

/* -- pool ---------------------------------------------------------------------------------------------------------- */

bool chain_pool_init(struct chain_pool *p, const struct coder_limits *limits, unsigned keep)
{
	*p = (struct chain_pool){
		.decoded = malloc(CHAIN_PIECE), .gathered = malloc(CHAIN_GATHER), .encoded = malloc(CHAIN_PIECE)};
	coder_pool_init(&p->coders, limits, keep);
	if (p->decoded && p->gathered && p->encoded)
		return true;
	chain_pool_free(p);
	return false;
}

void chain_pool_free(struct chain_pool *p)
{
	coder_pool_free(&p->coders);
	free(p->decoded);
	free(p->gathered);
	free(p->encoded);
	p->decoded = p->gathered = p->encoded = NULL;
}

/* -- output -------------------------------------------------------------------------------------------------------- */

static void fail(struct chain *c, enum chain_error error, const char *detail)
{
	if (c->error)
		return;
	c->error = error;
	c->detail = detail;
}

static void fail_coder(struct chain *c, const struct coder *coder)
{
	enum chain_error error = CHAIN_E_CODING;

	if (coder->error == CODER_E_MEMORY)
		error = CHAIN_E_NO_MEMORY;
	else if (coder->error == CODER_E_BOMB || coder->error == CODER_E_WINDOW)
		error = CHAIN_E_BOMB;
	fail(c, error, coder_error_text(coder->error));
}

static bool emit(struct chain *c, struct slice octets)
{
	if (octets.n == 0)
		return true;
	c->written += octets.n;
	if (c->sink(c->sink_arg, octets))
		return true;
	fail(c, CHAIN_E_STOPPED, NULL);
	return false;
}

static bool encode(struct chain *c, struct slice octets, enum coder_input what)
{
	enum coder_result r;

	do {
		struct coder_room room = {c->pool->encoded, CHAIN_PIECE};

		r = coder_run(&c->out, &octets, what, &room);
		if (r == CODER_ERROR) {
			fail_coder(c, &c->out);
			return false;
		}
		if (!emit(c, slice_of(c->pool->encoded, CHAIN_PIECE - room.n)))
			return false;
	} while (r == CODER_FULL);
	c->unflushed = what == CODER_MORE;
	return true;
}

/* What was gathered goes on. */
static bool encode_gathered(struct chain *c, enum coder_input what)
{
	struct slice octets = slice_of(c->pool->gathered, c->gathered);

	c->gathered = 0;
	return (octets.n == 0 && what == CODER_MORE) || encode(c, octets, what);
}

static bool gather(struct chain *c, struct slice octets)
{
	if (octets.n > CHAIN_GATHER - c->gathered && !encode_gathered(c, CODER_MORE))
		return false;
	if (octets.n > CHAIN_GATHER / 2 && c->gathered == 0)
		return encode(c, octets, CODER_MORE);
	memcpy(c->pool->gathered + c->gathered, octets.p, octets.n);
	c->gathered += octets.n;
	return true;
}

static bool from_rewriter(void *arg, struct slice octets)
{
	struct chain *c = arg;

	if (c->observes)
		return true;
	return c->encodes ? gather(c, octets) : emit(c, octets);
}

/* -- rewriting ----------------------------------------------------------------------------------------------------- */

static bool judge(struct chain *c, enum rewriter_result r)
{
	switch (r) {
	case REWRITER_OK:
		return true;
	case REWRITER_UNREADABLE:
		fail(c, CHAIN_E_UNREADABLE, rewriter_why(c->rewriter));
		break;
	case REWRITER_OVERSIZED:
		fail(c, CHAIN_E_OVERSIZED, rewriter_why(c->rewriter));
		break;
	case REWRITER_NO_MEMORY:
		fail(c, CHAIN_E_NO_MEMORY, NULL);
		break;
	case REWRITER_STOPPED: /* the reason is told already */
		fail(c, CHAIN_E_STOPPED, NULL);
		break;
	}
	return false;
}

static bool rewrite(struct chain *c, struct slice octets)
{
	return octets.n == 0 || judge(c, rewriter_push(c->rewriter, octets));
}

static bool turn_over(const struct chain *c)
{
	return c->written - c->mark >= c->turn;
}

/* No coding: a piece at a time, so that what is inserted cannot pile up either. */
static enum chain_result rewrite_plain(struct chain *c, struct slice *in)
{
	while (in->n) {
		struct slice piece = slice_head(*in, CHAIN_PIECE);

		*in = slice_from(*in, piece.n);
		if (!rewrite(c, piece))
			return CHAIN_ERROR;
		if (in->n && turn_over(c))
			return CHAIN_FULL;
	}
	return CHAIN_MORE;
}

/* What was decoded before a fault is not handed on: a body that is broken at its beginning leaves no trace. */
static enum chain_result rewrite_decoded(struct chain *c, struct slice *in, enum coder_input what)
{
	enum coder_result r;

	for (;;) {
		struct coder_room room = {c->pool->decoded, CHAIN_PIECE};

		r = coder_run(&c->in, in, what, &room);
		if (r == CODER_ERROR) {
			fail_coder(c, &c->in);
			return CHAIN_ERROR;
		}
		if (!rewrite(c, slice_of(c->pool->decoded, CHAIN_PIECE - room.n)))
			return CHAIN_ERROR;
		if (r != CODER_FULL)
			return CHAIN_MORE;
		if (turn_over(c))
			return CHAIN_FULL;
	}
}

static enum chain_result run(struct chain *c, struct slice *in, enum coder_input what)
{
	return c->decodes ? rewrite_decoded(c, in, what) : rewrite_plain(c, in);
}

/* -- observing ----------------------------------------------------------------------------------------------------- */

/* The page goes its way, whatever comes of looking at it. */
static void give_up(struct chain *c)
{
	rewriter_free(c->rewriter);
	c->rewriter = NULL;
}

static enum chain_result observe(struct chain *c, struct slice *in)
{
	struct slice octets = *in, copy = *in;

	*in = slice_from(*in, in->n);
	c->mark = c->written;
	if (c->rewriter && run(c, &copy, CODER_MORE) != CHAIN_MORE)
		give_up(c);
	if (c->sink(c->sink_arg, octets)) {
		c->written += octets.n;
		return CHAIN_MORE;
	}
	c->error = CHAIN_E_STOPPED;
	c->detail = NULL;
	return CHAIN_ERROR;
}

static enum chain_result observe_end(struct chain *c)
{
	struct slice none = {0};

	c->mark = c->written;
	if (c->rewriter && run(c, &none, CODER_LAST) == CHAIN_MORE)
		(void)judge(c, rewriter_finish(c->rewriter));
	give_up(c);
	return CHAIN_MORE;
}

/* -- chain --------------------------------------------------------------------------------------------------------- */

bool chain_open(struct chain *c, const struct chain_options *o)
{
	*c = (struct chain){.pool = o->pool,
			    .turn = CHAIN_TURN,
			    .sink = o->sink,
			    .sink_arg = o->sink_arg,
			    .decodes = o->stack->n > 0,
			    .encodes = o->coding != CODING_IDENTITY && !o->decision->observe,
			    .observes = o->decision->observe};
	c->rewriter = rewriter_new(&(struct rewriter_options){.env = o->env,
							      .decision = o->decision,
							      .sink = from_rewriter,
							      .sink_arg = c,
							      .edits = o->edits,
							      .edits_arg = o->edits_arg});
	if (c->rewriter && (!c->decodes || coder_decode(&c->in, &o->pool->coders, o->stack)) &&
	    (!c->encodes || coder_encode(&c->out, &o->pool->coders, o->coding)))
		return true;
	fail(c, CHAIN_E_NO_MEMORY, NULL);
	chain_close(c);
	return false;
}

void chain_close(struct chain *c)
{
	give_up(c);
	coder_close(&c->in);
	coder_close(&c->out);
}

/* The gathered octets stand in memory that other chains use, too. */
static enum chain_result settle(struct chain *c, enum chain_result r)
{
	return r == CHAIN_ERROR || encode_gathered(c, CODER_MORE) ? r : CHAIN_ERROR;
}

enum chain_result chain_push(struct chain *c, struct slice *in)
{
	if (c->observes)
		return observe(c, in);
	if (c->error)
		return CHAIN_ERROR;
	c->mark = c->written;
	return settle(c, run(c, in, CODER_MORE));
}

enum chain_result chain_flush(struct chain *c)
{
	if (c->observes || (!c->error && (!c->encodes || !c->unflushed)))
		return CHAIN_MORE;
	if (c->error || !encode(c, slice_of(NULL, 0), CODER_FLUSH))
		return CHAIN_ERROR;
	return CHAIN_MORE;
}

enum chain_result chain_finish(struct chain *c)
{
	struct slice none = {0};
	enum chain_result r;

	if (c->observes)
		return observe_end(c);
	if (c->error)
		return CHAIN_ERROR;
	c->mark = c->written;
	r = c->finished ? CHAIN_MORE : run(c, &none, CODER_LAST);
	if (r != CHAIN_MORE || c->finished)
		return settle(c, r);
	c->finished = true;
	if (!judge(c, rewriter_finish(c->rewriter)) || (c->encodes && !encode_gathered(c, CODER_LAST)))
		return CHAIN_ERROR;
	return CHAIN_MORE;
}
