/* For unit tests: cmocka with its preconditions, and the comparison of a slice with a C string. */
#ifndef CG_TESTS_SUPPORT_SLICE_ASSERT_H
#define CG_TESTS_SUPPORT_SLICE_ASSERT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/base/slice.h"

/* Fails with both texts; the text may not hold a NUL. */
#define assert_slice(actual, expected) slice_assert((actual), slice_str(expected), __FILE__, __LINE__)

static inline void slice_assert(struct slice actual, struct slice expected, const char *file, int line)
{
	if (slice_eq(actual, expected))
		return;
	print_error("expected \"%.*s\"\n  actual \"%.*s\"\n", SLICE_ARG(expected), SLICE_ARG(actual));
	_fail(file, line);
}

/* The very same slice: nothing was copied. */
#define assert_same_slice(actual, expected)                 \
	do {                                                \
		assert_ptr_equal((actual).p, (expected).p); \
		assert_int_equal((actual).n, (expected).n); \
	} while (0)

#endif
