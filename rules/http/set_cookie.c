#include "rules/http/set_cookie.h"

#include <inttypes.h>
#include <stdio.h>

/* One attribute: " Name = value " between two semicolons. */
struct attribute {
	struct slice raw; /* all of it, with the blanks around */
	struct slice name;
	struct slice value;
};

static bool attribute_next(struct slice *rest, struct attribute *a)
{
	if (rest->n == 0)
		return false;
	slice_cut(*rest, ';', &a->raw, rest);
	slice_cut(a->raw, '=', &a->name, &a->value);
	a->name = slice_trim(a->name);
	a->value = slice_trim(a->value);
	return true;
}

static bool attribute_is(const struct attribute *a, struct slice name)
{
	return slice_ieq(a->name, name) && a->value.n <= COOKIE_ATTRIBUTE_MAX;
}

/* RFC 6265bis 5.6.2. Any number of digits is fine; it is clamped. */
static bool max_age_parse(struct slice s, int64_t *seconds)
{
	bool negative = s.n && s.p[0] == '-';
	int64_t v = 0;

	s = slice_from(s, negative);
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]))
			return false;
		v = v * 10 + (s.p[i] - '0');
		if (v > COOKIE_AGE_MAX)
			v = COOKIE_AGE_MAX;
	}
	*seconds = negative ? -v : v;
	return true;
}

static enum same_site same_site_parse(struct slice s)
{
	if (slice_ieq(s, SLICE("none")))
		return SAME_SITE_NONE;
	if (slice_ieq(s, SLICE("lax")))
		return SAME_SITE_LAX;
	return slice_ieq(s, SLICE("strict")) ? SAME_SITE_STRICT : SAME_SITE_UNSET;
}

static void take_domain(struct set_cookie *c, struct slice value)
{
	if (value.n && value.p[0] == '.')
		value = slice_from(value, 1);
	c->domain = value;
	c->has_domain = value.n > 0;
}

static void take_path(struct set_cookie *c, struct slice value)
{
	c->has_path = value.n && value.p[0] == '/';
	c->path = c->has_path ? value : slice_of(NULL, 0);
}

static void take_attribute(struct set_cookie *c, const struct attribute *a)
{
	if (attribute_is(a, SLICE("Expires")))
		c->has_expires |= cookie_date_parse(a->value, &c->expires);
	else if (attribute_is(a, SLICE("Max-Age")))
		c->has_max_age |= max_age_parse(a->value, &c->max_age);
	else if (attribute_is(a, SLICE("Domain")))
		take_domain(c, a->value);
	else if (attribute_is(a, SLICE("Path")))
		take_path(c, a->value);
	else if (attribute_is(a, SLICE("SameSite")))
		c->same_site = same_site_parse(a->value);
	c->secure |= attribute_is(a, SLICE("Secure"));
	c->http_only |= attribute_is(a, SLICE("HttpOnly"));
	c->partitioned |= attribute_is(a, SLICE("Partitioned"));
}

static void take_pair(struct set_cookie *c, struct slice pair)
{
	c->pair = slice_trim(pair);
	if (!slice_cut(c->pair, '=', &c->name, &c->value)) {
		c->name = slice_of(NULL, 0);
		c->value = c->pair;
	}
	c->name = slice_trim(c->name);
	c->value = slice_trim(c->value);
}

void set_cookie_parse_pair(struct slice value, struct set_cookie *out)
{
	*out = (struct set_cookie){0};
	take_pair(out, slice_head(value, slice_find_char(value, ';')));
}

bool set_cookie_parse(struct slice value, struct set_cookie *out)
{
	struct attribute a;
	struct slice pair, rest;

	*out = (struct set_cookie){0};
	slice_cut(value, ';', &pair, &rest);
	take_pair(out, pair);
	while (attribute_next(&rest, &a))
		take_attribute(out, &a);
	return slice_find_control(value) == value.n && out->name.n + out->value.n <= COOKIE_PAIR_MAX &&
	       out->name.n + out->value.n > 0;
}

enum cookie_prefix cookie_prefix_of(struct slice name)
{
	if (slice_istarts_with(name, SLICE("__Host-Http-")))
		return COOKIE_PREFIX_HOST_HTTP;
	if (slice_istarts_with(name, SLICE("__Host-")))
		return COOKIE_PREFIX_HOST;
	if (slice_istarts_with(name, SLICE("__Http-")))
		return COOKIE_PREFIX_HTTP;
	return slice_istarts_with(name, SLICE("__Secure-")) ? COOKIE_PREFIX_SECURE : COOKIE_PREFIX_NONE;
}

bool set_cookie_prefix_ok(const struct set_cookie *c)
{
	bool host_only = c->secure && !c->has_domain && slice_eq(c->path, SLICE("/"));

	/* A nameless cookie is sent back as its value alone, which a server would read as a name. */
	if (c->name.n == 0)
		return cookie_prefix_of(c->value) == COOKIE_PREFIX_NONE;
	switch (cookie_prefix_of(c->name)) {
	case COOKIE_PREFIX_SECURE:
		return c->secure;
	case COOKIE_PREFIX_HOST:
		return host_only;
	case COOKIE_PREFIX_HTTP:
		return c->secure && c->http_only;
	case COOKIE_PREFIX_HOST_HTTP:
		return host_only && c->http_only;
	default:
		return true;
	}
}

bool set_cookie_deletes(const struct set_cookie *c, int64_t now)
{
	return c->has_max_age ? c->max_age <= 0 : c->has_expires && c->expires <= now;
}

