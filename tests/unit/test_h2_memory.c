#include "proxy/h2/internal.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/slice_assert.h"

#define PAGE  4096
#define PIECE 20480 /* each begins a page; malloc's never do */
#define FRAME 16900 /* what nghttp2 asks for */

static bool is_piece(const void *p)
{
	return p && (uintptr_t)p % PAGE == 0;
}

static void *give(nghttp2_mem *ops, size_t n)
{
	void *p = ops->malloc(n, ops->mem_user_data);

	assert_non_null(p);
	memset(p, 'x', n); /* all of it is there */
	return p;
}

static void test_frames_have_pieces(void **state)
{
	struct h2_memory *m = h2_memory_new(2);
	nghttp2_mem *ops = h2_memory_ops(m);
	char *a, *b, *c;

	(void)state;
	assert_non_null(ops);
	a = give(ops, FRAME);
	b = give(ops, PIECE);
	c = give(ops, FRAME); /* more than there are */
	assert_true(is_piece(a) && is_piece(b) && !is_piece(c));
	assert_true(b - a == PIECE || a - b == PIECE);
	ops->free(a, ops->mem_user_data);
	assert_ptr_equal(give(ops, FRAME), a); /* comes back */
	ops->free(c, ops->mem_user_data);
	ops->free(b, ops->mem_user_data);
	ops->free(a, ops->mem_user_data);
	ops->free(NULL, ops->mem_user_data);
	h2_memory_free(m);
}

static void test_all_else_is_malloc(void **state)
{
	struct h2_memory *m = h2_memory_new(4);
	nghttp2_mem *ops = h2_memory_ops(m);
	static const size_t sizes[] = {1, 100, PAGE, 4 * PAGE, PIECE + 1, 10 * PIECE};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(sizes); i++) {
		void *p = give(ops, sizes[i]);

		assert_false(is_piece(p));
		ops->free(p, ops->mem_user_data);
	}
	h2_memory_free(m);
}

static void test_zeroed(void **state)
{
	struct h2_memory *m = h2_memory_new(1);
	nghttp2_mem *ops = h2_memory_ops(m);
	char *p = ops->calloc(4, FRAME / 4, ops->mem_user_data);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < FRAME / 4 * 4; i++)
		assert_int_equal(p[i], 0);
	ops->free(p, ops->mem_user_data);
	h2_memory_free(m);
}

/* From nothing to a piece, to more than one: the content stays, the piece comes back. */
static void test_growing(void **state)
{
	struct h2_memory *m = h2_memory_new(1);
	nghttp2_mem *ops = h2_memory_ops(m);
	char *p = ops->realloc(NULL, FRAME, ops->mem_user_data), *larger;

	(void)state;
	assert_true(is_piece(p));
	memset(p, 'x', FRAME);
	assert_true(alloc_fault_begin(1));
	assert_null(ops->realloc(p, 3 * PIECE, ops->mem_user_data));
	assert_true(alloc_fault_end());
	assert_int_equal(p[FRAME - 1], 'x'); /* still there */
	larger = ops->realloc(p, 3 * PIECE, ops->mem_user_data);
	assert_non_null(larger);
	for (size_t i = 0; i < FRAME; i++)
		assert_int_equal(larger[i], 'x');
	assert_ptr_equal(give(ops, FRAME), p);
	ops->free(p, ops->mem_user_data);
	larger = ops->realloc(larger, 4 * PIECE, ops->mem_user_data);
	assert_int_equal(larger[0], 'x');
	ops->free(larger, ops->mem_user_data);
	h2_memory_free(m);
}

/* Small things grow even if malloc has nothing. */
static void test_growing_without_memory(void **state)
{
	struct h2_memory *m = h2_memory_new(1);
	nghttp2_mem *ops = h2_memory_ops(m);
	char *p = ops->realloc(NULL, 128, ops->mem_user_data), *larger;

	(void)state;
	assert_true(p && !is_piece(p));
	memset(p, 'x', 128);
	assert_true(alloc_fault_begin(1));
	larger = ops->realloc(p, 256, ops->mem_user_data);
	assert_true(alloc_fault_end());
	assert_true(is_piece(larger));
	for (size_t i = 0; i < 128; i++)
		assert_int_equal(larger[i], 'x');
	assert_ptr_equal(ops->realloc(larger, 512, ops->mem_user_data), larger);
	p = ops->realloc(NULL, 128, ops->mem_user_data);
	assert_true(alloc_fault_begin(1));
	assert_null(ops->realloc(p, 256, ops->mem_user_data)); /* that was the last one */
	assert_true(alloc_fault_end());
	ops->free(p, ops->mem_user_data);
	ops->free(larger, ops->mem_user_data);
	assert_true(alloc_fault_begin(1));
	p = ops->realloc(NULL, 128, ops->mem_user_data);
	assert_true(alloc_fault_end());
	assert_true(is_piece(p));
	ops->free(p, ops->mem_user_data);
	h2_memory_free(m);
}

static void test_none(void **state)
{
	struct h2_memory *m = h2_memory_new(0);
	nghttp2_mem *ops = h2_memory_ops(m);
	void *p;

	(void)state;
	assert_null(h2_memory_ops(NULL));
	h2_memory_free(NULL);
	assert_non_null(ops);
	p = give(ops, FRAME);
	assert_false(is_piece(p));
	ops->free(p, ops->mem_user_data);
	h2_memory_free(m);
}

static void test_malloc_fails(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct h2_memory *m = h2_memory_new(2);
		nghttp2_mem *ops = h2_memory_ops(m);
		void *p;

		(void)alloc_fault_end();
		if (!m)
			continue;
		p = give(ops, FRAME); /* with a piece or without */
		ops->free(p, ops->mem_user_data);
		h2_memory_free(m);
	}
	assert_true(alloc_fault_total() >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_have_pieces),
		cmocka_unit_test(test_all_else_is_malloc),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_growing_without_memory),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_malloc_fails),
	};

	return cmocka_run_group_tests_name("h2_memory", tests, NULL, NULL);
}
