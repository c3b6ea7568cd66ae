#include "rules/decide/internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "rules/http/cookie.h"
#include "rules/http/host.h"

struct injected {
	struct injected *next;
	const struct inject_cookie_rule *rule;
	struct slice value;
	bool seen; /* the request has such a cookie, or the origin sets one: nothing to do */
};

/* RFC 6265bis 5.1.4 */
static bool path_match(struct slice request, struct slice path)
{
	if (!slice_starts_with(request, path))
		return false;
	return request.n == path.n || path.p[path.n - 1] == '/' || request.p[path.n] == '/';
}

/* A user agent would keep the cookie and send it with this very request; else it would be made anew for ever. */
static bool would_come_back(const struct deciding *x, const struct inject_cookie_rule *rule)
{
	return (rule->domain.n == 0 || host_domain_match(x->d->host, rule->domain)) &&
	       (rule->path.n == 0 || path_match(x->d->path, rule->path)) &&
	       (x->d->secure || cookie_prefix_of(rule->name) == COOKIE_PREFIX_NONE);
}

void inject_prepare(const struct deciding *x)
{
	size_t n;
	const struct inject_cookie_rule *rules = ruleset_inject_cookies(x->env->rules, &n);
	struct injected **end = &x->d->injected;

	if (!x->d->document)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!is_granted(x, rules[i].mask) || !would_come_back(x, &rules[i]))
			continue;
		*end = arena_calloc(x->arena, 1, sizeof **end);
		if (!*end)
			return;
		(*end)->rule = &rules[i];
		end = &(*end)->next;
	}
}

void inject_seen(const struct deciding *x, struct slice name)
{
	for (struct injected *i = x->d->injected; i; i = i->next)
		if (slice_eq(i->rule->name, name))
			i->seen = true;
}

/* What does not fit into a cookie is not injected. */
static struct slice make_value(const struct deciding *x, const struct inject_cookie_rule *rule, bool *full)
{
	struct text value = {.arena = x->arena};

	template_expand(x, rule->value, &value);
	*full = value.n + rule->name.n > COOKIE_PAIR_MAX;
	return *full ? slice_of(NULL, 0) : text_slice(&value);
}

static void emit(const struct deciding *x, enum verdict_subject subject, const struct inject_cookie_rule *rule)
{
	const struct verdict v = {.kind = VERDICT_INJECT,
				  .subject = subject,
				  .name = rule->name,
				  .rule = &rule->rule,
				  .mask = rule->mask};

	verdict_emit(x, &v);
}

/* Of several rules for one name the first that applies is taken; a cookie rule of that name must let it pass as well.
 */
static void inject_one(const struct deciding *x, struct injected *i, struct request *req)
{
	bool full = false;

	if (!judge_cookie(x, i->rule->name).pass) {
		i->seen = true;
		return;
	}
	if (!x->d->observe) {
		i->value = make_value(x, i->rule, &full);
		if (!full)
			(void)cookies_append(&req->fields, i->rule->name, i->value);
	}
	if (!full) {
		emit(x, SUBJECT_REQUEST_COOKIE, i->rule);
		inject_seen(x, i->rule->name); /* for the rules behind it */
	}
	i->seen = full;
}

void inject_request(const struct deciding *x, struct request *req)
{
	for (struct injected *i = x->d->injected; i; i = i->next)
		if (!i->seen)
			inject_one(x, i, req);
}

static struct slice same_site(const struct deciding *x, const struct inject_cookie_rule *rule)
{
	switch (rule->same_site) {
	case SAME_SITE_STRICT:
		return SLICE("; SameSite=Strict");
	case SAME_SITE_LAX:
		return SLICE("; SameSite=Lax");
	case SAME_SITE_NONE: /* user agents refuse it without Secure */
		return x->d->secure ? SLICE("; SameSite=None") : SLICE("");
	case SAME_SITE_UNSET:
		break;
	}
	return SLICE("");
}

static struct slice set_cookie_line(const struct deciding *x, const struct injected *i)
{
	const struct inject_cookie_rule *r = i->rule;
	char age[40];
	int n = r->max_age > 0 ? snprintf(age, sizeof age, "; Max-Age=%" PRId64, r->max_age) : 0;
	const struct slice parts[] = {
		r->name,
		SLICE("="),
		i->value,
		slice_of(age, (size_t)n),
		r->domain.n ? SLICE("; Domain=") : SLICE(""),
		r->domain,
		SLICE("; Path="),
		r->path.n ? r->path : SLICE("/"),
		x->d->secure ? SLICE("; Secure") : SLICE(""),
		r->http_only ? SLICE("; HttpOnly") : SLICE(""),
		same_site(x, r),
	};

	return arena_concat(x->arena, parts, CG_COUNT(parts));
}

bool inject_response(const struct deciding *x, struct fields *response)
{
	bool any = false;

	for (struct injected *i = x->d->injected; i; i = i->next) {
		if (i->seen)
			continue;
		emit(x, SUBJECT_RESPONSE_COOKIE, i->rule);
		if (x->d->observe)
			continue;
		(void)fields_add_id(response, FIELD_SET_COOKIE, set_cookie_line(x, i));
		any = true;
	}
	return any;
}
