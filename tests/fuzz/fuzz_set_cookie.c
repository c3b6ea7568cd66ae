/*
 * Set-Cookie: three octets choose the limits, the rest is the value. What comes out satisfies the limits, carries the
 * same pair and scope, and is not changed by limiting it again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/http/set_cookie.h"

#define ARENA_CAP (1 << 24)
#define NOW	  INT64_C(1774000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cookie_limits limits_of(const uint8_t *data)
{
	static const int64_t caps[] = {-1, 0, 1, 86400, 7776000, COOKIE_AGE_MAX, INT64_MAX - NOW, INT64_MAX};

	return (struct cookie_limits){
		.max_age_cap = caps[data[0] % CG_COUNT(caps)],
		.add_secure = data[1] & 1,
		.add_http_only = data[1] & 2,
		.same_site = (enum same_site)(data[2] % 4),
	};
}

static bool scope_is_same(const struct set_cookie *a, const struct set_cookie *b)
{
	return slice_eq(a->pair, b->pair) && slice_eq(a->name, b->name) && slice_eq(a->value, b->value) &&
	       slice_eq(a->domain, b->domain) && slice_eq(a->path, b->path) && a->has_domain == b->has_domain &&
	       a->has_path == b->has_path && a->partitioned == b->partitioned && a->has_max_age == b->has_max_age &&
	       a->has_expires == b->has_expires;
}

static void check_limits(const struct set_cookie *before, const struct set_cookie *c, const struct cookie_limits *l)
{
	CG_CHECK(c->secure == (before->secure || l->add_secure || l->same_site == SAME_SITE_NONE));
	CG_CHECK(c->http_only == (before->http_only || l->add_http_only));
	CG_CHECK(c->same_site == (l->same_site ? l->same_site : before->same_site));
	if (l->max_age_cap < 0)
		return;
	CG_CHECK(!c->has_max_age || c->max_age <= l->max_age_cap);
	CG_CHECK(!c->has_expires || l->max_age_cap > INT64_MAX - NOW || c->expires <= NOW + l->max_age_cap);
	CG_CHECK(c->max_age <= before->max_age);
	CG_CHECK(c->expires <= before->expires);
}

static void check_dates(struct slice s, struct arena *arena)
{
	int64_t time, again;

	if (!cookie_date_parse(s, &time))
		return;
	CG_CHECK(cookie_date_parse(imf_fixdate(arena, time), &again) && again == time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cookie_limits limits;
	struct set_cookie before, after;
	struct slice value, out, again;
	struct arena arena;
	bool good;

	if (size < 3)
		return 0;
	limits = limits_of(data);
	value = slice_of((const char *)data + 3, size - 3);
	arena_init(&arena, 0, ARENA_CAP);
	good = set_cookie_parse(value, &before);
	CG_CHECK(set_cookie_limit(value, &limits, NOW, &arena, &out));
	/* A control octet may have gone with the attribute that held it. */
	CG_CHECK(set_cookie_parse(out, &after) || !good);
	CG_CHECK(scope_is_same(&before, &after));
	check_limits(&before, &after, &limits);
	CG_CHECK(set_cookie_limit(out, &limits, NOW, &arena, &again));
	CG_CHECK(again.p == out.p && again.n == out.n);
	CG_CHECK(!set_cookie_deletes(&before, NOW) || set_cookie_deletes(&after, NOW));
	CG_CHECK(!set_cookie_prefix_ok(&before) || set_cookie_prefix_ok(&after));
	check_dates(value, &arena);
	arena_free(&arena);
	return 0;
}
