/*
 * Fides (Ethyca): fides_consent[_SUFFIX] = percent-encoded JSON
 * {"consent":{NOTICE:BOOL},"fides_meta":{"consentMethod":...}}. Or base64 of that, or "gzip:" and base64. Notices are
 * called as the site likes. Methods by which nobody acted: script, gpc, dismiss and the like.
 */
#include "rules/consent/foreign/internal.h"

static bool acted(struct slice method)
{
	static const char *const acts[] = {"accept",	  "reject", "save",	   "individual_notice",
					   "acknowledge", "button", "ot_migration"};

	for (size_t i = 0; i < CG_COUNT(acts); i++)
		if (slice_eq(method, slice_str(acts[i])))
			return true;
	return false;
}

/* Sites choose among three forms. */
static json_t *read_root(struct foreign_findings *f, struct slice value)
{
	json_t *root = foreign_json(f, value);

	if (!root)
		root = foreign_json_base64(f, value);
	return root ? root : foreign_json_gzip(f, value);
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = read_root(f, value), *consent = json_object_get(root, "consent");
	json_t *method = json_object_get(json_object_get(root, "fides_meta"), "consentMethod");
	bool ok = json_is_object(consent);

	(void)which;
	(void)name;
	(void)foreign_json_say_members(f, consent);
	if (ok)
		foreign_act(f, acted(foreign_json_text(method)) ? FOREIGN_ACTED : FOREIGN_DEFAULT);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"fides_consent", "fides_consent_*", NULL};
static const struct foreign_mapping mappings[] = {
	{"functional*", PREFERENCES},	{"analytic*", ANALYTICS},   {"advertising*", ADVERTISING},
	{"marketing*", ADVERTISING},	{"targeted*", ADVERTISING}, {"data_sales*", ADVERTISING},
	{"data_sharing*", ADVERTISING}, {"sales_*", ADVERTISING},
};

const struct foreign_manager foreign_fides = {
	.name = "fides",
	.title = "Fides",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
