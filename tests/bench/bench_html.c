/*
 * Speed of the HTML tokenizer in pieces of 16 KB, for what a rewriter wants of a page, and over input made to be slow.
 * Not a test: it prints GB/s and the octets held. Usage: tests/bench/bench_html [FILE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/base/buffer.h"
#include "rules/html/tokenizer.h"

#define PIECE 16384
#define LARGE (20u << 20)

static struct html_names carriers, every, nothing;

struct result {
	uint64_t tokens, octets;
	size_t held;
};

static struct result tokenize(struct html_tokenizer *t, struct slice page)
{
	struct result r = {0};
	struct html_token token;

	html_tokenizer_reset(t);
	for (struct slice rest = page; rest.n; rest = slice_from(rest, PIECE)) {
		html_tokenizer_feed(t, slice_head(rest, PIECE));
		for (; html_tokenizer_next(t, &token); r.tokens++)
			r.octets += token.raw.n;
	}
	html_tokenizer_finish(t);
	for (; html_tokenizer_next(t, &token); r.tokens++)
		r.octets += token.raw.n;
	r.held = t->held_cap;
	return r;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure(const char *what, const char *for_whom, const struct html_names *names, unsigned wanted,
		    struct slice page)
{
	static struct html_tokenizer t;
	struct html_options options = {.names = names, .wanted = wanted, .scripting = true};
	double best = 1e9, begin = seconds();
	struct result r = {0};

	html_tokenizer_init(&t, &options);
	for (int i = 0; i < 5 || seconds() - begin < 0.5; i++) {
		double from = seconds(), took;

		r = tokenize(&t, page);
		took = seconds() - from;
		best = took < best ? took : best;
	}
	CG_CHECK(r.octets == page.n);
	printf("%-26s %-24s %8.2f GB/s %9.0f us %9llu tokens %7zu held\n", what, for_whom, (double)page.n / best / 1e9,
	       best * 1e6, (unsigned long long)r.tokens, r.held);
	html_tokenizer_free(&t);
}

static void measure_all(const char *what, struct slice page)
{
	measure(what, "nothing", &nothing, 0, page);
	measure(what, "carriers", &carriers, 0, page);
	measure(what, "carriers, script text", &carriers, HTML_WANT_TEXT(HTML_SCRIPT), page);
	measure(what, "everything", &every, HTML_WANT_ALL, page);
}

/* A marketing page of about 120 KB: cards with links and images, scripts, SVG icons, comments. */
static struct slice marketing(struct buffer *b)
{
	buffer_init(b, 1 << 20);
	buffer_add_str(
		b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Acme</title>\n"
		   "<link rel=\"stylesheet\" href=\"/site.css\">\n<!-- Google Tag Manager "
		   "-->\n<script>(function(w,d,s,l,i)"
		   "{w[l]=w[l]||[];w[l].push({'gtm.start':new Date().getTime(),event:'gtm.js'});"
		   "for(var i=0;i<9;i++)f();})(window,document,'script','dataLayer','GTM-1');</script>\n"
		   "<script async src=\"https://www.googletagmanager.com/gtag/js?id=G-1\"></script></head>\n<body>\n");
	for (int i = 0; b->n < 120000; i++) {
		buffer_printf(
			b,
			"<section class=\"card c%d\" id=\"p%d\"><h2>Spring offer of the season</h2><a "
			"href=\"/product/%d"
			"?utm_source=home&amp;utm_campaign=spring\" class=\"button large\" title='the offer'>"
			"<img loading=\"lazy\" src=\"/img/p%d.jpg\" alt=\"an offer\"></a><p>launch spring offer brand "
			"story <b>product</b> secure simple growth team privacy choice customer design support value "
			"discover premium season delivery <em>style</em> cloud and much more of what is in shops of "
			"that "
			"kind, as every page of them has it.</p></section>\n",
			i % 7, i, i, i);
		if (i % 9 == 0)
			buffer_printf(b, "<script>dataLayer.push({event:'view_item_list',list:'l%d'});</script>\n", i);
		if (i % 5 == 0)
			buffer_add_str(b, "<svg viewBox=\"0 0 24 24\"><g><path d=\"M12 2C6.48 2 2 6.48 2 12s4.48 10 10 "
					  "10 10-4.48 "
					  "10-10S17.52 2 12 2z\"/></g></svg>\n");
	}
	buffer_add_str(
		b,
		"<noscript><img height=1 width=1 src=\"https://www.facebook.com/tr?id=1\"></noscript></body></html>");
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
	static const char *const tags[] = {"script", "img",  "iframe", "link",	 "image", "source",
					   "video",  "form", "embed",  "object", "meta",  "base"};
	char *large = malloc(LARGE);
	struct buffer page;

	CG_CHECK(large != NULL);
	html_names_init(&nothing);
	html_names_init(&carriers);
	html_names_init(&every);
	html_names_want_all(&every, HTML_WANT_START | HTML_WANT_END);
	for (size_t i = 0; i < CG_COUNT(tags); i++)
		CG_CHECK(html_names_add(&carriers, slice_str(tags[i]), HTML_WANT_START));
	CG_CHECK(html_names_add(&carriers, SLICE("script"), HTML_WANT_END));
	for (int i = 1; i < argc; i++)
		measure_file(argv[i], large);
	if (argc == 1) {
		measure_all("marketing page", marketing(&page));
		measure_all("2 million <div>", slice_head(repeated(large, "", "<div>"), 10000000));
		measure_all("20 MB of <", repeated(large, "", "<"));
		measure_all("20 MB attribute", repeated(large, "<img alt=\"", "data:image/png;base64,AAAA"));
		measure_all("20 MB of attributes", repeated(large, "<img ", "a=b "));
		measure_all("20 MB name", repeated(large, "<", "i"));
		measure_all("20 MB of dashes", repeated(large, "<!--", "- "));
		measure_all("20 MB of </s in script", repeated(large, "<script>", "</s"));
		measure_all("20 MB of <svg>", repeated(large, "", "<svg>"));
		buffer_free(&page);
	}
	free(large);
	return 0;
}
