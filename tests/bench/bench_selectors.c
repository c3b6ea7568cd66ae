/*
 * What selectors cost: a page in pieces of 16 KB through the tokenizer alone, with the tags that a set wants, and with
 * the matcher. Not a test: it prints GB/s. Usage: tests/bench/bench_selectors [FILE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/html/selectors.h"

#define PIECE 16384
#define LARGE (20u << 20)

static struct buffer scratch;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t read_tokens(struct html_tokenizer *t, struct selector_matcher *m)
{
	size_t hits[SELECTOR_HITS_MAX], n = 0;
	struct html_token token;

	while (html_tokenizer_next(t, &token)) {
		if (m && token.type == HTML_START_TAG)
			n += selector_matcher_start(m, &token, &scratch, hits);
		else if (m && token.type == HTML_END_TAG)
			selector_matcher_end(m, &token);
	}
	return n;
}

static size_t pass(struct html_tokenizer *t, struct selector_matcher *m, struct slice page)
{
	size_t n = 0;

	html_tokenizer_reset(t);
	if (m)
		selector_matcher_reset(m);
	for (struct slice rest = page; rest.n; rest = slice_from(rest, PIECE)) {
		html_tokenizer_feed(t, slice_head(rest, PIECE));
		n += read_tokens(t, m);
	}
	html_tokenizer_finish(t);
	return n + read_tokens(t, m);
}

static double best_of(struct html_tokenizer *t, struct selector_matcher *m, struct slice page, size_t *hits)
{
	double best = 1e9, begin = seconds();

	for (int i = 0; i < 3 || seconds() - begin < 0.3; i++) {
		double from = seconds(), took;

		*hits = pass(t, m, page);
		took = seconds() - from;
		best = took < best ? took : best;
	}
	return (double)page.n / best / 1e9;
}

static void measure(const char *what, const char *with, const struct selectors *s, struct slice page)
{
	static struct html_tokenizer t;
	struct html_names names;
	struct html_options options = {.names = &names, .scripting = true};
	struct selector_matcher *m = selector_matcher_new(s);
	double alone, matching;
	size_t hits;

	CG_CHECK(m);
	html_names_init(&names);
	CG_CHECK(selectors_want(s, &names));
	html_tokenizer_init(&t, &options);
	alone = best_of(&t, NULL, page, &hits);
	matching = best_of(&t, m, page, &hits);
	printf("%-24s %-34s %7.2f GB/s tokens, %7.2f GB/s with matching %8zu hits\n", what, with, alone, matching,
	       hits);
	html_tokenizer_free(&t);
	selector_matcher_free(m);
}

/* n selectors that come from a cycle of templates with a number in each. */
static void measure_set(const char *what, const char *with, const char *const *templates, unsigned n, struct slice page)
{
	unsigned kinds = 0;
	struct arena arena;
	struct selectors *s;

	while (templates[kinds])
		kinds++;
	arena_init(&arena, 0, 64 << 20);
	s = selectors_new(&arena);
	CG_CHECK(s);
	for (unsigned i = 0; i < n; i++) {
		const char *mark = strchr(templates[i % kinds], '@');
		struct selector_error error;
		char text[200];

		if (mark)
			snprintf(text, sizeof text, "%.*s%u%s", (int)(mark - templates[i % kinds]),
				 templates[i % kinds], i, mark + 1);
		else
			snprintf(text, sizeof text, "%s", templates[i % kinds]);
		CG_CHECK(selectors_add(s, slice_str(text), &error));
	}
	CG_CHECK(selectors_finish(s));
	measure(what, with, s, page);
	arena_free(&arena);
}

static void measure_all(const char *what, struct slice page)
{
	static const char *const few[] = {"script[src*=google-analytics.com]", "img[width=\"1\"][height=\"1\"]",
					  "iframe[src*=\"youtube.com\"]", NULL};
	static const char *const typed[] = {"script[src*='//host@.example/']",
					    "img[src*='//pixel@.example/']",
					    "iframe[src^='https://frame@.example/']",
					    "div#slot@",
					    "ins.ad@",
					    "a[href*='track@.example']",
					    NULL};
	static const char *const any[] = {".ad-slot@", "#banner@", "[data-ad@]", "[src*='host@.example']", NULL};
	static const char *const within[] = {"div.ads@ img", "ins.ad@ iframe", "section.x@ a[href]", NULL};
	static const char *const child[] = {"div.ads@ > img", ".ad@ a", "li.ad@ img", NULL};

	measure_set(what, "3 selectors", few, 3, page);
	measure_set(what, "500 with types", typed, 500, page);
	measure_set(what, "500 without types", any, 500, page);
	measure_set(what, "500 in others", within, 500, page);
	measure_set(what, "500 that need all tags", child, 500, page);
}

/* A marketing page of about 120 KB. */
static struct slice marketing(struct buffer *b)
{
	buffer_init(b, 1 << 20);
	buffer_add_str(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Acme</title>\n"
			  "<script async src=\"https://www.googletagmanager.com/gtag/js?id=G-1\"></script></head>"
			  "\n<body>\n");
	for (int i = 0; b->n < 120000; i++) {
		buffer_printf(
			b,
			"<section class=\"card c%d\" id=\"p%d\"><h2>Spring offer of the season</h2><a "
			"href=\"/product/%d?utm_source=home&amp;utm_campaign=spring\" class=\"button large\" "
			"title='the offer'><img loading=\"lazy\" src=\"/img/p%d.jpg\" alt=\"an offer\"></a><div "
			"class=\"row ads7\"><p>launch spring offer brand story <b>product</b> secure simple growth "
			"team privacy choice customer design support value discover premium season delivery "
			"<em>style</em> cloud and much more of what is in shops of that kind, as every page of them "
			"has it.</p></div></section>\n",
			i % 7, i, i, i);
		if (i % 9 == 0)
			buffer_printf(b, "<script src=https://host%d.example/x.js></script>\n", i);
	}
	buffer_add_str(b, "</body></html>");
	return buffer_slice(b);
}

static struct slice repeated(char *large, const char *begin, const char *again)
{
	size_t n = strlen(begin), m = strlen(again);

	memcpy(large, begin, n);
	for (; n + m <= LARGE; n += m)
		memcpy(large + n, again, m);
	return slice_of(large, n);
}

static void measure_file(const char *path, char *large)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		exit(2);
	}
	n = fread(large, 1, LARGE, f);
	fclose(f);
	measure_all(path, slice_of(large, n));
}

int main(int argc, char **argv)
{
	char *large = malloc(LARGE);
	struct buffer page;

	CG_CHECK(large != NULL);
	buffer_init(&scratch, 1 << 20);
	for (int i = 1; i < argc; i++)
		measure_file(argv[i], large);
	if (argc == 1) {
		measure_all("marketing page", marketing(&page));
		measure_all("2 million <div>", slice_head(repeated(large, "", "<div>"), 10000000));
		measure_all("nested, alternating", repeated(large, "", "<div><section class=ads7>"));
		measure_all("</div> of nothing", repeated(large, "<section><div class=ads7>", "</section><div></div>"));
		measure_all("<img src=example>", repeated(large, "", "<img src=//host.example/x.example.example>"));
		measure_all("many classes", repeated(large, "", "<div class='ads7 ads ad ad ad ad ad ad ad ad' id=x>"));
		buffer_free(&page);
	}
	buffer_free(&scratch);
	free(large);
	return 0;
}
