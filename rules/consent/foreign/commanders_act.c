/*
 * Commanders Act: TC_PRIVACY = percent-encoded "STATUS@VERSION[|...]@BANNER@SITE@CATEGORIES@..."; STATUS 0: opted in,
 * to CATEGORIES ("1,3" or "ALL"), which are the site's own; 1: opted out.
 */
#include "rules/consent/foreign/internal.h"

static void say_categories(struct foreign_findings *f, struct slice list)
{
	struct slice category;

	if (slice_ieq(list, SLICE("ALL")))
		foreign_say_all(f, FOREIGN_GRANTED);
	while (list.n) {
		(void)slice_cut(list, ',', &category, &list);
		if (category.n)
			foreign_say(f, category, FOREIGN_GRANTED);
	}
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text, field[5] = {{0}};

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	for (size_t i = 0; i < CG_COUNT(field); i++)
		(void)slice_cut(text, '@', &field[i], &text);
	if (slice_eq(field[0], SLICE("1")))
		foreign_say_all(f, FOREIGN_DENIED);
	else if (slice_eq(field[0], SLICE("0")) && field[3].n)
		say_categories(f, field[4]);
	else
		return false;
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static const char *const cookies[] = {"TC_PRIVACY", NULL};

const struct foreign_manager foreign_commanders_act = {
	.name = "commanders-act",
	.title = "Commanders Act",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
