/* The arena: alignment, the cap, sticky failure, reset. */
#include "tests/support/slice_assert.h"

#include "rules/base/arena.h"

static void allocations_are_aligned_and_apart(void **state)
{
	struct arena a;
	unsigned char *p[64];

	(void)state;
	arena_init(&a, 128, 1 << 16);
	for (size_t i = 0; i < 64; i++) {
		p[i] = arena_alloc(&a, i);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		memset(p[i], (int)i, i);
	}
	for (size_t i = 0; i < 64; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], i);
	arena_free(&a);
}

static void cap_is_hard_and_failure_sticks(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64, 256);
	assert_non_null(arena_alloc(&a, 240));
	assert_non_null(arena_alloc(&a, 16));
	assert_int_equal(a.used, 256);
	assert_false(arena_failed(&a));
	assert_null(arena_alloc(&a, 1));
	assert_true(arena_failed(&a));
	arena_reset(&a);
	assert_false(arena_failed(&a));
	assert_null(arena_alloc(&a, 257));
	assert_null(arena_alloc(&a, 1)); /* would fit: but the failure sticks */
	assert_slice(arena_copy(&a, SLICE("x")), "");
	assert_slice(arena_printf(&a, "x"), "");
	assert_null(arena_cstr(&a, SLICE("x")));
	arena_reset(&a);
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_reset(&a);
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	arena_reset(&a);
	assert_null(arena_calloc(&a, SIZE_MAX / 2, 4));
	assert_true(arena_failed(&a));
	arena_free(&a);
	assert_false(arena_failed(&a));
	assert_non_null(arena_alloc(&a, 8)); /* usable again */
	arena_free(&a);
}

static void reset_keeps_one_ordinary_chunk(void **state)
{
	struct arena a;
	char *first, *large, *next;

	(void)state;
	arena_init(&a, 0, 1 << 20);
	first = arena_alloc(&a, 100);
	large = arena_alloc(&a, 100000); /* a chunk of its own */
	next = arena_alloc(&a, 100);
	assert_non_null(first);
	assert_non_null(large);
	assert_non_null(next);
	memset(large, 0xFF, 100000);
#ifndef CG_ARENA_EMULATE
	assert_in_range(next - first, 100, 4096); /* the chunk begun is used up */
#endif
	arena_reset(&a);
	assert_int_equal(a.used, 0);
#ifndef CG_ARENA_EMULATE
	assert_ptr_equal(arena_alloc(&a, 100), first);
	arena_reset(&a);
#endif
	arena_free(&a);
	large = arena_alloc(&a, 100000);
	assert_non_null(large);
	arena_reset(&a); /* only a large one: nothing to keep */
	assert_null(a.head);
	arena_free(&a);
}

static void zeroed_and_copied(void **state)
{
	struct arena a;
	struct slice parts[] = {SLICE("a"), {NULL, 0}, SLICE("bc")};
	unsigned char *z;
	char *c;

	(void)state;
	arena_init(&a, 0, 1 << 16);
	memset(arena_alloc(&a, 64), 0xFF, 64);
	arena_reset(&a);
	z = arena_calloc(&a, 8, 8);
	assert_non_null(z);
	for (int i = 0; i < 64; i++)
		assert_int_equal(z[i], 0);
	assert_non_null(arena_calloc(&a, 0, 8));
	assert_non_null(arena_calloc(&a, 8, 0));
	assert_slice(arena_copy(&a, SLICE("copy")), "copy");
	assert_slice(arena_copy(&a, slice_of(NULL, 0)), "");
	assert_slice(arena_printf(&a, "%d-%s", 42, "x"), "42-x");
	assert_slice(arena_printf(&a, "%s", ""), "");
	assert_slice(arena_concat(&a, parts, 3), "abc");
	assert_slice(arena_concat(&a, parts, 0), "");
	c = arena_cstr(&a, slice_of("abcdef", 3));
	assert_string_equal(c, "abc");
	assert_string_equal(arena_cstr(&a, slice_of(NULL, 0)), "");
	assert_false(arena_failed(&a));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocations_are_aligned_and_apart),
		cmocka_unit_test(cap_is_hard_and_failure_sticks),
		cmocka_unit_test(reset_keeps_one_ordinary_chunk),
		cmocka_unit_test(zeroed_and_copied),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
