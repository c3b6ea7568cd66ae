#include "rules/harness/leak.h"

#include "rules/http/cookie.h"
#include "rules/http/set_cookie.h"
#include "rules/http/url.h"
#include "rules/language/ruleset_accept.h"

void leaks_add(struct leaks *l, struct slice what, const struct rule *rule, purposes mask)
{
	struct slice of = purposes_text(l->x->rules, mask & ~l->granted, l->arena);
	struct diff_row *row;

	if (l->n++ >= LEAKS_MAX)
		return;
	row = arena_calloc(l->arena, 1, sizeof *row);
	if (!row)
		return;
	row->actual = arena_copy(l->arena, slice_head(what, 200));
	row->why = rule && rule->line
			   ? arena_printf(l->arena, "needs %.*s, by %.*s:%u: %.*s", SLICE_ARG(of),
					  SLICE_ARG(rule->file), rule->line, SLICE_ARG(rule_text(rule, l->arena)))
			   : arena_printf(l->arena, "needs %.*s: %s", SLICE_ARG(of),
					  rule ? "no rule names it" : "a pattern hit its limits");
	*l->end = row;
	l->end = &row->next;
}

/* Judges by the mask. */
static void judge(struct leaks *l, struct slice what, const struct rule *rule, purposes mask)
{
	if (mask & ~l->granted)
		leaks_add(l, what, rule, mask);
}

/* -- cookies ------------------------------------------------------------------------------------------------------- */

static bool carries_consent(const struct leaks *l, struct slice name)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(l->x->rules, &n);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(o[i].name, name))
			return true;
	return consent_cookie_is(name) || ruleset_consent_carrier(l->x->rules, l->x->scratch, name);
}

static void judge_cookie_name(struct leaks *l, struct slice name, struct slice what)
{
	const struct cookie_rule *rule;
	bool limit;

	if (carries_consent(l, name))
		return;
	rule = ruleset_cookie(l->x->rules, l->x->scratch, name, &limit);
	if (limit)
		judge(l, what, NULL, ruleset_all_purposes(l->x->rules));
	else if (rule)
		judge(l, what, &rule->rule, rule->mask);
	else
		judge(l, what, &ruleset_unnamed_cookie(l->x->rules)->rule, ruleset_unnamed_cookie(l->x->rules)->mask);
}

static void cookies_to_origin(struct leaks *l)
{
	struct cookie_walk w = {.fields = &l->o->origin_saw.fields};
	struct cookie k;

	while (cookie_walk_next(&w, &k))
		judge_cookie_name(l, k.name, arena_printf(l->arena, "Cookie: %.*s", SLICE_ARG(k.raw)));
}

/* A cookie without a name and without a value is none; its deletion has one. */
static bool only_deletes(const struct leaks *l, const struct set_cookie *k)
{
	return set_cookie_deletes(k, l->x->now) &&
	       (k->value.n == 0 || (k->name.n == 0 && slice_eq(k->value, SLICE("0"))));
}

static void set_cookie(struct leaks *l, struct slice value)
{
	struct slice name, rest;
	struct set_cookie k;

	if (!set_cookie_parse(value, &k) || only_deletes(l, &k))
		return;
	name = k.name;
	if (!name.n && slice_cut(k.value, '=', &name, &rest)) /* it comes back as a cookie of that name */
		name = slice_trim(name);
	judge_cookie_name(l, name, arena_printf(l->arena, "Set-Cookie: %.*s", SLICE_ARG(value)));
}

/* -- the target ---------------------------------------------------------------------------------------------------- */

static bool judge_param(void *arg, const struct query_param *p)
{
	struct leaks *l = arg;
	bool limit;
	const struct param_rule *rule = ruleset_param(l->x->rules, l->x->scratch, p->name, &limit);

	if (limit)
		judge(l, p->raw, NULL, ruleset_all_purposes(l->x->rules));
	else if (rule)
		judge(l, arena_printf(l->arena, "target ?%.*s", SLICE_ARG(p->raw)), &rule->rule, rule->mask);
	return true;
}

static void target(struct leaks *l)
{
	struct slice target = l->o->origin_saw.target, path, query, same;
	const struct path_rule *rule;
	bool has_query, limit;

	target_split(target, &path, &query, &has_query);
	(void)target_remove_params(target, judge_param, l, l->arena, &same);
	if (!path_normalise(path, l->arena, &path))
		return;
	rule = ruleset_path(l->x->rules, l->x->scratch, path, &limit);
	if (limit)
		judge(l, target, NULL, ruleset_all_purposes(l->x->rules));
	else if (rule)
		judge(l, arena_printf(l->arena, "target %.*s", SLICE_ARG(target)), &rule->rule, rule->mask);
}

/* -- elements ------------------------------------------------------------------------------------------------------ */

static bool holds(const struct leaks *l, const struct beacon_selector *s, struct slice text)
{
	if (s->containing_regex)
		return pattern_match(s->containing_regex, l->x->scratch, text) != PATTERN_NO_MATCH;
	return slice_find(text, s->containing) < text.n;
}

