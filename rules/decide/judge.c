#include "rules/decide/internal.h"
#include "rules/language/ruleset_accept.h"

const char decide_pattern_limit[] = "a pattern hit its limits before a rule was found";

void verdict_emit(const struct deciding *x, const struct verdict *v)
{
	x->d->counts[v->kind]++;
	if (x->env->sink)
		x->env->sink(x->env->sink_arg, v);
}

bool is_granted(const struct deciding *x, purposes mask)
{
	return (mask & ~x->d->consent.granted) == 0;
}

static const struct opt_out_rule *opt_out_named(const struct ruleset *rs, struct slice name)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(rs, &n);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(o[i].name, name))
			return &o[i];
	return NULL;
}

struct judgement judge_cookie(const struct deciding *x, struct slice name)
{
	const struct ruleset *rs = x->env->rules;
	const struct opt_out_rule *opt_out;
	const struct rule *carrier;
	const struct cookie_rule *found;
	bool limit = false;

	if (consent_cookie_is(name))
		return (struct judgement){
			.own = true, .mask = PURPOSE_NECESSARY, .reason = "crumbgate's own consent cookie"};
	opt_out = opt_out_named(rs, name);
	if (opt_out)
		return (struct judgement){.pass = true,
					  .rule = &opt_out->rule,
					  .mask = PURPOSE_NECESSARY,
					  .reason = "cookies that carry consent are necessary"};
	carrier = ruleset_consent_carrier(rs, x->env->scratch, name);
	if (carrier)
		return (struct judgement){.pass = true,
					  .rule = carrier,
					  .mask = PURPOSE_NECESSARY,
					  .reason = "cookies that carry consent are necessary"};
	found = ruleset_cookie(rs, x->env->scratch, name, &limit);
	if (limit)
		return (struct judgement){.mask = ruleset_all_purposes(rs), .reason = decide_pattern_limit};
	if (!found)
		found = ruleset_unnamed_cookie(rs);
	return (struct judgement){
		.pass = is_granted(x, found->mask), .rule = &found->rule, .cookie = found, .mask = found->mask};
}
