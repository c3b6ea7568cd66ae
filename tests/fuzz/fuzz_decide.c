/*
 * Decisions under fixed rules. The first octet of the input says what is granted and how the request came; then a line
 * each: "T" the target, "C" a Cookie field, "S" a Set-Cookie field, "D" Sec-Fetch-Dest, "G" Sec-GPC, "K" Cache-Control.
 * What comes out is parsed again and judged anew:
 *
 * - no cookie, parameter or path of a denied purpose passes, in either direction, nor a cookie of crumbgate's own;
 * - what may pass does pass, with its bytes, in its order;
 * - what is added is a deletion of a cookie that was denied, in a scope the user agent accepts, or an injected cookie,
 *   and stays within the bounds.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/decide/decide.h"
#include "rules/http/cookie.h"
#include "rules/http/host.h"
#include "rules/http/url.h"

#define NOW INT64_C(1780000000)

static const char rules_text[] = "purpose preferences\n"
				 "purpose analytics\n"
				 "purpose advertising\n"
				 "policy 1 {\n"
				 "undecided grants analytics in AN\n"
				 "undecided grants preferences analytics in PA\n"
				 "undecided grants in AL\n"
				 "}\n"
				 "opt-out cookie optout=1 denies analytics advertising\n"
				 "signal gpc denies advertising\n"
				 "cookie SID _g is necessary\n"
				 "cookie /^_ga(_|$)/ is analytics\n"
				 "cookie a* is advertising\n"
				 "cookie p is preferences max-age 5m secure httponly samesite lax\n"
				 "cookie __Host-x __Secure-x __Http-x is advertising\n"
				 "param gclid is advertising\n"
				 "param lang is preferences\n"
				 "path /c is analytics\n"
				 "inject cookie vid={uuid} for 180d is analytics\n";

static struct ruleset *rules;
static struct pattern_scratch *scratch;

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(rules_text);
	return LOAD_OK;
}

static void zeros(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	memset(out, 0, n);
}

static void set_up(void)
{
	const struct loader loader = {.load = load};
	struct diagnostics d;

	diagnostics_init(&d);
	rules = ruleset_load(&loader, SLICE("fuzz.rules"), &d);
	scratch = pattern_scratch_new();
	diagnostics_free(&d);
	CG_CHECK(rules && scratch);
}

struct exchange {
	struct arena arena;
	struct request req;
	struct response resp;
	struct fields request_before, response_before;
	struct slice target_before;
	struct decision d;
};

/* The oracle: by the ruleset alone. */
static bool may_pass(const struct exchange *x, struct slice name)
{
	const struct cookie_rule *rule;
	bool limit = false;

	if (consent_cookie_is(name))
		return false;
	if (slice_eq(name, SLICE("optout")))
		return true;
	rule = ruleset_cookie(rules, scratch, name, &limit);
	if (!rule)
		rule = ruleset_unnamed_cookie(rules);
	return !limit && (rule->mask & ~x->d.consent.granted) == 0;
}

static bool injected(struct slice name)
{
	return slice_eq(name, SLICE("vid"));
}

static void check_request_cookies(const struct exchange *x)
{
	struct cookie_walk before = {.fields = &x->request_before}, after = {.fields = &x->req.fields};
	struct cookie b, a;

	while (cookie_walk_next(&before, &b)) {
		if (!may_pass(x, b.name))
			continue;
		CG_CHECK(cookie_walk_next(&after, &a));
		CG_CHECK(slice_eq(a.raw, b.raw));
	}
	if (cookie_walk_next(&after, &a))
		CG_CHECK(injected(a.name) && may_pass(x, a.name));
	CG_CHECK(!cookie_walk_next(&after, &a));
}

static bool param_passes(void *arg, const struct query_param *p)
{
	const struct exchange *x = arg;
	bool limit = false;
	const struct param_rule *rule = ruleset_param(rules, scratch, p->name, &limit);

	return !limit && (!rule || (rule->mask & ~x->d.consent.granted) == 0);
}

static void check_target(struct exchange *x)
{
	struct slice again;

	CG_CHECK(target_remove_params(x->target_before, param_passes, x, &x->arena, &again));
	CG_CHECK(slice_eq(again, x->req.target));
	CG_CHECK(target_remove_params(x->req.target, param_passes, x, &x->arena, &again));
	CG_CHECK(slice_eq(again, x->req.target));
}

