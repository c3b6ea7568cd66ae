#include "rules/language/ruleset.h"

#include <stdlib.h>

#include "rules/language/ruleset_internal.h"

static void beacons_free(struct beacons *beacons)
{
	filter_free(beacons->filter);
	for (size_t i = 0; i < beacons->n_lists; i++)
		filter_free(beacons->lists[i].filter);
	for (size_t i = 0; i < beacons->n_regexes; i++)
		pattern_free(beacons->regexes[i]);
}

void ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return;
	names_free(&rs->cookie_names);
	names_free(&rs->param_names);
	names_free(&rs->path_names);
	for (size_t i = 0; i < rs->n_html; i++)
		names_free(&rs->html_paths[i]);
	for (size_t i = 0; i < rs->n_consent_cookies; i++)
		pattern_free(rs->consent_cookies[i].pattern);
	beacons_free(&rs->beacons);
	arena_free(&rs->arena);
	free(rs);
}

size_t ruleset_purpose_count(const struct ruleset *rs)
{
	return rs->n_purposes;
}

const struct purpose *ruleset_purpose(const struct ruleset *rs, size_t bit)
{
	return bit < rs->n_purposes ? &rs->purposes[bit] : NULL;
}

int ruleset_purpose_find(const struct ruleset *rs, struct slice name)
{
	for (size_t i = 0; i < rs->n_purposes; i++) {
		if (slice_eq(rs->purposes[i].name, name))
			return (int)i;
	}
	return -1;
}

purposes ruleset_all_purposes(const struct ruleset *rs)
{
	return (purposes)((UINT64_C(1) << rs->n_purposes) - 1);
}

const struct policy *ruleset_policy(const struct ruleset *rs)
{
	return &rs->policy;
}

const struct banner_rule *ruleset_banner(const struct ruleset *rs)
{
	return &rs->banner;
}

bool ruleset_has_banner(const struct ruleset *rs)
{
	return rs->banner.banner.rule.line != 0;
}

enum ruleset_mode ruleset_mode(const struct ruleset *rs)
{
	return rs->mode;
}

const struct signal_rule *ruleset_signal(const struct ruleset *rs, enum signal_kind kind)
{
	return &rs->signals[kind];
}

const struct opt_out_rule *ruleset_opt_outs(const struct ruleset *rs, size_t *n)
{
	*n = rs->n_opt_outs;
	return rs->opt_outs;
}

const struct inject_cookie_rule *ruleset_inject_cookies(const struct ruleset *rs, size_t *n)
{
	*n = rs->n_injects;
	return rs->injects;
}

uint64_t ruleset_identity(const struct ruleset *rs)
{
	return rs->identity;
}

const struct rule *ruleset_sealed(const struct ruleset *rs)
{
	for (size_t i = 0; i < rs->n_cookies; i++)
		if (rs->cookies[i].sealed)
			return &rs->cookies[i].rule;
	return NULL;
}

bool ruleset_has_params(const struct ruleset *rs)
{
	return rs->n_params > 0;
}

bool ruleset_has_paths(const struct ruleset *rs)
{
	return rs->n_paths > 0;
}

/* Names point at the first member of their rule. */
static const void *rule_of(const struct name *name)
{
	return name ? name->rule : NULL;
}

const struct cookie_rule *ruleset_cookie(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice name,
					 bool *limit)
{
	return rule_of(names_find(&rs->cookie_names, scratch, name, limit));
}

const struct param_rule *ruleset_param(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice name,
				       bool *limit)
{
	return rule_of(names_find(&rs->param_names, scratch, name, limit));
}

const struct path_rule *ruleset_path(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice path,
				     bool *limit)
{
	return rule_of(names_find_path(&rs->path_names, scratch, path, limit));
}

const struct cookie_rule *ruleset_unnamed_cookie(const struct ruleset *rs)
{
	return &rs->unnamed;
}

void ruleset_each_rule(const struct ruleset *rs, void (*f)(void *arg, const struct rule *r), void *arg)
{
	for (size_t i = 0; i < rs->n_rules; i++)
		f(arg, rs->rules[i]);
}
