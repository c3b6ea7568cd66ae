/* c15t = "c.CATEGORY:1,i.t:MS,..."; what is false is left out. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text, pair, key, state;
	bool ok = false;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	while (text.n) {
		(void)slice_cut(text, ',', &pair, &text);
		if (!slice_cut(pair, ':', &key, &state))
			continue;
		ok = ok || slice_eq(key, SLICE("i.t"));
		if (slice_starts_with(key, SLICE("c.")))
			foreign_say(f, slice_from(key, 2), foreign_answer(state));
	}
	if (ok) {
		f->rest_denied = true;
		foreign_act(f, FOREIGN_ACTED);
	}
	return ok;
}

static const char *const cookies[] = {"c15t", NULL};
static const struct foreign_mapping mappings[] = {
	{"functionality", PREFERENCES},
	{"measurement", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_c15t = {
	.name = "c15t",
	.title = "c15t",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "necessary experience",
};
