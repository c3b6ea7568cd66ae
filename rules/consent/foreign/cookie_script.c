/* Cookie-Script: CookieScriptConsent = JSON {"action":"accept"|"reject"|"close","categories":"[...]"}; the list is
 * JSON within a string. */
#include "rules/consent/foreign/internal.h"

static bool say_categories(struct foreign_findings *f, json_t *categories)
{
	json_t *list =
		json_is_array(categories) ? json_incref(categories) : foreign_json(f, foreign_json_text(categories));
	bool ok = foreign_json_say_list(f, list, FOREIGN_GRANTED);

	json_decref(list);
	f->rest_denied = f->rest_denied || ok;
	return ok;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value);
	struct slice action = foreign_json_text(json_object_get(root, "action"));
	bool ok = action.n > 0;

	(void)which;
	(void)name;
	if (slice_eq(action, SLICE("reject")))
		foreign_say_all(f, FOREIGN_DENIED);
	else if (ok)
		(void)say_categories(f, json_object_get(root, "categories"));
	if (ok)
		foreign_act(f, slice_eq(action, SLICE("close")) ? FOREIGN_DEFAULT : FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"CookieScriptConsent", NULL};
static const struct foreign_mapping mappings[] = {
	{"functionality", PREFERENCES},
	{"performance", ANALYTICS},
	{"targeting", ADVERTISING},
};

const struct foreign_manager foreign_cookie_script = {
	.name = "cookie-script",
	.title = "Cookie-Script",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "strict unclassified",
};
