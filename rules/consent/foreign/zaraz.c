/* Cloudflare Zaraz: cf_consent = JSON {PURPOSE:BOOL}; the identifiers are the site's own and need a mapping. */
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

static const char *const cookies[] = {"cf_consent", NULL};

const struct foreign_manager foreign_zaraz = {
	.name = "zaraz",
	.title = "Cloudflare Zaraz",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
