/* Wix: consent-policy = JSON {"ess","func","anl","adv","dt3":0|1}. */
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

static const char *const cookies[] = {"consent-policy", NULL};
static const struct foreign_mapping mappings[] = {
	{"func", PREFERENCES},
	{"anl", ANALYTICS},
	{"adv", ADVERTISING},
};

const struct foreign_manager foreign_wix = {
	.name = "wix",
	.title = "Wix",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "ess dt3",
};
