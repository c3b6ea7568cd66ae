/*
 * vanilla-cookieconsent (orestbida): cc_cookie = JSON, raw or percent-encoded. Version 3 {"categories":[granted],
 * "services":{CATEGORY:[...]}}: categories that are keys of services and not granted were denied. Version 2
 * {"level":[granted]}: what is not in it was denied.
 */
#include "rules/consent/foreign/internal.h"

static bool holds(json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (slice_eq(foreign_json_text(json_array_get(list, i)), slice_str(text)))
			return true;
	return false;
}

static void say_refused(struct foreign_findings *f, json_t *services, json_t *granted)
{
	for (void *i = json_object_iter(services); i; i = json_object_iter_next(services, i)) {
		const char *category = json_object_iter_key(i);

		if (!holds(granted, category))
			foreign_say(f, foreign_keep(f, slice_str(category)), FOREIGN_DENIED);
	}
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value), *services = json_object_get(root, "services");
	json_t *granted = json_object_get(root, "categories");
	bool ok;

	(void)which;
	(void)name;
	if (!granted)
		granted = json_object_get(root, "level");
	ok = foreign_json_say_list(f, granted, FOREIGN_GRANTED);
	if (ok && services)
		say_refused(f, services, granted);
	else if (ok)
		f->rest_denied = true;
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"cc_cookie", NULL};

const struct foreign_manager foreign_vanilla_cookieconsent = {
	.name = "vanilla-cookieconsent",
	.title = "vanilla-cookieconsent",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
