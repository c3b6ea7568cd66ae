/*
 * Speed of the page rewriter alone, in pieces of 16 KB: three selectors and inline rules, then all shipped rules, over
 * pages of real size; then input made to be slow. Not a test: it prints GB/s, output octets, edits, and by how much
 * the most memory that the process ever held grew. Usage: tests/bench/bench_rewriter [-n ROUNDS] FILE...
 *
 * The files, e.g. tests/corpus/pages/{a,b,m,p,s,w}*.html, are read again until there are 16 MB: as they are, which is
 * little but tags, and with an article in each, so that they are as long and have as much text to a tag as real pages
 * (250 KB; 140 octets to a '<').
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/support/page_run.h"

#define PIECE 16384
#define LARGE (20u << 20)
#define PAGES (16u << 20)

#define PURPOSES "purpose preferences\npurpose analytics\npurpose advertising\n"

static const char three_rules[] = PURPOSES "beacon script[src*=\"google-analytics\"] is analytics removed\n"
					   "beacon img[width=\"1\"][height=\"1\"] is advertising removed\n"
					   "beacon iframe[src*=\"doubleclick\"] is advertising removed\n";
static const char inline_rules[] = PURPOSES "beacon script[src*=\"google-analytics\"] is analytics removed\n"
					    "beacon img[width=\"1\"][height=\"1\"] is advertising removed\n"
					    "beacon iframe[src*=\"doubleclick\"] is advertising removed\n"
					    "beacon script containing \"fbq(\" is advertising\n"
					    "beacon script containing \"gtm.start\" is analytics\n"
					    "beacon script containing \"GoogleAnalyticsObject\" is analytics\n"
					    "beacon script containing \"hotjar\" is analytics\n"
					    "beacon script containing \"_linkedin_partner_id\" is advertising\n";
static const char url_rules[] = PURPOSES "beacon ||google-analytics.com^ ||googletagmanager.com^ is analytics\n"
					 "beacon ||doubleclick.net^ ||facebook.com/tr^ is advertising\n";
static const char all_rules[] = PURPOSES "include vendors/all.rules\n";

static uint64_t written, edits;

static bool take(void *arg, struct slice octets)
{
	(void)arg;
	written += octets.n;
	return true;
}

static void take_edit(void *arg, const struct page_edit *edit)
{
	(void)arg;
	(void)edit;
	edits++;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each page on its own, as exchanges are: a page never ends in the middle of the next. */
static enum rewriter_result run_all(struct page_run *p, const struct slice *pages, size_t n, page_edit_sink sink)
{
	enum rewriter_result result = REWRITER_OK;

	for (size_t i = 0; i < n && result == REWRITER_OK; i++)
		result = page_run(p, pages[i], (struct page_feed){0, PIECE}, take, NULL, sink, NULL);
	return result;
}

static void measure(const char *what, const char *rules_name, const char *rules, const struct slice *pages, size_t n,
		    int rounds)
{
	struct page_run p;
	enum rewriter_result result = REWRITER_OK;
	double best = 1e9;
	uint64_t out = 0;
	size_t octets = 0;

	CG_CHECK(page_run_open(&p, rules));
	for (size_t i = 0; i < n; i++)
		octets += pages[i].n;
	for (int i = 0; i < rounds; i++) {
		double from = seconds(), took;

		written = 0;
		result = run_all(&p, pages, n, NULL);
		took = seconds() - from;
		best = took < best ? took : best;
		out = written;
	}
	edits = 0;
	(void)run_all(&p, pages, n, take_edit);
	printf("%-24s %-22s %7.2f GB/s %9zu in %9llu out %6llu edits%s\n", what, rules_name,
	       (double)octets / best / 1e9, octets, (unsigned long long)out, (unsigned long long)edits,
	       result == REWRITER_OK ? "" : "  not to its end");
	fflush(stdout);
	page_run_close(&p);
}

static struct slice repeated(char *large, const char *begin, const char *again, size_t times)
{
	size_t n = strlen(begin), m = strlen(again);

	memcpy(large, begin, n);
	for (size_t i = 0; i < times && n + m <= LARGE; i++, n += m)
		memcpy(large + n, again, m);
	return slice_of(large, n);
}

static void measure_each(const char *what, const struct slice *pages, size_t n, int rounds)
{
	measure(what, "three selectors", three_rules, pages, n, rounds);
	measure(what, "and inline rules", inline_rules, pages, n, rounds);
	measure(what, "four hosts", url_rules, pages, n, rounds);
	measure(what, "all shipped rules", all_rules, pages, n, rounds);
}

