#include "rules/harness/exchange.h"

#include "rules/harness/page.h"
#include "rules/harness/seal.h"
#include "rules/http/url.h"
#include "rules/language/loader.h"

/* -- the signed cookie that a case gives --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xBF58476D1CE4E5B9U;
	x ^= x >> 27;
	x *= 0x94D049BB133111EBU;
	return x ^ x >> 31;
}

static bool test_mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	uint64_t h = mix(slice_hash(data) + data.n);

	(void)arg;
	if (key > 0)
		return false;
	for (size_t i = 0; i < CONSENT_MAC_SIZE; i++) {
		if (i % 8 == 0)
			h = mix(h + 0x9E3779B97F4A7C15U);
		out[i] = (unsigned char)(h >> (i % 8 * 8));
	}
	return true;
}

const struct consent_mac harness_mac = {.mac = test_mac};

/* The real hash with one bit turned: what another key would have made. */
static bool forged_mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	const struct consent_mac *real = arg;

	if (!real->mac(real->arg, key, data, out))
		return false;
	out[0] ^= 1;
	return true;
}

static enum load_result load_old_policy(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = SLICE("policy of-another-version {\n}\n");
	return LOAD_OK;
}

static struct slice old_policy_token(const struct prepared *x, struct consent_query *q, const unsigned char id[16],
				     struct arena *arena)
{
	static const struct loader loader = {.load = load_old_policy};
	struct slice token = {0};
	struct diagnostics d;
	struct ruleset *rs;

	diagnostics_init(&d);
	rs = ruleset_load(&loader, SLICE("old.rules"), &d);
	if (rs) {
		q->rules = rs;
		token = consent_token_make(q, x->test->given.granted.mask, id, arena);
	}
	ruleset_free(rs);
	diagnostics_free(&d);
	return token;
}

struct slice given_token(const struct prepared *x, struct arena *arena)
{
	static const unsigned char id[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct consent_mac forged = {.arg = (void *)(uintptr_t)x->mac, .mac = forged_mac};
	struct consent_query q = {.rules = x->rules,
				  .mac = x->mac,
				  .site = x->site,
				  .region = x->test->given.region,
				  .secure = x->request.secure,
				  .now = x->now};
	purposes granted = x->test->given.granted.mask;

	switch (x->test->given.consent) {
	case GIVEN_UNDECIDED:
		return slice_of(NULL, 0);
	case GIVEN_MALFORMED:
		return SLICE("1.malformed");
	case GIVEN_OLD_POLICY:
		return old_policy_token(x, &q, id, arena);
	case GIVEN_FORGED:
		q.mac = &forged;
		break;
	case GIVEN_EXPIRED:
		q.now -= ruleset_policy(x->rules)->remember + 120; /* it counts in minutes */
		break;
	case GIVEN_OTHER_SITE:
		q.site = SLICE("another-site.invalid");
		break;
	case GIVEN_VALID:
		break;
	}
	return consent_token_make(&q, granted, id, arena);
}

/* -- the request --------------------------------------------------------------------------------------------------- */

static bool copy_fields(struct fields *to, const struct fields *from, struct arena *arena)
{
	fields_init(to, arena);
	for (size_t i = 0; i < from->n; i++)
		if (!fields_add(to, from->v[i].name, from->v[i].value))
			return false;
	return true;
}

static bool is_own(const struct prepared *x, struct arena *arena)
{
	struct slice path, query;
	bool has_query;

	target_split(x->test->request.target, &path, &query, &has_query);
	return slice_eq(x->test->request.method, SLICE("POST")) && path_normalise(path, arena, &path) &&
	       own_page_of(x->rules, path) != OWN_NONE;
}

static struct slice prepare_body(const struct prepared *x, struct arena *arena)
{
	static const struct slice mark = SLICE_INIT("token=valid");
	const struct consent_query q = {.rules = x->rules, .mac = x->mac, .site = x->site};
	struct slice body = x->test->request_body;
	size_t at = slice_find(body, mark);
	struct slice parts[4];

