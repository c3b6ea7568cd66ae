/*
 * Pages and forms of crumbgate itself. A form counts if a page of this site sent it (pages.h); its decision becomes the
 * signed cookie, what was withdrawn is expired at once, and the visitor goes back to where the form was.
 */
#include "rules/decide/internal.h"

#include <inttypes.h>

#include "rules/http/cookie.h"
#include "rules/http/url.h"

static struct consent_query query_of(const struct deciding *x)
{
	return (struct consent_query){.rules = x->env->rules,
				      .mac = x->env->mac,
				      .site = x->env->site,
				      .secure = x->d->secure,
				      .now = x->d->now};
}

static struct own_view view_of(const struct deciding *x, const struct consent_query *q,
			       const struct catalogue *language)
{
	struct slice target = x->d->asked.target;

	return (struct own_view){.query = q,
				 .consent = &x->d->consent,
				 .language = language ? language : catalogue_accept(x->d->asked.language),
				 /* What a form made would not be there for a GET. */
				 .back = x->d->asked.get && own_back_ok(target) ? target : slice_of(NULL, 0),
				 .origin = x->own_origin,
				 .gpc = x->d->asked.gpc && ruleset_signal(x->env->rules, SIGNAL_GPC)->denies,
				 .scratch = x->env->scratch,
				 .arena = x->arena};
}

struct slice own_banner(const struct deciding *x, const struct catalogue *language)
{
	const struct consent_query q = query_of(x);
	const struct own_view view = view_of(x, &q, language);

	return banner_html(&view);
}

struct slice own_link(const struct deciding *x, const struct catalogue *language)
{
	const struct consent_query q = query_of(x);
	const struct own_view view = view_of(x, &q, language);

	return banner_link_html(&view);
}

struct slice own_placeholder(const struct deciding *x, const struct catalogue *language, struct slice host,
			     struct slice url, purposes missing)
{
	const struct consent_query q = query_of(x);
	const struct own_view view = view_of(x, &q, language);

	return placeholder_html(&view, host, url, missing);
}

/* One answer in the making. */
struct own {
	struct deciding x;
	const struct request *req;
	const struct own_body *body;
	struct consent_query q;
	struct own_view view;
	struct response *resp;
	struct slice content;
	struct slice query; /* of the target */
};

/* -- fields ---------------------------------------------------------------------------------------------------------
 */

static void add(struct own *o, const char *name, struct slice value)
{
	(void)fields_add(&o->resp->fields, slice_str(name), value);
}

static void begin_answer(struct own *o, unsigned status, const char *reason)
{
	o->resp->status = status;
	o->resp->reason = slice_str(reason);
	fields_init(&o->resp->fields, o->x.arena);
	add(o, "Cache-Control", SLICE("no-store"));
	add(o, "X-Content-Type-Options", SLICE("nosniff"));
	/* Origin would be "null" with anything stricter. */
	add(o, "Referrer-Policy", SLICE("same-origin"));
	add(o, "X-Frame-Options", SLICE("DENY"));
	add(o, "Cross-Origin-Resource-Policy", SLICE("same-origin"));
}

static void set_policy(struct own *o, struct slice style)
{
	unsigned char sha256[32];
	char source[CSP_HASH_SOURCE_SIZE];
	struct slice parts[] = {
		SLICE("default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src "
		      "'self'; "
		      "style-src "),
		SLICE("'unsafe-inline'"),
	};

	if (o->x.env->sha256) {
		o->x.env->sha256(style, sha256);
		csp_hash_source(sha256, source);
		parts[1] = slice_of(source, sizeof source);
	}
	add(o, "Content-Security-Policy",
	    style.n ? arena_concat(o->x.arena, parts, 2)
		    : SLICE("default-src 'none'; base-uri 'none'; frame-ancestors 'none'"));
}

static void show(struct own *o, unsigned status, const char *reason, struct slice html, struct slice style)
{
	begin_answer(o, status, reason);
	set_policy(o, style);
	add(o, "Content-Type", SLICE("text/html; charset=utf-8"));
	add(o, "Content-Language", o->view.language->language);
	o->content = html;
}

