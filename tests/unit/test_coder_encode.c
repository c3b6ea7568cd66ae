/* Encoders: what they write decodes to what they were given, up to every flush; contexts are reused and bounded. */
#include "tests/support/coder_drive.h"
#include "tests/support/slice_assert.h"

static const enum coding codings[] = {CODING_IDENTITY, CODING_GZIP, CODING_BR, CODING_ZSTD};
static const struct coder_drive whole = {0};

static void round_trip(struct coder_pool *pool, enum coding coding, struct slice text, const struct coder_drive *how)
{
	struct coding_stack stack = {{coding}, coding != CODING_IDENTITY};
	struct buffer coded, out;
	enum coder_error error;

	buffer_init(&coded, 16u << 20);
	buffer_init(&out, 16u << 20);
	assert_int_equal(coder_drive_encode(pool, coding, text, how, &coded), CODER_END);
	assert_int_equal(coder_drive_decode(pool, &stack, buffer_slice(&coded), &whole, &out, &error), CODER_END);
	if (!slice_eq(buffer_slice(&out), text))
		fail_msg("%.*s of %zu octets, pieces of %zu, room of %zu, %sflushed: %zu octets come back",
			 SLICE_ARG(coding_name(coding)), text.n, how->piece, how->room, how->flush ? "" : "not ",
			 out.n);
	buffer_free(&coded);
	buffer_free(&out);
}

static void test_sizes(void **state)
{
	static const size_t texts[] = {0, 1, 2, 100, 4096, 65536, 300000};
	static const size_t pieces[] = {0, 1000, 16384};
	static const size_t rooms[] = {7, 511, 512, 513, 16384};
	struct coder_pool pool;
	struct buffer page;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 300000);
	for (size_t i = 0; i < CG_COUNT(codings) * CG_COUNT(texts) * CG_COUNT(pieces) * CG_COUNT(rooms) * 2; i++) {
		size_t k = i / 2;
		struct coder_drive how = {.flush = i & 1, .room = rooms[k % CG_COUNT(rooms)]};
		struct slice text;

		k /= CG_COUNT(rooms);
		how.piece = pieces[k % CG_COUNT(pieces)];
		k /= CG_COUNT(pieces);
		text = slice_head(buffer_slice(&page), texts[k % CG_COUNT(texts)]);
		round_trip(&pool, codings[k / CG_COUNT(texts)], text, &how);
	}
	buffer_free(&page);
	coder_pool_free(&pool);
}

/* The input split at every byte, with a flush there and without, into any room down to one octet. */
static void test_split(void **state)
{
	static const size_t rooms[] = {0, 1, 2, 5};
	struct coder_pool pool;
	struct buffer page;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 700);
	for (size_t c = 0; c < CG_COUNT(codings); c++) {
		for (size_t k = 1; k < page.n; k++) {
			struct coder_drive how = {.first = k, .room = rooms[k % 4], .flush = k / 4 & 1};

			round_trip(&pool, codings[c], buffer_slice(&page), &how);
		}
		round_trip(&pool, codings[c], buffer_slice(&page), &(struct coder_drive){.piece = 1, .room = 1});
		round_trip(&pool, codings[c], buffer_slice(&page),
			   &(struct coder_drive){.piece = 1, .room = 1, .flush = true});
	}
	buffer_free(&page);
	coder_pool_free(&pool);
}

/* What does not compress must not grow much, nor break. */
static void test_noise(void **state)
{
	struct coder_pool pool;
	char noise[100000];
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof noise; i++) {
		random = random * 1664525u + 1013904223u;
		noise[i] = (char)(random >> 24);
	}
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	for (size_t c = 0; c < CG_COUNT(codings); c++) {
		struct buffer out;

		buffer_init(&out, 1 << 20);
		round_trip(&pool, codings[c], slice_of(noise, sizeof noise), &(struct coder_drive){.piece = 999});
		coder_drive_encode(&pool, codings[c], slice_of(noise, sizeof noise), &whole, &out);
		assert_in_range(out.n, sizeof noise, sizeof noise + 1000);
		buffer_free(&out);
	}
	coder_pool_free(&pool);
}

/* Of words at random between tags, zlib's level 4 makes 9,142 octets. */
static void test_br_is_small(void **state)
{
	struct coder_pool pool;
	struct buffer page, out;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 0);
	buffer_init(&page, 1 << 20);
	buffer_init(&out, 1 << 20);
	coder_drive_page(&page, 60000);
	coder_drive_encode(&pool, CODING_BR, buffer_slice(&page), &whole, &out);
	assert_in_range(out.n, 1, 8700);
	buffer_free(&page);
	buffer_free(&out);
	coder_pool_free(&pool);
}

/* -- flush --------------------------------------------------------------------------------------------------------- */

/* Encodes piece and returns what comes; *r is the result. */
static void push(struct coder *c, struct slice piece, enum coder_input what, size_t room_n, struct buffer *out)
{
	enum coder_result r;

	do {
		struct coder_room room = {buffer_reserve(out, room_n), room_n};

		r = coder_run(c, &piece, what, &room);
		buffer_commit(out, room_n - room.n);
	} while (r == CODER_FULL);
	assert_int_equal(r, what == CODER_LAST ? CODER_END : CODER_INPUT);
	assert_int_equal(piece.n, 0);
}

