#include "rules/consent/imports.h"

#include "rules/http/cookie.h"

bool imports_wanted(const struct ruleset *rs)
{
	size_t accepts, cookies;

	(void)ruleset_accepts(rs, &accepts);
	(void)ruleset_consent_cookies(rs, &cookies);
	return accepts + cookies > 0;
}

struct slice import_name(const struct ruleset *rs, size_t i, bool *is_cookie)
{
	size_t n, n_cookies;
	const struct accept_rule *a = ruleset_accepts(rs, &n);
	const struct consent_cookie_rule *c = ruleset_consent_cookies(rs, &n_cookies);

	*is_cookie = i >= n;
	if (i < n)
		return slice_str(a[i].manager->name);
	return i - n < n_cookies ? c[i - n].name : slice_of(NULL, 0);
}

const struct rule *import_rule(const struct ruleset *rs, size_t i)
{
	size_t n, n_cookies;
	const struct accept_rule *a = ruleset_accepts(rs, &n);
	const struct consent_cookie_rule *c = ruleset_consent_cookies(rs, &n_cookies);

	if (i < n)
		return &a[i].rule;
	return i - n < n_cookies ? &c[i - n].rule : NULL;
}

/* ---- Managers. ---- */

struct answers {
	purposes granted, denied;
};

static void answer(struct answers *a, enum foreign_state state, purposes set)
{
	if (state == FOREIGN_GRANTED)
		a->granted |= set;
	else if (state == FOREIGN_DENIED)
		a->denied |= set;
}

/* All of them are needed. */
static enum foreign_state state_of(const struct accept_mapping *m, const struct foreign_findings *f)
{
	bool granted = true;

	for (size_t i = 0; i < m->n_categories; i++) {
		enum foreign_state s =
			slice_ieq(m->categories[i], SLICE("all")) ? f->all : foreign_said(f, m->categories[i]);

		if (s == FOREIGN_DENIED)
			return s;
		granted = granted && s == FOREIGN_GRANTED;
	}
	return granted ? FOREIGN_GRANTED : FOREIGN_UNKNOWN;
}

static bool is_mapped(const struct accept_rule *a, struct slice category)
{
	for (size_t i = 0; i < a->n_mappings; i++)
		for (size_t k = 0; k < a->mappings[i].n_categories; k++)
			if (foreign_glob(a->mappings[i].categories[k], category, true))
				return true;
	return false;
}

/* A category that no mapping is about: it may be called as a purpose is, or by a usual word. */
static purposes usual_purposes(const struct ruleset *rs, const struct accept_rule *a, struct slice category)
{
	int bit = ruleset_purpose_find(rs, category), kind = foreign_word_kind(category);
	purposes named = bit > 0 ? PURPOSE_NECESSARY << bit : 0;

	if (named)
		return named & ~a->mapped;
	return kind < 0 ? 0 : a->kinds[kind];
}

static struct answers map(const struct ruleset *rs, const struct accept_rule *a, const struct foreign_findings *f)
{
	struct answers out = {0, 0};

	for (size_t i = 0; i < a->n_mappings; i++)
		answer(&out, state_of(&a->mappings[i], f), a->mappings[i].grants);
	for (size_t i = 0; a->manager->open && i < f->n; i++)
		if (!is_mapped(a, f->v[i].category))
			answer(&out, f->v[i].state, usual_purposes(rs, a, f->v[i].category));
	answer(&out, f->all, a->all);
	if (f->rest_denied)
		out.denied |= a->all & ~out.granted;
	if (f->overflow)
		out.denied |= a->all;
	out.granted &= ~out.denied;
	return out;
}

static void read_cookies(const struct accept_rule *a, const struct fields *request, struct foreign_findings *f)
{
	struct cookie_walk walk = {.fields = request};
	struct cookie c;

	while (cookie_walk_next(&walk, &c)) {
		int which = accept_rule_carries(a, c.name);

		if (which >= 0)
			foreign_read(a->manager, (size_t)which, c.name, c.value, f);
	}
}