static void plain(struct own *o, unsigned status, const char *reason, struct slice text)
{
	begin_answer(o, status, reason);
	set_policy(o, slice_of(NULL, 0));
	add(o, "Content-Type", SLICE("text/plain; charset=utf-8"));
	o->content = text;
}

static void json(struct own *o, struct slice text)
{
	begin_answer(o, 200, "OK");
	set_policy(o, slice_of(NULL, 0));
	add(o, "Content-Type", SLICE("application/json"));
	o->content = text;
}

static void not_allowed(struct own *o, const char *methods)
{
	plain(o, 405, "Method Not Allowed", SLICE("This address is not for that.\n"));
	add(o, "Allow", slice_str(methods));
}

/* -- pages ----------------------------------------------------------------------------------------------------------
 */

static void preferences(struct own *o, unsigned status, const char *reason, enum own_note note)
{
	struct slice style, html = own_preferences(&o->view, note, &style);

	show(o, status, reason, html, style);
}

static void preferences_page(struct own *o)
{
	struct slice done = own_query_value(o->query, SLICE("done"), o->x.arena);

	preferences(o, 200, "OK", slice_eq(done, SLICE("saved")) ? NOTE_SAVED : NOTE_NONE);
}

static void opt_page(struct own *o)
{
	struct slice style, html = own_opt_page(&o->view, &style);

	show(o, 200, "OK", html, style);
}

/* Scripts of the site's own pages may decide as its forms do, and get what a form holds; nobody else has a use for it.
 */
static void state(struct own *o)
{
	bool own = own_same_origin(&o->req->fields, o->x.d->asked.authority);

	json(o, own_state_json(&o->view, own ? own_token(&o->q, o->x.arena) : slice_of(NULL, 0)));
}

static void receipt(struct own *o)
{
	struct slice text = own_receipt_json(&o->view);

	if (!text.n) {
		plain(o, 404, "Not Found", SLICE("There is no decision of yours to tell of.\n"));
		return;
	}
	json(o, text);
	add(o, "Content-Disposition", SLICE("attachment; filename=\"consent-receipt.json\""));
}

/* -- what a form leads to -------------------------------------------------------------------------------------------
 */

static bool wants_json(const struct own *o)
{
	const struct field *accept = fields_find_name(&o->req->fields, SLICE("Accept"));

	return accept && slice_eq(accept->value, SLICE("application/json"));
}

/* Where the form was; from the preferences page there again, with a word that it worked. */
static struct slice location(const struct own *o, const struct own_form *f)
{
	struct own_view view = o->view;

	view.back = own_back_ok(f->back) ? f->back : slice_of(NULL, 0);
	if (f->from_page)
		return own_saved_url(&view);
	return view.back.n ? view.back : SLICE("/");
}

static void finish(struct own *o, const struct own_form *f)
{
	struct fields cookies = o->resp->fields;

	if (wants_json(o)) {
		json(o, own_state_json(&o->view, slice_of(NULL, 0)));
	} else {
		begin_answer(o, 303, "See Other");
		set_policy(o, slice_of(NULL, 0));
		(void)fields_add_id(&o->resp->fields, FIELD_LOCATION, location(o, f));
	}
	for (size_t i = 0; i < cookies.n; i++)
		(void)fields_add(&o->resp->fields, cookies.v[i].name, cookies.v[i].value);
}

static void set_cookie(struct own *o, struct slice name, struct slice value, int64_t age, bool http_only)
{
	(void)fields_add_id(&o->resp->fields, FIELD_SET_COOKIE,
			    arena_printf(o->x.arena, "%.*s=%.*s; Max-Age=%" PRId64 "; Path=/; Secure%s; SameSite=Lax",
					 SLICE_ARG(name), SLICE_ARG(value), age, http_only ? "; HttpOnly" : ""));
}

/* Cookies of the request that are denied by now, and those that may lie elsewhere. */
static void expire_denied(struct own *o, struct slice back)
{
	struct cookie_walk walk = {.fields = &o->req->fields};
	struct slice query;
	struct cookie c;
	bool has_query;

	while (cookie_walk_next(&walk, &c)) {
		struct judgement j = judge_cookie(&o->x, c.name);

		if (!j.pass && j.rule)
			leftover_add(&o->x, c.name, &j);
	}
	leftovers_add_known(&o->x);
	target_split(back, &o->x.d->path, &query, &has_query);
	(void)leftovers_expire(&o->x, &o->resp->fields);
}