static void check_path(struct exchange *x)
{
	struct slice path, query;
	const struct path_rule *rule;
	bool has_query, limit = false, blocked;

	target_split(x->target_before, &path, &query, &has_query);
	if (path.n == 0 || path.p[0] != '/')
		return;
	CG_CHECK(path_normalise(path, &x->arena, &path));
	rule = ruleset_path(rules, scratch, path, &limit);
	blocked = limit || (rule && (rule->mask & ~x->d.consent.granted) != 0);
	CG_CHECK((own_page_of(rules, path) != OWN_NONE) == (x->d.action == DECIDE_ANSWER));
	if (x->d.action != DECIDE_ANSWER)
		CG_CHECK(blocked == (x->d.action == DECIDE_BLOCK));
}

static bool was_denied(const struct exchange *x, struct slice name)
{
	struct cookie_walk w = {.fields = &x->request_before};
	struct cookie c;

	if (may_pass(x, name))
		return false;
	while (cookie_walk_next(&w, &c))
		if (slice_eq(c.name, name))
			return true;
	return false;
}

/* The name under which the cookie is sent back. */
static struct slice name_at_visitor(const struct set_cookie *c)
{
	struct slice name = c->name, rest;

	if (name.n == 0 && !slice_cut(c->value, '=', &name, &rest))
		return slice_of(NULL, 0);
	return slice_trim(name);
}

static bool is_set(const struct exchange *x, struct slice name)
{
	struct set_cookie c;

	for (size_t i = 0; i < x->response_before.n; i++) {
		if (x->response_before.v[i].id != FIELD_SET_COOKIE)
			continue;
		(void)set_cookie_parse(x->response_before.v[i].value, &c);
		if (slice_eq(c.name, name) && may_pass(x, name))
			return true;
	}
	return false;
}

static void check_added(const struct exchange *x, struct slice value, size_t *lines, size_t *octets)
{
	struct set_cookie c;

	CG_CHECK(set_cookie_parse(value, &c) && set_cookie_prefix_ok(&c));
	CG_CHECK(c.domain.n == 0 || host_domain_match(x->req.host, c.domain));
	CG_CHECK(!c.partitioned || (c.secure && x->req.secure));
	if (injected(c.name) && !set_cookie_deletes(&c, NOW)) {
		CG_CHECK(may_pass(x, c.name));
		return;
	}
	CG_CHECK(set_cookie_deletes(&c, NOW) && (c.value.n == 0 || (c.name.n == 0 && slice_eq(c.value, SLICE("0")))));
	CG_CHECK(was_denied(x, c.name) && !is_set(x, c.name));
	++*lines;
	*octets += value.n + sizeof "Set-Cookie: \r\n" - 1;
	CG_CHECK(*lines <= EXPIRE_LINES_MAX && *octets <= EXPIRE_OCTETS_MAX);
}

/* What became of one Set-Cookie of the origin that stays. */
static void check_kept(const struct exchange *x, struct slice before, struct slice after)
{
	struct set_cookie b, a;
	bool heeded = set_cookie_parse(before, &b), limited = slice_eq(name_at_visitor(&b), SLICE("p"));

	(void)set_cookie_parse(after, &a);
	CG_CHECK(slice_eq(a.name, b.name));
	if (!may_pass(x, name_at_visitor(&a))) {
		CG_CHECK(heeded && a.value.n == 0 && a.name.n && set_cookie_deletes(&a, NOW));
		CG_CHECK(b.value.n || slice_eq(before, after));
		return;
	}
	CG_CHECK(slice_eq(a.pair, b.pair));
	CG_CHECK(limited || slice_eq(before, after));
	if (limited && heeded)
		CG_CHECK(a.secure && a.http_only && a.same_site == SAME_SITE_LAX &&
			 (!a.has_max_age || a.max_age <= 300));
}

static bool stays(const struct exchange *x, struct slice value)
{
	struct set_cookie c;
	bool heeded = set_cookie_parse(value, &c);

	if (may_pass(x, name_at_visitor(&c)))
		return true;
	return heeded && c.name.n && !consent_cookie_is(c.name) && set_cookie_deletes(&c, NOW);
}

static struct field *next_of(const struct fields *f, size_t *i, enum field_id id)
{
	for (; *i < f->n; ++*i)
		if (f->v[*i].id == id)
			return &f->v[(*i)++];
	return NULL;
}

