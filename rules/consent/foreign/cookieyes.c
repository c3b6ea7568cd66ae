/*
 * CookieYes: cookieyes-consent = "consentid:...,consent:...,action:yes,CATEGORY:yes,..."; `consent` may contradict the
 * categories, which count. Its predecessor has a cookie for each, cookielawinfo-checkbox-CATEGORY = "yes" or "no".
 */
#include "rules/consent/foreign/internal.h"

static bool is_category(struct slice key)
{
	return !slice_eq(key, SLICE("consentid")) && !slice_eq(key, SLICE("consent")) &&
	       !slice_eq(key, SLICE("action")) && !slice_eq(key, SLICE("lastRenewedDate"));
}

static bool decode_one(struct foreign_findings *f, struct slice name, struct slice value)
{
	enum foreign_state state = foreign_answer(value);

	foreign_say(f, slice_from(name, sizeof "cookielawinfo-checkbox-" - 1), state);
	if (state != FOREIGN_UNKNOWN)
		foreign_act(f, FOREIGN_ACTED);
	return state != FOREIGN_UNKNOWN;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text, pair, key, state;
	bool acted = false, ok = false;

	if (!foreign_unescape_all(f, value, &text))
		return false;
	if (which)
		return decode_one(f, name, text);
	while (text.n) {
		(void)slice_cut(text, ',', &pair, &text);
		if (!slice_cut(pair, ':', &key, &state))
			continue;
		ok = true;
		acted = acted || (slice_eq(key, SLICE("action")) && slice_eq(state, SLICE("yes")));
		if (is_category(key))
			foreign_say(f, key, foreign_answer(state));
	}
	if (ok)
		foreign_act(f, acted ? FOREIGN_ACTED : FOREIGN_DEFAULT);
	return ok;
}

static const char *const cookies[] = {"cookieyes-consent", "cookielawinfo-checkbox-*", NULL};
static const struct foreign_mapping mappings[] = {
	{"functional", PREFERENCES},
	{"analytics", ANALYTICS},
	{"performance", ANALYTICS},
	{"advertisement", ADVERTISING},
};

const struct foreign_manager foreign_cookieyes = {
	.name = "cookieyes",
	.title = "CookieYes",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