/* After each flush all that went in can be read by somebody who has what came out. A second flush adds nothing. */
static void flush_points(struct coder_pool *pool, enum coding coding, struct slice text, size_t piece, size_t room_n)
{
	struct coding_stack stack = {{coding}, coding != CODING_IDENTITY};
	struct coder encoder, decoder;
	struct buffer coded, seen;
	size_t before = 0;

	buffer_init(&coded, 1 << 20);
	buffer_init(&seen, 1 << 20);
	assert_true(coder_encode(&encoder, pool, coding) && coder_decode(&decoder, pool, &stack));
	push(&encoder, SLICE(""), CODER_FLUSH, room_n, &coded);
	assert_int_equal(coded.n, 0);
	for (size_t at = 0; at < text.n; at += piece) {
		struct slice part = slice_head(slice_from(text, at), piece);

		push(&encoder, part, CODER_FLUSH, room_n, &coded);
		push(&decoder, slice_from(buffer_slice(&coded), before), CODER_MORE, 65536, &seen);
		assert_true(slice_eq(buffer_slice(&seen), slice_head(text, at + part.n)));
		before = coded.n;
		push(&encoder, SLICE(""), CODER_FLUSH, room_n, &coded);
		assert_int_equal(coded.n, before);
	}
	push(&encoder, SLICE(""), CODER_LAST, room_n, &coded);
	push(&decoder, slice_from(buffer_slice(&coded), before), CODER_LAST, 65536, &seen);
	assert_true(slice_eq(buffer_slice(&seen), text));
	assert_int_equal(encoder.in, text.n);
	assert_int_equal(encoder.out, coded.n);
	coder_close(&encoder);
	coder_close(&decoder);
	buffer_free(&coded);
	buffer_free(&seen);
}

static void test_flush(void **state)
{
	static const size_t pieces[] = {1, 100, 5000, 16384}, rooms[] = {1, 6, 100, 512, 4096, 65536};
	struct coder_pool pool;
	struct buffer page;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 40000);
	for (size_t c = 0; c < CG_COUNT(codings); c++)
		for (size_t p = 0; p < CG_COUNT(pieces); p++)
			for (size_t r = 0; r < CG_COUNT(rooms); r++)
				flush_points(&pool, codings[c],
					     slice_head(buffer_slice(&page), pieces[p] == 1 ? 300 : page.n), pieces[p],
					     rooms[r]);
	buffer_free(&page);
	coder_pool_free(&pool);
}

/*
 * A flush that comes when all its octets were written already costs nothing more: gzip's empty blocks are 5 octets.
 * That a body is flushed at all costs gzip some, as it cannot be compressed as a whole then.
 */
static void test_flush_cost(void **state)
{
	struct coder_pool pool;
	struct buffer page, plain, flushed;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 60000);
	for (size_t c = 1; c < CG_COUNT(codings); c++) {
		buffer_init(&plain, 1 << 20);
		buffer_init(&flushed, 1 << 20);
		coder_drive_encode(&pool, codings[c], buffer_slice(&page), &whole, &plain);
		coder_drive_encode(&pool, codings[c], buffer_slice(&page),
				   &(struct coder_drive){.piece = 16384, .flush = true, .room = 1}, &flushed);
		assert_in_range(flushed.n, plain.n / 2, plain.n + plain.n / 12);
		buffer_free(&plain);
		buffer_free(&flushed);
	}
	buffer_free(&page);
	coder_pool_free(&pool);
}

/* -- pool ---------------------------------------------------------------------------------------------------------- */

/* Contexts that were used, fully, half or for another body, write the same octets as new ones. */
static void test_reuse(void **state)
{
	struct coder_pool pool;
	struct buffer page, first, again;

	(void)state;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 60000);
	for (size_t c = 0; c < CG_COUNT(codings); c++) {
		buffer_init(&first, 1 << 20);
		coder_drive_encode(&pool, codings[c], buffer_slice(&page), &whole, &first);
		for (size_t k = 0; k < 20; k++) {
			struct slice part = slice_head(buffer_slice(&page), k * 2500);
			char text[100];
			struct coder_room room = {text, sizeof text};
			struct coder abandoned;

			assert_true(coder_encode(&abandoned, &pool, codings[c]));
			assert_int_not_equal(coder_run(&abandoned, &part, k & 1 ? CODER_FLUSH : CODER_MORE, &room),
					     CODER_ERROR);
			coder_close(&abandoned);
			buffer_init(&again, 1 << 20);
			coder_drive_encode(&pool, codings[c], buffer_slice(&page), &whole, &again);
			assert_true(slice_eq(buffer_slice(&first), buffer_slice(&again)));
			buffer_free(&again);
		}
		buffer_free(&first);
	}
	buffer_free(&page);
	coder_pool_free(&pool);
}

/* At most `keep` contexts of a kind stay; all of ours are small enough to stay. */
static void test_keep(void **state)
{
	struct coder_pool pool;
	struct buffer page;

	(void)state;
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 200000);
	for (unsigned keep = 0; keep < 3; keep++) {
		struct coder open[3][CG_COUNT(codings)];
		struct buffer out;

		coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, keep);
		buffer_init(&out, 8u << 20);
		for (size_t i = 0; i < 3; i++) {
			for (size_t c = 0; c < CG_COUNT(codings); c++) {
				assert_true(coder_encode(&open[i][c], &pool, codings[c]));
				assert_int_equal(coder_drive(&open[i][c], buffer_slice(&page), &whole, &out),
						 CODER_END);
			}
		}
		for (size_t i = 0; i < 3; i++)
			for (size_t c = 0; c < CG_COUNT(codings); c++)
				coder_close(&open[i][c]);
		for (size_t k = 0; k < CODER_KINDS; k++)
			assert_true(pool.idle_n[k] == 0 || pool.idle_n[k] == keep);
		assert_int_equal(pool.idle_n[1] + pool.idle_n[3] + pool.idle_n[5], 3 * keep);
		coder_pool_free(&pool);
		buffer_free(&out);
	}
	buffer_free(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_split),	  cmocka_unit_test(test_noise),
		cmocka_unit_test(test_flush), cmocka_unit_test(test_flush_cost),  cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_keep),  cmocka_unit_test(test_br_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
