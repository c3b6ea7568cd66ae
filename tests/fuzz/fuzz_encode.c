/*
 * Any octets encoded in any coding, in any pieces, with and without flushes, into any room: decoded they are what they
 * were, up to each flush. The first octet chooses the coding and whether flushes are made, the second the pieces, the
 * third the room, the fourth how often the octets are repeated, altered here and there: so bodies grow beyond what
 * encoders keep.
 */
#include <stdlib.h>

#include "tests/support/coder_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bodies that repeat themselves are no bombs here. */
static const struct coder_limits limits = {
	.ratio = 1u << 20, .ratio_from = 64u << 20, .memory = 32u << 20, .zstd_window = 23};

static void add_altered(struct buffer *text, const uint8_t *data, size_t size, size_t times)
{
	uint32_t random = (uint32_t)(size + times);

	for (size_t i = 0; i < times; i++) {
		buffer_add(text, slice_of((const char *)data, size));
		for (size_t k = 0; k < i % 5 && size > 0; k++) {
			random = random * 1664525u + 1013904223u;
			text->p[text->n - 1 - (random >> 8) % size] = (char)random;
		}
	}
}

static void round_trip(enum coding coding, struct slice text, const struct coder_drive *how)
{
	struct coding_stack stack = {{coding}, 1};
	enum coder_error error;
	struct coder_pool pool;
	struct buffer coded, out;

	coder_pool_init(&pool, &limits, 1);
	buffer_init(&coded, 64u << 20);
	buffer_init(&out, 64u << 20);
	CG_CHECK(coder_drive_encode(&pool, coding, text, how, &coded) == CODER_END);
	CG_CHECK(coder_drive_decode(&pool, &stack, buffer_slice(&coded), &(struct coder_drive){0}, &out, &error) ==
		 CODER_END);
	CG_CHECK(slice_eq(buffer_slice(&out), text));
	buffer_free(&coded);
	buffer_free(&out);
	coder_pool_free(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum coding codings[] = {CODING_BR, CODING_GZIP, CODING_BR, CODING_ZSTD};
	struct coder_drive how = {0};
	struct buffer text;

	if (size < 4)
		return 0;
	how.flush = data[0] & 4;
	how.piece = (size_t)data[1] * data[1];
	how.room = data[2];
	buffer_init(&text, 64u << 20);
	/* Up to 204 KB, or 10. */
	add_altered(&text, data + 4, size - 4, 1 + data[3] * (data[0] & 8 ? 800u : 40u) / size);
	if (how.piece < text.n / 500) /* a flush of each octet would take seconds */
		how.piece = text.n / 500;
	round_trip(codings[data[0] & 3], buffer_slice(&text), &how);
	buffer_free(&text);
	return 0;
}
