/*
 * Any octets as a body in any coding: no crash, an end, output within the limits; handed over whole or in pieces, into
 * large room or small, it gives the same. The first octet chooses the codings, the second the pieces, the third the
 * room.
 */
#include <stdlib.h>

#include "tests/support/coder_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct coding_stack stacks[] = {
	{{CODING_GZIP}, 1},    {{CODING_DEFLATE}, 1},	      {{CODING_BR}, 1},
	{{CODING_ZSTD}, 1},    {{CODING_GZIP, CODING_BR}, 2}, {{CODING_ZSTD, CODING_DEFLATE}, 2},
	{{CODING_IDENTITY}, 0}};

static const struct coder_limits limits = {.ratio = 100, .ratio_from = 1 << 16, .memory = 32u << 20, .zstd_window = 23};

static enum coder_result decode(struct coder_pool *pool, const struct coding_stack *stack, struct slice in,
				const struct coder_drive *how, struct buffer *out, enum coder_error *error)
{
	enum coder_result r;

	buffer_init(out, 64u << 20);
	r = coder_drive_decode(pool, stack, in, how, out, error);
	CG_CHECK(r == CODER_END || r == CODER_ERROR);
	CG_CHECK((r == CODER_ERROR) == (*error != CODER_OK));
	CG_CHECK(out->n <= limits.ratio_from + 1 || out->n <= in.n * limits.ratio + 1);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct coding_stack *stack;
	struct coder_drive how = {0}, whole = {0};
	enum coder_error error_whole, error;
	enum coder_result r_whole, r;
	struct coder_pool pool;
	struct buffer a, b;
	struct slice in;

	if (size < 3)
		return 0;
	stack = &stacks[data[0] % CG_COUNT(stacks)];
	how.piece = data[1] ? data[1] : 1;
	how.room = data[2] ? data[2] : 1;
	in = slice_of((const char *)data + 3, size - 3);
	coder_pool_init(&pool, &limits, 1);
	r_whole = decode(&pool, stack, in, &whole, &a, &error_whole);
	r = decode(&pool, stack, in, &how, &b, &error);
	if (error != CODER_E_BOMB && error_whole != CODER_E_BOMB) {
		CG_CHECK(r == r_whole);
		CG_CHECK(r != CODER_END || slice_eq(buffer_slice(&a), buffer_slice(&b)));
	}
	buffer_free(&a);
	buffer_free(&b);
	coder_pool_free(&pool);
	return 0;
}
