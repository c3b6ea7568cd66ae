/* Piwik PRO: ppms_privacy_APP = JSON {"consents":{TYPE:{"status":1|0|-1}}}; -1: not decided. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json(f, value), *consents = json_object_get(root, "consents");
	bool ok = json_is_object(consents);

	(void)which;
	(void)name;
	for (void *i = json_object_iter(consents); i; i = json_object_iter_next(consents, i)) {
		json_t *status = json_object_get(json_object_iter_value(i), "status");
		enum foreign_state state = foreign_json_answer(status);

		foreign_say(f, foreign_keep(f, slice_str(json_object_iter_key(i))), state);
		if (state != FOREIGN_UNKNOWN)
			foreign_act(f, FOREIGN_ACTED);
	}
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"ppms_privacy_*", NULL};
static const struct foreign_mapping mappings[] = {
	{"analytics", ANALYTICS},
	{"remarketing", ADVERTISING},
	{"conversion_tracking", ADVERTISING},
	{"marketing_automation", ADVERTISING},
};

const struct foreign_manager foreign_piwik_pro = {
	.name = "piwik-pro",
	.title = "Piwik PRO",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
