#include "rules/decide/internal.h"

#include "rules/http/cookie.h"
#include "rules/http/url.h"

/* The request may be a navigation: only then are cookies made, since a page's many other requests come at once. */
static bool may_be_document(const struct fields *f)
{
	const struct field *dest = fields_find(f, FIELD_SEC_FETCH_DEST);

	return !dest || slice_eq(dest->value, SLICE("document")) || slice_eq(dest->value, SLICE("iframe"));
}

static void begin(const struct deciding *x, const struct request *req, struct slice region)
{
	const struct consent_query q = {.rules = x->env->rules,
					.mac = x->env->mac,
					.site = x->env->site,
					.region = region,
					.secure = req->secure,
					.now = x->d->now,
					.scratch = x->env->scratch};
	struct slice query;
	bool has_query;

	x->d->consent = consent_resolve(&q, &req->fields);
	x->d->observe = ruleset_mode(x->env->rules) == MODE_OBSERVE;
	x->d->host = req->host;
	x->d->secure = req->secure;
	x->d->document = may_be_document(&req->fields);
	page_ask(x, req);
	target_split(req->target, &x->d->path, &query, &has_query);
	if (x->d->path.n == 0 || x->d->path.p[0] != '/')
		x->d->path = SLICE("/");
}

/* One of our own pages, whatever rules say of its path. */
static bool is_own(const struct deciding *x)
{
	struct slice path;

	if (!path_normalise(x->d->path, x->arena, &path))
		return false;
	x->d->own = own_page_of(x->env->rules, path);
	if (x->d->own == OWN_NONE)
		return false;
	x->d->action = DECIDE_ANSWER;
	return true;
}

/* A path rule that is not granted: the origin never sees the request. */
static void judge_path(const struct deciding *x)
{
	struct verdict v = {.subject = SUBJECT_PATH};
	const struct path_rule *rule;
	bool limit = false;

	if (!ruleset_has_paths(x->env->rules) || !path_normalise(x->d->path, x->arena, &v.name))
		return;
	rule = ruleset_path(x->env->rules, x->env->scratch, v.name, &limit);
	if (!rule && !limit)
		return;
	v.rule = rule ? &rule->rule : NULL;
	v.mask = rule ? rule->mask : ruleset_all_purposes(x->env->rules);
	v.reason = limit ? decide_pattern_limit : NULL;
	v.kind = !limit && is_granted(x, v.mask) ? VERDICT_KEEP : VERDICT_BLOCK;
	verdict_emit(x, &v);
	if (v.kind == VERDICT_BLOCK && !x->d->observe)
		x->d->action = DECIDE_BLOCK;
}

static enum cookie_edit edit_cookie(void *arg, const struct cookie *c, struct slice *replacement)
{
	const struct deciding *x = arg;
	struct judgement j = judge_cookie(x, c->name);
	struct verdict v = {.kind = j.pass ? VERDICT_KEEP : VERDICT_DROP,
			    .subject = SUBJECT_REQUEST_COOKIE,
			    .name = c->name,
			    .rule = j.rule,
			    .mask = j.mask,
			    .reason = j.reason};

	enum cookie_edit edit = j.pass || x->d->observe ? COOKIE_KEEP : COOKIE_DROP;

	if (j.pass && j.cookie && j.cookie->sealed)
		edit = sealed_request(x, c, &j, &v, replacement);
	verdict_emit(x, &v);
	inject_seen(x, c->name);
	if (!j.pass && j.rule)
		leftover_add(x, c->name, &j);
	return edit;
}

static bool keep_param(void *arg, const struct query_param *p)
{
	const struct deciding *x = arg;
	struct verdict v = {.subject = SUBJECT_PARAM, .name = p->name, .mask = PURPOSE_NECESSARY};
	const struct param_rule *rule;
	bool limit = false;

	rule = ruleset_param(x->env->rules, x->env->scratch, p->name, &limit);
	if (rule) {
		v.rule = &rule->rule;
		v.mask = rule->mask;
	} else {
		v.reason = limit ? decide_pattern_limit : "no rule names it";
	}
	v.kind = !limit && is_granted(x, v.mask) ? VERDICT_KEEP : VERDICT_DROP;
	verdict_emit(x, &v);
	return v.kind == VERDICT_KEEP || x->d->observe;
}

static bool same_to_gateways(char a, char b)
{
	bool plain = ascii_is_alpha(a) || ascii_is_digit(a);

	return plain ? ascii_lower(a) == ascii_lower(b) : !ascii_is_alpha(b) && !ascii_is_digit(b);
}

/* CGI and its kin read "Crumbgate_Consent" as the same variable, so a visitor's field of that name goes too. */
static bool reads_as_consent(struct slice name)
{
	static const struct slice own = SLICE_INIT("Crumbgate-Consent");

	if (name.n != own.n)
		return false;
	for (size_t i = 0; i < own.n; i++)
		if (!same_to_gateways(own.p[i], name.p[i]))
			return false;
	return true;
}

static void set_consent_field(const struct deciding *x, struct fields *f)
{
	struct slice value = consent_field_value(x->env->rules, &x->d->consent, x->arena);

	for (size_t i = f->n; i-- > 0;)
		if (reads_as_consent(f->v[i].name))
			fields_remove_at(f, i);
	(void)fields_add_id(f, FIELD_CRUMBGATE_CONSENT, value);
}

/* An opt-out by cookie as the signal that origins know. A signal that the visitor sent is passed on as it came. */
static void announce_opt_out(const struct deciding *x, struct fields *f)
{
	if (!x->d->consent.announced)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_SEC_GPC && slice_eq(f->v[i].value, SLICE("1")))
			return;
	(void)fields_set(f, FIELD_SEC_GPC, SLICE("1"));
}

static bool edit_request(struct deciding *x, struct request *req)
{
	inject_prepare(x);
	if (!cookies_edit(&req->fields, edit_cookie, x))
		return false;
	inject_request(x, req);
	if (ruleset_has_params(x->env->rules) &&
	    !target_remove_params(req->target, keep_param, x, x->arena, &req->target))
		return false;
	conditional_request(x, req);
	if (!x->d->observe) {
		set_consent_field(x, &req->fields);
		announce_opt_out(x, &req->fields);
	}
	return true;
}

enum decide_result decide_request(const struct decide_env *env, struct request *req, struct slice region, int64_t now,
				  struct arena *arena, struct decision *out)
{
	struct deciding x = {.env = env, .d = out, .arena = arena};

	*out = (struct decision){.now = now, .region = region};
	begin(&x, req, region);
	if (!is_own(&x))
		judge_path(&x);
	if (out->action == DECIDE_PASS && !edit_request(&x, req))
		return DECIDE_NO_MEMORY;
	return arena_failed(arena) ? DECIDE_NO_MEMORY : DECIDE_OK;
}