const struct beacon_rule *leaks_selected(const struct leaks *l, const size_t *hits, size_t n, const struct slice *text)
{
	const struct beacon_rule *first = NULL;

	for (size_t i = 0; i < n; i++)
		for (const struct beacon_selector *s = ruleset_selector(l->x->rules, hits[i]); s; s = s->next) {
			bool asks = s->containing.n || s->containing_regex;

			if (s->rule && asks == (text != NULL) && (!text || holds(l, s, *text)) &&
			    (!first || s->rule->order < first->order))
				first = s->rule;
		}
	return first;
}

/* -- URLs ---------------------------------------------------------------------------------------------------------- */

void leaks_url(struct leaks *l, const struct web_url *base, struct slice url, unsigned types, struct slice what)
{
	struct filter_request r;
	struct beacon_match m;
	struct web_url u;

	if (!web_url_parse(url, base, l->arena, &u) || u.kind != WEB_URL_NETWORK ||
	    !filter_request_init(&r, &u, types, &l->site, l->arena))
		return;
	m = ruleset_beacon_url(l->x->rules, l->x->scratch, &r);
	if (m.rule && m.rule->order < l->first_order)
		l->first_order = m.rule->order;
	if (m.limit)
		judge(l, what, NULL, ruleset_all_purposes(l->x->rules));
	else if (m.rule && m.rule->order < l->passes_from)
		judge(l, what, &m.rule->rule, m.rule->mask);
}

/* Does what stands in front of a '<' say that a link begins there? */
static bool begins_link(struct slice before, bool first)
{
	size_t from = before.n;

	while (from > 0 && before.p[from - 1] != ',')
		from--;
	return slice_trim(slice_from(before, from)).n == 0 && (first || from > 0);
}

static bool is_loading(struct slice rel)
{
	static const char *const loading[] = {"preload", "preconnect", "prefetch", "prerender", "stylesheet", "icon"};

	for (size_t i = 0; i < CG_COUNT(loading); i++)
		if (slice_ieq(rel, slice_str(loading[i])))
			return true;
	return false;
}

/* Cuts off what stands before the first `end` outside strings in quotes, or all; a string may lack its last quote. */
static struct slice take_until(struct slice *rest, char end)
{
	struct slice taken;
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->n && (quoted || rest->p[i] != end); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->p[i] == '\\')
			i++;
	}
	taken = slice_head(*rest, i);
	*rest = slice_from(*rest, i + 1);
	return taken;
}

/* "; as=script; rel=preload" up to the next comma: does its rel load? */
static bool loads(struct slice params)
{
	struct slice param, name, value, word;

	params = take_until(&params, ',');
	if (slice_trim(take_until(&params, ';')).n)
		return false;
	while (params.n) {
		param = take_until(&params, ';');
		if (!slice_cut(param, '=', &name, &value) || !slice_ieq(slice_trim(name), SLICE("rel")))
			continue;
		value = slice_trim(value);
		if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = slice_of(value.p + 1, value.n - 2);
		while (value.n) {
			(void)slice_cut(value, ' ', &word, &value);
			if (is_loading(word))
				return true;
		}
		return false; /* the first rel counts */
	}
	return false;
}

/* Link: <URL>; rel=preload */
static void link_field(struct leaks *l, struct slice value, struct slice what)
{
	struct slice url, rest = value;
	bool first = true;

	for (size_t lt; (lt = slice_find_char(rest, '<')) < rest.n; first = false) {
		bool link = begins_link(slice_head(rest, lt), first);

		rest = slice_from(rest, lt + 1);
		if (!slice_cut(rest, '>', &url, &rest))
			return;
		if (link && loads(rest))
			leaks_url(l, &l->page, url, FILTER_ANY, what);
	}
}

struct slice leaks_refresh_url(struct slice value)
{
	struct slice none = {0}, word, to;
	size_t at = 0;

	value = slice_trim(value);
	while (at < value.n && ((value.p[at] >= '0' && value.p[at] <= '9') || value.p[at] == '.'))
		at++;
	if (at == 0 || at == value.n || (value.p[at] != ';' && value.p[at] != ',' && !leak_space(value.p[at])))
		return none;
	value = slice_trim(slice_from(value, at + 1));
	if (slice_istarts_with(value, SLICE("url")) && slice_cut(slice_from(value, 3), '=', &word, &to) &&
	    slice_trim(word).n == 0)
		value = slice_trim(to);
	if (value.n && (value.p[0] == '"' || value.p[0] == '\''))
		value = slice_head(slice_from(value, 1), slice_find_char(slice_from(value, 1), value.p[0]));
	return value;
}

static void refresh_field(struct leaks *l, struct slice value, struct slice what)
{
	struct slice url = leaks_refresh_url(value);

	if (url.n)
		leaks_url(l, &l->page, url, FILTER_ANY | FILTER_DOCUMENT, what);
}

/* name="url", name2="url2" */
static void endpoints_field(struct leaks *l, struct slice value, struct slice what)
{
	struct slice before, url;

	while (slice_cut(value, '"', &before, &value) && slice_cut(value, '"', &url, &value))
		leaks_url(l, &l->page, url, FILTER_ANY, what);
}

