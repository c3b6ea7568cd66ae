/*
 * Didomi: didomi_token = base64 of JSON {"purposes":{"enabled":[ID...],"disabled":[ID...]},...}; the purposes of IAB
 * are in euconsent-v2 (accept tcf as well).
 */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json_base64(f, value), *purposes = json_object_get(root, "purposes");
	bool ok = json_is_object(root);

	(void)which;
	(void)name;
	(void)foreign_json_say_list(f, json_object_get(purposes, "enabled"), FOREIGN_GRANTED);
	(void)foreign_json_say_list(f, json_object_get(purposes, "disabled"), FOREIGN_DENIED);
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"didomi_token", NULL};
static const struct foreign_mapping mappings[] = {
	{"analyt*", ANALYTICS},
};

const struct foreign_manager foreign_didomi = {
	.name = "didomi",
	.title = "Didomi",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
