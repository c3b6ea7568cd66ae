/* Differences in the unified format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/command/diff.h"

#define HEAD "--- f\n+++ f (formatted)\n"

static const struct {
	const char *before, *after, *expected;
} cases[] = {
	{"a\n", "a\n", ""},
	{"a\n", "b\n", HEAD "@@ -1,1 +1,1 @@\n-a\n+b\n"},
	{"", "b\n", HEAD "@@ -0,0 +1,1 @@\n+b\n"},
	{"a\n\n", "a\n", HEAD "@@ -1,2 +1,1 @@\n a\n-\n"},
	{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	 HEAD "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
	{"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "x\n1\n2\n3\n4\n5\n6\n7\ny\n",
	 HEAD "@@ -1,4 +1,4 @@\n-a\n+x\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+y\n"},
	{"a\n1\n2\n3\n4\n5\n6\nb\n", "x\n1\n2\n3\n4\n5\n6\ny\n",
	 HEAD "@@ -1,8 +1,8 @@\n-a\n+x\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+y\n"},
	{"k\na\nb\nc\n", "k\nb\nc\nd\n", HEAD "@@ -1,4 +1,4 @@\n k\n-a\n b\n c\n+d\n"},
};

static void differences_are_shown(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		buffer_clear(&out);
		assert_true(
			diff_unified(SLICE("f"), slice_str(cases[i].before), slice_str(cases[i].after), false, &out));
		buffer_add_char(&out, '\0');
		assert_string_equal(out.p, cases[i].expected);
	}
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_are_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
