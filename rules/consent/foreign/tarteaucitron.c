/* tarteaucitron = *("!" SERVICE "=" ("true"/"false"/"wait")); "wait": not asked yet. Social networks are the manager's
 * own kind, and as little advertising as they are there. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text, part, key, state;
	bool ok = false;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	while (text.n) {
		enum foreign_state s;

		(void)slice_cut(text, '!', &part, &text);
		if (!slice_cut(part, '=', &key, &state))
			continue;
		ok = true;
		s = slice_eq(state, SLICE("true"))    ? FOREIGN_GRANTED
		    : slice_eq(state, SLICE("false")) ? FOREIGN_DENIED
						      : FOREIGN_UNKNOWN;
		foreign_say(f, key, s);
		if (s != FOREIGN_UNKNOWN)
			foreign_act(f, FOREIGN_ACTED);
	}
	return ok;
}

static const char *const cookies[] = {"tarteaucitron", NULL};
static const struct foreign_mapping mappings[] = {
	{"facebook", PREFERENCES},
	{"twitter", PREFERENCES},
};

const struct foreign_manager foreign_tarteaucitron = {
	.name = "tarteaucitron",
	.title = "tarteaucitron",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.open = true,
};
