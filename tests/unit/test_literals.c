#include "rules/html/literals.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/literals_naive.h"
#include "tests/support/slice_assert.h"

struct found {
	char text[512]; /* "ID@END ID@END " */
	size_t n, limit;
};

static bool found(void *arg, size_t id, size_t end)
{
	struct found *x = arg;
	size_t used = strlen(x->text);

	snprintf(x->text + used, sizeof x->text - used, "%zu@%zu ", id, end);
	return ++x->n != x->limit;
}

/* Literals are separated by blanks; "|" in front makes a host. */
static struct literals *set_of(struct arena *arena, const char *words)
{
	struct literals *l = literals_new(arena);
	struct slice rest = slice_str(words), word;

	if (!l)
		return NULL;
	do {
		bool host;

		slice_cut(rest, ' ', &word, &rest);
		host = word.n && word.p[0] == '|';
		if (!literals_add(l, slice_from(word, host), host ? LITERAL_HOST : LITERAL_TEXT))
			return NULL;
	} while (rest.n);
	return literals_finish(l) ? l : NULL;
}

static const struct {
	const char *set, *text, *found;
} rows[] = {
	{"fbq(", "", ""},
	{"fbq(", "fbq(", "0@4 "},
	{"fbq(", "xfbq('init');fbq (", "0@5 "},
	{"fbq(", "FBQ(", ""},
	{"fbq(", "fbq", ""},
	{"ga(", "ga(", "0@3 "},
	{"ga(", " ga(", "0@4 "},
	{"ga(", "xxga(x", "0@5 "},
	{"ga(", "aga", ""},
	{"_q", "_q a_q", "0@2 0@6 "},
	{"_q fbq( ga( dataLayer", "dataLayer_q;ga(fbq(", "3@9 0@11 2@15 1@19 "},
	{"aaaa", "aaaaaa", "0@4 0@5 0@6 "},
	{"gtag gtag", "gtag", "0@4 1@4 "},
	/* The later beginning is met first, as its window lies at its front. */
	{"the.document.getElementById.zqxj zqxj()", "x the.document.getElementById.zqxj()", "0@34 1@36 "},
	{"|example.com", "//example.com/", "0@13 "},
	{"|example.com", "//WWW.Example.COM/", "0@17 "},
	{"|Example.com", "'.example.com'", "0@13 "},
	{"|example.com", "notexample.com", ""},
	{"|example.com", "not-example.com x_example.com 1example.com", ""},
	{"|example.com", "example.com.evil", ""},
	{"|example.com", "example.com.", "0@11 "},
	{"|example.com", "example.com. Then", "0@11 "},
	{"|example.com", "example.com._x example.com.-x", ""},
	{"|example.com", "example.community example.com-x example.com_ example.com1", ""},
	{"|example.com", "example.com:443 (example.com)", "0@11 0@28 "},
	{"|example.com", "%2Fexample.com %2fexample.com", "0@14 0@29 "},
	{"|example.com", "\\x2fexample.com \\u002Fexample.com", "0@15 0@33 "},
	{"|example.com", "x2fexample.com 002Fexample.com Fexample.com", ""},
	{"|example.com",
	 "\xc3\xa9"
	 "example.com\xc3\xa9",
	 "0@13 "},
	{"|t.co", "x=\"t.co\" at.co t.com", "0@7 "},
	{"|t.co", "t.co", "0@4 "},
	{"|a.b |b |x", "a.b", "!"},
};

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct found x = {0};
		struct arena arena;
		struct literals *l;

		arena_init(&arena, 0, 1 << 20);
		l = set_of(&arena, rows[i].set);
		if (rows[i].found[0] == '!') {
			assert_null(l);
		} else {
			assert_non_null(l);
			assert_true(literals_find(l, slice_str(rows[i].text), found, &x));
			if (strcmp(x.text, rows[i].found) != 0)
				print_error("row %zu\n", i);
			assert_string_equal(x.text, rows[i].found);
		}
		arena_free(&arena);
	}
}

