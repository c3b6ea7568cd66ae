/* WP Consent API: a cookie for each category, wp_consent_CATEGORY = "allow" or "deny". */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text;
	enum foreign_state state;

	(void)which;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	state = foreign_answer(text);
	foreign_say(f, slice_from(name, sizeof "wp_consent_" - 1), state);
	if (state != FOREIGN_UNKNOWN)
		foreign_act(f, FOREIGN_ACTED);
	return state != FOREIGN_UNKNOWN;
}

static const char *const cookies[] = {"wp_consent_*", NULL};
static const struct foreign_mapping mappings[] = {
	{"functional", PREFERENCES},
	{"preferences", PREFERENCES},
	{"statistics", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_wp_consent_api = {
	.name = "wp-consent-api",
	.title = "WP Consent API",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "*",
};