static purposes decided_by(const struct own *o, const struct own_form *f)
{
	const struct consent *c = &o->x.d->consent;

	switch (f->choice) {
	case CHOICE_ACCEPT:
		return ruleset_all_purposes(o->x.env->rules);
	case CHOICE_SAVE:
		return f->chosen;
	case CHOICE_ADD:
		return own_chosen(c) | f->chosen;
	case CHOICE_REJECT:
	case CHOICE_NONE:
		break;
	}
	return PURPOSE_NECESSARY;
}

/* Consent as the next request will have it. */
static void consent_becomes(struct own *o, purposes chosen, struct slice token)
{
	struct consent *c = &o->x.d->consent;

	c->chosen = c->allowed = chosen | PURPOSE_NECESSARY;
	c->granted = (chosen & ~(c->denied_by_opt_out | c->denied_by_signal)) | PURPOSE_NECESSARY;
	c->decided = true;
	c->denied_by_foreign = 0;
	c->source = CONSENT_SIGNED;
	c->token = CONSENT_TOKEN_GOOD;
	c->decided_at = o->x.d->now / 60 * 60;
	c->value = token;
}

static void decide(struct own *o, const struct own_form *f, enum consent_method method)
{
	const struct policy *p = ruleset_policy(o->x.env->rules);
	purposes before = o->x.d->consent.granted, chosen = decided_by(o, f);
	struct slice back = own_back_ok(f->back) ? f->back : SLICE("/"), token;
	unsigned char id[16];

	o->q.method = method;
	o->q.refused_elsewhere = o->x.d->consent.refused_elsewhere;
	o->x.env->random(o->x.env->random_arg, id, sizeof id);
	token = consent_token_make(&o->q, chosen, id, o->x.arena);
	fields_init(&o->resp->fields, o->x.arena);
	if (!token.n) { /* memory, or a site's name that is too long */
		preferences(o, 503, "Service Unavailable", NOTE_REFUSED);
		return;
	}
	set_cookie(o, consent_cookie_name(true), token, p->remember, true);
	consent_becomes(o, chosen, token);
	expire_denied(o, back);
	if (p->clear_storage && (before & ~o->x.d->consent.granted || method == CONSENT_BY_WITHDRAWAL))
		add(o, "Clear-Site-Data", SLICE("\"storage\""));
	finish(o, f);
}

static void decision(struct own *o, const struct own_form *f)
{
	if (f->choice == CHOICE_NONE)
		preferences(o, 400, "Bad Request", NOTE_REFUSED);
	else
		decide(o, f,
		       f->from_page		 ? CONSENT_BY_PREFERENCES
		       : f->choice == CHOICE_ADD ? CONSENT_BY_PLACEHOLDER
						 : CONSENT_BY_BANNER);
}

static void withdraw(struct own *o, const struct own_form *f)
{
	struct own_form reject = *f;

	reject.choice = CHOICE_REJECT;
	decide(o, &reject, CONSENT_BY_WITHDRAWAL);
}

static void opt(struct own *o, const struct own_form *f, bool in)
{
	struct consent *c = &o->x.d->consent;
	struct slice back = own_back_ok(f->back) ? f->back : SLICE("/");
	size_t n;
	const struct opt_out_rule *rules = ruleset_opt_outs(o->x.env->rules, &n);

	fields_init(&o->resp->fields, o->x.arena);
	for (size_t i = 0; i < n; i++) {
		if (in)
			cookie_expire(&o->x, rules[i].name, &o->resp->fields);
		else
			set_cookie(o, rules[i].name, rules[i].value, rules[i].max_age, false);
		c->denied_by_opt_out = in ? 0 : c->denied_by_opt_out | (rules[i].denies & ~PURPOSE_NECESSARY);
	}
	if (in)
		c->granted = (c->allowed & ~c->denied_by_signal) | PURPOSE_NECESSARY;
	c->granted &= ~c->denied_by_opt_out;
	if (!in)
		expire_denied(o, back);
	finish(o, f);
}

/* -- forms ----------------------------------------------------------------------------------------------------------
 */

