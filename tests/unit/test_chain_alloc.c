/* Every allocation of a chain fails once: an error, no crash, no leak, and the next page passes. */
#include "proxy/page/chain.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/coder_drive.h"
#include "tests/support/rewriter_stub.h"
#include "tests/support/slice_assert.h"

static bool take(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

static enum chain_result one_page(struct chain_pool *pool, const struct coding_stack *stack, enum coding coding,
				  struct slice body, struct buffer *out, enum chain_error *error)
{
	struct decide_env env = {0};
	struct decision decision = {0};
	struct chain c = {0};
	enum chain_result r = CHAIN_ERROR;

	buffer_clear(out);
	if (chain_open(&c, &(struct chain_options){.pool = pool,
						   .stack = stack,
						   .coding = coding,
						   .env = &env,
						   .decision = &decision,
						   .sink = take,
						   .sink_arg = out})) {
		do
			r = chain_push(&c, &body);
		while (r == CHAIN_FULL);
		while (r != CHAIN_ERROR && (r = chain_finish(&c)) == CHAIN_FULL)
			;
	}
	*error = c.error;
	chain_close(&c);
	return r;
}

/* True if an allocation was made to fail. */
static bool scenario(const struct coding_stack *stack, enum coding coding, struct slice body, struct buffer *out,
		     size_t n)
{
	enum chain_error error = CHAIN_OK;
	struct chain_pool pool;
	enum chain_result r = CHAIN_ERROR;
	bool failed, ready;

	assert_true(alloc_fault_begin(n));
	ready = chain_pool_init(&pool, &CODER_LIMITS_DEFAULT, 2);
	if (ready)
		r = one_page(&pool, stack, coding, body, out, &error);
	failed = alloc_fault_end();
	assert_int_equal(r, failed ? CHAIN_ERROR : CHAIN_MORE);
	assert_int_equal(error, failed && ready ? CHAIN_E_NO_MEMORY : CHAIN_OK);
	assert_int_equal(rewriters_alive, 0);
	if (!ready)
		return true;
	assert_int_equal(one_page(&pool, stack, coding, body, out, &error), CHAIN_MORE);
	chain_pool_free(&pool);
	return failed;
}

static void test_sweep(void **state)
{
	static const enum coding codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};
	struct coder_drive how = {0};
	struct coder_pool coders;
	struct buffer page, body, out;

	(void)state;
	coder_pool_init(&coders, &CODER_LIMITS_DEFAULT, 1);
	buffer_init(&page, 1 << 20);
	buffer_init(&out, 4 << 20);
	assert_non_null(buffer_reserve(&out, 1 << 20));
	coder_drive_page(&page, 30000);
	for (size_t i = 0; i < page.n; i++)
		if (strchr("123%", page.p[i]))
			page.p[i] = '7';
	for (size_t i = 0; i < CG_COUNT(codings); i++) {
		size_t n = 1;

		buffer_init(&body, 1 << 20);
		assert_int_equal(coder_drive_encode(&coders, codings[i], buffer_slice(&page), &how, &body), CODER_END);
		while (scenario(&(struct coding_stack){{codings[i]}, 1}, codings[i], buffer_slice(&body), &out, n))
			n++;
		assert_true(n > 5);
		buffer_free(&body);
	}
	coder_pool_free(&coders);
	buffer_free(&page);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sweep)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
