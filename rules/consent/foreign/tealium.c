/* Tealium iQ: CONSENTMGR = "c1:1|c3:0|ts:MS|consent:BOOL", '|' percent-encoded; consent:false denies all, consent:true
 * without categories grants all. */
#include "rules/consent/foreign/internal.h"

static bool is_category(struct slice key)
{
	return key.n > 1 && key.p[0] == 'c' && ascii_is_digit(key.p[1]);
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text, pair, key, state;
	enum foreign_state all = FOREIGN_UNKNOWN;
	bool categories = false, ok = false;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	while (text.n) {
		(void)slice_cut(text, '|', &pair, &text);
		if (!slice_cut(pair, ':', &key, &state))
			continue;
		ok = true;
		if (slice_eq(key, SLICE("consent")))
			all = foreign_answer(state);
		if (is_category(key)) {
			foreign_say(f, key, foreign_answer(state));
			categories = true;
		}
	}
	if (all == FOREIGN_DENIED || !categories)
		foreign_say_all(f, all);
	if (all != FOREIGN_UNKNOWN || categories)
		foreign_act(f, FOREIGN_ACTED);
	return ok;
}

static const char *const cookies[] = {"CONSENTMGR", NULL};
static const struct foreign_mapping mappings[] = {
	{"c6", PREFERENCES},
	{"c1", ANALYTICS},
	{"c3", ADVERTISING},
};

const struct foreign_manager foreign_tealium = {
	.name = "tealium",
	.title = "Tealium iQ",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "c*",
};
