/* The decoder and the encoder of br, by libbrotli. */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <stdlib.h>

#include "proxy/coding/memory.h"
#include "proxy/coding/stage.h"

enum {
	/* From 4 on blocks are split: real pages get 7 % smaller, in twice the time and six times the memory. */
	QUALITY = 3,
	WINDOW_BITS = 17,
	/*
	 * libbrotlienc ends the process when an allocation fails. So an encoder gets all its memory beforehand: at this
	 * quality and window it takes at most 1.3 MB, whatever it is given.
	 */
	ENCODER_RESERVE = 2 << 20,
	ENCODER_BEYOND = 8 << 20,
};

/* -- decoder ------------------------------------------------------------------------------------------------------- */

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
	coder_memory_reset(&b->memory);
	free(b);
}

const struct coder_stage_kind stage_br_decode = {
	2, br_decode_open, br_decode_begin, br_decode_run, br_decode_rest, br_decode_close};

/* -- encoder ------------------------------------------------------------------------------------------------------- */

struct br_encode {
	struct coder_stage stage;
	struct coder_memory memory;
	BrotliEncoderState *state; /* NULL between bodies: there is no reset */
	bool dirty;		   /* octets were taken since the last flush */
	_Alignas(max_align_t) char reserve[ENCODER_RESERVE];
};

static struct coder_stage *br_encode_open(const struct coder_limits *limits)
{
	struct br_encode *b = malloc(sizeof *b);

	(void)limits;
	if (!b)
		return NULL;
	b->memory =
		(struct coder_memory){.limit = ENCODER_BEYOND, .reserve = b->reserve, .reserve_n = sizeof b->reserve};
	b->state = NULL;
	return &b->stage;
}

static bool br_encode_begin(struct coder_stage *s, enum coding coding)
{
	struct br_encode *b = (struct br_encode *)s;

	(void)coding;
	b->dirty = false;
	b->state = BrotliEncoderCreateInstance(coder_memory_take, coder_memory_give, &b->memory);
	return b->state && BrotliEncoderSetParameter(b->state, BROTLI_PARAM_QUALITY, QUALITY) &&
	       BrotliEncoderSetParameter(b->state, BROTLI_PARAM_LGWIN, WINDOW_BITS);
}

static enum coder_result br_encode_run(struct coder_stage *s, struct slice *in, enum coder_input what,
				       struct coder_room *out)
{
	static const BrotliEncoderOperation operation[] = {[CODER_MORE] = BROTLI_OPERATION_PROCESS,
							   [CODER_FLUSH] = BROTLI_OPERATION_FLUSH,
							   [CODER_LAST] = BROTLI_OPERATION_FINISH};
	struct br_encode *b = (struct br_encode *)s;

	b->dirty |= in->n > 0;
	if (what == CODER_FLUSH && !b->dirty)
		return CODER_INPUT;
	for (;;) {
		const uint8_t *next_in = (const uint8_t *)in->p;
		uint8_t *next_out = (uint8_t *)out->p;
		size_t in_n = in->n, out_n = out->n;

		if (!BrotliEncoderCompressStream(b->state, operation[what], &in_n, &next_in, &out_n, &next_out, NULL))
			return stage_fail(s, CODER_E_MEMORY, "libbrotli cannot compress");
		slice_advance(in, in->n - in_n);
		room_advance(out, out->n - out_n);
		if (BrotliEncoderIsFinished(b->state))
			return CODER_END;
		if (BrotliEncoderHasMoreOutput(b->state)) {
			if (out->n == 0)
				return CODER_FULL;
		} else if (in->n == 0 && what != CODER_LAST) {
			b->dirty &= what != CODER_FLUSH;
			return CODER_INPUT;
		}
	}
}

static bool br_encode_rest(struct coder_stage *s)
{
	struct br_encode *b = (struct br_encode *)s;

	BrotliEncoderDestroyInstance(b->state);
	b->state = NULL;
	coder_memory_reset(&b->memory);
	return true;
}

static void br_encode_close(struct coder_stage *s)
{
	struct br_encode *b = (struct br_encode *)s;

	if (b->state)
		BrotliEncoderDestroyInstance(b->state);
	coder_memory_reset(&b->memory);
	free(b);
}

const struct coder_stage_kind stage_br_encode = {
	3, br_encode_open, br_encode_begin, br_encode_run, br_encode_rest, br_encode_close};
