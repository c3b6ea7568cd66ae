/* The encoder of gzip, by ISA-L. */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "proxy/coding/stage.h"

enum {
	INPUT_MAX = 1 << 30, /* of one call: ISA-L counts in 32 bits */
	LEVEL = 3,
	/*
	 * Tokens of a deflate block. Small blocks adapt their Huffman codes to what a page holds where: 2048 gives
	 * fewer octets than the library's default of 65536 on most pages, in a quarter of the memory.
	 */
	BLOCK_TOKENS = 2048,
	LEVEL_BUFFER = ISAL_DEF_LVL3_REQ + ISAL_DEF_LVL3_TOKEN_SIZE * BLOCK_TOKENS,
	STASH = 512,
};

struct gzip {
	struct coder_stage stage;
	bool dirty; /* octets were taken since the last flush */
	/*
	 * A flush that ends just where the room does cannot be told from one that goes on, and asking again makes
	 * another empty block. So a small room is filled from here.
	 */
	size_t stashed, unstashed;
	char stash[STASH];
	struct isal_zstream z;
	uint8_t level_buffer[LEVEL_BUFFER];
};

static struct coder_stage *gzip_open(const struct coder_limits *limits)
{
	struct gzip *g = malloc(sizeof *g);

	(void)limits;
	if (!g)
		return NULL;
	isal_deflate_init(&g->z);
	return &g->stage;
}

static bool gzip_begin(struct coder_stage *s, enum coding coding)
{
	struct gzip *g = (struct gzip *)s;

	(void)coding;
	g->dirty = false;
	g->stashed = g->unstashed = 0;
	isal_deflate_init(&g->z);
	g->z.level = LEVEL;
	g->z.level_buf = g->level_buffer;
	g->z.level_buf_size = LEVEL_BUFFER;
	g->z.gzip_flag = IGZIP_GZIP;
	return true;
}

/* One call of ISA-L. CODER_FULL: the room is used up, there may be more. */
static enum coder_result compress(struct gzip *g, struct slice *in, enum coder_input what, struct coder_room *out)
{
	struct slice piece = slice_head(*in, INPUT_MAX);
	size_t room = out->n < INPUT_MAX ? out->n : INPUT_MAX;

	if (piece.n < in->n)
		what = CODER_MORE;
	g->z.next_in = (uint8_t *)(uintptr_t)piece.p; /* not written to */
	g->z.avail_in = (uint32_t)piece.n;
	g->z.next_out = (uint8_t *)out->p;
	g->z.avail_out = (uint32_t)room;
	g->z.flush = what == CODER_FLUSH ? SYNC_FLUSH : NO_FLUSH;
	g->z.end_of_stream = what == CODER_LAST;
	if (isal_deflate(&g->z) != COMP_OK)
		return stage_fail(&g->stage, CODER_E_BROKEN, "ISA-L refuses to compress");
	slice_advance(in, piece.n - g->z.avail_in);
	room_advance(out, room - g->z.avail_out);
	if (what == CODER_LAST && g->z.internal_state.state == ZSTATE_END)
		return CODER_END;
	return out->n == 0 || in->n > 0 ? CODER_FULL : CODER_INPUT;
}

static void unstash(struct gzip *g, struct coder_room *out)
{
	size_t n = g->stashed - g->unstashed;

	if (n > out->n)
		n = out->n;
	if (n == 0)
		return;
	memcpy(out->p, g->stash + g->unstashed, n);
	g->unstashed += n;
	room_advance(out, n);
}

static enum coder_result compress_small(struct gzip *g, struct slice *in, enum coder_input what)
{
	struct coder_room small = {g->stash, sizeof g->stash};
	enum coder_result r = compress(g, in, what, &small);

	g->stashed = sizeof g->stash - small.n;
	g->unstashed = 0;
	return r;
}

static enum coder_result gzip_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				  struct coder_room *out)
{
	struct gzip *g = (struct gzip *)s;
	enum coder_result r;

	for (;;) {
		unstash(g, out);
		if (g->unstashed < g->stashed)
			return CODER_FULL;
		if (g->z.internal_state.state == ZSTATE_END)
			return CODER_END;
		g->dirty |= in->n > 0;
		if (what != CODER_LAST && in->n == 0 && !(what == CODER_FLUSH && g->dirty))
			return CODER_INPUT;
		r = out->n < STASH ? compress_small(g, in, what) : compress(g, in, what, out);
		if (r == CODER_ERROR)
			return r;
		if (r == CODER_INPUT && what == CODER_FLUSH)
			g->dirty = false;
		if (r == CODER_FULL && out->n == 0)
			return r;
	}
}

static bool gzip_rest(struct coder_stage *s)
{
	(void)s;
	return true;
}

static void gzip_close(struct coder_stage *s)
{
	free(s);
}

const struct coder_stage_kind stage_gzip = {1, gzip_open, gzip_begin, gzip_run, gzip_rest, gzip_close};
