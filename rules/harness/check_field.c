/* Header fields, cookies, and the deletion of cookies. */
#include "rules/harness/checker.h"
#include "rules/http/cookie.h"
#include "rules/http/field.h"
#include "rules/http/host.h"
#include "rules/http/set_cookie.h"
#include "rules/http/url.h"

static const struct fields *fields_of(const struct checker *c)
{
	switch (c->e->side) {
	case EXPECT_ORIGIN:
		return &c->o->origin_saw.fields;
	case EXPECT_HINTS:
		return &c->o->hints_saw.fields;
	default:
		return &c->o->visitor_saw.fields;
	}
}

/* -- the Cookie list ----------------------------------------------------------------------------------------------- */

static struct slice pair_name(struct slice pair)
{
	struct slice name, rest;

	return slice_cut(pair, '=', &name, &rest) ? name : slice_of(NULL, 0);
}

/* Is the pair among those still to come? *walk is moved behind it and *between tells how many were passed over. */
static bool comes_later(const struct cookie_walk *from, struct slice pair, size_t *between)
{
	struct cookie_walk w = *from;
	struct cookie k;

	for (*between = 0; cookie_walk_next(&w, &k); (*between)++)
		if (slice_eq(k.raw, pair))
			return true;
	return false;
}

static void unexpected_cookie(struct checker *c, const struct cookie *k)
{
	differs(c, slice_of(NULL, 0), k->raw, why_of(c, SUBJECT_REQUEST_COOKIE, k->name));
}

/* The whole list of pairs over all Cookie fields, row by row. */
static void check_cookie_list(struct checker *c)
{
	struct cookie_walk w = {.fields = fields_of(c)};
	struct slice rest = c->e->value;
	struct cookie want, got;
	size_t between;

	while (cookie_next(&rest, &want)) {
		if (!comes_later(&w, want.raw, &between)) {
			differs(c, want.raw, slice_of(NULL, 0), why_of(c, SUBJECT_REQUEST_COOKIE, want.name));
			continue;
		}
		while (between-- && cookie_walk_next(&w, &got))
			unexpected_cookie(c, &got);
		if (cookie_walk_next(&w, &got))
			agrees(c, got.raw);
	}
	while (cookie_walk_next(&w, &got))
		unexpected_cookie(c, &got);
}

/* True if the cookie is what the expectation names: "name" or "name=value". */
static bool names_cookie(const struct checker *c, const struct cookie *k)
{
	if (slice_find_char(c->e->value, '=') < c->e->value.n)
		return slice_eq(k->raw, c->e->value);
	return slice_eq(k->name, c->e->value) || (k->name.n == 0 && slice_eq(k->raw, c->e->value));
}

static void check_has_cookie(struct checker *c)
{
	struct cookie_walk w = {.fields = fields_of(c)};
	struct slice name = pair_name(c->e->value);
	struct cookie k;
	bool found = false;

	while (cookie_walk_next(&w, &k)) {
		if (!names_cookie(c, &k))
			continue;
		found = true;
		if (c->e->negative)
			unexpected_cookie(c, &k);
	}
	if (!found && !c->e->negative)
		differs(c, c->e->text, SLICE("(no such cookie)"),
			why_of(c, SUBJECT_REQUEST_COOKIE, name.p ? name : c->e->value));
}

/* -- Set-Cookie ---------------------------------------------------------------------------------------------------- */

/* True if the field sets (does not delete) the cookie that the expectation names: a name, a pair, or all of it. */
static bool names_set_cookie(const struct checker *c, struct slice value)
{
	struct slice want = c->e->value;
	struct set_cookie k;

	if (slice_find_char(want, ';') < want.n)
		return slice_eq(value, want);
	(void)set_cookie_parse(value, &k);
	if (set_cookie_deletes(&k, c->x->now))
		return false;
	return slice_eq(slice_find_char(want, '=') < want.n ? k.pair : k.name, want);
}

static bool field_meets(const struct checker *c, struct slice value)
{
	const struct expectation *e = c->e;

	if (e->how == HOW_HAS && !e->has_value)
		return true;
	if (e->how == HOW_HAS && field_id_of(e->name) == FIELD_SET_COOKIE)
		return names_set_cookie(c, value);
	return text_meets(c, value);
}

static struct slice field_why(const struct checker *c, struct slice value)
{
	struct set_cookie k;

	if (field_id_of(c->e->name) != FIELD_SET_COOKIE)
		return slice_of(NULL, 0);
	(void)set_cookie_parse(value, &k);
	return why_of(c, SUBJECT_RESPONSE_COOKIE, k.name);
}

/* -- any field ----------------------------------------------------------------------------------------------------- */

static struct slice field_line(const struct checker *c, const struct field *f)
{
	return arena_printf(c->arena, "%.*s: %.*s", SLICE_ARG(f->name), SLICE_ARG(f->value));
}

/* None did: shows those of that name that there are. */
static void none_meets(struct checker *c)
{
	const struct fields *fields = fields_of(c);
	struct slice want = c->e->text, why = {0};
	bool any = false;

	if (c->e->has_value)
		why = field_why(c, c->e->value);
	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->v[i];

		if (!slice_ieq(f->name, c->e->name))
			continue;
		differs(c, any ? slice_of(NULL, 0) : want, field_line(c, f),
			any || !why.n ? field_why(c, f->value) : why);
		any = true;
	}
	if (!any)
		differs(c, want, arena_printf(c->arena, "(no %.*s)", SLICE_ARG(c->e->name)), why);
}

