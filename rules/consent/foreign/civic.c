/*
 * Civic Cookie Control: CookieControl = JSON {"optionalCookies":{NAME:"accepted"|"revoked"|"legitimate interest"},
 * "interactedWith":BOOL}. A legitimate interest is no consent.
 */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value), *optional = json_object_get(root, "optionalCookies");
	bool ok = json_is_object(optional);

	(void)which;
	(void)name;
	if (ok) {
		(void)foreign_json_say_members(f, optional);
		foreign_act(f, json_is_true(json_object_get(root, "interactedWith")) ? FOREIGN_ACTED : FOREIGN_DEFAULT);
	}
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"CookieControl", NULL};

const struct foreign_manager foreign_civic = {
	.name = "civic",
	.title = "Civic Cookie Control",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
