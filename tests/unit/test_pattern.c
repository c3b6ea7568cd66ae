/* Patterns: what they match, how they fail, and that none can take long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "rules/base/pattern.h"
#include "tests/support/alloc_fault.h"

static struct pattern *compiled(const char *text, const char *flags)
{
	struct pattern_error error;
	struct pattern *p = pattern_compile(slice_str(text), slice_str(flags), &error);

	assert_non_null(p);
	return p;
}

static void test_matches(void **state)
{
	static const struct {
		const char *pattern, *flags, *subject;
		enum pattern_result expected;
	} cases[] = {
		{"^_ga(_|$)", "", "_ga", PATTERN_MATCH},
		{"^_ga(_|$)", "", "_ga_X1", PATTERN_MATCH},
		{"^_ga(_|$)", "", "_gat", PATTERN_NO_MATCH},
		{"^_ga(_|$)", "", "x_ga", PATTERN_NO_MATCH},
		{"ga", "", "x_ga_y", PATTERN_MATCH},
		{"GA", "", "_ga", PATTERN_NO_MATCH},
		{"GA", "i", "_ga", PATTERN_MATCH},
		{"^a$", "", "a\n", PATTERN_NO_MATCH}, /* "$" is the very end */
		{"^b", "m", "a\nb", PATTERN_MATCH},
		{"^b", "", "a\nb", PATTERN_NO_MATCH},
		{"a.b", "", "a\nb", PATTERN_NO_MATCH},
		{"a.b", "s", "a\nb", PATTERN_MATCH},
		{"a b # c", "x", "ab", PATTERN_MATCH},
		{"^$", "", "", PATTERN_MATCH},
		{"^.$", "", "\xC3\xA4", PATTERN_NO_MATCH}, /* octets, not characters */
		{"^..$", "", "\xC3\xA4", PATTERN_MATCH},
		{"(a)(b)(c)", "", "abc", PATTERN_MATCH}, /* captures are not wanted */
		{"\\/x", "", "/x", PATTERN_MATCH},
	};
	struct pattern_scratch *scratch = pattern_scratch_new();

	(void)state;
	assert_non_null(scratch);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct pattern *p = compiled(cases[i].pattern, cases[i].flags);
		enum pattern_result r = pattern_match(p, scratch, slice_str(cases[i].subject));

		if (r != cases[i].expected)
			fail_msg("/%s/%s on \"%s\": %d", cases[i].pattern, cases[i].flags, cases[i].subject, (int)r);
		pattern_free(p);
	}
	pattern_scratch_free(scratch);
}

static void test_any_octet(void **state)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *p = compiled("^a\\x00\\xff$", "");

	(void)state;
	assert_int_equal(pattern_match(p, scratch, SLICE("a\0\xff")), PATTERN_MATCH);
	assert_int_equal(pattern_match(p, scratch, SLICE("a\0\xfe")), PATTERN_NO_MATCH);
	assert_int_equal(pattern_match(p, scratch, slice_of(NULL, 0)), PATTERN_NO_MATCH);
	pattern_free(p);
	pattern_scratch_free(scratch);
}

#define ANYWHERE SIZE_MAX /* PCRE2 versions differ */

static void test_errors(void **state)
{
	static const struct {
		const char *pattern, *flags;
		size_t offset;
		const char *message; /* part of it */
	} cases[] = {
		{"a(b", "", 3, "parenthesis"},
		{"a)b", "", 1, "parenthesis"},
		{"[z", "", 2, "character class"},
		{"*a", "", 0, "quantifier"},
		{"a{3,1}", "", ANYWHERE, "out of order"},
		{"", "", 0, "empty"},
		{"a", "q", 0, "flag"},
		{"(*UTF)a", "", ANYWHERE, "UTF"},
		{"\\C", "", ANYWHERE, "\\C"},
	};
	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct pattern_error error;
		struct pattern *p = pattern_compile(slice_str(cases[i].pattern), slice_str(cases[i].flags), &error);

		assert_null(p);
		assert_true(error.offset <= strlen(cases[i].pattern));
		if (!strstr(error.message, cases[i].message) ||
		    (cases[i].offset != ANYWHERE && error.offset != cases[i].offset))
			fail_msg("/%s/: %zu: %s", cases[i].pattern, error.offset, error.message);
	}
}

static void test_length_limit(void **state)
{
	struct pattern_error error;
	char text[8193];
	struct pattern *p;

	(void)state;
	memset(text, 'a', sizeof text);
	p = pattern_compile(slice_of(text, 8192), SLICE(""), &error);
	assert_non_null(p);
	pattern_free(p);
	assert_null(pattern_compile(slice_of(text, 8193), SLICE(""), &error));
	assert_non_null(strstr(error.message, "too long"));
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The worst patterns known, on subjects made for them. Ten milliseconds leave room for a slow machine. */
static void test_bounded(void **state)
{
	static const struct {
		const char *pattern;
		char octet;
		bool limit; /* it must be the limit that ends it */
	} cases[] = {
		{"(a+)+$", 'a', true},	       {"^(a+)+$", 'a', true},	      {"(a|aa)+$", 'a', true},
		{"(.*?,){11}P", ',', false},   {"(x+x+)+y", 'x', false},      {"([a-z]+)*\\d", 'a', false},
		{"a*a*a*a*a*a*b", 'a', false}, {"(a?){40}a{40}", 'a', false},
	};
	static const size_t lengths[] = {64, 4096, 65536};
	struct pattern_scratch *scratch = pattern_scratch_new();
	char *subject = malloc(65536);

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases) * CG_COUNT(lengths); i++) {
		size_t n = lengths[i % CG_COUNT(lengths)], k = i / CG_COUNT(lengths);
		struct pattern *p = compiled(cases[k].pattern, "");
		enum pattern_result r;
		double best = 1;

		memset(subject, cases[k].octet, n);
		subject[n - 1] = '!';
		for (int round = 0; round < 5; round++) {
			double start = seconds(), took;

			r = pattern_match(p, scratch, slice_of(subject, n));
			took = seconds() - start;
			best = took < best ? took : best;
		}
		if (best > 0.01 || (cases[k].limit && r != PATTERN_LIMIT))
			fail_msg("/%s/ over %zu octets: result %d, %.6f s", cases[k].pattern, n, (int)r, best);
		pattern_free(p);
	}
	free(subject);
	pattern_scratch_free(scratch);
}

static void test_allocations(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct pattern_error error;
		struct pattern *p = pattern_compile(SLICE("^_ga(_|$)"), SLICE("i"), &error);
		struct pattern_scratch *scratch = pattern_scratch_new();

		if (p && scratch) {
			enum pattern_result r = pattern_match(p, scratch, SLICE("_GA_1"));

			assert_true(r == PATTERN_MATCH || r == PATTERN_LIMIT);
		}
		alloc_fault_end();
		pattern_free(p);
		pattern_scratch_free(scratch);
	}
	assert_true(alloc_fault_total() >= 5);
	pattern_free(NULL);
	pattern_scratch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_any_octet),
		cmocka_unit_test(test_errors),	cmocka_unit_test(test_length_limit),
		cmocka_unit_test(test_bounded), cmocka_unit_test(test_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
