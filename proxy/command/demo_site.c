#include "proxy/command/demo_site.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/http/cookie.h"
#include "rules/http/set_cookie.h"
#include "rules/http/url.h"

#define SESSION_COOKIE "nwv_session"
#define PAGE_MAX       (256 * 1024)

struct demo_file {
	struct slice name;
	struct slice text;
};

/* demo_files[]: made by demo_site/embed.sh. */
#include "proxy/command/demo_site_table.h"

/* One request being answered. */
struct visit {
	struct demo_site *site;
	const struct request *req;
	struct slice body;
	int64_t now;
	struct arena *arena;
	struct demo_answer *out;
	struct slice path;
	const struct demo_session *session; /* NULL: not signed in */
	bool secure;			    /* the visitor came over TLS to the proxy in front */
};

struct slice demo_site_file(const char *name)
{
	for (size_t i = 0; i < CG_COUNT(demo_files); i++)
		if (slice_eq(demo_files[i].name, slice_str(name)))
			return demo_files[i].text;
	return SLICE("");
}

static void random_octets(unsigned char *out, size_t n)
{
	if (getrandom(out, n, 0) != (ssize_t)n)
		memset(out, 7, n); /* an example site: nothing depends on it */
}

static uint32_t random_number(void)
{
	unsigned char b[4];

	random_octets(b, sizeof b);
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* -- text ---------------------------------------------------------------------------------------------------------- */

static struct slice html_escape(struct arena *a, struct slice s)
{
	struct buffer b;
	struct slice out;

	buffer_init(&b, PAGE_MAX);
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<':
			buffer_add_str(&b, "&lt;");
			break;
		case '>':
			buffer_add_str(&b, "&gt;");
			break;
		case '&':
			buffer_add_str(&b, "&amp;");
			break;
		case '"':
			buffer_add_str(&b, "&quot;");
			break;
		default:
			buffer_add_char(&b, s.p[i]);
		}
	}
	out = arena_copy(a, buffer_slice(&b));
	buffer_free(&b);
	return out;
}

static struct slice value_of(const struct demo_variable *vars, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(vars[i].name, name))
			return vars[i].value;
	return SLICE("");
}

struct slice demo_expand(struct arena *a, struct slice template, const struct demo_variable *vars, size_t n)
{
	struct buffer b;
	struct slice out;

	buffer_init(&b, PAGE_MAX);
	for (;;) {
		size_t start = slice_find(template, SLICE("{{"));
		struct slice name = slice_from(template, start + 2);
		size_t end = slice_find(name, SLICE("}}"));

		buffer_add(&b, slice_head(template, start));
		if (start == template.n || end == name.n)
			break;
		buffer_add(&b, value_of(vars, n, slice_head(name, end)));
		template = slice_from(name, end + 2);
	}
	out = arena_copy(a, buffer_slice(&b));
	if (b.failed)
		a->failed = true;
	buffer_free(&b);
	return out;
}

/* The value of a field of a form's body (application/x-www-form-urlencoded), at most DEMO_NAME_MAX octets. */
static struct slice form_value(struct visit *v, struct slice wanted)
{
	struct slice rest = v->body, pair, name, value, out;

	while (rest.n) {
		char *p;

		slice_cut(rest, '&', &pair, &rest);
		if (!slice_cut(pair, '=', &name, &value) || !slice_eq(name, wanted))
			continue;
		p = arena_alloc(v->arena, value.n);
		if (!p)
			break;
		for (size_t i = 0; i < value.n; i++)
			p[i] = value.p[i] == '+' ? ' ' : value.p[i];
		if (percent_decode(slice_of(p, value.n), v->arena, &out))
			return slice_head(out, DEMO_NAME_MAX);
	}
	return SLICE("");
}

/* -- cookies ------------------------------------------------------------------------------------------------------- */

static struct slice received(const struct visit *v, struct slice name)
{
	struct cookie_walk w = {.fields = &v->req->fields};
	struct cookie c;

	while (cookie_walk_next(&w, &c))
		if (slice_eq(c.name, name))
			return c.value;
	return SLICE("");
}

static void set_cookie(struct visit *v, struct slice value)
{
	const struct slice parts[] = {value, v->secure ? SLICE("; Secure") : SLICE("")};

	fields_add(&v->out->head.fields, SLICE("Set-Cookie"), arena_concat(v->arena, parts, CG_COUNT(parts)));
}

