#include "proxy/command/test_codec.h"

#include <stdlib.h>

#include "proxy/page/chain.h"

#define CODED_MAX (32 * 1024 * 1024)
#define PIECE	  1000 /* octets of coded body at a time: several pieces even of what is small */

struct test_codec {
	struct harness_codec ops;
	struct chain_pool pool;
};

/* -- one coding, one way ------------------------------------------------------------------------------------------- */

/* Runs the coder over all of in; closes it. */
static bool code(struct coder *c, struct slice in, struct buffer *out)
{
	enum coder_result result = CODER_FULL;

	while (result == CODER_FULL) {
		struct coder_room room = {.p = buffer_reserve(out, CHAIN_PIECE), .n = CHAIN_PIECE};

		if (!room.p)
			break;
		result = coder_run(c, &in, CODER_LAST, &room);
		buffer_commit(out, CHAIN_PIECE - room.n);
	}
	coder_close(c);
	return result == CODER_END;
}

static bool decode(struct test_codec *t, enum coding coding, struct slice in, struct buffer *out)
{
	const struct coding_stack stack = {.v = {coding}, .n = coding != CODING_IDENTITY};
	struct coder c;

	return coder_decode(&c, &t->pool.coders, &stack) && code(&c, in, out);
}

static bool encode(struct test_codec *t, enum coding coding, struct slice in, struct buffer *out)
{
	struct coder c;

	return coder_encode(&c, &t->pool.coders, coding) && code(&c, in, out);
}

/* RFC 1950 9 */
static uint32_t adler32(struct slice s)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < s.n; i++) {
		a = (a + (unsigned char)s.p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* There is no encoder for it: a gzip member (RFC 1952 2.3, without optional fields) in another wrapping. */
static bool encode_deflate(struct test_codec *t, struct slice in, struct buffer *out)
{
	enum { HEAD = 10, TAIL = 8 };
	uint32_t sum = adler32(in);
	const char tail[] = {(char)(sum >> 24), (char)(sum >> 16), (char)(sum >> 8), (char)sum};
	struct buffer gzip;
	struct slice member;
	bool ok;

	buffer_init(&gzip, CODED_MAX);
	ok = encode(t, CODING_GZIP, in, &gzip) && gzip.n >= HEAD + TAIL && gzip.p[3] == 0;
	member = buffer_slice(&gzip);
	ok = ok && buffer_add(out, SLICE("\x78\x01")) &&
	     buffer_add(out, slice_from(slice_head(member, member.n - TAIL), HEAD)) &&
	     buffer_add(out, slice_of(tail, sizeof tail));
	buffer_free(&gzip);
	return ok;
}

/* -- the way of a page --------------------------------------------------------------------------------------------- */

static bool collect(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

static bool result_of(const struct chain *c, enum rewriter_result *result, const char **why)
{
	switch (c->error) {
	case CHAIN_OK:
		*result = REWRITER_OK;
		return true;
	case CHAIN_E_UNREADABLE:
		*result = REWRITER_UNREADABLE;
		return true;
	case CHAIN_E_OVERSIZED:
		*result = REWRITER_OVERSIZED;
		return true;
	case CHAIN_E_CODING:
	case CHAIN_E_BOMB:
	case CHAIN_E_NO_MEMORY:
	case CHAIN_E_STOPPED:
	case CHAIN_ERRORS:
		break;
	}
	*why = chain_error_text(c->error);
	return false;
}

static enum chain_result feed(struct chain *c, struct slice coded)
{
	enum chain_result result = CHAIN_MORE;

	while (result != CHAIN_ERROR && coded.n) {
		struct slice piece = slice_head(coded, PIECE);
		size_t before = piece.n;

		result = chain_push(c, &piece);
		coded = slice_from(coded, before - piece.n);
	}
	do {
		if (result != CHAIN_ERROR)
			result = chain_finish(c);
	} while (result == CHAIN_FULL);
	return result;
}

/* coded -> decoded -> rewritten -> coded again, into *out */
static bool pass(struct test_codec *t, enum coding in, enum coding out_coding, struct slice coded,
		 const struct rewriter_options *options, enum rewriter_result *result, struct buffer *out,
		 const char **why)
{
	const struct coding_stack stack = {.v = {in}, .n = 1};
	const struct chain_options chain_options = {.pool = &t->pool,
						    .stack = &stack,
						    .coding = out_coding,
						    .env = options->env,
						    .decision = options->decision,
						    .sink = collect,
						    .sink_arg = out};
	struct chain c;

	if (!chain_open(&c, &chain_options)) {
		*why = "memory ran out";
		return false;
	}
	(void)feed(&c, coded);
	chain_close(&c);
	return result_of(&c, result, why);
}

static bool rewrite(void *arg, const char *name, struct slice body, const struct rewriter_options *options,
		    enum rewriter_result *result, struct buffer *out, const char **why)
{
	struct test_codec *t = arg;
	enum coding coding = CODING_IDENTITY, back;
	struct buffer coded, again;
	bool ok;

	(void)coding_of(slice_str(name), &coding);
	/* In observe mode the octets go on as they came. */
	back = coding == CODING_DEFLATE && !options->decision->observe ? CODING_GZIP : coding;
	buffer_init(&coded, CODED_MAX);
	buffer_init(&again, CODED_MAX);
	*why = "it could not be encoded";
	ok = coding == CODING_DEFLATE ? encode_deflate(t, body, &coded) : encode(t, coding, body, &coded);
	ok = ok && pass(t, coding, back, buffer_slice(&coded), options, result, &again, why);
	if (ok && *result == REWRITER_OK && !decode(t, back, buffer_slice(&again), out)) {
		*why = "what came out could not be decoded";
		ok = false;
	}
	buffer_free(&coded);
	buffer_free(&again);
	return ok;
}

struct test_codec *test_codec_new(void)
{
	static const char *const codings[] = {"gzip", "deflate", "br", "zstd", NULL};
	struct test_codec *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	if (!chain_pool_init(&t->pool, &CODER_LIMITS_DEFAULT, 2)) {
		free(t);
		return NULL;
	}
	t->ops = (struct harness_codec){.arg = t, .codings = codings, .rewrite = rewrite};
	return t;
}

void test_codec_free(struct test_codec *t)
{
	if (!t)
		return;
	chain_pool_free(&t->pool);
	free(t);
}

const struct harness_codec *test_codec_ops(const struct test_codec *t)
{
	return &t->ops;
}
