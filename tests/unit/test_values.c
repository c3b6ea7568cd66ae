/* Durations, sizes, numbers, suggestions and paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/language/loader.h"
#include "rules/language/statement.h"

struct one_word {
	struct arena arena;
	struct diagnostics d;
	struct source *src;
};

static struct one_word one_word(const char *text)
{
	struct one_word o;

	arena_init(&o.arena, 0, 1 << 16);
	diagnostics_init(&o.d);
	o.src = source_parse(SLICE("t"), slice_str(text), &o.arena, &o.d);
	assert_non_null(o.src);
	assert_true(diagnostics_ok(&o.d));
	return o;
}

static void one_word_free(struct one_word *o)
{
	diagnostics_free(&o->d);
	arena_free(&o->arena);
}

/* The hint of the first diagnostic must hold the text; there must be one exactly if it is wanted. */
static void expect_hint(const struct one_word *o, const char *hint)
{
	assert_int_equal(o->d.n, hint ? 1 : 0);
	if (hint)
		assert_true(slice_find(o->d.v[0].hint, slice_str(hint)) < o->d.v[0].hint.n);
}

static const struct {
	const char *text;
	int64_t seconds, ms; /* -1: refused */
	const char *hint;    /* of seconds */
} durations[] = {
	{"0s", 0, 0, NULL},
	{"10s", 10, 10000, NULL},
	{"5m", 300, 300000, NULL},
	{"2H", 7200, 7200000, NULL},
	{"\"180d\"", 15552000, 15552000000, NULL},
	{"4w", 2419200, 2419200000, NULL},
	{"36500d", 3153600000, 3153600000000, NULL},
	{"36501d", -1, -1, "a hundred years"},
	{"99999999999999999999s", -1, -1, "a hundred years"},
	{"500ms", -1, 500, "write 500m"},
	{"180", -1, -1, "180s for seconds, 180m for minutes"},
	{"10sec", -1, -1, "write 10s"},
	{"10x", -1, -1, "10s for seconds"},
	{"s", -1, -1, "a number and a unit"},
	{"/5/s", -1, -1, "a number and a unit"},
	{"-5s", -1, -1, "a number and a unit"},
};

static void durations_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(durations); i++) {
		struct one_word o = one_word(durations[i].text);
		const struct statement *s = o.src->first;
		int64_t v = -1;

		assert_int_equal(word_duration(s, s->words, &o.d, &v), durations[i].seconds >= 0);
		assert_int_equal(v, durations[i].seconds);
		expect_hint(&o, durations[i].hint);
		v = -1;
		assert_int_equal(word_milliseconds(s, s->words, &o.d, &v), durations[i].ms >= 0);
		assert_int_equal(v, durations[i].ms);
		one_word_free(&o);
	}
}

static const struct {
	const char *text;
	uint64_t max;
	int64_t octets;
} sizes[] = {
	{"0", 10, 0},
	{"512", 512, 512},
	{"513", 512, -1},
	{"64k", 65536, 65536},
	{"64K", 65535, -1},
	{"4m", UINT64_MAX, 4 << 20},
	{"1g", UINT64_MAX, 1 << 30},
	{"99999999999g", UINT64_MAX, -1},
	{"1kb", UINT64_MAX, -1},
	{"k", UINT64_MAX, -1},
	{"1t", UINT64_MAX, -1},
};

static void sizes_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(sizes); i++) {
		struct one_word o = one_word(sizes[i].text);
		const struct statement *s = o.src->first;
		uint64_t v = 0;

		assert_int_equal(word_size(s, s->words, &o.d, sizes[i].max, &v), sizes[i].octets >= 0);
		assert_int_equal(v, sizes[i].octets >= 0 ? sizes[i].octets : 0);
		assert_int_equal(o.d.errors, sizes[i].octets < 0);
		one_word_free(&o);
	}
}

static void numbers_are_read(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} numbers[] = {{"1", false},  {"2", true},  {"9", true},  {"10", false},
		       {"5x", false}, {"x", false}, {"+5", false}};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(numbers); i++) {
		struct one_word o = one_word(numbers[i].text);
		const struct statement *s = o.src->first;
		uint64_t v;

		assert_int_equal(word_number(s, s->words, &o.d, 2, 9, &v), numbers[i].good);
		expect_hint(&o, numbers[i].good ? NULL : "from 2 to 9");
		one_word_free(&o);
	}
}

static void suggestions_are_near(void **state)
{
	static const char *const words[] = {"analytics", "advertising", "preferences", "is", "max-age"};
	static const struct {
		const char *word, *expected;
	} cases[] = {
		{"analytic", "analytics"},
		{"anayltics", "analytics"},
		{"Analytics", "analytics"},
		{"advertsing", "advertising"},
		{"maxage", "max-age"},
		{"si", "is"},
		{"iss", "is"},
		{"of", NULL},
		{"x", NULL},
		{"", NULL},
		{"anal", NULL},
		{"unrelated", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		const char *found = suggest(slice_str(cases[i].word), words, CG_COUNT(words));

		if (cases[i].expected)
			assert_string_equal(found, cases[i].expected);
		else
			assert_null(found);
	}
}

static void paths_are_resolved(void **state)
{
	static const struct {
		const char *from, *path, *expected;
	} cases[] = {
		{"a.conf", "b.rules", "b.rules"},
		{"./a.conf", "b.rules", "b.rules"},
		{"/etc/c/a.conf", "b.rules", "/etc/c/b.rules"},
		{"/etc/c/a.conf", "/x//y/./z", "/x/y/z"},
		{"/etc/c/a.conf", "../b", "/etc/b"},
		{"/etc/c/a.conf", "../../../b", "/b"},
		{"c/a.conf", "../../b", "../b"},
		{"../a.conf", "../b", "../../b"},
		{"c/a.conf", "..", "."},
		{"a.conf", "x/..", "."},
		{"/a.conf", "..", "/"},
		{"", "b", "b"},
		{"a.conf", "", "."},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct arena arena;
		struct slice got;

		arena_init(&arena, 0, 4096);
		got = loader_resolve(&arena, slice_str(cases[i].from), slice_str(cases[i].path));
		assert_string_equal(arena_cstr(&arena, got), cases[i].expected);
		arena_free(&arena);
		arena_init(&arena, 0, 8);
		assert_int_equal(loader_resolve(&arena, SLICE("/long/path"), slice_str(cases[i].path)).n, 0);
		arena_free(&arena);
	}
}

static void load_results_have_texts(void **state)
{
	(void)state;
	for (enum load_result r = LOAD_OK; r <= LOAD_FAILED; r++)
		assert_true(strlen(load_result_text(r)) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read), cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(numbers_are_read),   cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(paths_are_resolved), cmocka_unit_test(load_results_have_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
