#include "rules/decide/page_plan.h"

#include <stdlib.h>

static size_t slot_of(uint64_t name)
{
	return (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 57);
}

enum element page_plan_element(const struct page_plan *plan, uint64_t name)
{
	size_t i = slot_of(name);

	while (plan->slots[i].name && plan->slots[i].name != name)
		i = (i + 1) % ELEMENT_SLOTS;
	return plan->slots[i].element; /* ELEMENT_OTHER in an empty slot */
}

static void add_element(struct page_plan *plan, enum element e)
{
	uint64_t name = html_name(element_name(e));
	size_t i = slot_of(name);

	while (plan->slots[i].name)
		i = (i + 1) % ELEMENT_SLOTS;
	plan->slots[i].name = name;
	plan->slots[i].element = e;
}

static bool want(struct html_names *names, enum element e, unsigned flags)
{
	unsigned ends = element_flags(e) & ELEMENT_ENDS ? HTML_WANT_END : 0;

	return !(element_flags(e) & flags) || html_names_add(names, element_name(e), HTML_WANT_START | ends);
}

/* Elements that are removed whole, or behind which something is injected: to find their ends. */
static bool want_ends(struct html_names *names, const struct ruleset *rs)
{
	const struct selectors *s = ruleset_selectors(rs);

	for (size_t id = 0; s && id < selectors_count(s); id++) {
		struct slice type = selector_type(s, id);

		if (type.n == 0)
			html_names_want_all(names, HTML_WANT_START | HTML_WANT_END);
		else if (!html_names_add(names, type, HTML_WANT_START | HTML_WANT_END))
			return false;
	}
	return true;
}

static bool want_selected(struct html_names *names, const struct ruleset *rs)
{
	const struct selectors *s = ruleset_selectors(rs);

	return !s || (selectors_want(s, names) && want_ends(names, rs));
}

static void note_pattern(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	(void)text, (void)regex, (void)flags, (void)mask;
	*(bool *)arg = true;
}

/* Whether URLs decide anything. */
static bool reads_urls(const struct ruleset *rs)
{
	size_t n;
	const struct beacon_rule *rules = ruleset_beacons(rs, &n);
	bool found = false;

	ruleset_each_beacon_pattern(rs, note_pattern, &found);
	for (size_t i = 0; i < n; i++)
		found |= rules[i].list;
	return found;
}

/* Whether values of attributes and texts decide anything; otherwise selectors alone do. */
static bool reads_values(const struct ruleset *rs)
{
	const struct selectors *s = ruleset_selectors(rs);
	bool found = ruleset_literals(rs) != NULL || reads_urls(rs);

	for (size_t id = 0; s && id < selectors_count(s); id++) {
		for (const struct beacon_selector *b = ruleset_selector(rs, id); b; b = b->next)
			found |= b->containing.n || b->containing_regex;
	}
	return found;
}

static void init_names(struct html_names *names, const struct ruleset *rs, unsigned flags)
{
	bool ok = true;

	html_names_init(names);
	if (flags & ELEMENT_CARRIES)
		html_names_want_carriers(names);
	if (ruleset_has_params(rs))
		flags |= ELEMENT_LINKS;
	for (enum element e = 1; e < ELEMENTS; e++)
		ok = want(names, e, flags) && ok;
	if (!want_selected(names, rs) || !ok) /* more names than a set takes: look at every tag */
		html_names_want_all(names, HTML_WANT_START | HTML_WANT_END);
}

struct page_plan *page_plan_new(const struct ruleset *rs)
{
	struct page_plan *plan = calloc(1, sizeof *plan);

	if (!plan)
		return NULL;
	for (enum element e = 1; e < ELEMENTS; e++)
		add_element(plan, e);
	plan->urls = reads_urls(rs);
	plan->values = reads_values(rs);
	init_names(&plan->beacons, rs, ELEMENT_PLACES | (plan->values ? ELEMENT_CARRIES : ELEMENT_NESTS));
	init_names(&plan->places, rs, ELEMENT_PLACES);
	html_names_init(&plan->all);
	html_names_want_all(&plan->all, HTML_WANT_START | HTML_WANT_END);
	return plan;
}

void page_plan_free(struct page_plan *plan)
{
	free(plan);
}
