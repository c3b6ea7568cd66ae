/*
 * A list as large as they come: EasyPrivacy as Debian's webext-ublock-origin-chromium installs it, or the file that
 * FILTER_LIST names. Skipped where there is none.
 */
#include "tests/support/slice_assert.h"

#include <time.h>

#include "rules/filter/filter.h"
#include "tests/support/filter_naive.h"

#define INSTALLED "/usr/share/chromium/extensions/ublock-origin/assets/thirdparties/easylist/easyprivacy.txt"

static struct slice list;

static bool load(void)
{
	const char *path = getenv("FILTER_LIST");
	FILE *f = fopen(path ? path : INSTALLED, "rb");
	char *p = f ? malloc(FILTER_TEXT_MAX) : NULL;

	if (p)
		list = slice_of(p, fread(p, 1, FILTER_TEXT_MAX, f));
	if (f)
		fclose(f);
	return p != NULL;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct filter *compiled(struct filter_counts *counts)
{
	static const struct filter_options none;

	return filter_compile(list, SLICE("list"), &none, NULL, counts);
}

static void compiles(void **state)
{
	struct filter_counts c;
	double begin = seconds(), end;
	struct filter *f = compiled(&c);

	(void)state;
	end = seconds();
	assert_non_null(f);
	assert_true(c.blocks + c.exceptions > c.lines / 4);
	assert_true(c.unsupported < c.lines / 100);
	assert_true(end - begin < 5); /* 0.02 on a usual machine; sanitizers must not fail it */
	assert_in_range(filter_memory(f), 1, 20 * list.n);
	print_message("# %zu rules, %zu unsupported, %zu octets, %.1f ms\n", c.blocks + c.exceptions, c.unsupported,
		      filter_memory(f), (end - begin) * 1e3);
	filter_free(f);
}

/* A URL that the pattern of a line may match. */
static struct slice url_for(struct slice line, struct arena *arena)
{
	char *p = arena_alloc(arena, line.n + 40);
	size_t n = 0, i = 0;

	assert_non_null(p);
	while (i < line.n && (line.p[i] == '@' || line.p[i] == '|'))
		i++;
	if (i + 4 >= line.n || memcmp(line.p + i, "http", 4) != 0) {
		memcpy(p, "https://", 8);
		n = 8;
	}
	if (i == 0) {
		memcpy(p + n, "x.example/", 10);
		n += 10;
	}
	for (; i < line.n && line.p[i] != '$'; i++)
		p[n++] = line.p[i] == '^' ? '/' : line.p[i] == '*' ? 'y' : line.p[i];
	return slice_of(p, n);
}

static void agrees(const struct filter *f, struct slice line, struct pattern_scratch *scratch)
{
	struct filter_result a, b;
	struct filter_request r;
	struct filter_page page;
	struct arena arena;
	struct web_url url;

	arena_init(&arena, 0, 1 << 20);
	filter_page_init(&page, SLICE("www.page.example"));
	assert_true(web_url_parse(url_for(line, &arena), NULL, &arena, &url));
	if (url.kind == WEB_URL_NETWORK) {
		assert_true(filter_request_init(&r, &url, FILTER_SCRIPT, &page, &arena));
		a = filter_match(f, &r, scratch);
		b = filter_naive(list, &url, FILTER_SCRIPT, page.host);
		if (a.rule.line != b.rule.line || a.exception.line != b.exception.line)
			fail_msg("%.*s: %u %u, not %u %u", SLICE_ARG(url.text), a.rule.line, a.exception.line,
				 b.rule.line, b.exception.line);
	}
	arena_free(&arena);
}

/* Some URLs made of the list's own lines, against reading every line. */
static void agrees_with_the_naive_matcher(void **state)
{
	struct filter_counts counts;
	struct filter *f = compiled(&counts);
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct slice rest = list, line;
	size_t number = 0;

	(void)state;
	assert_non_null(f);
	assert_non_null(scratch);
	while (rest.n) {
		slice_cut(rest, '\n', &line, &rest);
		if (number++ % (counts.lines / 40 + 1) == 20 && line.n && line.p[0] != '!')
			agrees(f, line, scratch);
	}
	filter_free(f);
	pattern_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiles),
		cmocka_unit_test(agrees_with_the_naive_matcher),
	};
	int failed;

	if (!load()) {
		puts("1..0 # SKIP no filter list is installed");
		return 0;
	}
	failed = cmocka_run_group_tests_name("filter_list", tests, NULL, NULL);
	free((void *)(uintptr_t)list.p);
	return failed;
}
