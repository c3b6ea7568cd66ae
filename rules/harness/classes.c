#include "rules/harness/classes.h"

#include "rules/harness/check.h"

_Static_assert(1 << CLASSES_ALL <= CLASSES_MAX && 2 * PURPOSES_MAX <= CLASSES_MAX, "classes fit");

static void add(struct class_list *c, purposes granted)
{
	c->v[c->n++] = granted | PURPOSE_NECESSARY;
}

void classes_of(const struct ruleset *rs, struct class_list *out)
{
	size_t optional = ruleset_purpose_count(rs) - 1;
	purposes all = ruleset_all_purposes(rs);

	out->n = 0;
	if (optional == 0)
		return;
	if (optional <= CLASSES_ALL) {
		for (purposes set = 0; set < (purposes)1 << optional; set++)
			add(out, set << 1);
		return;
	}
	add(out, 0);
	for (size_t bit = 1; bit <= optional; bit++)
		add(out, (purposes)1 << bit);
	for (size_t bit = 1; bit <= optional; bit++)
		add(out, all & ~((purposes)1 << bit));
	add(out, all);
}

static size_t count(purposes set)
{
	size_t n = 0;

	for (set &= ~PURPOSE_NECESSARY; set; set &= set - 1)
		n++;
	return n;
}

struct slice class_label(const struct ruleset *rs, purposes granted, struct arena *arena)
{
	purposes denied = ruleset_all_purposes(rs) & ~granted;

	if (count(denied) == 0)
		return SLICE("all granted");
	if (count(granted) == 0 && count(denied) > 1)
		return SLICE("all denied");
	if (count(denied) <= count(granted) + 1)
		return arena_printf(arena, "%.*s denied", SLICE_ARG(purposes_text(rs, denied, arena)));
	return arena_printf(arena, "only %.*s granted", SLICE_ARG(purposes_text(rs, granted, arena)));
}