/* Sets a cookie on every page, as trackers do: the value that came, or a new one. */
static void keep_cookie(struct visit *v, struct slice name, struct slice fresh, const char *attributes)
{
	struct slice value = received(v, name);
	const struct slice parts[] = {name, SLICE("="), value.n ? value : fresh, slice_str(attributes)};

	set_cookie(v, arena_concat(v->arena, parts, CG_COUNT(parts)));
}

static void set_page_cookies(struct visit *v)
{
	long long now = (long long)v->now;
	struct arena *a = v->arena;

	keep_cookie(v, SLICE("lang"), SLICE("en"), "; Path=/; Max-Age=31536000; SameSite=Lax");
	keep_cookie(v, SLICE("_ga"), arena_printf(a, "GA1.1.%u.%lld", random_number(), now),
		    "; Path=/; Max-Age=63072000");
	keep_cookie(v, SLICE("_ga_NWV0000001"), arena_printf(a, "GS1.1.%lld.1.0.%lld.0.0.0", now, now),
		    "; Path=/; Max-Age=63072000");
	keep_cookie(v, SLICE("_hjSession_4711"), arena_printf(a, "eyJpZCI6%08x", random_number()),
		    "; Path=/; Max-Age=1800; SameSite=None");
	keep_cookie(v, SLICE("_fbp"), arena_printf(a, "fb.1.%lld000.%u", now, random_number()),
		    "; Path=/; Max-Age=7776000; SameSite=Lax");
	keep_cookie(v, SLICE("_gcl_au"), arena_printf(a, "1.1.%u.%lld", random_number(), now),
		    "; Path=/; Max-Age=7776000");
}

/* -- sessions ------------------------------------------------------------------------------------------------------ */

static const struct demo_session *find_session(const struct visit *v)
{
	struct slice token = received(v, SLICE(SESSION_COOKIE));

	for (size_t i = 0; i < DEMO_SESSIONS; i++) {
		const struct demo_session *s = &v->site->sessions[i];

		if (s->token[0] && slice_eq(token, slice_str(s->token)))
			return s;
	}
	return NULL;
}

