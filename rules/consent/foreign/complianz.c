/*
 * Complianz (WordPress): a cookie for each category, cmplz_CATEGORY = "allow" or "deny", on some sites with a label in
 * between (cmplz_rt_marketing); cmplz_banner-status = "dismissed" once the visitor chose.
 */
#include "rules/consent/foreign/internal.h"

static struct slice last_part(struct slice name)
{
	size_t at = name.n;

	while (at && name.p[at - 1] != '_')
		at--;
	return slice_from(name, at);
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice category = last_part(name), text;
	enum foreign_state state;

	(void)which;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	if (slice_eq(category, SLICE("banner-status")) && slice_eq(text, SLICE("dismissed")))
		foreign_act(f, FOREIGN_ACTED);
	state = slice_eq(text, SLICE("allow"))	? FOREIGN_GRANTED
		: slice_eq(text, SLICE("deny")) ? FOREIGN_DENIED
						: FOREIGN_UNKNOWN;
	if (state == FOREIGN_UNKNOWN)
		return true; /* cmplz_policy_id and the like */
	foreign_say(f, category, state);
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static const char *const cookies[] = {"cmplz_*", NULL};
static const struct foreign_mapping mappings[] = {
	{"preferences", PREFERENCES},
	{"functional", PREFERENCES},
	{"statistics", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_complianz = {
	.name = "complianz",
	.title = "Complianz",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "*",
};
