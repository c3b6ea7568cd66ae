/*
 * The encoder of gzip. A body that comes without a pause and is not long is kept and compressed as a whole by
 * libdeflate, which makes fewer octets of it in about the same time; where it pauses or goes on for longer, ISA-L,
 * which streams, takes over from its beginning.
 */
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
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
	WHOLE_MAX = 128 * 1024, /* octets of a body that is compressed as a whole */
	WHOLE_LEVEL = 1,
};

struct gzip {
	struct coder_stage stage;
	struct libdeflate_compressor *whole;
	bool keeping;	      /* the body so far is in `kept`, and nothing was written */
	size_t n;	      /* octets kept */
	struct slice backlog; /* of kept: what ISA-L has still to take */
	struct slice written; /* of packed: what is still to go out; of a whole body */
	bool packed_whole;
	char *kept, *packed;
	size_t packed_max;
	bool dirty; /* octets were taken since the last flush */
	/*
	 * A flush that ends just where the room does cannot be told from one that goes on, and asking again makes
	 * another empty block. So a small room is filled from here.
	 */
	struct slice stashed; /* of stash: what is still to go out */
	char stash[STASH];
	struct isal_zstream z;
	uint8_t level_buffer[LEVEL_BUFFER];
};

static void gzip_close(struct coder_stage *s)
{
	struct gzip *g = (struct gzip *)s;

	if (g->whole)
		libdeflate_free_compressor(g->whole);
	free(g->kept);
	free(g->packed);
	free(g);
}

static struct coder_stage *gzip_open(const struct coder_limits *limits)
{
	struct gzip *g = calloc(1, sizeof *g);

	(void)limits;
	if (!g)
		return NULL;
	g->whole = libdeflate_alloc_compressor(WHOLE_LEVEL);
	g->packed_max = g->whole ? libdeflate_gzip_compress_bound(g->whole, WHOLE_MAX) : 0;
	g->kept = malloc(WHOLE_MAX);
	g->packed = malloc(g->packed_max ? g->packed_max : 1);
	if (!g->whole || !g->kept || !g->packed) {
		gzip_close(&g->stage);
		return NULL;
	}
	isal_deflate_init(&g->z);
	return &g->stage;
}

static bool gzip_begin(struct coder_stage *s, enum coding coding)
{
	struct gzip *g = (struct gzip *)s;

	(void)coding;
	g->dirty = g->packed_whole = false;
	g->keeping = true;
	g->n = 0;
	g->backlog = g->written = g->stashed = slice_of(NULL, 0);
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

static enum coder_result compress_small(struct gzip *g, struct slice *in, enum coder_input what)
{
	struct coder_room small = {g->stash, sizeof g->stash};
	enum coder_result r = compress(g, in, what, &small);

	g->stashed = slice_of(g->stash, sizeof g->stash - small.n);
	return r;
}

/* By ISA-L, what came at the beginning first. */
static enum coder_result stream(struct gzip *g, struct slice *in, enum coder_input what, struct coder_room *out)
{
	for (;;) {
		bool behind = g->backlog.n > 0;
		enum coder_input now = behind ? CODER_MORE : what;
		struct slice *from = behind ? &g->backlog : in;
		enum coder_result r;

		room_put(out, &g->stashed);
		if (g->stashed.n)
			return CODER_FULL;
		if (g->z.internal_state.state == ZSTATE_END)
			return CODER_END;
		g->dirty |= from->n > 0;
		if (now != CODER_LAST && from->n == 0 && !(now == CODER_FLUSH && g->dirty))
			return CODER_INPUT;
		r = out->n < STASH ? compress_small(g, from, now) : compress(g, from, now, out);
		if (r == CODER_ERROR)
			return r;
		if (r == CODER_INPUT && now == CODER_FLUSH)
			g->dirty = false;
		if (r == CODER_FULL && out->n == 0)
			return r;
	}
}

/* True while the body may still be compressed as a whole; the input was taken then. */
static bool keep(struct gzip *g, struct slice *in, enum coder_input what)
{
	if (in->n > WHOLE_MAX - g->n || (what == CODER_FLUSH && g->n + in->n > 0)) {
		g->keeping = false;
		g->backlog = slice_of(g->kept, g->n);
		return false;
	}
	if (in->n)
		memcpy(g->kept + g->n, in->p, in->n);
	g->n += in->n;
	*in = slice_of(NULL, 0);
	return true;
}

static bool pack(struct gzip *g)
{
	size_t n = libdeflate_gzip_compress(g->whole, g->kept, g->n, g->packed, g->packed_max);

	g->written = slice_of(g->packed, n);
	g->packed_whole = true;
	return n > 0;
}

static enum coder_result put_packed(struct gzip *g, struct coder_room *out)
{
	room_put(out, &g->written);
	return g->written.n ? CODER_FULL : CODER_END;
}

static enum coder_result gzip_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				  struct coder_room *out)
{
	struct gzip *g = (struct gzip *)s;

	if (g->packed_whole)
		return put_packed(g, out);
	if (!g->keeping || !keep(g, in, what))
		return stream(g, in, what, out);
	if (what != CODER_LAST)
		return CODER_INPUT;
	if (!pack(g))
		return stage_fail(s, CODER_E_BROKEN, "libdeflate refuses to compress");
	return put_packed(g, out);
}

static bool gzip_rest(struct coder_stage *s)
{
	(void)s;
	return true;
}

const struct coder_stage_kind stage_gzip = {1, gzip_open, gzip_begin, gzip_run, gzip_rest, gzip_close};
