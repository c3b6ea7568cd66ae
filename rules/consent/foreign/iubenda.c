/*
 * iubenda: _iub_cs-SITE = percent-encoded JSON {"purposes":{"1".."5":BOOL}} (2 functionality, 3 experience, 4
 * measurement, 5 marketing) or, not granular, {"consent":BOOL}; _iub_cs-SITE-uspr {"s","sh","adv":BOOL} for the United
 * States; _iub_cs-SITE-granular says nothing of purposes.
 */
#include "rules/consent/foreign/internal.h"

static bool decode_purposes(struct foreign_findings *f, json_t *root)
{
	json_t *purposes = json_object_get(root, "purposes");
	enum foreign_state all = foreign_json_answer(json_object_get(root, "consent"));
	bool said = foreign_json_say_members(f, purposes);

	if (said && !json_object_get(purposes, "2")) /* sites may leave functionality out */
		foreign_say(f, SLICE("2"), foreign_json_answer(json_object_get(purposes, "3")));
	if (!said)
		foreign_say_all(f, all);
	if (said || all != FOREIGN_UNKNOWN)
		foreign_act(f, FOREIGN_ACTED);
	return json_is_object(root);
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root;
	bool ok;

	(void)name;
	if (which == 0)
		return true;
	root = foreign_json(f, value);
	ok = which == 1 ? foreign_json_say_members(f, root) : decode_purposes(f, root);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"_iub_cs-*-granular", "_iub_cs-*-uspr", "_iub_cs-*", NULL};
static const struct foreign_mapping mappings[] = {
	{"2", PREFERENCES}, {"4", ANALYTICS},	 {"5", ADVERTISING},
	{"s", ADVERTISING}, {"sh", ADVERTISING}, {"adv", ADVERTISING},
};

const struct foreign_manager foreign_iubenda = {
	.name = "iubenda",
	.title = "iubenda",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "1 3",
};
