/* The accessors of pages, and the lookup of URLs. */
#include "rules/language/ruleset_internal.h"

const struct pages_rule *ruleset_pages(const struct ruleset *rs)
{
	return &rs->pages;
}

bool ruleset_has_placeholder(const struct ruleset *rs)
{
	return rs->beacons.placeholder;
}

const struct beacon_rule *ruleset_beacons(const struct ruleset *rs, size_t *n)
{
	*n = rs->beacons.n_rules;
	return rs->beacons.rules;
}

purposes ruleset_beacon_purposes(const struct ruleset *rs)
{
	return rs->beacons.mask;
}

/* ---- URLs. ---- */

static struct beacon_match matched(const struct beacon_rule *rule, struct slice pattern, unsigned list_line, bool limit)
{
	return (struct beacon_match){
		.rule = limit ? NULL : rule, .pattern = pattern, .list_line = list_line, .limit = limit};
}

/* The first pattern of a beacon statement; *order of its rule. */
static struct beacon_match match_patterns(const struct beacons *beacons, struct pattern_scratch *scratch,
					  struct filter_request *r, size_t *order)
{
	const struct beacon_pattern *p;
	struct filter_result result;

	if (!beacons->filter)
		return (struct beacon_match){0};
	result = filter_match(beacons->filter, r, scratch);
	if (result.verdict == FILTER_NONE)
		return (struct beacon_match){0};
	p = &beacons->patterns[result.rule.line - 1];
	*order = p->rule->order;
	return matched(p->rule, p->text, 0, result.limit);
}

struct beacon_match ruleset_beacon_url(const struct ruleset *rs, struct pattern_scratch *scratch,
				       struct filter_request *r)
{
	const struct beacons *beacons = &rs->beacons;
	size_t order = SIZE_MAX;
	struct beacon_match first = match_patterns(beacons, scratch, r, &order);

	for (size_t i = 0; i < beacons->n_lists && beacons->lists[i].rule->order < order; i++) {
		struct filter_result result = filter_match(beacons->lists[i].filter, r, scratch);

		if (result.verdict == FILTER_BLOCKED)
			return matched(beacons->lists[i].rule, result.rule.text, result.rule.line, result.limit);
	}
	return first;
}

/* ---- Selectors and literals. ---- */

const struct selectors *ruleset_selectors(const struct ruleset *rs)
{
	return rs->beacons.selectors;
}

const struct beacon_selector *ruleset_selector(const struct ruleset *rs, size_t id)
{
	return rs->beacons.by_selector[id];
}

const struct literals *ruleset_literals(const struct ruleset *rs)
{
	return rs->beacons.literals;
}

const struct beacon_literal *ruleset_literal(const struct ruleset *rs, size_t id)
{
	return &rs->beacons.by_literal[id];
}

/* ---- What is injected. ---- */

const struct inject_html_rule *ruleset_inject_html(const struct ruleset *rs, size_t *n)
{
	*n = rs->n_html;
	return rs->html;
}

bool inject_html_applies(const struct inject_html_rule *rule, struct pattern_scratch *scratch, struct slice path,
			 unsigned status)
{
	bool limit;

	if (status < rule->status_min || status > rule->status_max)
		return false;
	return !rule->paths || names_find_path(rule->paths, scratch, path, &limit);
}

/* ---- For the guard. ---- */

void ruleset_each_beacon_pattern(const struct ruleset *rs, pattern_visitor f, void *arg)
{
	for (size_t i = 0; i < rs->beacons.n_patterns; i++) {
		const struct beacon_pattern *p = &rs->beacons.patterns[i];

		f(arg, p->text, p->regex, p->flags, p->rule->mask);
	}
}

static purposes mask_of(const struct name *name)
{
	return ((const struct cookie_rule *)(const void *)name->rule)->mask;
}

static void tell_name(const struct name *name, pattern_visitor f, void *arg)
{
	struct slice text = name->escaped.n ? name->escaped : name->text;

	if (name->kind == NAME_PREFIX)
		text.n++; /* the star behind it */
	f(arg, text, name->kind == NAME_REGEX || name->escaped.n, name->flags, mask_of(name));
}

/* Names that an inject statement implies stand behind the others, and count first. */
void ruleset_each_cookie_name(const struct ruleset *rs, pattern_visitor f, void *arg)
{
	const struct names *names = &rs->cookie_names;

	for (size_t i = 0; i < rs->n_opt_outs; i++)
		f(arg, rs->opt_outs[i].name, false, slice_of(NULL, 0), PURPOSE_NECESSARY);
	for (size_t i = names->n_spelled; i < names->n; i++)
		tell_name(&names->all[i], f, arg);
	for (size_t i = 0; i < names->n_spelled; i++)
		tell_name(&names->all[i], f, arg);
}