/* {"endpoints":[{"url":"..."}]} */
static void report_to_field(struct leaks *l, struct slice value, struct slice what)
{
	const struct slice key = SLICE("\"url\"");
	size_t n;

	while ((n = slice_find(value, key)) < value.n) {
		value = slice_trim(slice_from(value, n + key.n));
		if (!value.n || value.p[0] != ':')
			continue;
		value = slice_trim(slice_from(value, 1));
		if (!value.n || value.p[0] != '"')
			continue;
		n = 1 + slice_find_char(slice_from(value, 1), '"');
		leaks_script(l, &l->page, slice_head(value, n + 1), what);
	}
}

/* Only where reports go: what is allowed is not yet loaded. */
static void csp_field(struct leaks *l, struct slice value, struct slice what)
{
	struct slice directive, word;

	while (value.n) {
		slice_cut(value, ';', &directive, &value);
		directive = slice_trim(directive);
		if (!slice_istarts_with(directive, SLICE("report-uri ")))
			continue;
		directive = slice_trim(slice_from(directive, sizeof "report-uri"));
		while (directive.n) {
			slice_cut(directive, ' ', &word, &directive);
			leaks_url(l, &l->page, word, FILTER_ANY, what);
		}
	}
}

static const struct {
	struct slice name;
	void (*judge)(struct leaks *, struct slice value, struct slice what);
} fields_with_urls[] = {
	{SLICE_INIT("Link"), link_field},
	{SLICE_INIT("Refresh"), refresh_field},
	{SLICE_INIT("Reporting-Endpoints"), endpoints_field},
	{SLICE_INIT("Report-To"), report_to_field},
	{SLICE_INIT("Content-Security-Policy"), csp_field},
	{SLICE_INIT("Content-Security-Policy-Report-Only"), csp_field},
};

static void response_field(struct leaks *l, const struct field *f)
{
	struct slice what = arena_printf(l->arena, "%.*s: %.*s", SLICE_ARG(f->name), SLICE_ARG(f->value));

	if (f->id == FIELD_SET_COOKIE)
		set_cookie(l, f->value);
	for (size_t i = 0; i < CG_COUNT(fields_with_urls); i++)
		if (slice_ieq(f->name, fields_with_urls[i].name))
			fields_with_urls[i].judge(l, f->value, what);
}

/* -- all of it ----------------------------------------------------------------------------------------------------- */

/* What a browser would take for a page; of a type that is missing it would find out. */
static bool is_page(struct leaks *l)
{
	const struct field *f = fields_find_name(&l->o->visitor_saw.fields, SLICE("Content-Type"));
	struct slice type, params;

	if (!f)
		return slice_find_char(l->o->visitor_body, '<') < l->o->visitor_body.n;
	(void)slice_cut(f->value, ';', &type, &params);
	type = slice_trim(type);
	l->xml = slice_ieq(type, SLICE("application/xhtml+xml"));
	return l->xml || slice_ieq(type, SLICE("text/html"));
}

static void look(struct leaks *l)
{
	if (l->o->called) {
		cookies_to_origin(l);
		target(l);
	}
	for (size_t i = 0; l->o->hinted && i < l->o->hints_saw.fields.n; i++)
		response_field(l, &l->o->hints_saw.fields.v[i]);
	for (size_t i = 0; i < l->o->visitor_saw.fields.n; i++)
		response_field(l, &l->o->visitor_saw.fields.v[i]);
	if (is_page(l))
		leaks_html(l, l->o->visitor_body, 0);
}

static bool add_failure(struct leaks *l, struct failure **first)
{
	struct expectation *e = arena_calloc(l->arena, 1, sizeof *e);
	struct failure *f = arena_calloc(l->arena, 1, sizeof *f);
	struct slice denied = purposes_text(l->x->rules, ruleset_all_purposes(l->x->rules) & ~l->granted, l->arena);

	if (!e || !f)
		return false;
	*e = (struct expectation){.side = EXPECT_VISITOR,
				  .what = EXPECT_ALWAYS,
				  .text = arena_printf(l->arena, "nothing that needs %.*s passes", SLICE_ARG(denied)),
				  .at = l->x->test->at};
	*f = (struct failure){.expectation = e, .rows = l->rows};
	*first = f;
	return true;
}

bool leaks_find(const struct prepared *x, const struct outcome *o, struct arena *arena, struct failure **first)
{
	struct leaks l = {.x = x, .o = o, .arena = arena, .granted = o->consent.granted | PURPOSE_NECESSARY};

	l.end = &l.rows;
	l.passes_from = SIZE_MAX;
	if (!web_url_parse(x->test->url, NULL, arena, &l.page))
		return false;
	filter_page_init(&l.site, l.page.kind == WEB_URL_NETWORK ? l.page.host : x->request.host);
	look(&l);
	if (l.n && !add_failure(&l, first))
		return false;
	return !arena_failed(arena);
}
