/*
 * Bodies: content, trailers, end and error are the same whole, octet by octet and at pseudo-random splits, and a naive
 * reader agrees.
 * The first octet of the input chooses: 1 small limits, 2 a length instead of chunks, else it seeds the splits.
 */
#include <stdlib.h>

#include "tests/support/h1_naive.h"
#include "tests/support/h1_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits small = {.line = 20, .field = 20, .head = 50, .fields = 3};

struct outcome {
	enum h1_body_result result;
	enum h1_error error;
	size_t used;
	size_t trailers;
	struct buffer text; /* content, then trailers */
	size_t content;
};

static size_t next_step(unsigned *seed, size_t step, size_t left)
{
	if (!step) {
		*seed = *seed * 1103515245 + 12345;
		step = 1 + (*seed >> 16) % 7;
	}
	return step < left ? step : left;
}

/* step: octets at a time; 0 for pseudo-random. */
static void read_body(struct slice in, const struct h1_framing *framing, const struct h1_limits *limits, size_t step,
		      unsigned seed, struct outcome *out)
{
	struct h1_body b;
	struct arena arena;

	*out = (struct outcome){.result = H1_BODY_MORE};
	buffer_init(&out->text, 1 << 16);
	arena_init(&arena, 0, 1 << 20);
	h1_body_init(&b, framing, limits, &arena);
	do {
		struct slice piece = slice_from(in, out->used), data;
		size_t given;

		piece = slice_head(piece, next_step(&seed, step, piece.n));
		given = piece.n;
		do {
			out->result = h1_body_read(&b, &piece, &data);
			CG_CHECK((out->result == H1_BODY_DATA) == (data.n > 0));
			buffer_add(&out->text, data);
		} while (out->result == H1_BODY_DATA);
		out->used += given - piece.n;
	} while (out->result == H1_BODY_MORE && out->used < in.n);
	out->error = b.error;
	out->content = out->text.n;
	out->trailers = b.trailers.n;
	CG_CHECK(b.received == out->content);
	if (out->result == H1_BODY_END)
		CG_CHECK(h1_text_fields(&out->text, &b.trailers) && h1_body_eof(&b) == H1_BODY_END);
	else
		CG_CHECK(h1_body_eof(&b) == H1_BODY_ERROR);
	h1_body_free(&b);
	arena_free(&arena);
}

static void compare(struct slice in, const struct h1_framing *framing, const struct h1_limits *limits, size_t step,
		    unsigned seed, const struct outcome *expected)
{
	struct outcome got;

	read_body(in, framing, limits, step, seed, &got);
	CG_CHECK(got.result == expected->result && got.error == expected->error);
	CG_CHECK(got.result == H1_BODY_ERROR || got.used == expected->used);
	CG_CHECK(slice_eq(buffer_slice(&got.text), buffer_slice(&expected->text)));
	buffer_free(&got.text);
}

static void compare_naive(struct slice in, const struct h1_limits *limits, const struct outcome *o)
{
	size_t length = 0, used = 0, trailers = 0;
	char *content = malloc(in.n + 1);
	enum naive_result naive;

	if (!content)
		abort();
	naive = naive_chunked(in, limits, content, &length, &used, &trailers);
	CG_CHECK((naive == NAIVE_COMPLETE) == (o->result == H1_BODY_END));
	CG_CHECK((naive == NAIVE_REFUSED) == (o->result == H1_BODY_ERROR));
	CG_CHECK(slice_eq(slice_of(content, length), slice_of(o->text.p, o->content)));
	CG_CHECK(naive != NAIVE_COMPLETE || (used == o->used && trailers == o->trailers));
	free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h1_framing framing = {.kind = H1_BODY_CHUNKED};
	const struct h1_limits *limits = &H1_LIMITS_DEFAULT;
	struct outcome whole;
	struct slice in;

	if (size == 0 || size > 16384)
		return 0;
	in = slice_of((const char *)data + 1, size - 1);
	if (data[0] & 1)
		limits = &small;
	if (data[0] & 2)
		framing = (struct h1_framing){.kind = H1_BODY_LENGTH, .length = data[0] >> 2, .has_length = true};
	read_body(in, &framing, limits, SIZE_MAX, 0, &whole);
	if (framing.kind == H1_BODY_CHUNKED)
		compare_naive(in, limits, &whole);
	compare(in, &framing, limits, 1, 0, &whole);
	compare(in, &framing, limits, 0, data[0], &whole);
	buffer_free(&whole.text);
	return 0;
}
