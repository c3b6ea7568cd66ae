/* cookie, param, path: what things are of, by name. */
#include "rules/language/ruleset_internal.h"

#define COOKIE_CLAUSES (CLAUSE_IS | CLAUSE_MAX_AGE | CLAUSE_SECURE | CLAUSE_HTTPONLY | CLAUSE_SAMESITE | CLAUSE_SEALED)

/* Names and clauses of one statement. False if it is not usable; everything wrong was then reported. */
static bool read_named(struct builder *b, const struct item *item, enum name_of of, unsigned allowed,
		       struct names *names, const struct rule *rule, size_t order, struct clauses *out)
{
	size_t from = names_read(b, item, of, allowed, names, rule, order);

	*out = clauses_read(b, item, from, allowed);
	if (out->seen & CLAUSE_IS)
		return out->ok;
	if (from > 1)
		build_missing(b, item->s, "write, e.g.: is analytics", "\"is\" and a purpose are missing");
	return false;
}

void rules_cookie(struct builder *b, struct item *item)
{
	struct ruleset *rs = b->rs;
	size_t order = rs->n_cookies++;
	struct cookie_rule *rule = &rs->cookies[order];
	struct clauses c;

	rule->rule = build_rule(b, item->file, item->s);
	rule->order = order;
	build_add_rule(b, &rule->rule);
	if (!read_named(b, item, NAME_OF_COOKIE, COOKIE_CLAUSES, &rs->cookie_names, &rule->rule, order, &c))
		return;
	rule->mask = c.is;
	rule->sealed = (c.seen & CLAUSE_SEALED) != 0;
	rule->limits = (struct cookie_limits){
		.max_age_cap = c.seen & CLAUSE_MAX_AGE ? c.seconds : -1,
		.add_secure = (c.seen & CLAUSE_SECURE) != 0,
		.add_http_only = (c.seen & CLAUSE_HTTPONLY) != 0,
		.same_site = c.same_site,
	};
}

void rules_param(struct builder *b, struct item *item)
{
	struct ruleset *rs = b->rs;
	size_t order = rs->n_params++;
	struct param_rule *rule = &rs->params[order];
	struct clauses c;

	rule->rule = build_rule(b, item->file, item->s);
	build_add_rule(b, &rule->rule);
	if (read_named(b, item, NAME_OF_PARAM, CLAUSE_IS, &rs->param_names, &rule->rule, order, &c))
		rule->mask = c.is;
}

void rules_path(struct builder *b, struct item *item)
{
	struct ruleset *rs = b->rs;
	size_t order = rs->n_paths++;
	struct path_rule *rule = &rs->paths[order];
	struct clauses c;

	rule->rule = build_rule(b, item->file, item->s);
	build_add_rule(b, &rule->rule);
	if (read_named(b, item, NAME_OF_PATH, CLAUSE_IS, &rs->path_names, &rule->rule, order, &c))
		rule->mask = c.is;
}
