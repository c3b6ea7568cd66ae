/* Borlabs Cookie (WordPress): borlabs-cookie = percent-encoded JSON {"consents":{GROUP:[SERVICE...]}}. A group that is
 * there and not empty is granted. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value), *consents = json_object_get(root, "consents");
	bool ok = json_is_object(consents);

	(void)which;
	(void)name;
	for (void *i = json_object_iter(consents); i; i = json_object_iter_next(consents, i))
		foreign_say(f, foreign_keep(f, slice_str(json_object_iter_key(i))),
			    foreign_of(json_array_size(json_object_iter_value(i)) > 0));
	if (ok) {
		f->rest_denied = true;
		foreign_act(f, FOREIGN_ACTED);
	}
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"borlabs-cookie", NULL};
static const struct foreign_mapping mappings[] = {
	{"external-media", PREFERENCES},
	{"statistics", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_borlabs = {
	.name = "borlabs",
	.title = "Borlabs Cookie",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
