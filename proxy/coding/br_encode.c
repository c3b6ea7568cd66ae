/*
 * The encoder of br (RFC 7932), out of proxy/coding/brotli. docs/architecture.md says why it is not libbrotli's.
 */
#include <stdlib.h>

#include "proxy/coding/brotli/block.h"
#include "proxy/coding/brotli/matches.h"
#include "proxy/coding/stage.h"

enum {
	/* 256 KB. 17 bits would do but for 16 octets (RFC 7932 9.1); so no distance is ever too large. */
	WINDOW_BITS = 18,
	HISTORY = BLOCK_MAX, /* octets looked back at least, once there are as many */
	TEXT_MAX = HISTORY + BLOCK_MAX,
};

struct br_encode {
	struct coder_stage stage;
	struct matcher matcher;
	struct commands commands;
	struct block_codes codes;
	bool begun;	   /* the window's size was written */
	bool dirty;	   /* octets were taken since the last flush */
	bool ended;	   /* all is in `coded` */
	uint32_t known, n; /* text[known..n) is not in a block yet */
	struct bit_writer writer;
	struct slice pending;	/* of coded: what is still to go out */
	uint8_t text[TEXT_MAX]; /* what came last */
	uint8_t coded[BLOCK_MAX + BLOCK_OVERHEAD];
};

static struct coder_stage *br_encode_open(const struct coder_limits *limits)
{
	struct br_encode *b = malloc(sizeof *b);

	(void)limits;
	if (!b)
		return NULL;
	return &b->stage;
}

static bool br_encode_begin(struct coder_stage *s, enum coding coding)
{
	struct br_encode *b = (struct br_encode *)s;

	(void)coding;
	matcher_begin(&b->matcher);
	commands_begin(&b->commands);
	b->begun = b->dirty = b->ended = false;
	b->known = b->n = 0;
	b->writer = (struct bit_writer){.p = b->coded};
	b->pending = slice_of(NULL, 0);
	return true;
}

/* Makes room for a block when there is no more. */
static void slide(struct br_encode *b)
{
	uint32_t n = b->known - HISTORY;

	memmove(b->text, b->text + n, b->n - n);
	matcher_move(&b->matcher, n);
	b->known -= n;
	b->n -= n;
}

static void take(struct br_encode *b, struct slice *in)
{
	size_t room, n;

	if (b->n == TEXT_MAX && b->known == b->n)
		slide(b);
	room = BLOCK_MAX - (b->n - b->known);
	if (room > TEXT_MAX - b->n)
		room = TEXT_MAX - b->n;
	n = in->n < room ? in->n : room;
	if (n == 0)
		return;
	memcpy(b->text + b->n, in->p, n);
	b->n += (uint32_t)n;
	b->dirty = true;
	slice_advance(in, n);
}

/* What was taken becomes a block, and what ends it becomes bits as well. */
static void encode_block(struct br_encode *b, enum coder_input what)
{
	bool last = what == CODER_LAST;

	b->writer.p = b->coded;
	if (!b->begun)
		bits_put(&b->writer, 4, (WINDOW_BITS - 17) << 1 | 1); /* RFC 7932 9.1 */
	b->begun = true;
	if (b->known < b->n) {
		commands_next_block(&b->commands);
		matcher_run(&b->matcher, b->text, b->known, b->n, &b->commands);
		block_put(&b->codes, &b->writer, b->text, b->known, b->n, &b->commands, last);
		b->known = b->n;
	} else if (last) {
		block_put_end(&b->writer);
	}
	if (what == CODER_FLUSH)
		block_put_flush(&b->writer);
	b->dirty &= what == CODER_MORE;
	b->ended = last;
	b->pending = slice_of((const char *)b->coded, (size_t)(b->writer.p - b->coded));
}

static enum coder_result br_encode_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				       struct coder_room *out)
{
	struct br_encode *b = (struct br_encode *)s;

	for (;;) {
		room_put(out, &b->pending);
		if (b->pending.n)
			return CODER_FULL;
		if (b->ended)
			return CODER_END;
		take(b, in);
		if (in->n)
			encode_block(b, CODER_MORE);
		else if (what == CODER_LAST || (what == CODER_FLUSH && b->dirty))
			encode_block(b, what);
		else
			return CODER_INPUT;
	}
}

static bool br_encode_rest(struct coder_stage *s)
{
	(void)s;
	return true;
}

static void br_encode_close(struct coder_stage *s)
{
	free(s);
}

const struct coder_stage_kind stage_br_encode = {
	3, br_encode_open, br_encode_begin, br_encode_run, br_encode_rest, br_encode_close};
