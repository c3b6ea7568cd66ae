/* Moove GDPR (WordPress): moove_gdpr_popup = JSON {"strict","thirdparty","advanced":"0"|"1"}; what the last two are
 * called is the site's to choose. */
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

static const char *const cookies[] = {"moove_gdpr_popup", NULL};
static const struct foreign_mapping mappings[] = {
	{"thirdparty", ANALYTICS},
	{"advanced", ADVERTISING},
};

const struct foreign_manager foreign_moove = {
	.name = "moove",
	.title = "Moove GDPR",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "strict",
};
