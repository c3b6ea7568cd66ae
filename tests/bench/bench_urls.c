/*
 * URLs of a page's elements: read as browsers read them, and looked for in filter lists: 40,000 lines of the kind that
 * EasyPrivacy has, and all shipped rules; the result is the line that blocks, or the statement, 0 if none.
 */
#include "rules/base/buffer.h"
#include "tests/bench/bench.h"
#include "tests/support/page_run.h"

#define LINES 40000

static const struct slice page_url = SLICE_INIT("https://www.shop.example/products/telephony.html");

/* What is asked for from that page; line N of the made list is written by add_line(). */
static const struct {
	const char *what, *url;
} requests[] = {
	{"first party image", "/img/2026/11/winter-jacket-dark-blue.jpg?width=640"},
	{"script of a CDN", "https://cdn.jsdelivr.net/npm/bootstrap@5.3.0/dist/js/bootstrap.bundle.min.js"},
	{"tracker by host", "https://www.googletagmanager.com/gtag/js?id=G-1"},
	{"host of the list", "https://eu.metric1000.example/collect?v=1"},
	{"path of the list", "https://static.other.example/js/pixel-1001/load.js"},
	{"exception of the list", "https://cdn.media1008.example/player.js"},
	{"long query",
	 "https://img.other.example/i?u=aHR0cHM6Ly93d3cuc2hvcC5leGFtcGxlL3Byb2R1Y3RzL3RlbGVwaG9ueS5odG1s&w=1200&h=628&"
	 "fit=crop&crop=faces%2Centropy&auto=format%2Ccompress&cs=srgb&dpr=2&q=75&ixid=M3wxMjA3fDB8MHxzZWFyY2h8MXx8"},
};

struct lookup {
	struct web_url base, url;
	struct filter_page page;
	struct arena kept, arena; /* of what stays; of one operation */
	struct slice text;
	const struct filter *list;
	struct page_run *run;
};

static size_t parse(void *arg)
{
	struct lookup *l = arg;

	arena_reset(&l->arena);
	CG_CHECK(web_url_parse(l->text, &l->base, &l->arena, &l->url));
	return l->url.text.n;
}

static size_t match_list(void *arg)
{
	struct lookup *l = arg;
	struct filter_request r;
	struct filter_result found;

	arena_reset(&l->arena);
	CG_CHECK(filter_request_init(&r, &l->url, FILTER_SCRIPT, &l->page, &l->arena));
	found = filter_match(l->list, &r, l->run->env.scratch);
	return found.verdict == FILTER_BLOCKED ? found.rule.line : 0;
}

static size_t match_rules(void *arg)
{
	struct lookup *l = arg;
	struct beacon_match found;
	struct filter_request r;

	arena_reset(&l->arena);
	CG_CHECK(filter_request_init(&r, &l->url, FILTER_SCRIPT, &l->page, &l->arena));
	found = ruleset_beacon_url(l->run->rules, l->run->env.scratch, &r);
	return found.rule ? found.rule->order + 1 : 0;
}

/* The words are few, as those of hosts on real lists are. */
static void add_line(struct buffer *b, unsigned i)
{
	static const char *const words[] = {"track", "stat",  "metric", "ads", "pixel",	 "click", "data", "insight",
					    "media", "smart", "zone",	"tag", "beacon", "count", "log",  "push"};
	const char *word = words[i / 8 % 16 == 13 ? 2 : i % 16];

	switch (i % 8) {
	case 0:
		buffer_printf(b, "||metric%u.example^\n", i);
		break;
	case 1:
		buffer_printf(b, "/pixel-%u/*\n", i);
		break;
	case 2:
		buffer_printf(b, "&%s_id=%u&\n", word, i);
		break;
	case 3:
		buffer_printf(b, "||%s%u.example/*/collect?$third-party\n", word, i);
		break;
	case 4:
		buffer_printf(b, "||%s-%u.example^$script,image,domain=~shop.example\n", word, i);
		break;
	case 5:
		buffer_printf(b, "-%s-%u.js\n", word, i);
		break;
	case 6:
		buffer_printf(b, "||media%u.example^\n", i + 2);
		break;
	default:
		buffer_printf(b, "@@||media%u.example/player.js\n", i + 1);
		break;
	}
}

static const struct filter *make_list(void)
{
	static const struct filter_options none;
	struct filter_counts counts;
	struct filter *f;
	struct buffer b;

	buffer_init(&b, 16 << 20);
	for (unsigned i = 0; i < LINES; i++)
		add_line(&b, i);
	f = filter_compile(buffer_slice(&b), SLICE("made.txt"), &none, NULL, &counts);
	CG_CHECK(f && !b.failed && counts.unsupported == 0);
	buffer_free(&b);
	return f;
}

static struct lookup *new_lookup(const char *url, const struct filter *list, struct page_run *run)
{
	struct lookup *l = bench_keep(&(struct lookup){.text = slice_str(url), .list = list, .run = run}, sizeof *l);

	arena_init(&l->kept, 0, 1 << 20);
	arena_init(&l->arena, 0, 1 << 20);
	CG_CHECK(web_url_parse(page_url, NULL, &l->kept, &l->base));
	CG_CHECK(web_url_parse(l->text, &l->base, &l->kept, &l->url));
	filter_page_init(&l->page, l->base.host);
	return l;
}

int main(int argc, char **argv)
{
	static struct page_run run;
	const struct filter *list = make_list();

	(void)bench_begin(argc, argv);
	CG_CHECK(page_run_open(&run, "purpose preferences\npurpose analytics\npurpose advertising\n"
				     "include vendors/all.rules\n"));
	for (size_t i = 0; i < CG_COUNT(requests); i++)
		bench_add(parse, new_lookup(requests[i].url, list, &run), 0, "parse: %s", requests[i].what);
	for (size_t i = 0; i < CG_COUNT(requests); i++)
		bench_add(match_list, new_lookup(requests[i].url, list, &run), 0, "40,000 lines: %s", requests[i].what);
	for (size_t i = 0; i < CG_COUNT(requests); i++)
		bench_add(match_rules, new_lookup(requests[i].url, list, &run), 0, "all shipped rules: %s",
			  requests[i].what);
	return bench_end();
}
