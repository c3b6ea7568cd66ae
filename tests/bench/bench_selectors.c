/*
 * What selectors cost: a page in pieces of 16 KB through the tokenizer alone, with the tags that a set wants, and with
 * the matcher; the result is hits.
 */
#include <stdio.h>
#include <string.h>

#include "rules/html/selectors.h"
#include "tests/bench/bench.h"

static struct buffer scratch;

struct pass {
	struct html_names names;
	struct html_tokenizer t;
	struct selector_matcher *m; /* NULL: the tags alone */
	struct slice page;
};

static size_t read_tokens(const struct pass *p, struct html_tokenizer *t)
{
	size_t hits[SELECTOR_HITS_MAX], n = 0;
	struct html_token token;

	while (html_tokenizer_next(t, &token)) {
		if (p->m && token.type == HTML_START_TAG)
			n += selector_matcher_start(p->m, &token, &scratch, hits);
		else if (p->m && token.type == HTML_END_TAG)
			selector_matcher_end(p->m, &token);
	}
	return n;
}

static size_t match(void *arg)
{
	struct pass *p = arg;
	size_t n = 0;

	html_tokenizer_reset(&p->t);
	if (p->m)
		selector_matcher_reset(p->m);
	for (struct slice rest = p->page; rest.n; rest = slice_from(rest, BENCH_PIECE)) {
		html_tokenizer_feed(&p->t, slice_head(rest, BENCH_PIECE));
		n += read_tokens(p, &p->t);
	}
	html_tokenizer_finish(&p->t);
	return n + read_tokens(p, &p->t);
}

static void add_pass(const char *what, const char *with, const struct selectors *s, bool matching, struct slice page)
{
	struct pass *p = bench_keep(&(struct pass){.page = page}, sizeof *p);
	struct html_options options = {.names = &p->names, .scripting = true};

	p->m = matching ? selector_matcher_new(s) : NULL;
	CG_CHECK(p->m || !matching);
	html_names_init(&p->names);
	CG_CHECK(selectors_want(s, &p->names));
	html_tokenizer_init(&p->t, &options);
	bench_add(match, p, page.n, "%s: %s, %s", what, with, matching ? "matched" : "the tags");
}

/* n selectors that come from a cycle of templates with a number in each. */
static struct selectors *compile(const char *const *templates, unsigned n)
{
	static struct arena arena;
	struct selectors *s;
	unsigned kinds = 0;

	while (templates[kinds])
		kinds++;
	arena_init(&arena, 0, 64 << 20);
	s = selectors_new(&arena);
	CG_CHECK(s);
	for (unsigned i = 0; i < n; i++) {
		const char *template = templates[i % kinds], *mark = strchr(template, '@');
		struct selector_error error;
		char text[200];

		if (mark)
			(void)snprintf(text, sizeof text, "%.*s%u%s", (int)(mark - template), template, i, mark + 1);
		else
			(void)snprintf(text, sizeof text, "%s", template);
		CG_CHECK(selectors_add(s, slice_str(text), &error));
	}
	CG_CHECK(selectors_finish(s));
	return s;
}

static void add_set(const char *what, const char *with, const char *const *templates, unsigned n, struct slice page)
{
	const struct selectors *s = compile(templates, n);

	add_pass(what, with, s, false, page);
	add_pass(what, with, s, true, page);
}

static void add_all(const char *what, struct slice page)
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

	add_set(what, "3 selectors", few, 3, page);
	add_set(what, "500 with types", typed, 500, page);
	add_set(what, "500 without types", any, 500, page);
	add_set(what, "500 in others", within, 500, page);
	add_set(what, "500 that need all tags", child, 500, page);
}

static void add_slow(void)
{
	add_all("2 million <div>", bench_repeated("", "<div>", 10000000));
	add_all("nested, alternating", bench_repeated("", "<div><section class=ads7>", BENCH_LARGE));
	add_all("</div> of nothing", bench_repeated("<section><div class=ads7>", "</section><div></div>", BENCH_LARGE));
	add_all("<img src=example>", bench_repeated("", "<img src=//host.example/x.example.example>", BENCH_LARGE));
	add_all("many classes", bench_repeated("", "<div class='ads7 ads ad ad ad ad ad ad ad ad' id=x>", BENCH_LARGE));
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);

	buffer_init(&scratch, 1 << 20);
	for (size_t i = 0; i < o.n_files; i++)
		add_all(o.files[i].name, o.files[i].octets);
	if (!o.n_files)
		add_all("page", bench_page());
	if (o.slow)
		add_slow();
	return bench_end();
}
