#include "rules/decide/internal.h"

static struct beacon_judgement judge_request(const struct deciding *x, struct filter_request *r)
{
	struct beacon_judgement j = {.url = r->text, .pass = true, .mask = PURPOSE_NECESSARY};

	j.match = ruleset_beacon_url(x->env->rules, x->env->scratch, r);
	if (j.match.limit) {
		j.mask = ruleset_all_purposes(x->env->rules);
		j.reason = decide_pattern_limit;
	} else if (j.match.rule) {
		j.mask = j.match.rule->mask;
	}
	j.pass = !j.match.limit && is_granted(x, j.mask);
	return j;
}

struct beacon_judgement judge_url(const struct deciding *x, const struct web_url *base, const struct filter_page *page,
				  struct slice url, unsigned types)
{
	struct beacon_judgement j = {.pass = true, .url = url, .mask = PURPOSE_NECESSARY};
	struct filter_request r;
	struct web_url u;

	if (!web_url_parse(url, base, x->arena, &u)) {
		j.pass = false; /* the arena refused, so the exchange is given up */
		return j;
	}
	j.beyond_ascii = u.beyond_ascii;
	if (u.kind != WEB_URL_NETWORK)
		return j;
	j.url = u.text;
	if (!filter_request_init(&r, &u, types, page, x->arena)) {
		j.pass = false;
		return j;
	}
	j = judge_request(x, &r);
	j.beyond_ascii = u.beyond_ascii;
	return j;
}
