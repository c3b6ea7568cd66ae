#include "rules/http/url.h"
#include "rules/pages/internal.h"

static const struct {
	struct slice name;
	enum own_page page;
} own_pages[] = {
	{SLICE_INIT(""), OWN_PREFERENCES},
	{SLICE_INIT("/"), OWN_PREFERENCES},
	{SLICE_INIT("/preferences"), OWN_PREFERENCES},
	{SLICE_INIT("/decision"), OWN_DECISION},
	{SLICE_INIT("/withdraw"), OWN_WITHDRAW},
	{SLICE_INIT("/opt-out"), OWN_OPT_OUT},
	{SLICE_INIT("/opt-in"), OWN_OPT_IN},
	{SLICE_INIT("/state"), OWN_STATE},
	{SLICE_INIT("/receipt"), OWN_RECEIPT},
};

enum own_page own_page_of(const struct ruleset *rs, struct slice path)
{
	struct slice own = ruleset_policy(rs)->own_path, rest;

	if (slice_eq(path, SLICE("/.well-known/gpc.json")) && ruleset_signal(rs, SIGNAL_GPC)->denies)
		return OWN_GPC;
	if (!slice_starts_with(path, own))
		return OWN_NONE;
	rest = slice_from(path, own.n);
	if (rest.n && rest.p[0] != '/')
		return OWN_NONE;
	for (size_t i = 0; i < CG_COUNT(own_pages); i++)
		if (slice_eq(rest, own_pages[i].name))
			return own_pages[i].page;
	return OWN_UNKNOWN;
}

bool own_back_ok(struct slice s)
{
	if (!s.n || s.n > OWN_BACK_MAX || s.p[0] != '/' || (s.n > 1 && s.p[1] == '/'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7F || s.p[i] == '\\')
			return false;
	return true;
}

struct slice own_query_value(struct slice query, struct slice name, struct arena *arena)
{
	struct slice one, key, value;

	while (query.n) {
		slice_cut(query, '&', &one, &query);
		slice_cut(one, '=', &key, &value);
		if (slice_eq(key, name))
			return percent_decode(value, arena, &value) ? value : slice_of(NULL, 0);
	}
	return slice_of(NULL, 0);
}

purposes own_chosen(const struct consent *c)
{
	if (!c->decided)
		return 0;
	return c->source == CONSENT_SIGNED ? c->chosen & ~c->denied_by_foreign : c->granted_by_foreign;
}

purposes left_to_decide(const struct ruleset *rs, const struct consent *c)
{
	return ruleset_all_purposes(rs) & ~(PURPOSE_NECESSARY | c->denied_by_opt_out | c->denied_by_signal);
}
