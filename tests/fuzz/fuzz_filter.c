/*
 * A filter list and URLs: "PAGE\nURL\nURL\n\nLIST". The index must find what reading every line finds (as far as the
 * naive matcher understands: lists with regular expressions, '$' within patterns, conditions and the like are only
 * compiled and matched), and counts must add up.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/filter/filter.h"
#include "tests/support/filter_naive.h"

#define ARENA_CAP (1 << 24)
#define URLS_MAX  8
#define NAIVE_MAX 4000 /* octets of a list that is compared */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "~a,b-c": what is certainly options. */
static bool are_words(struct slice options)
{
	do {
		struct slice word;

		slice_cut(options, ',', &word, &options);
		if (word.n && word.p[0] == '~')
			word = slice_from(word, 1);
		if (word.n == 0)
			return false;
		for (size_t i = 0; i < word.n; i++)
			if (!ascii_is_alpha(word.p[i]) && word.p[i] != '-')
				return false;
	} while (options.p);
	return true;
}

/* Leaves out the lines that the naive matcher does not claim to understand. */
static bool is_simple(struct slice list)
{
	while (list.n) {
		struct slice line, pattern, options;

		slice_cut(list, '\n', &line, &list);
		if ((slice_cut(line, '$', &pattern, &options) && !are_words(options)) ||
		    slice_find_char(line, '#') < line.n || slice_find_char(line, '/') == 0 ||
		    slice_find(line, SLICE("@@/")) < line.n || slice_find_char(line, '[') < line.n ||
		    slice_find(line, SLICE("badfilter")) < line.n || slice_find(line, SLICE("domain=")) < line.n ||
		    slice_find_char(line, '=') < line.n)
			return false;
		for (size_t i = 0; i < line.n; i++)
			if ((uint8_t)line.p[i] <= ' ' || (uint8_t)line.p[i] >= 0x7F)
				return false;
	}
	return true;
}

static void compare(const struct filter *f, struct slice list, bool simple, const struct web_url *url,
		    const struct filter_page *page, unsigned types, struct pattern_scratch *scratch,
		    struct arena *arena)
{
	struct filter_result a, b;
	struct filter_request request;

	if (!filter_request_init(&request, url, types, page, arena))
		return;
	a = filter_match(f, &request, scratch);
	CG_CHECK((a.verdict == FILTER_NONE) == (a.rule.line == 0));
	CG_CHECK((a.verdict == FILTER_EXCEPTED) == (a.exception.line != 0));
	if (!simple)
		return;
	b = filter_naive(list, url, types, page->host);
	/* A line that the naive matcher takes and the compiler refuses is one that matches everything. */
	if (a.verdict == b.verdict)
		CG_CHECK(a.rule.line == b.rule.line && a.exception.line == b.exception.line);
	CG_CHECK(a.verdict == b.verdict);
}

/* Patterns of nothing but anchors and stars, without options, are refused by the compiler. */
static bool has_empty_pattern(struct slice list)
{
	while (list.n) {
		struct slice line;
		size_t n = 0;

		slice_cut(list, '\n', &line, &list);
		if (slice_starts_with(line, SLICE("@@")))
			line = slice_from(line, 2);
		while (n < line.n && (line.p[n] == '|' || line.p[n] == '*'))
			n++;
		if (n == line.n || line.p[n] == '$')
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct filter_options none;
	struct slice input = slice_of((const char *)data, size), page_host, text;
	struct slice urls[URLS_MAX];
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct filter_counts counts;
	struct filter_page page;
	struct filter *f;
	struct arena arena;
	size_t n = 0;
	bool simple;

	CG_CHECK(scratch);
	arena_init(&arena, 0, ARENA_CAP);
	slice_cut(input, '\n', &page_host, &input);
	while (n < URLS_MAX && slice_cut(input, '\n', &text, &input) && text.n)
		urls[n++] = text;
	filter_page_init(&page, page_host);
	f = filter_compile(input, SLICE("fuzz"), &none, NULL, &counts);
	CG_CHECK(f);
	CG_CHECK(counts.lines == counts.comments + counts.elements + counts.blocks + counts.exceptions +
					 counts.left_out + counts.bad + counts.unsupported);
	simple = input.n <= NAIVE_MAX && is_simple(input) && !has_empty_pattern(input);
	for (size_t i = 0; i < n; i++) {
		struct web_url url;

		CG_CHECK(web_url_parse(urls[i], NULL, &arena, &url));
		if (url.kind != WEB_URL_NETWORK || url.text.n > 1000)
			continue;
		compare(f, input, simple, &url, &page, FILTER_SCRIPT, scratch, &arena);
		compare(f, input, simple, &url, &page, FILTER_ANY, scratch, &arena);
	}
	filter_free(f);
	pattern_scratch_free(scratch);
	arena_free(&arena);
	return 0;
}