static void check_plain_field(struct checker *c)
{
	const struct fields *fields = fields_of(c);
	bool found = false;

	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->v[i];

		if (!slice_ieq(f->name, c->e->name) || !field_meets(c, f->value))
			continue;
		if (c->e->negative)
			differs(c, found ? slice_of(NULL, 0) : c->e->text, field_line(c, f), field_why(c, f->value));
		found = true;
	}
	if (!found && !c->e->negative)
		none_meets(c);
}

void check_field(struct checker *c)
{
	const struct expectation *e = c->e;
	bool cookie = field_id_of(e->name) == FIELD_COOKIE;

	if (field_id_of(e->name) == FIELD_HOST && e->side == EXPECT_ORIGIN) {
		if (field_meets(c, c->o->origin_saw.authority) == e->negative)
			differs(c, e->text, c->o->origin_saw.authority, slice_of(NULL, 0));
	} else if (cookie && e->how == HOW_IS && !e->negative) {
		check_cookie_list(c);
	} else if (cookie && e->how == HOW_HAS && e->has_value) {
		check_has_cookie(c);
	} else {
		check_plain_field(c);
	}
}

/* -- expiry -------------------------------------------------------------------------------------------------------- */

struct scope {
	struct slice domain; /* empty: host-only */
	struct slice path;
	bool partitioned;
};

/* A Set-Cookie that deletes the cookie in this scope and that user agents accept. */
static bool deletes(const struct checker *c, struct slice value, const struct scope *s)
{
	struct set_cookie k;

	return set_cookie_parse(value, &k) && slice_eq(k.name, c->e->name) && set_cookie_deletes(&k, c->x->now) &&
	       set_cookie_prefix_ok(&k) && slice_ieq(k.domain, s->domain) && slice_eq(k.path, s->path) &&
	       k.partitioned == s->partitioned;
}

static void check_scope(struct checker *c, const struct scope *s)
{
	const struct fields *fields = &c->o->visitor_saw.fields;
	const char *with = s->domain.n ? "; Domain=" : "";

	for (size_t i = 0; i < fields->n; i++)
		if (fields->v[i].id == FIELD_SET_COOKIE && deletes(c, fields->v[i].value, s))
			return;
	differs(c,
		arena_printf(c->arena, "%.*s=; Max-Age=0%s%.*s; Path=%.*s%s", SLICE_ARG(c->e->name), with,
			     SLICE_ARG(s->domain), SLICE_ARG(s->path), s->partitioned ? "; Secure; Partitioned" : ""),
		SLICE("(no such deletion)"), why_of(c, SUBJECT_RESPONSE_COOKIE, c->e->name));
}

static bool is_host_only(struct slice name)
{
	enum cookie_prefix prefix = cookie_prefix_of(name);

	return prefix == COOKIE_PREFIX_HOST || prefix == COOKIE_PREFIX_HOST_HTTP;
}

/* Path=/ and the path that a cookie has by default (RFC 6265bis 5.1.4); over TLS partitioned ones as well. */
static void check_domain(struct checker *c, struct slice domain)
{
	struct slice path, query;
	bool has_query;
	size_t n;

	check_scope(c, &(struct scope){domain, SLICE("/"), false});
	if (c->x->request.secure)
		check_scope(c, &(struct scope){domain, SLICE("/"), true});
	target_split(c->x->request.target, &path, &query, &has_query);
	for (n = path.n; n > 0 && path.p[n - 1] != '/'; n--)
		;
	if (n > 1 && !is_host_only(c->e->name))
		check_scope(c, &(struct scope){domain, slice_head(path, n - 1), false});
}

/* Why a deletion is there: of all verdicts on the cookie the one that expires it. */
static struct slice why_deleted(const struct checker *c)
{
	for (const struct seen_verdict *s = c->o->verdicts; s; s = s->next)
		if (s->v.kind == VERDICT_EXPIRE && slice_eq(s->v.name, c->e->name))
			return verdict_why(&s->v, c->arena);
	return why_of(c, SUBJECT_RESPONSE_COOKIE, c->e->name);
}

static void check_no_deletion(struct checker *c)
{
	const struct fields *fields = &c->o->visitor_saw.fields;
	struct set_cookie k;
	bool any = false;

	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->v[i];

		if (f->id != FIELD_SET_COOKIE || !set_cookie_parse(f->value, &k) || !slice_eq(k.name, c->e->name) ||
		    !set_cookie_deletes(&k, c->x->now))
			continue;
		differs(c, any ? slice_of(NULL, 0) : c->e->text, field_line(c, f),
			any ? slice_of(NULL, 0) : why_deleted(c));
		any = true;
	}
}

/* Every scope that a cookie of this host can have: host-only, the host, and each parent below the public suffix. */
void check_expires(struct checker *c)
{
	struct slice domain = c->x->request.host, last = host_registrable(domain);

	if (c->e->negative) {
		check_no_deletion(c);
		return;
	}
	check_domain(c, slice_of(NULL, 0));
	if (last.n == 0 || is_host_only(c->e->name))
		return;
	for (; domain.n > last.n; domain = slice_from(domain, slice_find_char(domain, '.') + 1))
		check_domain(c, domain);
	check_domain(c, last);
}
