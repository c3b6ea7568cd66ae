/* Inside the encoder of br: its codes and commands, at every boundary, as libbrotli's decoder reads them. */
#include <brotli/decode.h>

#include "proxy/coding/brotli/block.h"
#include "tests/support/slice_assert.h"

enum { BEFORE = 60000, TEXT_MAX = BEFORE + BLOCK_MAX };

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * n >> 24);
}

/* Small ones as often as large ones. */
static uint32_t random_size(uint32_t most)
{
	return random_below(most >> random_below(16)) + 1;
}

struct stream {
	struct bit_writer writer;
	struct block_codes codes;
	struct commands commands;
	uint8_t text[TEXT_MAX], coded[2 * TEXT_MAX], back[TEXT_MAX];
};

static struct stream *stream_new(void)
{
	struct stream *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->writer.p = s->coded;
	bits_put(&s->writer, 4, 3); /* a window of 18 bits */
	commands_begin(&s->commands);
	return s;
}

static size_t coded_size(const struct stream *s)
{
	return (size_t)(s->writer.p - s->coded);
}

/* What was written gives the first n octets of the text, and all is written that is needed for them. */
static void assert_decodes(struct stream *s, size_t n)
{
	size_t back_n = sizeof s->back;
	BrotliDecoderResult r = BrotliDecoderDecompress(coded_size(s), s->coded, &back_n, s->back);

	assert_int_equal(r, BROTLI_DECODER_RESULT_SUCCESS);
	assert_true(slice_eq(slice_of((char *)s->back, back_n), slice_of((char *)s->text, n)));
}

/* -- prefix codes -------------------------------------------------------------------------------------------------- */

static void assert_code(const struct prefix_code *code)
{
	uint32_t space = 0, used = 0;

	for (size_t i = 0; i < code->n; i++) {
		assert_in_range(code->length[i], 0, PREFIX_LENGTH_MAX);
		assert_true(code->count[i] || !code->length[i]);
		used += code->count[i] > 0;
		space += code->length[i] ? 1u << (PREFIX_LENGTH_MAX - code->length[i]) : 0;
		for (size_t k = 0; k < i; k++)
			assert_false(code->count[i] > code->count[k] && code->length[i] > code->length[k] &&
				     code->count[k] > 0);
	}
	assert_int_equal(space, used < 2 ? 0 : 1u << PREFIX_LENGTH_MAX);
}

/* A body of nothing but literals, each as often as it is said. */
static void check_literals(const uint32_t *count, size_t n)
{
	struct stream *s = stream_new();
	struct prefix_code code;
	uint32_t size = 0;

	prefix_begin(&code, 256);
	for (size_t i = 0; i < n; i++) {
		memset(s->text + size, (int)i, count[i]);
		size += count[i];
		code.count[i] = count[i];
	}
	prefix_build(&code);
	assert_code(&code);
	commands_add_end(&s->commands, size);
	block_put(&s->codes, &s->writer, s->text, 0, size, &s->commands, true);
	assert_decodes(s, size);
	assert_in_range(coded_size(s), 0, size + 8);
	free(s);
}

static void test_few_symbols(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < 7 * 7 * 7 * 7; i++) {
		uint32_t shape[256] = {0}, k = i;

		/* Also with one symbol more, where the description is of the other kind, and far from each other. */
		for (size_t at = 0; at < 4; at++, k /= 7)
			shape[at * 60 + 5] = (1u << k % 7) / 2 * 40;
		check_literals(shape, 256);
		shape[255] = 50;
		check_literals(shape, 256);
	}
}

static void test_many_symbols(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t shape[256] = {0}, to = 1 + random_below(256), steep = random_below(12);

		/* Runs of symbols that do not occur, and of equally frequent ones. */
		for (uint32_t at = random_below(to); at < to;) {
			uint32_t run = random_size(20), count = 1u << random_below(steep + 1);

			for (; run > 0 && at < to; run--)
				shape[at++] = random_below(8) ? count : 1 + random_below(count);
			at += random_below(2) ? 0 : random_size(60);
		}
		for (size_t at = 0, sum = 0; at < 256; at++) {
			shape[at] = sum + shape[at] > BLOCK_MAX - 256 ? 0 : shape[at];
			sum += shape[at];
		}
		shape[0] += 1;
		check_literals(shape, 256);
	}
}

/* Lengths that would be beyond 15: each symbol as frequent as the two before together. */
static void test_long_codes(void **state)
{
	uint32_t shape[21] = {1, 1};

	(void)state;
	for (size_t i = 2; i < CG_COUNT(shape); i++)
		shape[i] = shape[i - 1] + shape[i - 2];
	check_literals(shape, CG_COUNT(shape));
}

static void test_all_symbols(void **state)
{
	struct prefix_code code;
	uint8_t room[PREFIX_PUT_MAX + BITS_SLACK];

	(void)state;
	for (uint32_t k = 0; k < 300; k++) {
		struct bit_writer w = {.p = room};

		prefix_begin(&code, PREFIX_SYMBOLS_MAX);
		for (size_t i = 0; i < PREFIX_SYMBOLS_MAX; i++)
			code.count[i] = k == 0 ? 1 : 1 + random_below(random_size(80));
		prefix_build(&code);
		assert_code(&code);
		prefix_put(&w, &code);
		assert_in_range(w.p - room, 2, PREFIX_PUT_MAX);
	}
}