	if (!body.n || !is_own(x, arena))
		return body;
	if (body.p[body.n - 1] == '\n')
		body.n--;
	if (at >= body.n)
		return body;
	parts[0] = slice_head(body, at);
	parts[1] = SLICE("token=");
	parts[2] = own_token(&q, arena);
	parts[3] = slice_from(body, at + mark.n);
	return arena_concat(arena, parts, CG_COUNT(parts));
}

bool exchange_prepare(struct prepared *x, struct arena *arena)
{
	struct slice token = given_token(x, arena), name = consent_cookie_name(x->test->request.secure), cookies;
	struct slice carried = visitor_cookies(x, arena);
	struct slice parts[] = {carried, SLICE("; "), name, SLICE("="), token};
	bool visitor = x->test->visitor.n > 0;

	x->request = x->test->request;
	x->request_body = prepare_body(x, arena);
	if (!copy_fields(&x->request.fields, &x->test->request.fields, arena))
		return false;
	if (x->test->given.consent == GIVEN_UNDECIDED)
		cookies = carried;
	else
		cookies = visitor ? arena_concat(arena, parts, CG_COUNT(parts)) : arena_concat(arena, parts + 2, 3);
	if (cookies.n && !fields_add_id(&x->request.fields, FIELD_COOKIE, cookies))
		return false;
	return !arena_failed(arena);
}

/* -- the rules library as transport -------------------------------------------------------------------------------- */

/* Where verdicts go. */
struct play {
	const struct prepared *x;
	struct arena *arena;
	struct outcome *out;
	struct seen_verdict **end;
	struct fixed_random random;
	struct decide_env env;
	struct decision decision;
};

static void keep_verdict(void *arg, const struct verdict *v)
{
	struct play *p = arg;
	struct seen_verdict *seen = arena_alloc(p->arena, sizeof *seen);

	if (!seen)
		return;
	*seen = (struct seen_verdict){.v = *v};
	seen->v.name = arena_copy(p->arena, v->name);
	seen->v.pattern = arena_copy(p->arena, v->pattern);
	*p->end = seen;
	p->end = &seen->next;
}

/* What crumbgate itself answers. */
static bool own_answer(struct play *p, unsigned status, struct slice reason)
{
	struct response *r = &p->out->visitor_saw;

	*r = (struct response){.status = status, .reason = reason};
	fields_init(&r->fields, p->arena);
	p->out->visitor_body = slice_of(NULL, 0);
	return fields_add_id(&r->fields, FIELD_CACHE_CONTROL, SLICE("no-store"));
}

static bool withheld(struct play *p)
{
	return own_answer(p, 502, SLICE("Bad Gateway"));
}

static bool has_body(const struct request *req, unsigned status)
{
	return !slice_eq(req->method, SLICE("HEAD")) && status != 204 && status != 304;
}

/* The origin's answer, decided about; to be called anew where the whole of a page is asked for. */
static bool answer(struct play *p, unsigned status)
{
	struct outcome *out = p->out;

	out->visitor_saw = p->x->test->origin;
	out->visitor_saw.status = status;
	if (has_body(&p->x->request, status))
		out->visitor_body = p->x->test->origin_body;
	if (!copy_fields(&out->visitor_saw.fields, &p->x->test->origin.fields, p->arena))
		return false;
	if (out->asked_again)
		fields_remove_name(&out->visitor_saw.fields, SLICE("Content-Range"));
	return decide_response(&p->env, &out->visitor_saw, false, p->arena, &p->decision) == DECIDE_OK;
}

/* The visitor is told nothing of the answer that came first. */
static bool ask_again(struct play *p, const struct decision *before, struct seen_verdict **end)
{
	struct outcome *out = p->out;

	p->decision = *before;
	p->end = end;
	*end = NULL;
	out->asked_again = true;
	out->visitor_saw.reason = SLICE("OK");
	fields_remove_name(&out->origin_saw.fields, SLICE("Range"));
	fields_remove_name(&out->origin_saw.fields, SLICE("If-Range"));
	return answer(p, 200);
}

static bool rewritten(struct play *p)
{
	struct outcome *out = p->out;

	out->page = page_play_new(&p->env, &p->decision, p->random, out->visitor_body, p->arena);
	if (!out->page || !page_play_whole(out->page, p->arena))
		return false;
	if (out->page->result == REWRITER_NO_MEMORY)
		return false;
	if (out->page->result != REWRITER_OK)
		return withheld(p);
	out->visitor_body = out->page->output;
	return true;
}

static bool origin_hints(struct play *p)
{
	const struct test_case *c = p->x->test;
	struct outcome *out = p->out;

	if (!c->has_hints)
		return true;
	out->hints_saw = c->hints;
	if (!copy_fields(&out->hints_saw.fields, &c->hints.fields, p->arena) ||
	    decide_response(&p->env, &out->hints_saw, true, p->arena, &p->decision) != DECIDE_OK)
		return false;
	out->hinted = !p->decision.hints_lost;
	return true;
}

static bool origin_answers(struct play *p)
{
	struct outcome *out = p->out;
	struct decision before;
	struct seen_verdict **end;

	out->called = true;
	out->origin_body = p->x->request_body;
	if (!origin_hints(p))
		return false;
	before = p->decision;
	end = p->end;
	if (!answer(p, p->x->test->origin.status))
		return false;
	if (p->decision.page.work == PAGE_WHOLE && !ask_again(p, &before, end))
		return false;
	if (p->decision.page.work == PAGE_WITHHOLD || p->decision.page.work == PAGE_WHOLE)
		return withheld(p);
	if (p->decision.page.work == PAGE_REWRITE && has_body(&p->x->request, out->visitor_saw.status))
		return rewritten(p);
	return true;
}

/* A page or form of crumbgate itself. */
static bool own_page(struct play *p)
{
	struct slice form = p->x->request_body;
	const struct own_body body = {.octets = form, .too_long = form.n > OWN_FORM_MAX};
	struct outcome *out = p->out;

	return decide_answer(&p->env, &out->origin_saw, &body, p->arena, &p->decision, &out->visitor_saw,
			     &out->visitor_body) == DECIDE_OK;
}

static void make_env(struct play *p)
{
	const struct prepared *x = p->x;

	p->env = (struct decide_env){.rules = x->rules,
				     .mac = x->mac,
				     .seal = x->seal,
				     .site = x->site,
				     .scratch = x->scratch,
				     .guard = x->guard,
				     .plan = x->plan,
				     .sha256 = x->sha256,
				     .random = fixed_random,
				     .random_arg = &p->random,
				     .sink = keep_verdict,
				     .sink_arg = p};
}

bool exchange_play(const struct prepared *x, struct arena *arena, struct outcome *out)
{
	struct play *p = arena_calloc(arena, 1, sizeof *p); /* out->page goes on using it */
	bool ok;

	*out = (struct outcome){.origin_saw = x->request};
	if (!p)
		return false;
	p->x = x;
	p->arena = arena;
	p->out = out;
	p->end = &out->verdicts;
	make_env(p);
	if (!copy_fields(&out->origin_saw.fields, &x->request.fields, arena) ||
	    decide_request(&p->env, &out->origin_saw, x->test->given.region, x->now, arena, &p->decision) != DECIDE_OK)
		return false;
	out->consent = p->decision.consent;
	switch (p->decision.action) {
	case DECIDE_BLOCK: /* answered 204 */
		ok = own_answer(p, 204, SLICE("No Content"));
		break;
	case DECIDE_ANSWER:
		ok = own_page(p);
		break;
	default:
		ok = origin_answers(p);
		break;
	}
	return ok && !arena_failed(arena);
}
