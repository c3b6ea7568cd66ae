/*
 * A rules file of any octets: parsed, checked, compiled; a ruleset that loads answers lookups. The file may include
 * itself, shipped knowledge, and "part" (the input from its first NUL on), which may also be a filter list.
 */
#include <stdint.h>

#include "rules/language/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	const struct slice *input = arg;
	struct slice part;
	bool has_part = slice_cut(*input, '\0', content, &part);

	if (slice_eq(path, SLICE("fuzz.rules")))
		return LOAD_OK;
	*content = part;
	return has_part && slice_eq(path, SLICE("part")) ? LOAD_OK : LOAD_MISSING;
}

static void look_up(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice input)
{
	struct slice names[] = {SLICE(""),
				SLICE("_ga"),
				SLICE("PHPSESSID"),
				SLICE("/collect/x"),
				SLICE("/"),
				slice_head(input, 64),
				slice_from(input, input.n / 2)};
	bool limit;

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		const struct cookie_rule *c = ruleset_cookie(rs, scratch, names[i], &limit);

		CG_CHECK(!c || (c->mask && !(c->mask & ~ruleset_all_purposes(rs))));
		CG_CHECK(!c || !limit);
		(void)ruleset_param(rs, scratch, names[i], &limit);
		(void)ruleset_path(rs, scratch, names[i], &limit);
	}
}

static void check_match(const struct ruleset *rs, const struct beacon_match *m)
{
	const struct beacon_rule *rules;
	size_t n;

	rules = ruleset_beacons(rs, &n);
	CG_CHECK(!m->rule || (!m->limit && m->rule == &rules[m->rule->order] && m->rule->order < n));
	CG_CHECK(!m->rule || (m->rule->list == (m->list_line > 0) && m->pattern.n > 0));
	CG_CHECK(!m->rule || (m->rule->mask && !(m->rule->mask & ~ruleset_beacon_purposes(rs))));
}

static void look_up_url(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice text)
{
	struct filter_request r;
	struct filter_page page;
	struct beacon_match m;
	struct arena arena;
	struct web_url url;

	arena_init(&arena, 0, 1024 * 1024);
	filter_page_init(&page, SLICE("www.example.com"));
	if (web_url_parse(text, NULL, &arena, &url) && url.kind == WEB_URL_NETWORK &&
	    filter_request_init(&r, &url, FILTER_SCRIPT, &page, &arena)) {
		m = ruleset_beacon_url(rs, scratch, &r);
		check_match(rs, &m);
	}
	arena_free(&arena);
}

static void look_up_urls(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice input)
{
	look_up_url(rs, scratch, SLICE("https://www.google-analytics.com/collect?v=1"));
	look_up_url(rs, scratch, SLICE("http://a.example:8080/ads/pixel.gif"));
	look_up_url(rs, scratch, slice_head(input, 200));
	look_up_url(rs, scratch, slice_from(input, input.n / 2));
}

static void check_text(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	*(size_t *)arg += text.n + flags.n + regex;
	CG_CHECK(mask);
}

/* Everything that ids lead to is there. */
static void check_pages(const struct ruleset *rs, struct pattern_scratch *scratch)
{
	const struct selectors *selectors = ruleset_selectors(rs);
	const struct literals *literals = ruleset_literals(rs);
	const struct inject_html_rule *html;
	size_t n, octets = 0;

	for (size_t i = 0; selectors && i < selectors_count(selectors); i++)
		CG_CHECK(ruleset_selector(rs, i)->text.n > 0);
	for (size_t i = 0; literals && i < literals_count(literals); i++) {
		const struct beacon_literal *l = ruleset_literal(rs, i);

		CG_CHECK(l->rule && (l->host || l->selector->containing.n > 0));
	}
	html = ruleset_inject_html(rs, &n);
	for (size_t i = 0; i < n; i++) {
		CG_CHECK((html[i].html.n > 0) != (html[i].consent_mode != NULL) && html[i].mask);
		(void)inject_html_applies(&html[i], scratch, SLICE("/shop/x"), 200);
	}
	ruleset_each_beacon_pattern(rs, check_text, &octets);
	ruleset_each_cookie_name(rs, check_text, &octets);
	CG_CHECK(ruleset_pages(rs)->tag_max >= 4096);
}

static void count_rule(void *arg, const struct rule *r)
{
	*(size_t *)arg += r->line > 0 && r->text.n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct loader loader = {&input, load};
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct diagnostics d;
	struct buffer text;
	struct ruleset *rs;
	size_t rules = 0;

	diagnostics_init(&d);
	buffer_init(&text, 4 * 1024 * 1024);
	rs = ruleset_load(&loader, SLICE("fuzz.rules"), &d);
	CG_CHECK((rs != NULL) == diagnostics_ok(&d));
	(void)diagnostics_render(&d, false, &text);
	if (rs && scratch) {
		look_up(rs, scratch, input);
		look_up_urls(rs, scratch, input);
		check_pages(rs, scratch);
		ruleset_each_rule(rs, count_rule, &rules);
	}
	ruleset_free(rs);
	buffer_free(&text);
	diagnostics_free(&d);
	pattern_scratch_free(scratch);
	return 0;
}