static bool is_form(const struct own *o)
{
	const struct field *type = fields_find(&o->req->fields, FIELD_CONTENT_TYPE);
	struct slice essence, parameters;

	if (!type || fields_count(&o->req->fields, FIELD_CONTENT_TYPE) != 1)
		return false;
	slice_cut(type->value, ';', &essence, &parameters);
	return slice_ieq(slice_trim(essence), SLICE("application/x-www-form-urlencoded"));
}

static void take_form(struct own *o)
{
	struct own_form f;

	if (o->body->too_long)
		plain(o, 413, "Content Too Large", SLICE("The form is too large.\n"));
	else if (!is_form(o))
		plain(o, 415, "Unsupported Media Type", SLICE("Send application/x-www-form-urlencoded.\n"));
	else if (!own_same_origin(&o->req->fields, o->x.d->asked.authority))
		preferences(o, 403, "Forbidden", NOTE_REFUSED);
	else if (!own_form_read(o->x.env->rules, o->body->octets, o->x.arena, &f))
		preferences(o, 400, "Bad Request", NOTE_REFUSED);
	else if (!own_token_ok(&o->q, f.token, o->x.arena))
		preferences(o, 403, "Forbidden", NOTE_REFUSED);
	else if (o->x.d->own == OWN_DECISION)
		decision(o, &f);
	else if (o->x.d->own == OWN_WITHDRAW)
		withdraw(o, &f);
	else
		opt(o, &f, o->x.d->own == OWN_OPT_IN);
}

static bool is_get(const struct own *o)
{
	return slice_eq(o->req->method, SLICE("GET")) || slice_eq(o->req->method, SLICE("HEAD"));
}

static bool has_opt_out(const struct own *o)
{
	size_t n;

	(void)ruleset_opt_outs(o->x.env->rules, &n);
	return n > 0;
}

static bool takes_forms(const struct own *o)
{
	enum own_page page = o->x.d->own;

	return page == OWN_DECISION || page == OWN_WITHDRAW || page == OWN_OPT_OUT || page == OWN_OPT_IN;
}

static void not_found(struct own *o)
{
	plain(o, 404, "Not Found", SLICE("There is nothing at this address.\n"));
}

static void get(struct own *o)
{
	switch (o->x.d->own) {
	case OWN_PREFERENCES:
	case OWN_WITHDRAW:
		preferences_page(o);
		break;
	case OWN_OPT_OUT:
	case OWN_OPT_IN:
		opt_page(o);
		break;
	case OWN_STATE:
		state(o);
		break;
	case OWN_RECEIPT:
		receipt(o);
		break;
	case OWN_GPC:
		json(o, own_gpc_json(o->x.env->rules, o->x.arena));
		break;
	default:
		not_allowed(o, "POST");
		break;
	}
}

static bool exists(const struct own *o)
{
	enum own_page page = o->x.d->own;

	if (page == OWN_GPC)
		return true;
	if (page == OWN_UNKNOWN || !o->x.env->mac || !o->x.d->secure)
		return false;
	return (page != OWN_OPT_OUT && page != OWN_OPT_IN) || has_opt_out(o);
}

enum decide_result decide_answer(const struct decide_env *env, const struct request *req, const struct own_body *body,
				 struct arena *arena, struct decision *d, struct response *resp, struct slice *content)
{
	struct own o = {.x = {.env = env, .d = d, .arena = arena}, .req = req, .body = body, .resp = resp};
	struct slice path, back;
	bool has_query;

	target_split(d->asked.target, &path, &o.query, &has_query);
	back = own_query_value(o.query, SLICE("back"), arena);
	o.q = query_of(&o.x);
	o.view = view_of(&o.x, &o.q, NULL);
	o.view.back = own_back_ok(back) ? back : slice_of(NULL, 0);
	if (!exists(&o))
		not_found(&o);
	else if (is_get(&o))
		get(&o);
	else if (!takes_forms(&o))
		not_allowed(&o, "GET, HEAD");
	else if (slice_eq(req->method, SLICE("POST")))
		take_form(&o);
	else
		not_allowed(&o, d->own == OWN_DECISION ? "POST" : "GET, HEAD, POST");
	*content = o.content;
	return arena_failed(arena) ? DECIDE_NO_MEMORY : DECIDE_OK;
}
