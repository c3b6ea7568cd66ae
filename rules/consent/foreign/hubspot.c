/*
 * HubSpot: __hs_cookie_cat_pref = "1:BOOL,2:BOOL,3:BOOL", with '_' for ',' as well; 1 analytics, 2 advertisement,
 * 3 functionality. __hs_opt_out = "yes": all off; __hs_do_not_track = "yes".
 */
#include "rules/consent/foreign/internal.h"

static bool decode_categories(struct foreign_findings *f, struct slice text)
{
	bool ok = false;

	while (text.n) {
		size_t end = slice_find_char(text, ','), other = slice_find_char(text, '_');
		struct slice pair = slice_head(text, end < other ? end : other), key, state;

		text = slice_from(text, pair.n + 1);
		if (slice_cut(pair, ':', &key, &state)) {
			foreign_say(f, key, foreign_answer(state));
			ok = true;
		}
	}
	return ok;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text;
	bool yes;

	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	yes = slice_eq(text, SLICE("yes"));
	if (which == 3)
		return true;
	if (which == 0 && !decode_categories(f, text))
		return false;
	if (which == 1 && yes)
		foreign_say_all(f, FOREIGN_DENIED);
	if (which == 2 && yes) {
		foreign_say(f, SLICE("1"), FOREIGN_DENIED);
		foreign_say(f, SLICE("2"), FOREIGN_DENIED);
	}
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static const char *const cookies[] = {"__hs_cookie_cat_pref", "__hs_opt_out", "__hs_do_not_track",
				      "__hs_initial_opt_in", NULL};
static const struct foreign_mapping mappings[] = {
	{"3", PREFERENCES},
	{"1", ANALYTICS},
	{"2", ADVERTISING},
};

const struct foreign_manager foreign_hubspot = {
	.name = "hubspot",
	.title = "HubSpot",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
};
