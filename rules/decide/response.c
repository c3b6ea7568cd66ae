#include "rules/decide/internal.h"

#include "rules/http/set_cookie.h"

/*
 * A nameless cookie "=a=b" comes back from the user agent as "a=b": there it is a cookie a, and is judged as such here
 * too (RFC 6265bis 5.7 and 8.7 on such impersonation).
 */
static struct slice name_coming_back(const struct set_cookie *c)
{
	struct slice name, value;

	if (c->name.n == 0 && slice_cut(c->value, '=', &name, &value))
		return slice_trim(name);
	return c->name;
}

static bool has_limits(const struct cookie_limits *l)
{
	return l->max_age_cap >= 0 || l->add_secure || l->add_http_only || l->same_site != SAME_SITE_UNSET;
}

/* A cookie that may pass, with what its rule demands of it. */
static enum verdict_kind limit(const struct deciding *x, const struct judgement *j, struct slice *value)
{
	struct slice limited = *value;

	if (!j->cookie || !has_limits(&j->cookie->limits))
		return VERDICT_KEEP;
	if (!set_cookie_limit(*value, &j->cookie->limits, x->d->now, x->arena, &limited))
		return VERDICT_REWRITE; /* the arena refused, so the response is given up */
	if (slice_eq(limited, *value))
		return VERDICT_KEEP;
	if (!x->d->observe)
		*value = limited;
	return VERDICT_REWRITE;
}

/* A deletion passes though its purpose is denied, as it only removes; but it must carry nothing. */
static enum verdict_kind empty(const struct deciding *x, const struct set_cookie *c, struct slice *value)
{
	const struct slice parts[] = {c->name, SLICE("="), slice_from(*value, slice_find_char(*value, ';'))};

	if (c->value.n == 0)
		return VERDICT_KEEP;
	if (!x->d->observe)
		*value = arena_concat(x->arena, parts, CG_COUNT(parts));
	return VERDICT_REWRITE;
}

/* What is empty or deletes holds no secret and need not be sealed. */
static void pass_sealed(const struct deciding *x, const struct set_cookie *c, bool heeded, const struct judgement *j,
			struct verdict *v, struct slice *value)
{
	if (heeded && c->name.n && (c->value.n == 0 || set_cookie_deletes(c, x->d->now))) {
		v->kind = empty(x, c, value);
		if (limit(x, j, value) == VERDICT_REWRITE)
			v->kind = VERDICT_REWRITE;
	} else if (sealed_response(x, c, heeded, v, value)) {
		(void)limit(x, j, value);
	}
}

/* True if the field stays, with the value as it then is. */
static bool judge_set_cookie(const struct deciding *x, struct slice *value)
{
	struct set_cookie c;
	struct judgement j;
	struct verdict v = {.kind = VERDICT_DROP, .subject = SUBJECT_RESPONSE_COOKIE};

	set_cookie_parse_pair(*value, &c);
	v.name = name_coming_back(&c);
	j = judge_cookie(x, v.name);
	v.rule = j.rule;
	v.mask = j.mask;
	v.reason = j.reason;
	if (j.pass && j.cookie && j.cookie->sealed) {
		bool heeded = set_cookie_parse(*value, &c);

		pass_sealed(x, &c, heeded, &j, &v, value);
		inject_seen(x, v.name);
	} else if (j.pass) {
		v.kind = limit(x, &j, value);
		inject_seen(x, v.name);
	} else if (!j.own && set_cookie_parse(*value, &c) && c.name.n && set_cookie_deletes(&c, x->d->now)) {
		v.kind = empty(x, &c, value);
		v.reason = "it only deletes";
	}
	verdict_emit(x, &v);
	return v.kind != VERDICT_DROP || x->d->observe;
}

static void judge_set_cookies(const struct deciding *x, struct fields *f)
{
	size_t kept = 0;

	if (!fields_may_have(f, FIELD_SET_COOKIE))
		return;
	for (size_t i = 0; i < f->n; i++) {
		struct field field = f->v[i];

		if (field.id == FIELD_SET_COOKIE && !judge_set_cookie(x, &field.value))
			continue;
		f->v[kept++] = field;
	}
	f->n = kept;
}

static struct slice directive_name(struct slice element)
{
	struct slice name, argument;

	slice_cut(element, '=', &name, &argument);
	return slice_trim(name);
}

/* What a cookie for one visitor contradicts. private="field" (RFC 9111 5.2.2.7) lets the rest be shared. */
static bool is_for_sharing(struct slice element)
{
	struct slice name = directive_name(element);

	return slice_ieq(name, SLICE("public")) || slice_ieq(name, SLICE("s-maxage")) ||
	       slice_ieq(name, SLICE("private"));
}

