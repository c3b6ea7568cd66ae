/*
 * The page rewriter under fixed rules. The first octet of the input says what is granted, the second how the page is
 * cut, the rest is the page.
 *
 * - with everything granted the output is the input, also in observe mode whatever is denied;
 * - the output does not depend on how the input was cut;
 * - tokenized again, as where scripts run and as where they do not, it holds no URL of a denied beacon in src, and no
 *   script that would run and holds a denied text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/decide/rewriter.h"
#include "rules/html/entity.h"

static const char rules_text[] = "purpose preferences\n"
				 "purpose analytics\n"
				 "purpose advertising\n"
				 "beacon script#ok is necessary\n"
				 "beacon ||a.example^ is analytics\n"
				 "beacon ||b.example^ /px? is advertising\n"
				 "beacon script containing \"fbq(\" is advertising\n"
				 "beacon img[width=\"1\"] is advertising removed\n"
				 "beacon iframe.v is preferences replaced by placeholder\n"
				 "beacon div.ad p, .x is advertising\n"
				 "beacon b.y is analytics replaced by <<X\n<i>\nX\n"
				 "beacon g.r, svg.r, math.r, p.r, li.r, td.r, span.r is advertising removed\n"
				 "param g is analytics\n"
				 "pages {\ntag 4k\nscript 4k\n}\n";

static struct ruleset *rules;
static struct decide_env env;
static struct page_plan *plan;

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(rules_text);
	return LOAD_OK;
}

static void set_up(void)
{
	const struct loader loader = {.load = load};
	struct diagnostics d;

	diagnostics_init(&d);
	rules = ruleset_load(&loader, SLICE("fuzz.rules"), &d);
	diagnostics_free(&d);
	CG_CHECK(rules);
	plan = page_plan_new(rules);
	env = (struct decide_env){.rules = rules, .scratch = pattern_scratch_new(), .plan = plan};
	CG_CHECK(plan && env.scratch);
}

static bool collect(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

struct visit {
	purposes granted;
	bool observe, document, xml;
	size_t first, step;
};

static void rewrite(const struct visit *v, struct slice page, struct buffer *out)
{
	struct decision d = {.consent = {.granted = v->granted},
			     .observe = v->observe,
			     .page = {.work = PAGE_REWRITE,
				      .document = v->document,
				      .navigation = v->document,
				      .xml = v->xml,
				      .status = 200,
				      .url = SLICE("https://www.site.example/d/p?q"),
				      .path = SLICE("/d/p")}};
	const struct rewriter_options options = {.env = &env, .decision = &d, .sink = collect, .sink_arg = out};
	struct rewriter *r = rewriter_new(&options);
	size_t n = v->first ? v->first : page.n;
	enum rewriter_result result = REWRITER_OK;

	CG_CHECK(r);
	buffer_clear(out);
	for (; page.n && result == REWRITER_OK; n = v->step ? v->step : page.n) {
		result = rewriter_push(r, slice_head(page, n));
		page = slice_from(page, n);
	}
	if (result == REWRITER_OK)
		result = rewriter_finish(r);
	CG_CHECK(result == REWRITER_OK || result == REWRITER_UNREADABLE);
	if (result == REWRITER_UNREADABLE)
		buffer_clear(out);
	rewriter_free(r);
}

/* -- what must not be in the output -------------------------------------------------------------------------------- */

struct look {
	const struct visit *visit;
	struct arena arena;
	struct buffer scratch;
	struct filter_page page;
	struct web_url base;
	bool based;
	unsigned templates; /* open ones: a base in them is none of the page */
	bool in_script, exempt;
	struct buffer script;
};

static bool is_denied(const struct look *l, purposes mask)
{
	return (mask & ~l->visit->granted) != 0;
}

static struct slice value_of(struct look *l, const struct html_token *t, const char *name)
{
	const struct html_attribute *a = html_attribute_find(t, slice_str(name));
	struct slice value;

	if (!a)
		return slice_of(NULL, 0);
	CG_CHECK(html_decode_attribute(html_attribute_value(t, a), &l->scratch, &value));
	return arena_copy(&l->arena, value);
}

static void check_src(struct look *l, const struct html_token *t)
{
	struct slice src = value_of(l, t, "src");
	struct filter_request r;
	struct web_url url;
	struct beacon_match m;

	if (!src.n)
		return;
	CG_CHECK(web_url_parse(src, &l->base, &l->arena, &url));
	if (url.kind != WEB_URL_NETWORK)
		return;
	CG_CHECK(filter_request_init(&r, &url, FILTER_ANY, &l->page, &l->arena));
	m = ruleset_beacon_url(rules, env.scratch, &r);
	CG_CHECK(!m.rule || !is_denied(l, m.rule->mask));
}