static void limits(void **state)
{
	char text[LITERAL_MAX + 1];
	struct found x = {.limit = 2};
	struct arena arena;
	struct literals *l;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	memset(text, 'x', sizeof text);
	l = literals_new(&arena);
	assert_non_null(l);
	assert_false(literals_add(l, SLICE("x"), LITERAL_TEXT));
	assert_false(literals_add(l, SLICE(""), LITERAL_HOST));
	assert_false(literals_add(l, slice_of(text, LITERAL_MAX + 1), LITERAL_TEXT));
	assert_true(literals_add(l, slice_of(text, LITERAL_MAX), LITERAL_TEXT));
	assert_int_equal(literals_count(l), 1);
	assert_true(literals_finish(l));
	assert_false(literals_add(l, SLICE("xx"), LITERAL_TEXT));
	assert_true(literals_find(l, slice_of(text, LITERAL_MAX), found, &x));
	assert_string_equal(x.text, "0@255 ");
	assert_false(literals_find(l, slice_of(text, LITERAL_MAX + 1), found, &x)); /* the second ends the search */
	assert_string_equal(x.text, "0@255 0@255 ");
	l = literals_new(&arena);
	assert_true(l && literals_finish(l));
	assert_true(literals_find(l, SLICE("text"), found, &x));
	arena_free(&arena);
}

struct check {
	const struct slice *literals;
	size_t counts[600], begin;
};

static bool counted(void *arg, size_t id, size_t end)
{
	struct check *x = arg;

	assert_true(end - x->literals[id].n >= x->begin);
	x->begin = end - x->literals[id].n;
	x->counts[id]++;
	return true;
}

/* As many literals as make use of each size of map; texts in which pieces of them overlap. */
static void many(void **state)
{
	static char names[600][16], text[20000];
	struct slice literals[600];
	uint32_t seed = 1;

	(void)state;
	for (size_t count = 20; count <= 600; count += 290) {
		struct check x = {.literals = literals};
		struct arena arena;
		struct literals *l;

		arena_init(&arena, 0, 1 << 22);
		l = literals_new(&arena);
		for (size_t id = 0; id < count; id++) {
			size_t n = count == 600 ? 3 + id % 12 : 5 + id % 10;

			for (size_t i = 0; i < n; i++)
				names[id][i] = "abcd"[(seed = seed * 1103515245 + 12345) >> 16 & 3];
			literals[id] = slice_of(names[id], n);
			assert_true(literals_add(l, literals[id], id % 2 ? LITERAL_HOST : LITERAL_TEXT));
		}
		assert_true(literals_finish(l));
		for (size_t i = 0; i < sizeof text; i++)
			text[i] = "aBcdabcdabcdabcd./"[((seed = seed * 1103515245 + 12345) >> 16) % 18];
		assert_true(literals_find(l, slice_of(text, sizeof text), counted, &x));
		for (size_t id = 0; id < count; id++) {
			size_t n = 0;

			for (size_t at = 0; at < sizeof text; at++)
				n += literal_naive(slice_of(text, sizeof text), at, literals[id],
						   id % 2 ? LITERAL_HOST : LITERAL_TEXT);
			assert_int_equal(x.counts[id], n);
		}
		arena_free(&arena);
	}
}

static void memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct arena arena;
		struct found x = {0};
		struct literals *l;

		arena_init(&arena, 64, 1 << 20);
		l = set_of(&arena, "_q fbq( ga( dataLayer |example.com |www.example.com");
		assert_int_equal(l == NULL, alloc_fault_end());
		if (l)
			literals_find(l, SLICE("fbq("), found, &x);
		arena_free(&arena);
	}
	assert_true(alloc_fault_total() > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(limits),
		cmocka_unit_test(many),
		cmocka_unit_test(memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