static void check_set_cookies(const struct exchange *x)
{
	size_t before = 0, after = 0, lines = 0, octets = 0;
	const struct field *b, *a;

	while ((b = next_of(&x->response_before, &before, FIELD_SET_COOKIE))) {
		if (!stays(x, b->value))
			continue;
		a = next_of(&x->resp.fields, &after, FIELD_SET_COOKIE);
		CG_CHECK(a);
		check_kept(x, b->value, a->value);
	}
	while ((a = next_of(&x->resp.fields, &after, FIELD_SET_COOKIE)))
		check_added(x, a->value, &lines, &octets);
	CG_CHECK(lines == 0 || fields_list_has(&x->resp.fields, FIELD_CACHE_CONTROL, SLICE("private")));
}

static void copy_fields(struct fields *to, const struct fields *from, struct arena *arena)
{
	fields_init(to, arena);
	for (size_t i = 0; i < from->n; i++)
		CG_CHECK(fields_add(to, from->v[i].name, from->v[i].value));
}

/* The codecs let no control octet into a field or a target. */
static bool is_clean(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7F)
			return false;
	return true;
}

static void take_line(struct exchange *x, struct slice line)
{
	struct slice text = slice_from(line, 1);

	if (line.n == 0 || !is_clean(text))
		return;
	if (line.p[0] == 'T' && text.n && (text.p[0] == '/' || slice_eq(text, SLICE("*"))))
		x->req.target = text;
	else if (line.p[0] == 'C')
		CG_CHECK(fields_add_id(&x->req.fields, FIELD_COOKIE, slice_trim(text)));
	else if (line.p[0] == 'S')
		CG_CHECK(fields_add_id(&x->resp.fields, FIELD_SET_COOKIE, slice_trim(text)));
	else if (line.p[0] == 'D')
		CG_CHECK(fields_add_id(&x->req.fields, FIELD_SEC_FETCH_DEST, slice_trim(text)));
	else if (line.p[0] == 'K')
		CG_CHECK(fields_add_id(&x->resp.fields, FIELD_CACHE_CONTROL, slice_trim(text)));
	else if (line.p[0] == 'G')
		CG_CHECK(fields_add_id(&x->req.fields, FIELD_SEC_GPC, slice_trim(text)));
}

static void run(struct exchange *x, unsigned flags)
{
	static const struct slice regions[] = {SLICE_INIT(""), SLICE_INIT("AN"), SLICE_INIT("PA"), SLICE_INIT("AL")};
	static const struct slice hosts[] = {SLICE_INIT("www.shop.example.co.uk"), SLICE_INIT("example.com"),
					     SLICE_INIT("localhost"), SLICE_INIT("192.0.2.1")};
	const struct decide_env env = {
		.rules = rules, .site = SLICE("www.example.com"), .scratch = scratch, .random = zeros};

	x->req.secure = flags & 4;
	x->req.host = hosts[flags >> 3 & 3];
	copy_fields(&x->request_before, &x->req.fields, &x->arena);
	copy_fields(&x->response_before, &x->resp.fields, &x->arena);
	x->target_before = x->req.target;
	CG_CHECK(decide_request(&env, &x->req, regions[flags & 3], NOW, &x->arena, &x->d) == DECIDE_OK);
	check_path(x);
	if (x->d.action != DECIDE_PASS)
		return;
	check_request_cookies(x);
	check_target(x);
	CG_CHECK(fields_count(&x->req.fields, FIELD_CRUMBGATE_CONSENT) == 1);
	CG_CHECK(decide_response(&env, &x->resp, false, &x->arena, &x->d) == DECIDE_OK);
	check_set_cookies(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), line;
	struct exchange x = {.req = {.target = SLICE("/")}, .resp = {.status = 200}};
	unsigned flags;

	if (size == 0 || size > 1 << 16)
		return 0;
	if (!rules)
		set_up();
	flags = data[0];
	rest = slice_from(rest, 1);
	arena_init(&x.arena, 0, 64 << 20);
	fields_init(&x.req.fields, &x.arena);
	fields_init(&x.resp.fields, &x.arena);
	while (rest.n) {
		slice_cut(rest, '\n', &line, &rest);
		take_line(&x, line);
	}
	run(&x, flags);
	arena_free(&x.arena);
	return 0;
}
