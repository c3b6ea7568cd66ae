/* The buffer: growth up to its maximum, sticky failure, consuming. */
#include "tests/support/slice_assert.h"

#include "rules/base/buffer.h"

static void maximum_is_exact(void **state)
{
	struct buffer b;

	(void)state;
	for (size_t max = 299; max <= 301; max++) {
		size_t n = 0;

		buffer_init(&b, max);
		while (buffer_add_char(&b, 'x'))
			n++;
		assert_int_equal(n, max);
		assert_int_equal(b.n, max);
		assert_true(b.failed);
		buffer_free(&b);
	}
}

static void failure_sticks_until_cleared(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 4);
	assert_true(buffer_add_str(&b, "abc"));
	assert_false(buffer_add_str(&b, "de"));
	assert_slice(buffer_slice(&b), "abc");
	assert_false(buffer_add_char(&b, 'd')); /* would fit: but the failure sticks */
	assert_false(buffer_printf(&b, "%s", ""));
	assert_null(buffer_reserve(&b, 0));
	buffer_clear(&b);
	assert_true(buffer_add_str(&b, "wxyz"));
	assert_slice(buffer_slice(&b), "wxyz");
	buffer_free(&b);
	assert_slice(buffer_slice(&b), "");
	assert_true(buffer_add(&b, SLICE("\0b")));
	assert_int_equal(b.n, 2);
	buffer_free(&b);
}

static void printf_reserve_and_consume(void **state)
{
	struct buffer b;
	char *w;

	(void)state;
	buffer_init(&b, 1000);
	assert_true(buffer_printf(&b, "%s=%d;", "a", 7));
	assert_slice(buffer_slice(&b), "a=7;");
	w = buffer_reserve(&b, 300);
	assert_non_null(w);
	memset(w, 'z', 300);
	buffer_commit(&b, 2);
	assert_slice(buffer_slice(&b), "a=7;zz");
	buffer_consume(&b, 0);
	buffer_consume(&b, 4);
	assert_slice(buffer_slice(&b), "zz");
	buffer_consume(&b, 2);
	assert_slice(buffer_slice(&b), "");
	assert_null(buffer_reserve(&b, 1001));
	assert_null(buffer_reserve(&b, SIZE_MAX));
	buffer_free(&b);
}

static void printf_needs_room_for_its_nul(void **state)
{
	struct buffer b;

	(void)state;
	buffer_init(&b, 4);
	assert_true(buffer_printf(&b, "%s", "abc"));
	assert_false(buffer_printf(&b, "%s", "d"));
	assert_slice(buffer_slice(&b), "abc");
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maximum_is_exact),
		cmocka_unit_test(failure_sticks_until_cleared),
		cmocka_unit_test(printf_reserve_and_consume),
		cmocka_unit_test(printf_needs_room_for_its_nul),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