static const struct demo_session *make_session(struct demo_site *site, struct slice name)
{
	struct demo_session *s = &site->sessions[site->next_session++ % DEMO_SESSIONS];
	unsigned char random[16];

	random_octets(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		(void)snprintf(s->token + 2 * i, 3, "%02x", random[i]);
	s->name_length = name.n;
	if (name.n)
		memcpy(s->name, name.p, name.n);
	return s;
}

/* -- answers ------------------------------------------------------------------------------------------------------- */

static void answer(struct visit *v, unsigned status, const char *reason, const char *type, struct slice body)
{
	v->out->head.status = status;
	v->out->head.reason = slice_str(reason);
	if (type)
		fields_add(&v->out->head.fields, SLICE("Content-Type"), slice_str(type));
	v->out->body = body;
}

/* A page of the site: the first line of its text is the title, `value` goes where {{value}} stands. */
static void answer_text(struct visit *v, unsigned status, struct slice text, struct slice value)
{
	const struct demo_variable own[] = {{SLICE("value"), html_escape(v->arena, value)}};
	struct slice title, content, name;
	struct slice account = SLICE("<a href=\"/sign-in\">Sign in</a>");

	slice_cut(text, '\n', &title, &content);
	content = demo_expand(v->arena, content, own, CG_COUNT(own));
	if (v->session) {
		name = html_escape(v->arena, slice_of(v->session->name, v->session->name_length));
		account = arena_printf(v->arena, "<a href=\"/account\">%.*s</a>", SLICE_ARG(name));
	}
	const struct demo_variable vars[] = {{SLICE("title"), title},
					     {SLICE("content"), content},
					     {SLICE("account"), account},
					     {SLICE("path"), html_escape(v->arena, v->path)}};
	set_page_cookies(v);
	answer(v, status, status == 200 ? "OK" : "Not Found", "text/html; charset=utf-8",
	       demo_expand(v->arena, demo_site_file("layout.html"), vars, CG_COUNT(vars)));
}

static void answer_page(struct visit *v, const char *name, struct slice value)
{
	answer_text(v, 200, demo_site_file(name), value);
}

static void redirect(struct visit *v, const char *to)
{
	fields_add(&v->out->head.fields, SLICE("Location"), slice_str(to));
	answer(v, 303, "See Other", NULL, SLICE(""));
}

static void sign_in(struct visit *v)
{
	struct slice name = form_value(v, SLICE("name"));
	const struct demo_session *s;

	if (!name.n) {
		answer_page(v, "sign-in.html", SLICE(""));
		return;
	}
	s = make_session(v->site, name);
	set_cookie(v, arena_printf(v->arena, SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax", s->token));
	redirect(v, "/account");
}

static void sign_out(struct visit *v)
{
	struct demo_session *s = v->session ? &v->site->sessions[v->session - v->site->sessions] : NULL;

	if (s)
		s->token[0] = '\0';
	set_cookie(v, SLICE(SESSION_COOKIE "=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"));
	redirect(v, "/");
}

static void account(struct visit *v)
{
	if (v->session)
		answer_page(v, "account.html", slice_of(v->session->name, v->session->name_length));
	else
		redirect(v, "/sign-in");
}

static void newsletter(struct visit *v)
{
	answer_page(v, "thanks.html", form_value(v, SLICE("email")));
}

static void opt_out(struct visit *v)
{
	set_cookie(v, SLICE("optout=1; Path=/; Max-Age=34560000; SameSite=Lax"));
	redirect(v, "/debug/cookies");
}

static void opt_in(struct visit *v)
{
	set_cookie(v, SLICE("optout=; Path=/; Max-Age=0; SameSite=Lax"));
	redirect(v, "/debug/cookies");
}

static void collect(struct visit *v)
{
	answer(v, 200, "OK", "text/plain; charset=utf-8", SLICE("counted\n"));
}

/* -- what this server receives ------------------------------------------------------------------------------------- */

static struct slice field_text(const struct visit *v, const char *name)
{
	const struct field *f = fields_find_name(&v->req->fields, slice_str(name));

	return f ? f->value : SLICE("");
}

static void debug_text(struct visit *v)
{
	struct cookie_walk w = {.fields = &v->req->fields};
	struct cookie c;
	struct buffer b;
	bool any = false;

	buffer_init(&b, PAGE_MAX);
	buffer_printf(&b, "The origin received:\n\ntarget   %.*s\nconsent  %.*s\n", SLICE_ARG(v->req->target),
		      SLICE_ARG(field_text(v, "Crumbgate-Consent")));
	for (; cookie_walk_next(&w, &c); any = true)
		buffer_printf(&b, "cookie   %.*s\n", SLICE_ARG(c.raw));
	if (!any)
		buffer_add_str(&b, "no cookie\n");
	answer(v, 200, "OK", "text/plain; charset=utf-8", arena_copy(v->arena, buffer_slice(&b)));
	set_page_cookies(v);
	buffer_free(&b);
}

static void add_row(struct visit *v, struct buffer *b, struct slice head, struct slice text)
{
	head = html_escape(v->arena, head);
	text = html_escape(v->arena, text);
	buffer_printf(b, "<tr><th scope=\"row\"><code>%.*s</code></th><td><code>%.*s</code></td></tr>\n",
		      SLICE_ARG(head), SLICE_ARG(text));
}

static void debug_page(struct visit *v)
{
	static const char *const shown[] = {"Crumbgate-Consent", "X-Forwarded-For", "X-Forwarded-Proto", "Sec-GPC",
					    "DNT"};
	struct cookie_walk w = {.fields = &v->req->fields};
	struct cookie c;
	struct buffer b;

	buffer_init(&b, PAGE_MAX);
	buffer_add_str(&b, "What this server receives\n<h1>What this server receives</h1>\n"
			   "<p class=\"lead\">From your browser, after crumbgate. Your browser's own list is in its "
			   "developer tools: compare the two.</p>\n"
			   "<div class=\"wide\"><table><caption>Cookies</caption>\n");
	for (size_t n = 0;; n++) {
		if (!cookie_walk_next(&w, &c)) {
			if (!n)
				buffer_add_str(&b, "<tr><td>none</td></tr>\n");
			break;
		}
		add_row(v, &b, c.name, c.value);
	}
	buffer_add_str(&b, "</table></div>\n<div class=\"wide\"><table><caption>The rest</caption>\n");
	add_row(v, &b, SLICE("target"), v->req->target);
	for (size_t i = 0; i < CG_COUNT(shown); i++)
		if (field_text(v, shown[i]).n)
			add_row(v, &b, slice_str(shown[i]), field_text(v, shown[i]));
	buffer_add_str(&b, "</table></div>\n<p><a href=\"/privacy\">What the cookies are for, and the opt-out "
			   "cookie</a></p>\n");
	answer_text(v, 200, arena_copy(v->arena, buffer_slice(&b)), SLICE(""));
	buffer_free(&b);
}

/* -- routes -------------------------------------------------------------------------------------------------------- */

static const struct route {
	const char *method; /* GET also serves HEAD; NULL: any */
	const char *path;
	const char *page;		 /* a page of the site ... */
	void (*handle)(struct visit *v); /* ... or this */
	const char *type;		 /* of a page that is a plain file */
} routes[] = {
	{"GET", "/", "home.html", NULL, NULL},
	{"GET", "/products/cloud-phone", "cloud-phone.html", NULL, NULL},
	{"GET", "/products/sip-trunks", "sip-trunks.html", NULL, NULL},
	{"GET", "/products/contact-centre", "contact-centre.html", NULL, NULL},
	{"GET", "/pricing", "pricing.html", NULL, NULL},
	{"GET", "/newsletter", "newsletter.html", NULL, NULL},
	{"POST", "/newsletter", NULL, newsletter, NULL},
	{"GET", "/sign-in", "sign-in.html", NULL, NULL},
	{"POST", "/sign-in", NULL, sign_in, NULL},
	{"POST", "/sign-out", NULL, sign_out, NULL},
	{"GET", "/account", NULL, account, NULL},
	{"GET", "/privacy", "privacy.html", NULL, NULL},
	{"POST", "/privacy/opt-out", NULL, opt_out, NULL},
	{"POST", "/privacy/opt-in", NULL, opt_in, NULL},
	{NULL, "/collect", NULL, collect, NULL},
	{"GET", "/debug/cookies", NULL, debug_page, NULL},
	{"GET", "/debug/beacons", "beacons.html", NULL, NULL},
	{"GET", "/cookies.txt", NULL, debug_text, NULL},
	{"GET", "/style.css", "style.css", NULL, "text/css; charset=utf-8"},
	{"GET", "/stats.js", "stats.js", NULL, "text/javascript; charset=utf-8"},
	{"GET", "/mark.svg", "mark.svg", NULL, "image/svg+xml"},
};

static const struct route *find_route(const struct visit *v)
{
	struct slice method = v->req->method;

	if (slice_eq(method, SLICE("HEAD")))
		method = SLICE("GET");
	for (size_t i = 0; i < CG_COUNT(routes); i++)
		if (slice_eq(v->path, slice_str(routes[i].path)) &&
		    (!routes[i].method || slice_eq(method, slice_str(routes[i].method))))
			return &routes[i];
	return NULL;
}

static void take_route(struct visit *v, const struct route *r)
{
	const char *caching = r && r->type ? "max-age=3600" : "no-cache";

	fields_add(&v->out->head.fields, SLICE("Date"), imf_fixdate(v->arena, v->now));
	fields_add(&v->out->head.fields, SLICE("Cache-Control"), slice_str(caching));
	if (!r)
		answer_text(v, 404, demo_site_file("missing.html"), SLICE(""));
	else if (r->handle)
		r->handle(v);
	else if (r->type)
		answer(v, 200, "OK", r->type, demo_site_file(r->page));
	else
		answer_page(v, r->page, SLICE(""));
}

bool demo_site_answer(struct demo_site *site, const struct request *req, struct slice body, int64_t now,
		      struct arena *arena, struct demo_answer *out)
{
	struct visit v = {.site = site, .req = req, .body = body, .now = now, .arena = arena, .out = out};
	struct slice query;
	bool has_query;

	*out = (struct demo_answer){0};
	fields_init(&out->head.fields, arena);
	target_split(req->target, &v.path, &query, &has_query);
	v.secure = slice_eq(field_text(&v, "X-Forwarded-Proto"), SLICE("https"));
	v.session = find_session(&v);
	take_route(&v, find_route(&v));
	return !arena_failed(arena);
}
