/* Finsweet (Webflow): fs-cc = JSON {"consents":{CATEGORY:BOOL}}, percent-encoded once or twice. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value);
	bool ok = foreign_json_say_members(f, json_object_get(root, "consents"));

	(void)which;
	(void)name;
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"fs-cc", NULL};
static const struct foreign_mapping mappings[] = {
	{"personalization", PREFERENCES},
	{"analytics", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_finsweet = {
	.name = "finsweet",
	.title = "Finsweet",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