static void see_base(struct look *l, const struct html_token *t)
{
	struct slice href = value_of(l, t, "href");
	struct web_url base;

	if (l->based || !html_attribute_find(t, SLICE("href")))
		return;
	l->based = true;
	if (web_url_parse(href, &l->base, &l->arena, &base) && base.kind == WEB_URL_NETWORK)
		l->base = base;
}

static void see_template(struct look *l, const struct html_token *t)
{
	if (t->name != html_name(SLICE("template")) || t->ns != HTML_NS_HTML)
		return;
	if (t->type == HTML_START_TAG)
		l->templates++;
	else if (t->type == HTML_END_TAG && l->templates)
		l->templates--;
}

static void see_token(struct look *l, const struct html_token *t)
{
	bool script = t->name == html_name(SLICE("script"));

	see_template(l, t);

	if (t->type == HTML_START_TAG) {
		bool exempt = script && slice_eq(value_of(l, t, "id"), SLICE("ok"));

		if (!exempt)
			check_src(l, t);
		if (t->name == html_name(SLICE("base")) && t->ns == HTML_NS_HTML && !l->templates)
			see_base(l, t);
		l->in_script = script && !exempt && t->ns == HTML_NS_HTML && !html_attribute_find(t, SLICE("src")) &&
			       !html_attribute_find(t, SLICE("type")) && !html_attribute_find(t, SLICE("language"));
		buffer_clear(&l->script);
	} else if (t->type == HTML_END_TAG && script) {
		if (l->in_script && is_denied(l, 8))
			CG_CHECK(slice_find(buffer_slice(&l->script), SLICE("fbq(")) == l->script.n);
		l->in_script = false;
	} else if (l->in_script && t->type == HTML_TEXT) {
		buffer_add(&l->script, t->raw);
	}
}

static void look(const struct visit *visit, struct slice page, bool scripting)
{
	struct html_names names;
	const struct html_options options = {.names = &names,
					     .wanted = HTML_WANT_TEXT(HTML_SCRIPT),
					     .scripting = scripting,
					     .max_tag = 1 << 20,
					     .xml = visit->xml};
	static struct html_tokenizer tokenizer;
	struct html_token token;
	struct look l = {.visit = visit};

	html_names_init(&names);
	html_names_want_all(&names, HTML_WANT_START | HTML_WANT_END);
	arena_init(&l.arena, 0, 64 << 20);
	buffer_init(&l.scratch, 1 << 20);
	buffer_init(&l.script, 1 << 20);
	CG_CHECK(web_url_parse(SLICE("https://www.site.example/d/p?q"), NULL, &l.arena, &l.base));
	filter_page_init(&l.page, SLICE("www.site.example"));
	html_tokenizer_init(&tokenizer, &options);
	html_tokenizer_feed(&tokenizer, page);
	while (html_tokenizer_next(&tokenizer, &token))
		see_token(&l, &token);
	html_tokenizer_free(&tokenizer);
	buffer_free(&l.scratch);
	buffer_free(&l.script);
	arena_free(&l.arena);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out, again;
	struct visit v = {0}, cut, all = {.granted = 15};
	struct slice page, first;

	if (!rules)
		set_up();
	if (size < 2 || size > 30000)
		return 0;
	page = slice_of((const char *)data + 2, size - 2);
	v.granted = (purposes)(data[0] & 15) | 1;
	v.document = data[0] & 16;
	v.observe = data[0] & 32;
	v.xml = data[0] & 64;
	buffer_init(&out, 64 << 20);
	buffer_init(&again, 64 << 20);
	rewrite(&v, page, &out);
	first = buffer_slice(&out);
	cut = v;
	cut.step = data[1] % 32 + 1u;
	cut.first = data[1];
	rewrite(&cut, page, &again);
	CG_CHECK(slice_eq(first, buffer_slice(&again)));
	all.xml = v.xml;
	rewrite(&all, page, &again);
	CG_CHECK(again.n == 0 || slice_eq(page, buffer_slice(&again)));
	if (v.observe) {
		CG_CHECK(first.n == 0 || slice_eq(page, first));
	} else {
		look(&v, first, true);
		look(&v, first, false);
	}
	buffer_free(&out);
	buffer_free(&again);
	return 0;
}
