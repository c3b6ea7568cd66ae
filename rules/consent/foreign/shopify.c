/*
 * Shopify: _tracking_consent = percent-encoded JSON
 * {"con":{"CMP":{"a","m","p","s":"1"|"0"|""}},"purposes":{"a","p","m", "t":BOOL}}: analytics, marketing, preferences,
 * sale of data. `con` is what the visitor said, `purposes` what follows from it and the region.
 */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value);
	json_t *said = json_object_get(json_object_get(root, "con"), "CMP");
	bool ok = json_is_object(root);

	(void)which;
	(void)name;
	if (foreign_json_say_members(f, said))
		foreign_act(f, FOREIGN_ACTED);
	else if (ok)
		foreign_act(f, FOREIGN_DEFAULT);
	(void)foreign_json_say_members(f, json_object_get(root, "purposes"));
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"_tracking_consent", NULL};
static const struct foreign_mapping mappings[] = {
	{"p", PREFERENCES}, {"a", ANALYTICS}, {"m", ADVERTISING}, {"s", ADVERTISING}, {"t", ADVERTISING},
};

const struct foreign_manager foreign_shopify = {
	.name = "shopify",
	.title = "Shopify",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
};
