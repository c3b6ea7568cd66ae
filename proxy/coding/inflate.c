/*
 * The decoder of gzip and deflate, by ISA-L: bounded by the format, one allocation. Headers are read here, trailers by
 * ISA-L.
 */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "proxy/coding/gzip_header.h"
#include "proxy/coding/stage.h"

enum { INPUT_MAX = 1 << 30 }; /* of one call: ISA-L counts in 32 bits */

enum where {
	AT_START,  /* before a member or stream */
	AT_HEADER, /* in its header */
	AT_BODY,   /* in its deflate data or its trailer */
};

struct inflate {
	struct coder_stage stage;
	enum where where;
	bool ended; /* at least one member or stream has ended */
	struct gzip_header header;
	uint8_t first; /* deflate: the octet held until the second tells zlib from raw */
	struct inflate_state state;
};

static struct coder_stage *inflate_open(const struct coder_limits *limits)
{
	struct inflate *i = malloc(sizeof *i);

	(void)limits;
	if (i)
		isal_inflate_init(&i->state);
	return i ? &i->stage : NULL;
}

static bool inflate_begin(struct coder_stage *s, enum coding coding)
{
	struct inflate *i = (struct inflate *)s;

	(void)coding;
	i->where = AT_START;
	i->ended = false;
	return true;
}

/* -- deflate data -------------------------------------------------------------------------------------------------- */

static void begin_body(struct inflate *i, uint32_t wrapper)
{
	isal_inflate_reset(&i->state);
	i->state.crc_flag = wrapper;
	i->where = AT_BODY;
}

static const char *detail_of(int ret)
{
	switch (ret) {
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum or length";
	case ISAL_INVALID_LOOKBACK:
		return "a distance beyond the beginning";
	default:
		return "bad block";
	}
}

/* One call of ISA-L. False after an error. */
static bool feed(struct inflate *i, struct slice *in, struct coder_room *out)
{
	struct slice piece = slice_head(*in, INPUT_MAX);
	size_t room = out->n < INPUT_MAX ? out->n : INPUT_MAX;
	int ret;

	i->state.next_in = (uint8_t *)(uintptr_t)piece.p; /* not written to */
	i->state.avail_in = (uint32_t)piece.n;
	i->state.next_out = (uint8_t *)out->p;
	i->state.avail_out = (uint32_t)room;
	ret = isal_inflate(&i->state);
	slice_advance(in, piece.n - i->state.avail_in);
	room_advance(out, room - i->state.avail_out);
	if (ret >= 0)
		return true;
	stage_fail(&i->stage, CODER_E_BROKEN, detail_of(ret));
	return false;
}

/* CODER_FULL: go on. */
static enum coder_result run_body(struct inflate *i, struct slice *in, enum coder_input what, struct coder_room *out)
{
	size_t left = in->n, room = out->n;

	if (!feed(i, in, out))
		return CODER_ERROR;
	if (i->state.block_state == ISAL_BLOCK_FINISH) {
		i->where = AT_START;
		i->ended = true;
		/* What ISA-L read beyond the end it holds as bits. gzip's trailer is longer than that, so it cannot. */
		if (i->stage.coding == CODING_DEFLATE && i->state.read_in_length >= 8)
			return stage_fail(&i->stage, CODER_E_TRAILING, NULL);
		return CODER_FULL;
	}
	if (in->n == 0 && out->n > 0)
		return what == CODER_LAST ? stage_fail(&i->stage, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
	if (in->n == left && out->n == room && room > 0)
		return stage_fail(&i->stage, CODER_E_BROKEN, "no progress");
	return CODER_FULL;
}

/* -- headers ------------------------------------------------------------------------------------------------------- */

static enum coder_result run_gzip_header(struct inflate *i, struct slice *in, enum coder_input what)
{
	switch (gzip_header_read(&i->header, in)) {
	case GZIP_HEADER_END:
		begin_body(i, ISAL_GZIP_NO_HDR_VER);
		return CODER_FULL;
	case GZIP_HEADER_MORE:
		return what == CODER_LAST ? stage_fail(&i->stage, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
	default:
		return stage_fail(&i->stage,
				  i->ended && gzip_header_is_magic(&i->header) ? CODER_E_TRAILING : CODER_E_BROKEN,
				  "bad gzip header");
	}
}

/*
 * A zlib header has method 8, a window of at most 32 KB and a check value (RFC 1950 2.2). A raw stream cannot look so:
 * its first block would be stored and not padded with zeros.
 */
static bool is_zlib(unsigned first, unsigned second)
{
	return (first & 0x0f) == 8 && first >> 4 <= 7 && (first << 8 | second) % 31 == 0;
}

/* The second octet of a deflate stream decides what it is. */
static enum coder_result run_deflate_header(struct inflate *i, struct slice *in, enum coder_input what)
{
	struct slice first = slice_of((const char *)&i->first, 1);
	struct coder_room none = {NULL, 0};
	unsigned second;

	if (in->n == 0)
		return what == CODER_LAST ? stage_fail(&i->stage, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
	second = (uint8_t)in->p[0];
	if (!is_zlib(i->first, second)) {
		begin_body(i, ISAL_DEFLATE);
		return feed(i, &first, &none) ? CODER_FULL : CODER_ERROR;
	}
	if (second & 0x20)
		return stage_fail(&i->stage, CODER_E_BROKEN, "a preset dictionary is asked for");
	slice_advance(in, 1);
	begin_body(i, ISAL_ZLIB_NO_HDR_VER);
	return CODER_FULL;
}

/* gzip: one member after the other (RFC 1952 2.2). deflate: one stream. */
static enum coder_result run_start(struct inflate *i, struct slice *in, enum coder_input what)
{
	if (in->n == 0)
		return what == CODER_LAST ? CODER_END : CODER_INPUT;
	i->where = AT_HEADER;
	if (i->stage.coding == CODING_GZIP) {
		i->header = (struct gzip_header){0};
		return CODER_FULL;
	}
	if (i->ended)
		return stage_fail(&i->stage, CODER_E_TRAILING, NULL);
	i->first = (uint8_t)in->p[0];
	slice_advance(in, 1);
	return CODER_FULL;
}

static enum coder_result inflate_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				     struct coder_room *out)
{
	struct inflate *i = (struct inflate *)s;
	enum coder_result r;

	do {
		if (i->where == AT_START)
			r = run_start(i, in, what);
		else if (i->where == AT_BODY)
			r = run_body(i, in, what, out);
		else if (s->coding == CODING_GZIP)
			r = run_gzip_header(i, in, what);
		else
			r = run_deflate_header(i, in, what);
	} while (r == CODER_FULL && (out->n > 0 || i->where != AT_BODY));
	return r;
}

static bool inflate_rest(struct coder_stage *s)
{
	(void)s;
	return true;
}

static void inflate_close(struct coder_stage *s)
{
	free(s);
}

const struct coder_stage_kind stage_inflate = {0,	    inflate_open, inflate_begin,
					       inflate_run, inflate_rest, inflate_close};
