#include "rules/consent/consent.h"

#include "rules/consent/imports.h"
#include "rules/http/cookie.h"

/* Each copy of the signed cookie costs a keyed hash per key; honest visitors send one. */
#define COPIES_MAX 4

struct slice consent_cookie_name(bool secure)
{
	return secure ? SLICE(CONSENT_COOKIE) : SLICE(CONSENT_COOKIE_PLAIN);
}

/* Prefixes match ignoring case (RFC 6265bis 4.1.3), so other spellings are kept out as well. */
bool consent_cookie_is(struct slice name)
{
	return slice_ieq(name, SLICE(CONSENT_COOKIE)) || slice_ieq(name, SLICE(CONSENT_COOKIE_PLAIN));
}

struct resolution {
	const struct consent_query *q;
	struct consent c;
	purposes chosen; /* of the signed cookie, if good */
	unsigned copies;
};

static void deny_by_opt_out(struct resolution *r, const struct opt_out_rule *o)
{
	if (!r->c.opt_out_rule)
		r->c.opt_out_rule = &o->rule;
	r->c.denied_by_opt_out |= o->denies & ~PURPOSE_NECESSARY;
	r->c.announced |= o->announced;
}

/* RFC 6265 4.1.1 lets a value stand in quotes. */
static struct slice unquoted(struct slice s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return slice_of(s.p + 1, s.n - 2);
	return s;
}

static void look_for_opt_out(struct resolution *r, const struct cookie *c)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(r->q->rules, &n);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(c->name, o[i].name) && slice_eq(unquoted(c->value), o[i].value))
			deny_by_opt_out(r, &o[i]);
}

static void take_token(struct resolution *r, struct slice value)
{
	enum consent_token_state state;

	if (r->c.token == CONSENT_TOKEN_GOOD || r->copies++ >= COPIES_MAX)
		return;
	state = consent_token_read(r->q, value, &r->chosen, &r->c.decided_at);
	if (r->c.token == CONSENT_TOKEN_ABSENT || state == CONSENT_TOKEN_GOOD)
		r->c.token = state;
	if (state == CONSENT_TOKEN_GOOD)
		r->c.value = value;
}

static void read_cookies(struct resolution *r, const struct fields *request)
{
	struct slice own = consent_cookie_name(r->q->secure);
	struct cookie_walk walk = {.fields = request};
	struct cookie c;

	while (cookie_walk_next(&walk, &c)) {
		look_for_opt_out(r, &c);
		if (slice_eq(c.name, own))
			take_token(r, c.value);
	}
}

static void deny_by_signal(struct resolution *r, enum signal_kind kind)
{
	const struct signal_rule *s = ruleset_signal(r->q->rules, kind);
	purposes denies = s->denies & ~PURPOSE_NECESSARY;

	if (denies == 0)
		return;
	if (!r->c.signal_rule)
		r->c.signal_rule = &s->rule;
	r->c.denied_by_signal |= denies;
}

/* Only the value "1" is a signal; it counts though another copy says something else. */
static void read_signals(struct resolution *r, const struct fields *request)
{
	if (!fields_may_have(request, FIELD_SEC_GPC) && !fields_may_have(request, FIELD_DNT))
		return;
	for (size_t i = 0; i < request->n; i++) {
		const struct field *f = &request->v[i];

		if (f->id == FIELD_SEC_GPC && slice_eq(f->value, SLICE("1")))
			deny_by_signal(r, SIGNAL_GPC);
		else if (f->id == FIELD_DNT && slice_eq(f->value, SLICE("1")))
			deny_by_signal(r, SIGNAL_DNT);
	}
}

/* A country's rule covers its subdivisions: "US" covers a visitor in "US-CA", unless a rule names that. */
static bool region_covers(struct slice rule, struct slice region)
{
	return slice_eq(rule, region) ||
	       (slice_starts_with(region, rule) && rule.n < region.n && region.p[rule.n] == '-');
}

static purposes undecided(struct resolution *r)
{
	const struct policy *p = ruleset_policy(r->q->rules);
	const struct region_regime *best = NULL;

	for (size_t i = 0; i < p->n_regions; i++)
		if (region_covers(p->regions[i].region, r->q->region) &&
		    (!best || p->regions[i].region.n > best->region.n))
			best = &p->regions[i];
	if (best) {
		r->c.undecided_rule = &best->rule;
		return best->grants;
	}
	r->c.undecided_rule = p->rule.line ? &p->rule : NULL;
	return p->undecided_grants;
}

/* What is read lives no longer than this: the cookies' values are small, and decoders bounded. */
#define IMPORT_MEMORY (1024 * 1024)

/* What the visitor refused with others since the signed cookie was made. */
static void take_refusals(struct resolution *r, const struct imports *imports)
{
	r->c.denied_by_foreign = imports->refused & ~consent_token_refused_elsewhere(r->c.value);
	r->c.granted &= ~r->c.denied_by_foreign;
}

/* What others leave open stays as it is for the undecided. */
static void take_imports(struct resolution *r, const struct imports *imports)
{
	if (imports->sources == 0 && !imports->failed)
		return;
	r->c.source = CONSENT_FOREIGN;
	r->c.decided = imports->acted && !imports->failed;
	r->c.chosen = r->c.decided ? imports->granted | PURPOSE_NECESSARY : 0;
	r->c.granted_by_foreign = imports->granted;
	r->c.denied_by_foreign = imports->denied;
	r->c.foreign_sources = imports->sources;
	r->c.granted = (r->c.granted | imports->granted) & ~imports->denied;
}

static void read_imports(struct resolution *r, const struct fields *request)
{
	struct imports imports;
	struct arena arena;

	arena_init(&arena, 4096, IMPORT_MEMORY);
	imports_read(r->q->rules, r->q->scratch, request, &arena, &imports);
	arena_free(&arena);
	r->c.refused_elsewhere = imports.refused;
	if (r->c.source == CONSENT_SIGNED)
		take_refusals(r, &imports);
	else
		take_imports(r, &imports);
}

struct consent consent_resolve(const struct consent_query *q, const struct fields *request)
{
	struct resolution r = {.q = q};

	read_cookies(&r, request);
	read_signals(&r, request);
	r.c.decided = r.c.token == CONSENT_TOKEN_GOOD;
	r.c.source = r.c.decided ? CONSENT_SIGNED : CONSENT_UNDECIDED;
	r.c.chosen = r.c.decided ? r.chosen : 0;
	r.c.granted = r.c.decided ? r.chosen : undecided(&r);
	if (imports_wanted(q->rules))
		read_imports(&r, request);
	r.c.allowed = r.c.granted | PURPOSE_NECESSARY;
	r.c.granted &= ~(r.c.denied_by_opt_out | r.c.denied_by_signal);
	r.c.granted |= PURPOSE_NECESSARY;
	return r.c;
}

const char *consent_source_text(enum consent_source s)
{
	switch (s) {
	case CONSENT_UNDECIDED:
		return "undecided";
	case CONSENT_SIGNED:
		return "signed cookie";
	case CONSENT_FOREIGN:
		return "another consent manager";
	}
	return "?";
}

const char *consent_token_state_text(enum consent_token_state s)
{
	switch (s) {
	case CONSENT_TOKEN_ABSENT:
		return "absent";
	case CONSENT_TOKEN_GOOD:
		return "good";
	case CONSENT_TOKEN_MALFORMED:
		return "malformed";
	case CONSENT_TOKEN_FORGED:
		return "forged";
	case CONSENT_TOKEN_EXPIRED:
		return "expired";
	case CONSENT_TOKEN_OLD_POLICY:
		return "of an old policy";
	}
	return "?";
}