/* -- commands ------------------------------------------------------------------------------------------------------ */

struct plan {
	struct stream *s;
	uint32_t at; /* where the text is to be continued */
};

static void plan_literals(struct plan *p, uint32_t n)
{
	for (; n > 0; n--)
		p->s->text[p->at++] = (uint8_t)random_below(256);
}

static void plan_begin(struct plan *p)
{
	struct stream *s = p->s = stream_new();

	p->at = 0;
	plan_literals(p, BEFORE);
	commands_add_end(&s->commands, BEFORE);
	block_put(&s->codes, &s->writer, s->text, 0, BEFORE, &s->commands, false);
	commands_next_block(&s->commands);
}

static void plan_command(struct plan *p, uint32_t insert, uint32_t copy, uint32_t distance)
{
	plan_literals(p, insert);
	for (uint32_t i = 0; i < copy; i++, p->at++)
		p->s->text[p->at] = p->s->text[p->at - distance];
	commands_add(&p->s->commands, insert, copy, distance);
}

static void plan_end(struct plan *p, uint32_t insert, bool last)
{
	struct stream *s = p->s;

	plan_literals(p, insert);
	if (insert)
		commands_add_end(&s->commands, insert);
	block_put(&s->codes, &s->writer, s->text, BEFORE, p->at, &s->commands, last);
	if (!last) {
		block_put_flush(&s->writer);
		block_put_end(&s->writer);
	}
	assert_decodes(s, p->at);
	free(s);
}

static uint32_t at_least(uint32_t n, uint32_t least)
{
	return n < least ? least : n;
}

/* About every power of two: all ranges of lengths and distances begin near one. */
static void test_boundaries(void **state)
{
	(void)state;
	for (uint32_t power = 1; power <= 1 << 15; power *= 2) {
		for (uint32_t near = 0; near < 2 * 72 && near <= 72 + 2 * power; near++) {
			uint32_t x = power + near < 72 ? 0 : power + near - 72;
			uint32_t length = x < BLOCK_MAX / 6 ? x : 0;
			struct plan p;

			plan_begin(&p);
			plan_command(&p, length, 30, 1000);
			plan_command(&p, 9, at_least(length, COPY_MIN), 2000);
			plan_command(&p, length, at_least(length, COPY_MIN), at_least(x, 1));
			plan_end(&p, length, near & 1);
		}
	}
}

/* Lengths beyond all ranges but the last. */
static void test_large(void **state)
{
	static const uint32_t sizes[] = {6209, 6210, 22593, 22594, 22595, 40000, 60000};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(sizes); i++) {
		struct plan p;

		plan_begin(&p);
		plan_command(&p, sizes[i], 100, 59000);
		plan_end(&p, 0, true);
		plan_begin(&p);
		plan_command(&p, 0, sizes[i], 3);
		plan_end(&p, 1, true);
		plan_begin(&p);
		plan_end(&p, sizes[i], true);
	}
}

/* Each distance three and less about each that is kept, and the order in which they are kept. */
static void test_short_distances(void **state)
{
	(void)state;
	for (uint32_t k = 0; k < 2000; k++) {
		uint32_t n = random_size(60);
		struct plan p;

		plan_begin(&p);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t kept = p.s->commands.latest[random_below(DISTANCES_KEPT)];
			uint32_t distance = random_below(3) ? kept + 4 - random_below(8) : random_size(50000);

			plan_command(&p, random_below(2) ? 0 : random_size(30), 2 + random_size(100),
				     distance - 1 < BEFORE ? distance : 1);
		}
		plan_end(&p, random_below(3), k & 1);
	}
}

/* What does not get shorter is stored as it is: three octets more, and what flushes and ends. */
static void test_stored(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 3000; n += 7) {
		struct plan p;

		plan_begin(&p);
		plan_literals(&p, n);
		commands_add_end(&p.s->commands, n);
		block_put(&p.s->codes, &p.s->writer, p.s->text, BEFORE, p.at, &p.s->commands, true);
		assert_decodes(p.s, p.at);
		assert_in_range(coded_size(p.s), p.at, p.at + 8);
		free(p.s);
	}
}

/* The distances of a block that is stored are not known to who reads the next one. */
static void test_distances_of_stored(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 300; n++) {
		struct plan p;
		uint32_t from;

		plan_begin(&p);
		plan_command(&p, n, 4, 1234);
		plan_literals(&p, n);
		commands_add_end(&p.s->commands, n);
		block_put(&p.s->codes, &p.s->writer, p.s->text, BEFORE, p.at, &p.s->commands, false);
		commands_next_block(&p.s->commands);
		from = p.at;
		for (uint32_t i = 0; i < 40; i++)
			plan_command(&p, 1, 20, p.s->commands.latest[i % DISTANCES_KEPT]);
		block_put(&p.s->codes, &p.s->writer, p.s->text, from, p.at, &p.s->commands, true);
		assert_decodes(p.s, p.at);
		free(p.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_symbols),	    cmocka_unit_test(test_many_symbols),
		cmocka_unit_test(test_long_codes),	    cmocka_unit_test(test_all_symbols),
		cmocka_unit_test(test_boundaries),	    cmocka_unit_test(test_large),
		cmocka_unit_test(test_short_distances),	    cmocka_unit_test(test_stored),
		cmocka_unit_test(test_distances_of_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
