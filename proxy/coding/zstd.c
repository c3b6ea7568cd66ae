/*
 * The decoder and the encoder of zstd, by libzstd. Its allocator interface is one of those that libzstd does not
 * promise to keep (ZSTD_STATIC_LINKING_ONLY), though it has been the same since 1.0; it is what makes memory bounded.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "proxy/coding/memory.h"
#include "proxy/coding/stage.h"

enum {
	LEVEL = 4,
	WINDOW_BITS = 18,
	PAGE = 128 << 10,	   /* the tables are made for such, and smaller than those for bodies without an end */
	ENCODER_MEMORY = 16 << 20, /* far above what that level and window take */
	MAGIC = 4,
};

static ZSTD_customMem custom(struct coder_memory *memory)
{
	return (ZSTD_customMem){coder_memory_take, coder_memory_give, memory};
}

/* -- decoder ------------------------------------------------------------------------------------------------------- */

struct zstd_decode {
	struct coder_stage stage;
	struct coder_memory memory;
	ZSTD_DCtx *context;
	bool inside;	/* a frame has begun and not ended */
	bool ended;	/* at least one has ended */
	bool skippable; /* the frame is to be skipped */
	unsigned magic; /* octets of the frame's magic number that were seen */
};

static void zstd_decode_close(struct coder_stage *s)
{
	struct zstd_decode *z = (struct zstd_decode *)s;

	ZSTD_freeDCtx(z->context);
	coder_memory_trim(&z->memory);
	free(z);
}

static struct coder_stage *zstd_decode_open(const struct coder_limits *limits)
{
	struct zstd_decode *z = calloc(1, sizeof *z);

	if (!z)
		return NULL;
	z->memory.limit = limits->memory;
	z->context = ZSTD_createDCtx_advanced(custom(&z->memory));
	if (!z->context ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(z->context, ZSTD_d_windowLogMax, (int)limits->zstd_window))) {
		zstd_decode_close(&z->stage);
		return NULL;
	}
	return &z->stage;
}

static bool zstd_decode_begin(struct coder_stage *s, enum coding coding)
{
	struct zstd_decode *z = (struct zstd_decode *)s;

	(void)coding;
	z->inside = z->ended = false;
	return !ZSTD_isError(ZSTD_DCtx_reset(z->context, ZSTD_reset_session_only));
}

/*
 * The magic number of each frame (RFC 8878 3.1.1, 3.1.2), so that what follows one is told from a damaged one at once,
 * and formats older than the RFC, which libzstd may still know, are kept out.
 */
static bool check_magic(struct zstd_decode *z, struct slice in)
{
	static const uint8_t frame[MAGIC] = {0x28, 0xb5, 0x2f, 0xfd}, skip[MAGIC] = {0x50, 0x2a, 0x4d, 0x18};

	for (size_t k = 0; k < in.n && z->magic < MAGIC; k++, z->magic++) {
		uint8_t octet = (uint8_t)in.p[k];

		if (z->magic == 0)
			z->skippable = (octet & 0xf0) == skip[0];
		if (z->skippable ? z->magic > 0 && octet != skip[z->magic] : octet != frame[z->magic]) {
			stage_fail(&z->stage, z->ended ? CODER_E_TRAILING : CODER_E_BROKEN, "no zstd frame");
			return false;
		}
	}
	return true;
}

static enum coder_result zstd_decode_error(struct zstd_decode *z, size_t r)
{
	enum coder_error error;

	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_memory_allocation:
		error = CODER_E_MEMORY;
		break;
	case ZSTD_error_frameParameter_windowTooLarge:
		error = CODER_E_WINDOW;
		break;
	default:
		error = CODER_E_BROKEN;
		break;
	}
	return stage_fail(&z->stage, error, ZSTD_getErrorName(r));
}

static enum coder_result zstd_decode_run(struct coder_stage *s, struct slice *in, enum coder_input what,
					 struct coder_room *out)
{
	struct zstd_decode *z = (struct zstd_decode *)s;