static size_t private_size(const struct fields *f)
{
	size_t n = sizeof "private";

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_CACHE_CONTROL)
			n += f->v[i].value.n * 2 + 2; /* "a,b" becomes "a, b" */
	return n;
}

/* RFC 9111 5.2.2: the other directives stay. */
static void make_private(const struct deciding *x, struct fields *f)
{
	char *text = arena_alloc(x->arena, private_size(f));
	struct slice rest, element;
	size_t n = sizeof "private" - 1;

	if (!text)
		return;
	memcpy(text, "private", n);
	for (size_t i = 0; i < f->n; i++) {
		rest = f->v[i].id == FIELD_CACHE_CONTROL ? f->v[i].value : slice_of(NULL, 0);
		while (list_next(&rest, &element)) {
			if (is_for_sharing(element))
				continue;
			memcpy(text + n, ", ", 2);
			memcpy(text + n + 2, element.p, element.n);
			n += 2 + element.n;
		}
	}
	(void)fields_set(f, FIELD_CACHE_CONTROL, slice_of(text, n));
	/* Both speak to shared caches alone, and before Cache-Control (RFC 9213). */
	fields_remove_name(f, SLICE("CDN-Cache-Control"));
	fields_remove_name(f, SLICE("Surrogate-Control"));
}

/* private stands alone, and nothing contradicts it. */
static bool is_private(const struct fields *f)
{
	bool found = false;

	for (size_t i = 0; i < f->n; i++) {
		struct slice rest = f->v[i].value, element;

		while (f->v[i].id == FIELD_CACHE_CONTROL && list_next(&rest, &element)) {
			if (slice_ieq(element, SLICE("private")))
				found = true;
			else if (is_for_sharing(element))
				return false;
		}
	}
	return found && !fields_find_name(f, SLICE("CDN-Cache-Control")) &&
	       !fields_find_name(f, SLICE("Surrogate-Control"));
}

/* What the page needs of the fields; true: Cache-Control must be private. */
static bool edit_for_page(const struct deciding *x, struct response *resp)
{
	bool differs = headers_judge(x, &resp->fields);

	page_inject(x, &resp->fields);
	if (differs && !x->d->observe)
		conditional_vary(x, &resp->fields);
	return conditional_response(x, resp) || (differs && !x->d->observe);
}

static bool announces(const struct ruleset *rs)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(rs, &n);

	for (size_t i = 0; i < n; i++)
		if (o[i].announced)
			return true;
	return false;
}

/*
 * Tk (Tracking Preference Expression 6.2); and where the origin heeds a Sec-GPC that may have been made of a cookie,
 * the response depends on that.
 */
static void tell_of_signals(const struct deciding *x, struct fields *f)
{
	const struct policy *policy = ruleset_policy(x->env->rules);

	if (x->d->observe)
		return;
	if (policy->tk) {
		fields_remove_name(f, SLICE("Tk"));
		(void)fields_add(f, SLICE("Tk"), slice_of(&policy->tk, 1));
	}
	if (announces(x->env->rules) && fields_list_has(f, FIELD_VARY, SLICE("Sec-GPC")))
		(void)response_varies(f, SLICE("Cookie"));
}

static void judge_hints(const struct deciding *x, struct response *resp)
{
	bool hints = resp->status == 103 && fields_find(&resp->fields, FIELD_LINK);

	(void)headers_judge(x, &resp->fields);
	x->d->hints_lost = hints && !fields_find(&resp->fields, FIELD_LINK);
}

enum decide_result decide_response(const struct decide_env *env, struct response *resp, bool interim,
				   struct arena *arena, struct decision *d)
{
	const struct deciding x = {.env = env, .d = d, .arena = arena};
	bool private = false;

	if (!interim) {
		page_judge(&x, resp);
		if (d->page.work == PAGE_WHOLE && !d->observe)
			return arena_failed(arena) ? DECIDE_NO_MEMORY : DECIDE_OK;
	}
	judge_set_cookies(&x, &resp->fields);
	if (interim) {
		judge_hints(&x, resp);
	} else {
		private |= edit_for_page(&x, resp);
		private |= inject_response(&x, &resp->fields);
		private |= leftovers_expire(&x, &resp->fields);
		tell_of_signals(&x, &resp->fields);
	}
	if (private && !is_private(&resp->fields))
		make_private(&x, &resp->fields);
	return arena_failed(arena) ? DECIDE_NO_MEMORY : DECIDE_OK;
}
