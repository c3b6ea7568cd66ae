/* Every allocation of every codec fails once, those inside libbrotli and libzstd too: an error, no crash, no leak. */
#include "tests/support/alloc_fault.h"
#include "tests/support/coder_drive.h"
#include "tests/support/slice_assert.h"

static const struct coding_stack stacks[] = {
	{{CODING_GZIP}, 1}, {{CODING_DEFLATE}, 1}, {{CODING_BR}, 1}, {{CODING_ZSTD}, 1}, {{CODING_BR, CODING_ZSTD}, 2}};

/* A page through a new pool, twice: the second body meets what the failure left in the pool. */
static void scenario(bool decode, const struct coding_stack *stack, struct slice in, struct slice expected,
		     struct buffer *out, size_t n)
{
	struct coder_drive how = {.piece = 5000, .room = 5000};
	enum coder_error error = CODER_E_MEMORY;
	enum coder_result r;
	struct coder_pool pool;
	bool failed;

	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 2);
	assert_true(n == 0 || alloc_fault_begin(n));
	r = decode ? coder_drive_decode(&pool, stack, in, &how, out, &error)
		   : coder_drive_encode(&pool, stack->v[0], in, &how, out);
	failed = n && alloc_fault_end();
	assert_int_equal(r, failed ? CODER_ERROR : CODER_END);
	assert_int_equal(decode && failed ? error : CODER_E_MEMORY, CODER_E_MEMORY);
	buffer_clear(out);
	r = decode ? coder_drive_decode(&pool, stack, in, &how, out, &error)
		   : coder_drive_encode(&pool, stack->v[0], in, &how, out);
	assert_int_equal(r, CODER_END);
	if (expected.n)
		assert_true(slice_eq(buffer_slice(out), expected));
	coder_pool_free(&pool);
}

/* Fails the n-th allocation for all n; *coded is what the encoder made. */
static void sweep(bool decode, const struct coding_stack *stack, struct slice in, struct slice expected,
		  struct buffer *out)
{
	size_t before = alloc_fault_total(), last;

	/* The buffer never allocates during the scenario: it has its room beforehand. */
	assert_non_null(buffer_reserve(out, 1 << 20));
	scenario(decode, stack, in, expected, out, 0);
	for (size_t n = 1;; n++) {
		last = alloc_fault_total();
		buffer_clear(out);
		scenario(decode, stack, in, expected, out, n);
		if (alloc_fault_total() == last)
			break;
	}
	assert_true(alloc_fault_total() > before);
}

static void test_sweep(void **state)
{
	struct buffer page, coded, twice, out;

	(void)state;
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 30000);
	for (size_t i = 0; i < CG_COUNT(stacks); i++) {
		struct slice body;

		buffer_init(&coded, 4 << 20);
		buffer_init(&twice, 4 << 20);
		buffer_init(&out, 4 << 20);
		if (stacks[i].v[0] != CODING_DEFLATE)
			sweep(false, &stacks[i], buffer_slice(&page), SLICE(""), &coded);
		body = stacks[i].v[0] == CODING_DEFLATE ? SLICE("\x01\x02\x00\xfd\xffhi") : buffer_slice(&coded);
		if (stacks[i].n == 2) {
			sweep(false, &(struct coding_stack){{stacks[i].v[1]}, 1}, body, SLICE(""), &twice);
			body = buffer_slice(&twice);
		}
		sweep(true, &stacks[i], body, stacks[i].v[0] == CODING_DEFLATE ? SLICE("hi") : buffer_slice(&page),
		      &out);
		buffer_free(&coded);
		buffer_free(&twice);
		buffer_free(&out);
	}
	buffer_free(&page);
}

/* Once it is open the encoder of br takes no memory, so nothing fails half-way. */
static void test_br_takes_none(void **state)
{
	struct coder_pool pool;
	struct buffer text, out;
	uint32_t random = 1;

	(void)state;
	buffer_init(&text, 8u << 20);
	buffer_init(&out, 8u << 20);
	while (text.n < 3000000) {
		coder_drive_page(&text, 50000);
		for (size_t i = 0; i < 50000; i++) {
			random = random * 1664525u + 1013904223u;
			buffer_add_char(&text, (char)(random >> (i & 1024 ? 24 : 30)));
		}
	}
	assert_non_null(buffer_reserve(&out, 7u << 20));
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 1);
	for (size_t i = 0; i < 12; i++) {
		static const size_t pieces[] = {0, 100, 5000, 65536, 300000, 1000000};
		struct coder_drive how = {.piece = pieces[i / 2], .room = 4096, .flush = i & 1};
		struct coder c;

		buffer_clear(&out);
		assert_true(coder_encode(&c, &pool, CODING_BR));
		assert_true(alloc_fault_begin(1));
		assert_int_equal(coder_drive(&c, buffer_slice(&text), &how, &out), CODER_END);
		assert_false(alloc_fault_end());
		coder_close(&c);
	}
	coder_pool_free(&pool);
	buffer_free(&text);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_br_takes_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
