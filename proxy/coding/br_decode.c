/* The decoder of br (RFC 7932), by libbrotli. */
#include <brotli/decode.h>
#include <stdlib.h>

#include "proxy/coding/memory.h"
#include "proxy/coding/stage.h"

struct br_decode {
	struct coder_stage stage;
	struct coder_memory memory;
	BrotliDecoderState *state; /* NULL between bodies: there is no reset */
	bool begun;		   /* an octet was taken */
	bool ended;
};

static struct coder_stage *br_decode_open(const struct coder_limits *limits)
{
	struct br_decode *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->memory.limit = limits->memory;
	return &b->stage;
}

static bool br_decode_begin(struct coder_stage *s, enum coding coding)
{
	struct br_decode *b = (struct br_decode *)s;

	(void)coding;
	b->begun = b->ended = false;
	b->state = BrotliDecoderCreateInstance(coder_memory_take, coder_memory_give, &b->memory);
	return b->state != NULL;
}

static enum coder_result br_decode_error(struct br_decode *b)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(b->state);
	bool memory =
		code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;

	return stage_fail(&b->stage, memory ? CODER_E_MEMORY : CODER_E_BROKEN, BrotliDecoderErrorString(code));
}

static enum coder_result br_decode_ended(struct br_decode *b, struct slice in, enum coder_input what)
{
	b->ended = true;
	if (in.n)
		return stage_fail(&b->stage, CODER_E_TRAILING, NULL);
	return what == CODER_LAST ? CODER_END : CODER_INPUT;
}

static enum coder_result br_decode_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				       struct coder_room *out)
{
	struct br_decode *b = (struct br_decode *)s;
	const uint8_t *next_in = (const uint8_t *)in->p;
	uint8_t *next_out = (uint8_t *)out->p;
	size_t in_n = in->n, out_n = out->n;
	BrotliDecoderResult r;

	if (b->ended)
		return br_decode_ended(b, *in, what);
	b->begun |= in->n > 0;
	if (!b->begun)
		return what == CODER_LAST ? CODER_END : CODER_INPUT;
	r = BrotliDecoderDecompressStream(b->state, &in_n, &next_in, &out_n, &next_out, NULL);
	slice_advance(in, in->n - in_n);
	room_advance(out, out->n - out_n);
	switch (r) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		return br_decode_ended(b, *in, what);
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
		return CODER_FULL;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
		if (BrotliDecoderHasMoreOutput(b->state))
			return CODER_FULL;
		return what == CODER_LAST ? stage_fail(s, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
	default:
		return br_decode_error(b);
	}
}

static bool br_decode_rest(struct coder_stage *s)
{
	struct br_decode *b = (struct br_decode *)s;

	BrotliDecoderDestroyInstance(b->state);
	b->state = NULL;
	if (b->memory.held > CODER_IDLE_MAX)
		coder_memory_trim(&b->memory);
	return true;
}

static void br_decode_close(struct coder_stage *s)
{
	struct br_decode *b = (struct br_decode *)s;

	if (b->state)
		BrotliDecoderDestroyInstance(b->state);
	coder_memory_trim(&b->memory);
	free(b);
}

const struct coder_stage_kind stage_br_decode = {
	2, br_decode_open, br_decode_begin, br_decode_run, br_decode_rest, br_decode_close};
