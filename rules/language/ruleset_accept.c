/* Accessors and lookups of what is accepted from others. */
#include "rules/language/ruleset_internal.h"

const struct accept_rule *ruleset_accepts(const struct ruleset *rs, size_t *n)
{
	*n = rs->n_accepts;
	return rs->accepts;
}

const struct consent_cookie_rule *ruleset_consent_cookies(const struct ruleset *rs, size_t *n)
{
	*n = rs->n_consent_cookies;
	return rs->consent_cookies;
}

int accept_rule_carries(const struct accept_rule *a, struct slice cookie_name)
{
	for (size_t i = 0; i < a->n_cookies; i++)
		if (slice_eq(a->cookies[i].name, cookie_name))
			return (int)a->cookies[i].which;
	return foreign_carries(a->manager, cookie_name);
}

static const struct rule *carrier(const struct ruleset *rs, struct slice name)
{
	for (size_t i = 0; i < rs->n_accepts; i++)
		if (accept_rule_carries(&rs->accepts[i], name) >= 0)
			return &rs->accepts[i].rule;
	for (size_t i = 0; i < rs->n_consent_cookies; i++)
		if (slice_eq(rs->consent_cookies[i].name, name))
			return &rs->consent_cookies[i].rule;
	return NULL;
}

bool ruleset_is_consent_carrier(const struct ruleset *rs, struct slice cookie_name)
{
	return carrier(rs, cookie_name) != NULL;
}

const struct rule *ruleset_consent_carrier(const struct ruleset *rs, struct pattern_scratch *scratch,
					   struct slice cookie_name)
{
	const struct rule *rule = carrier(rs, cookie_name);
	const struct name *named;
	bool limit;

	if (!rule)
		return NULL;
	named = names_find(&rs->cookie_names, scratch, cookie_name, &limit);
	return named && named->kind == NAME_EXACT ? NULL : rule;
}

void ruleset_each_consent_carrier(const struct ruleset *rs, void (*f)(void *arg, struct slice name), void *arg)
{
	for (size_t i = 0; i < rs->n_accepts; i++) {
		const struct accept_rule *a = &rs->accepts[i];

		for (size_t k = 0; k < a->n_cookies; k++)
			f(arg, a->cookies[k].name);
		for (size_t k = 0; a->manager->cookies[k]; k++)
			f(arg, slice_str(a->manager->cookies[k]));
	}
	for (size_t i = 0; i < rs->n_consent_cookies; i++)
		f(arg, rs->consent_cookies[i].name);
}