/* What set_cookie_limit() has to do, and the texts for it. */
struct change {
	const struct cookie_limits *limits;
	bool secure, http_only, same_site; /* to be appended */
	int64_t last;			   /* the latest Expires allowed */
	struct slice expires;		   /* the attribute for it; made when first needed */
	struct slice age;		   /* the Max-Age attribute, in age_text */
	char age_text[32];
	struct arena *arena;
};

/* The texts are written twice: first only measured (p NULL), then into memory of that size. */
struct writer {
	char *p;
	size_t n;
};

static void write_slice(struct writer *w, struct slice s)
{
	if (w->p && s.n)
		memcpy(w->p + w->n, s.p, s.n);
	w->n += s.n;
}

static struct slice same_site_text(enum same_site s)
{
	static const struct slice texts[] = {
		[SAME_SITE_UNSET] = SLICE_INIT(""),
		[SAME_SITE_NONE] = SLICE_INIT("SameSite=None"),
		[SAME_SITE_LAX] = SLICE_INIT("SameSite=Lax"),
		[SAME_SITE_STRICT] = SLICE_INIT("SameSite=Strict"),
	};

	return texts[s];
}

static struct slice expires(struct change *x)
{
	if (x->expires.n == 0) {
		const struct slice parts[] = {SLICE("Expires="), imf_fixdate(x->arena, x->last)};

		x->expires = arena_concat(x->arena, parts, CG_COUNT(parts));
	}
	return x->expires;
}

/* The text that takes an attribute's place; empty if it may stay, or if the arena refused. */
static struct slice replacement(struct change *x, const struct attribute *a)
{
	const struct cookie_limits *l = x->limits;
	int64_t v;

	if (l->same_site != SAME_SITE_UNSET && attribute_is(a, SLICE("SameSite")))
		return same_site_parse(a->value) == l->same_site ? SLICE("") : same_site_text(l->same_site);
	if (l->max_age_cap < 0)
		return SLICE("");
	if (attribute_is(a, SLICE("Max-Age")) && max_age_parse(a->value, &v) && v > l->max_age_cap)
		return x->age;
	if (attribute_is(a, SLICE("Expires")) && cookie_date_parse(a->value, &v) && v > x->last)
		return expires(x);
	return SLICE("");
}

/* Writes a replacement between the blanks that surrounded the attribute. */
static void write_replaced(struct writer *w, struct slice raw, struct slice text)
{
	struct slice inner = slice_trim(raw);
	size_t before = (size_t)(inner.p - raw.p);

	write_slice(w, slice_head(raw, before));
	write_slice(w, text);
	write_slice(w, slice_from(raw, before + inner.n));
}

static void append(struct writer *w, bool *open, struct slice text)
{
	write_slice(w, *open ? SLICE(" ") : SLICE("; "));
	write_slice(w, text);
	*open = false;
}

/* Writes the whole value as it shall be; returns whether anything differs. */
static bool write_all(struct writer *w, struct slice value, struct change *x)
{
	struct slice pair, rest, trimmed = slice_trim(value);
	struct attribute a;
	bool changed = false, open = trimmed.n && trimmed.p[trimmed.n - 1] == ';';
	bool has_attributes = slice_cut(value, ';', &pair, &rest);

	write_slice(w, pair);
	if (has_attributes)
		write_slice(w, SLICE(";"));
	while (attribute_next(&rest, &a)) {
		struct slice text = replacement(x, &a);
		bool last = a.raw.p + a.raw.n == value.p + value.n;

		if (text.n)
			write_replaced(w, a.raw, text);
		else
			write_slice(w, a.raw);
		if (!last)
			write_slice(w, SLICE(";"));
		changed |= text.n > 0;
	}
	if (x->secure)
		append(w, &open, SLICE("Secure"));
	if (x->http_only)
		append(w, &open, SLICE("HttpOnly"));
	if (x->same_site)
		append(w, &open, same_site_text(x->limits->same_site));
	return changed || x->secure || x->http_only || x->same_site;
}

static bool has_attribute(struct slice value, struct slice name)
{
	struct slice pair, rest;
	struct attribute a;

	slice_cut(value, ';', &pair, &rest);
	while (attribute_next(&rest, &a))
		if (attribute_is(&a, name))
			return true;
	return false;
}

static void plan(struct change *x, struct slice value, const struct cookie_limits *l, int64_t now)
{
	bool secure = l->add_secure || l->same_site == SAME_SITE_NONE;
	int n;

	x->secure = secure && !has_attribute(value, SLICE("Secure"));
	x->http_only = l->add_http_only && !has_attribute(value, SLICE("HttpOnly"));
	x->same_site = l->same_site != SAME_SITE_UNSET && !has_attribute(value, SLICE("SameSite"));
	if (l->max_age_cap < 0)
		return;
	if (__builtin_add_overflow(now, l->max_age_cap, &x->last))
		x->last = INT64_MAX;
	n = snprintf(x->age_text, sizeof x->age_text, "Max-Age=%" PRId64, l->max_age_cap);
	x->age = slice_of(x->age_text, (size_t)n);
}

bool set_cookie_limit(struct slice value, const struct cookie_limits *limits, int64_t now, struct arena *arena,
		      struct slice *out)
{
	struct change x = {.limits = limits, .arena = arena};
	struct writer w = {0};

	*out = value;
	plan(&x, value, limits, now);
	if (!write_all(&w, value, &x) || arena_failed(arena))
		return !arena_failed(arena);
	w.p = arena_alloc(arena, w.n);
	if (!w.p)
		return false;
	w.n = 0;
	write_all(&w, value, &x);
	*out = slice_of(w.p, w.n);
	return true;
}
