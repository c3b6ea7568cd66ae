/* The decoder of gzip and deflate, by ISA-L: bounded by the format, one allocation. */
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#include "proxy/coding/stage.h"

enum { INPUT_MAX = 1 << 30 }; /* of one call: ISA-L counts in 32 bits */

struct inflate {
	struct coder_stage stage;
	bool inside;	/* a member or stream has begun and not ended */
	bool ended;	/* at least one has ended */
	unsigned magic; /* octets of the member's magic number that were seen, up to 2 */
	bool has_first; /* deflate: one octet is held until the second tells zlib from raw */
	uint8_t first;
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
	i->inside = i->ended = i->has_first = false;
	return true;
}

static void start(struct inflate *i, uint32_t wrapper)
{
	isal_inflate_reset(&i->state);
	i->state.crc_flag = wrapper;
	i->inside = true;
	i->magic = 0;
}

static const char *detail_of(int ret)
{
	switch (ret) {
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong checksum or length";
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return "bad header";
	case ISAL_NEED_DICT:
		return "a preset dictionary is asked for";
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

	/* ISA-L takes non-const input and does not write to it. */
	i->state.next_in = (uint8_t *)(uintptr_t)piece.p;
	i->state.avail_in = (uint32_t)piece.n;
	i->state.next_out = (uint8_t *)out->p;
	i->state.avail_out = (uint32_t)room;
	ret = isal_inflate(&i->state);
	slice_advance(in, piece.n - i->state.avail_in);
	room_advance(out, room - i->state.avail_out);
	if (ret < 0 || ret == ISAL_NEED_DICT) {
		stage_fail(&i->stage, CODER_E_BROKEN, detail_of(ret));
		return false;
	}
	if (i->state.block_state == ISAL_BLOCK_FINISH) {
		i->inside = false;
		i->ended = true;
	}
	return true;
}

/* The first two octets of each member, so that what follows one is told from a damaged one at once. */
static bool check_magic(struct inflate *i, struct slice in)
{
	static const char magic[] = {'\x1f', '\x8b'};

	for (size_t k = 0; k < in.n && i->magic < sizeof magic; k++, i->magic++) {
		if (in.p[k] != magic[i->magic]) {
			stage_fail(&i->stage, i->ended ? CODER_E_TRAILING : CODER_E_BROKEN, "no gzip header");
			return false;
		}
	}
	return true;
}

/* Begins a gzip member (RFC 1952 2.2: one after the other). CODER_FULL: go on. */
static enum coder_result begin_member(struct inflate *i)
{
	start(i, ISAL_GZIP);
	return CODER_FULL;
}

/*
 * Begins a deflate stream once two octets are known: a zlib header has method 8, a window of at most 32 KB and a check
 * value (RFC 1950 2.2). A raw stream cannot look so: its first block would be stored and not padded with zeros.
 */
static enum coder_result begin_stream(struct inflate *i, struct slice *in, enum coder_input what)
{
	struct slice one = slice_of((const char *)&i->first, 1);
	struct coder_room none = {NULL, 0};
	unsigned second;
	bool zlib;

	if (i->ended)
		return stage_fail(&i->stage, CODER_E_TRAILING, NULL);
	if (!i->has_first) {
		i->first = (uint8_t)in->p[0];
		i->has_first = true;
		slice_advance(in, 1);
	}
	if (in->n == 0)
		return what == CODER_LAST ? stage_fail(&i->stage, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
	second = (uint8_t)in->p[0];
	zlib = (i->first & 0x0f) == 8 && i->first >> 4 <= 7 && (i->first * 256u + second) % 31 == 0;
	start(i, zlib ? ISAL_ZLIB : ISAL_DEFLATE);
	return feed(i, &one, &none) ? CODER_FULL : CODER_ERROR;
}

static enum coder_result between(struct inflate *i, struct slice *in, enum coder_input what)
{
	if (in->n == 0 && !i->has_first)
		return what == CODER_LAST ? CODER_END : CODER_INPUT;
	if (i->stage.coding == CODING_GZIP)
		return begin_member(i);
	return begin_stream(i, in, what);
}

/* What ISA-L read beyond the end of a deflate stream it holds as bits; gzip's trailer is longer than that. */
static enum coder_result end_of_stream(struct inflate *i)
{
	i->has_first = false;
	if (i->stage.coding == CODING_DEFLATE && i->state.read_in_length >= 8)
		return stage_fail(&i->stage, CODER_E_TRAILING, NULL);
	return CODER_FULL;
}

static enum coder_result inflate_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				     struct coder_room *out)
{
	struct inflate *i = (struct inflate *)s;

	for (;;) {
		enum coder_result r = i->inside ? CODER_FULL : between(i, in, what);
		size_t left = in->n, room = out->n;

		if (r != CODER_FULL)
			return r;
		if (s->coding == CODING_GZIP && !check_magic(i, *in))
			return CODER_ERROR;
		if (!feed(i, in, out))
			return CODER_ERROR;
		if (!i->inside) {
			if (end_of_stream(i) == CODER_ERROR)
				return CODER_ERROR;
			continue;
		}
		if (out->n == 0)
			return CODER_FULL;
		if (in->n == 0)
			return what == CODER_LAST ? stage_fail(s, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
		if (in->n == left && out->n == room)
			return stage_fail(s, CODER_E_BROKEN, "no progress");
	}
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