/* The most that was resident so far, in KB. */
static long most_memory(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void measure_slow(char *large, int rounds)
{
	static const struct {
		const char *what, *begin, *again;
		size_t times;
	} cases[] = {
		{"2 million <div>", "", "<div>", 2000000},
		{"20 MB of <", "", "<", LARGE},
		{"20 MB attribute", "<img alt=\"", "data:image/png;base64,AAAA", LARGE},
		{"20 MB of attributes", "<img ", "a=b ", LARGE},
		{"20 MB of src", "", "<img src=//a.example/b>", LARGE},
		{"20 MB srcset", "<img srcset=\"", "/a 1x, ", LARGE},
		{"20 MB script", "<script>", "fb", LARGE},
		{"20 MB of script ends", "<script>", "</s", LARGE},
		{"20 MB of URLs in script", "<script>", "'//a.example/b',", LARGE},
		{"20 MB noscript", "<noscript>", "<img src=a>", LARGE},
		{"20 MB style", "<style>", "a{b:url(c)}", LARGE},
		{"20 MB srcdoc", "<iframe srcdoc=\"", "<img src=a>", LARGE},
		{"20 MB of <svg>", "", "<svg>", LARGE},
		{"20 MB comment", "<!--", "- ", LARGE},
	};

	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct slice page = repeated(large, cases[i].begin, cases[i].again, cases[i].times);
		long before = most_memory();

		measure(cases[i].what, "all shipped rules", all_rules, &page, 1, rounds);
		printf("%-24s %ld KB more memory\n", "", most_memory() - before);
	}
}

static struct slice read_file(const char *path)
{
	char *text = malloc(LARGE);
	FILE *f = fopen(path, "rb");
	struct slice page;

	if (!f || !text) {
		perror(path);
		exit(2);
	}
	page = slice_of(text, fread(text, 1, LARGE, f));
	fclose(f);
	return page; /* until the end of the process */
}

/* -- articles ------------------------------------------------------------------------------------------------------ */

#define ARTICLE 250000

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static void add_words(struct buffer *b, uint32_t n)
{
	static const char *const words[] = {"launch",  "spring", "offer",    "brand",  "story",	  "product",
					    "secure",  "simple", "growth",   "team",   "privacy", "customer",
					    "support", "value",	 "discover", "season", "delivery"};

	while (n--) {
		buffer_add_str(b, words[random_below(CG_COUNT(words))]);
		buffer_add_char(b, ' ');
	}
}

static void add_paragraph(struct buffer *b)
{
	buffer_add_str(b, "<h3 class=\"sub\">");
	add_words(b, 5);
	buffer_printf(b, "</h3>\n<p>");
	add_words(b, 70);
	buffer_printf(b, "<a href=\"/x/%u\">", random_below(999));
	add_words(b, 3);
	buffer_add_str(b, "</a> ");
	add_words(b, 40);
	buffer_add_str(b, "<em>of all</em>. ");
	add_words(b, 40);
	buffer_add_str(b, "</p>\n");
	if (random_below(12) == 0)
		buffer_printf(b, "<figure><img loading=\"lazy\" src=\"/img/%u.jpg\" alt=\"\" width=\"640\"></figure>\n",
			      random_below(9999));
	if (random_below(30) == 0)
		buffer_printf(b, "<script>dataLayer.push({event:\"view\",id:%u});</script>\n", random_below(99));
}

/* The page with an article in front of the end of its body; it lives until the end of the process. */
static struct slice with_article(struct slice page)
{
	size_t at = slice_find(page, SLICE("</body>"));
	struct buffer b;

	buffer_init(&b, LARGE);
	buffer_add(&b, slice_head(page, at));
	while (b.n < ARTICLE && !b.failed)
		add_paragraph(&b);
	buffer_add(&b, slice_from(page, at));
	CG_CHECK(!b.failed);
	return buffer_slice(&b);
}

/* The first n of pages again and again until there is enough; returns how many then. */
static size_t fill(struct slice *pages, size_t n, size_t max)
{
	size_t octets = 0, i;

	for (i = 0; n && i < max && (i < n || octets < PAGES); i++) {
		pages[i] = pages[i % n];
		octets += pages[i].n;
	}
	return i;
}

int main(int argc, char **argv)
{
	static struct slice pages[4096];
	char *large = malloc(LARGE);
	size_t n = 0, given;
	int first = 1, rounds = 5;

	CG_CHECK(large != NULL);
	if (argc > 2 && strcmp(argv[1], "-n") == 0) {
		rounds = atoi(argv[2]);
		first = 3;
	}
	for (int i = first; i < argc && n < CG_COUNT(pages); i++, n++)
		pages[n] = read_file(argv[i]);
	given = n;
	n = fill(pages, given, CG_COUNT(pages));
	if (n)
		measure_each("pages", pages, n, rounds);
	for (size_t i = 0; i < given; i++)
		pages[i] = with_article(pages[i]);
	n = fill(pages, given, CG_COUNT(pages));
	if (n)
		measure_each("pages with articles", pages, n, rounds);
	measure_slow(large, 1);
	free(large);
	return 0;
}
