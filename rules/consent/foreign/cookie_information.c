/* Cookie Information: CookieInformationConsent = percent-encoded JSON {"consents_approved":[...],
 * "consents_denied":[...]} of cookie_cat_functional and so on. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value);
	bool approved, denied;

	(void)which;
	(void)name;
	approved = foreign_json_say_list(f, json_object_get(root, "consents_approved"), FOREIGN_GRANTED);
	denied = foreign_json_say_list(f, json_object_get(root, "consents_denied"), FOREIGN_DENIED);
	if (approved || denied)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return approved || denied;
}

static const char *const cookies[] = {"CookieInformationConsent", NULL};
static const struct foreign_mapping mappings[] = {
	{"cookie_cat_functional", PREFERENCES},
	{"cookie_cat_statistic", ANALYTICS},
	{"cookie_cat_marketing", ADVERTISING},
};

const struct foreign_manager foreign_cookie_information = {
	.name = "cookie-information",
	.title = "Cookie Information",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "cookie_cat_*",
};
