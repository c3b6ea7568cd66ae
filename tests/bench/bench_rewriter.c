/*
 * The page rewriter alone, in pieces of 16 KB: three selectors and inline rules, then all shipped rules; the result is
 * octets out. Of files, e.g. tests/corpus/pages/{a,b,m,p,s,w}*.html, all are rewritten in turn: as they are, which is
 * little but tags, and with an article in each, so that they are as long and have as much text to a tag as real pages
 * (250 KB; 140 octets to a '<').
 */
#include "tests/bench/bench.h"
#include "tests/support/page_run.h"

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

struct pages {
	struct page_run *run;
	struct slice v[64];
	size_t n;
};

static bool take(void *arg, struct slice octets)
{
	*(size_t *)arg += octets.n;
	return true;
}

/* Each page on its own, as exchanges are: a page never ends in the middle of the next. */
static size_t rewrite(void *arg)
{
	const struct pages *p = arg;
	size_t written = 0;

	for (size_t i = 0; i < p->n; i++)
		(void)page_run(p->run, p->v[i], (struct page_feed){0, BENCH_PIECE}, take, &written, NULL, NULL);
	return written;
}

static void add(const char *what, const char *rules_name, struct page_run *run, const struct pages *pages)
{
	struct pages *p = bench_keep(pages, sizeof *p);
	size_t octets = 0;

	p->run = run;
	for (size_t i = 0; i < p->n; i++)
		octets += p->v[i].n;
	bench_add(rewrite, p, octets, "%s: %s", what, rules_name);
}

static struct page_run *runs[4];
static const char *const rules_names[] = {"three selectors", "and inline rules", "four hosts", "all shipped rules"};

static void load_rules(void)
{
	static const char *const texts[] = {three_rules, inline_rules, url_rules, all_rules};

	for (size_t i = 0; i < CG_COUNT(runs); i++) {
		runs[i] = bench_keep(&(struct page_run){0}, sizeof *runs[i]);
		CG_CHECK(page_run_open(runs[i], texts[i]));
	}
}

static void add_each(const char *what, const struct pages *pages)
{
	for (size_t i = 0; i < CG_COUNT(runs); i++)
		add(what, rules_names[i], runs[i], pages);
}

static void add_slow(void)
{
	static const struct {
		const char *what, *begin, *again;
		size_t octets;
	} cases[] = {
		{"2 million <div>", "", "<div>", 10000000},
		{"20 MB of <", "", "<", BENCH_LARGE},
		{"20 MB attribute", "<img alt=\"", "data:image/png;base64,AAAA", BENCH_LARGE},
		{"20 MB of attributes", "<img ", "a=b ", BENCH_LARGE},
		{"20 MB of src", "", "<img src=//a.example/b>", BENCH_LARGE},
		{"20 MB srcset", "<img srcset=\"", "/a 1x, ", BENCH_LARGE},
		{"20 MB script", "<script>", "fb", BENCH_LARGE},
		{"20 MB of script ends", "<script>", "</s", BENCH_LARGE},
		{"20 MB of URLs in script", "<script>", "'//a.example/b',", BENCH_LARGE},
		{"20 MB noscript", "<noscript>", "<img src=a>", BENCH_LARGE},
		{"20 MB style", "<style>", "a{b:url(c)}", BENCH_LARGE},
		{"20 MB srcdoc", "<iframe srcdoc=\"", "<img src=a>", BENCH_LARGE},
		{"20 MB of <svg>", "", "<svg>", BENCH_LARGE},
		{"20 MB comment", "<!--", "- ", BENCH_LARGE},
	};

	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct slice page = bench_repeated(cases[i].begin, cases[i].again, cases[i].octets);

		add(cases[i].what, "all shipped rules", runs[3], &(struct pages){.v = {page}, .n = 1});
	}
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

	buffer_init(&b, BENCH_LARGE);
	buffer_add(&b, slice_head(page, at));
	while (b.n < ARTICLE && !b.failed)
		add_paragraph(&b);
	buffer_add(&b, slice_from(page, at));
	CG_CHECK(!b.failed);
	return buffer_slice(&b);
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);
	struct pages pages = {.v = {bench_page()}, .n = 1};

	load_rules();
	if (o.n_files == 0)
		add_each("page", &pages);
	for (pages.n = 0; pages.n < o.n_files && pages.n < CG_COUNT(pages.v); pages.n++)
		pages.v[pages.n] = o.files[pages.n].octets;
	if (pages.n)
		add_each("pages", &pages);
	for (size_t i = 0; i < pages.n; i++)
		pages.v[i] = with_article(pages.v[i]);
	if (pages.n)
		add_each("pages with articles", &pages);
	if (o.slow)
		add_slow();
	return bench_end();
}
