/*
 * axeptio_cookies = JSON {"$$completed":BOOL, VENDOR:BOOL, ...}; the quotes and commas percent-encoded.
 * axeptio_authorized_vendors = ",a,b,": those granted; who is not in it was refused or not asked.
 */
#include "rules/consent/foreign/internal.h"

static bool say_vendors(struct foreign_findings *f, struct slice value)
{
	struct slice rest, vendor;

	if (!foreign_unescape_all(f, value, &rest) || rest.n == 0 || rest.p[0] != ',')
		return false;
	foreign_act(f, FOREIGN_ACTED);
	while (rest.n) {
		(void)slice_cut(rest, ',', &vendor, &rest);
		if (vendor.n)
			foreign_say(f, vendor, FOREIGN_GRANTED);
	}
	return true;
}

static void say_choices(struct foreign_findings *f, json_t *root)
{
	if (foreign_json_answer(json_object_get(root, "$$completed")) != FOREIGN_GRANTED)
		return;
	foreign_act(f, FOREIGN_ACTED);
	for (void *i = json_object_iter(root); i; i = json_object_iter_next(root, i)) {
		struct slice key = slice_str(json_object_iter_key(i));

		if (!slice_starts_with(key, SLICE("$$")))
			foreign_say(f, foreign_keep(f, key), foreign_json_answer(json_object_iter_value(i)));
	}
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root;

	(void)name;
	if (which)
		return which == 2 || say_vendors(f, value);
	root = foreign_json(f, value);
	say_choices(f, root);
	json_decref(root);
	return root != NULL;
}

static const char *const cookies[] = {"axeptio_cookies", "axeptio_authorized_vendors", "axeptio_all_vendors", NULL};

const struct foreign_manager foreign_axeptio = {
	.name = "axeptio",
	.title = "Axeptio",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