static struct import read_manager(const struct ruleset *rs, const struct accept_rule *a, const struct fields *request,
				  struct arena *arena)
{
	struct foreign_findings f = {.arena = arena, .vendors = a->vendors, .n_vendors = a->n_vendors};
	struct answers answers = {0, 0};

	read_cookies(a, request, &f);
	if (f.cookies)
		answers = map(rs, a, &f);
	return (struct import){
		.name = slice_str(a->manager->name),
		.title = a->manager->title,
		.rule = &a->rule,
		.accept = a,
		.present = f.cookies > 0,
		.acted = f.act == FOREIGN_ACTED || f.act == FOREIGN_ACTED_SURE,
		.lost = f.overflow,
		.cookies = f.cookies,
		.unreadable = f.unreadable,
		.granted = answers.granted,
		.denied = answers.denied,
		.said = f.v,
		.n_said = f.n,
		.all = f.all,
		.rest_denied = f.rest_denied,
	};
}

/* ---- Consent cookies. ---- */

static enum pattern_result matches(const struct consent_cookie_rule *rule, struct pattern_scratch *scratch,
				   struct slice value)
{
	if (!rule->pattern)
		return slice_eq(value, rule->text) ? PATTERN_MATCH : PATTERN_NO_MATCH;
	return scratch ? pattern_match(rule->pattern, scratch, value) : PATTERN_LIMIT;
}

/* A limit is no yes, and no excuse from a no. */
static void take_value(const struct consent_cookie_rule *rule, enum pattern_result result, struct import *i)
{
	i->lost = i->lost || result == PATTERN_LIMIT;
	if (result == PATTERN_MATCH)
		i->granted |= rule->grants;
	if (result != PATTERN_NO_MATCH)
		i->denied |= rule->denies;
}

static struct import read_consent_cookie(const struct consent_cookie_rule *rule, struct pattern_scratch *scratch,
					 const struct fields *request)
{
	struct import i = {.name = rule->name, .rule = &rule->rule, .acted = true};
	struct cookie_walk walk = {.fields = request};
	struct cookie c;

	while (cookie_walk_next(&walk, &c)) {
		if (!slice_eq(c.name, rule->name))
			continue;
		i.present = true;
		if (++i.cookies <= FOREIGN_COOKIES_MAX)
			take_value(rule, matches(rule, scratch, c.value), &i);
		else
			i.denied |= rule->denies;
	}
	i.granted &= ~i.denied;
	return i;
}

/* ---- All. ---- */

static void add(struct imports *out, struct import i)
{
	purposes granted = i.acted ? i.granted : 0;

	CG_CHECK(out->n < CONSENT_SOURCES_MAX);
	out->granted |= granted;
	out->denied |= i.denied;
	out->refused |= i.acted ? i.denied : 0;
	out->acted = out->acted || (i.acted && (granted | i.denied));
	if (granted | i.denied)
		out->sources |= UINT64_C(1) << out->n;
	out->v[out->n++] = i;
}

void imports_read(const struct ruleset *rs, struct pattern_scratch *scratch, const struct fields *request,
		  struct arena *arena, struct imports *out)
{
	size_t n, n_cookies;
	const struct accept_rule *a = ruleset_accepts(rs, &n);
	const struct consent_cookie_rule *c = ruleset_consent_cookies(rs, &n_cookies);

	out->n = 0;
	out->granted = out->denied = out->refused = 0;
	out->acted = false;
	out->sources = 0;
	for (size_t i = 0; i < n; i++)
		add(out, read_manager(rs, &a[i], request, arena));
	for (size_t i = 0; i < n_cookies; i++)
		add(out, read_consent_cookie(&c[i], scratch, request));
	out->failed = arena_failed(arena);
	if (out->failed)
		out->denied = out->refused = ruleset_all_purposes(rs) & ~PURPOSE_NECESSARY;
	out->granted &= ~out->denied;
}
