/* URLs, targets, hosts: the same input as each of them. The first octet chooses which parameters are removed. */
#include <stdint.h>
#include <stdlib.h>

#include "rules/http/host.h"
#include "rules/http/url.h"

#define ARENA_CAP (1 << 24)
#define MANY	  1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || a.p == b.p);
}

static bool is_inside(struct slice part, struct slice whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_path(struct slice s, struct arena *arena)
{
	struct slice once, twice, rest, segment;

	CG_CHECK(path_normalise(s, arena, &once));
	CG_CHECK(path_normalise(once, arena, &twice));
	CG_CHECK(same(once, twice));
	CG_CHECK(once.n <= s.n);
	rest = once;
	while (slice_cut(rest, '/', &segment, &rest), rest.p || segment.n) {
		CG_CHECK(!slice_eq(segment, SLICE(".")) && !slice_eq(segment, SLICE("..")));
		CG_CHECK(segment.n > 0 || segment.p == once.p || rest.n == 0);
		CG_CHECK(slice_find_char(segment, '\\') == segment.n);
	}
}

struct params {
	uint8_t choice;
	bool check; /* the second time: nothing refused may be left */
	bool refused;
	size_t n;
	struct slice kept[MANY];
	size_t seen;
};

static bool judge(void *arg, const struct query_param *p)
{
	struct params *x = arg;
	bool keep = x->choice == 0 || slice_hash(p->name) % (x->choice + 1u) != 0;

	CG_CHECK(p->raw.n > 0 && slice_find_char(p->raw, '&') == p->raw.n);
	x->refused |= !keep;
	if (x->check) {
		CG_CHECK(keep);
		if (x->seen < MANY)
			CG_CHECK(x->seen < x->n && slice_eq(x->kept[x->seen], p->raw));
		x->seen++;
	} else if (keep && x->n < MANY) {
		x->kept[x->n++] = p->raw;
	}
	return keep;
}

static void check_params(struct slice target, uint8_t choice, struct arena *arena)
{
	static struct params x;
	struct slice once, twice, path, path_after, query, query_after;
	bool had, has;

	x = (struct params){.choice = choice};
	CG_CHECK(target_remove_params(target, judge, &x, arena, &once));
	CG_CHECK(x.refused || same(once, target));
	x.check = true;
	CG_CHECK(target_remove_params(once, judge, &x, arena, &twice));
	CG_CHECK(same(once, twice) && (x.seen == x.n || x.n == MANY));
	target_split(target, &path, &query, &had);
	target_split(once, &path_after, &query_after, &has);
	CG_CHECK(slice_eq(path, path_after) && (had || !has) && query_after.n <= query.n);
	if (x.refused)
		CG_CHECK(has == (x.n > 0));
}

static void check_host(struct slice s, struct arena *arena)
{
	struct slice host, again, domain;
	uint16_t port, none;

	domain = host_registrable(s);
	CG_CHECK(domain.n == 0 || (is_inside(domain, s) && domain.p + domain.n == s.p + s.n));
	if (!authority_parse(s, arena, &host, &port))
		return;
	CG_CHECK(host.n > 0 && host.n <= 253);
	if (slice_find_char(host, ':') < host.n) {
		CG_CHECK(host_is_address(host));
		return;
	}
	CG_CHECK(authority_parse(host, arena, &again, &none) && same(host, again) && none == 0);
	domain = host_registrable(host);
	CG_CHECK(domain.n == 0 || (host_domain_match(host, domain) && same(host_registrable(domain), domain)));
}

static void check_url(struct slice s, struct arena *arena)
{
	struct slice host;
	struct url u;
	uint16_t port;

	if (!url_parse(s, &u))
		return;
	CG_CHECK(is_inside(u.authority, s) && is_inside(u.host, u.authority) && u.port > 0);
	CG_CHECK(u.target.n > 0 && (u.target.p[0] == '/' || u.target.p[0] == '?'));
	CG_CHECK(authority_parse(u.authority, arena, &host, &port) && slice_ieq(host, u.host));
	CG_CHECK(u.has_port ? port == u.port : port == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_from(slice_of((const char *)data, size), 1), decoded;
	struct arena arena;

	arena_init(&arena, 0, ARENA_CAP);
	check_path(s, &arena);
	check_params(s, size ? data[0] : 0, &arena);
	check_host(s, &arena);
	check_url(s, &arena);
	if (percent_decode(s, &arena, &decoded))
		CG_CHECK(decoded.n <= s.n);
	arena_free(&arena);
	return 0;
}