	for (;;) {
		ZSTD_inBuffer from = {in->p, in->n, 0};
		ZSTD_outBuffer to = {out->p, out->n, 0};
		size_t r;

		if (!z->inside) {
			if (in->n == 0)
				return what == CODER_LAST ? CODER_END : CODER_INPUT;
			z->inside = true;
			z->magic = 0;
		}
		if (!check_magic(z, *in))
			return CODER_ERROR;
		r = ZSTD_decompressStream(z->context, &to, &from);
		slice_advance(in, from.pos);
		room_advance(out, to.pos);
		if (ZSTD_isError(r))
			return zstd_decode_error(z, r);
		if (r == 0) {
			z->inside = false;
			z->ended = true;
		} else if (out->n == 0) {
			return CODER_FULL;
		} else if (in->n == 0) {
			return what == CODER_LAST ? stage_fail(s, CODER_E_TRUNCATED, NULL) : CODER_INPUT;
		}
	}
}

static bool zstd_decode_rest(struct coder_stage *s)
{
	struct zstd_decode *z = (struct zstd_decode *)s;

	if (z->memory.held > CODER_IDLE_MAX)
		coder_memory_trim(&z->memory);
	return z->memory.held <= CODER_IDLE_MAX;
}

const struct coder_stage_kind stage_zstd_decode = {
	4, zstd_decode_open, zstd_decode_begin, zstd_decode_run, zstd_decode_rest, zstd_decode_close};

/* -- encoder ------------------------------------------------------------------------------------------------------- */

struct zstd_encode {
	struct coder_stage stage;
	struct coder_memory memory;
	ZSTD_CCtx *context;
	bool dirty; /* octets were taken since the last flush */
	bool ended;
};

static void zstd_encode_close(struct coder_stage *s)
{
	struct zstd_encode *z = (struct zstd_encode *)s;

	ZSTD_freeCCtx(z->context);
	coder_memory_trim(&z->memory);
	free(z);
}

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value));
}

static struct coder_stage *zstd_encode_open(const struct coder_limits *limits)
{
	struct zstd_encode *z = calloc(1, sizeof *z);

	(void)limits;
	if (!z)
		return NULL;
	z->memory.limit = ENCODER_MEMORY;
	z->context = ZSTD_createCCtx_advanced(custom(&z->memory));
	if (!z->context || !set(z->context, ZSTD_c_compressionLevel, LEVEL) ||
	    !set(z->context, ZSTD_c_srcSizeHint, PAGE) || !set(z->context, ZSTD_c_windowLog, WINDOW_BITS)) {
		zstd_encode_close(&z->stage);
		return NULL;
	}
	return &z->stage;
}

static bool zstd_encode_begin(struct coder_stage *s, enum coding coding)
{
	struct zstd_encode *z = (struct zstd_encode *)s;

	(void)coding;
	z->dirty = z->ended = false;
	return !ZSTD_isError(ZSTD_CCtx_reset(z->context, ZSTD_reset_session_only));
}

static enum coder_result zstd_encode_run(struct coder_stage *s, struct slice *in, enum coder_input what,
					 struct coder_room *out)
{
	static const ZSTD_EndDirective directive[] = {
		[CODER_MORE] = ZSTD_e_continue, [CODER_FLUSH] = ZSTD_e_flush, [CODER_LAST] = ZSTD_e_end};
	struct zstd_encode *z = (struct zstd_encode *)s;

	z->dirty |= in->n > 0;
	if (z->ended)
		return CODER_END;
	if (what == CODER_FLUSH && !z->dirty)
		return CODER_INPUT;
	for (;;) {
		ZSTD_inBuffer from = {in->p, in->n, 0};
		ZSTD_outBuffer to = {out->p, out->n, 0};
		size_t r = ZSTD_compressStream2(z->context, &to, &from, directive[what]);

		slice_advance(in, from.pos);
		room_advance(out, to.pos);
		if (ZSTD_isError(r))
			return stage_fail(s,
					  ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation ? CODER_E_MEMORY
											       : CODER_E_BROKEN,
					  ZSTD_getErrorName(r));
		if (in->n == 0 && (what == CODER_MORE || r == 0)) {
			z->dirty &= what != CODER_FLUSH;
			z->ended = what == CODER_LAST;
			return z->ended ? CODER_END : CODER_INPUT;
		}
		if (out->n == 0)
			return CODER_FULL;
	}
}

static bool zstd_encode_rest(struct coder_stage *s)
{
	return ((struct zstd_encode *)s)->memory.held <= CODER_IDLE_MAX;
}

const struct coder_stage_kind stage_zstd_encode = {
	5, zstd_encode_open, zstd_encode_begin, zstd_encode_run, zstd_encode_rest, zstd_encode_close};
