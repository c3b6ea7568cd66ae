/*
 * CookieHub: cookiehub = base64 of JSON {"answered":BOOL,"allAllowed":BOOL,"categories":[ID...]}, in older ones
 * [{"cid":ID,"value":BOOL}].
 */
#include "rules/consent/foreign/internal.h"

/* Identifiers are small numbers; others are nobody's. */
static struct slice number(struct foreign_findings *f, const json_t *v)
{
	double value = json_number_value(v);

	if (!json_is_number(v) || !(value >= 0 && value < 1000))
		return slice_of(NULL, 0);
	return arena_printf(f->arena, "%u", (unsigned)value);
}

static void say_category(struct foreign_findings *f, json_t *v)
{
	json_t *id = json_object_get(v, "cid");
	struct slice category;

	if (!id)
		id = json_object_get(v, "id");
	category = number(f, json_is_object(v) ? id : v);
	if (category.n)
		foreign_say(f, category,
			    json_is_object(v) ? foreign_json_answer(json_object_get(v, "value")) : FOREIGN_GRANTED);
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json_base64(f, value), *categories = json_object_get(root, "categories");
	json_t *answered = json_object_get(root, "answered");
	bool ok = json_is_boolean(answered) && json_is_array(categories);

	(void)which;
	(void)name;
	if (ok) {
		foreign_act(f, json_is_true(answered) ? FOREIGN_ACTED : FOREIGN_DEFAULT);
		if (json_is_true(json_object_get(root, "allAllowed")))
			foreign_say_all(f, FOREIGN_GRANTED);
		else
			f->rest_denied = true;
		for (size_t i = 0; i < json_array_size(categories); i++)
			say_category(f, json_array_get(categories, i));
	}
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"cookiehub", NULL};
static const struct foreign_mapping mappings[] = {
	{"2", PREFERENCES},
	{"3", ANALYTICS},
	{"4", ADVERTISING},
};

const struct foreign_manager foreign_cookiehub = {
	.name = "cookiehub",
	.title = "CookieHub",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "*",
};
