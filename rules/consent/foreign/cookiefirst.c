/* CookieFirst: cookiefirst-consent = JSON {CATEGORY:BOOL} or, with "type":"granular", {VENDOR:BOOL}. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value);
	bool ok = foreign_json_say_members(f, root);

	(void)which;
	(void)name;
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"cookiefirst-consent", NULL};
static const struct foreign_mapping mappings[] = {
	{"functional", PREFERENCES},
	{"performance", ANALYTICS},
	{"advertising", ADVERTISING},
};

const struct foreign_manager foreign_cookiefirst = {
	.name = "cookiefirst",
	.title = "CookieFirst",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
