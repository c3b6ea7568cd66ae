/*
 * Cookiebot: CookieConsent = the text of a JavaScript object, keys without quotes, strings in single ones, with ' and ,
 * percent-encoded; "0": all refused; "-1": outside the regions where the visitor is asked, everything is on. Other
 * products use the name too.
 */
#include "rules/consent/foreign/internal.h"

struct scan {
	struct foreign_findings *f;
	bool by_default, said;
};

static bool is_bare(struct slice key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!ascii_is_alpha(key.p[i]) && !ascii_is_digit(key.p[i]) && key.p[i] != '_')
			return false;
	return key.n > 0;
}

static void take_member(struct scan *scan, struct slice member)
{
	struct slice key, state;

	if (!slice_cut(slice_trim(member), ':', &key, &state) || !is_bare(key)) /* in quotes: of another product */
		return;
	if (slice_eq(key, SLICE("method")) && slice_eq(state, SLICE("'implied'")))
		scan->by_default = true;
	else if (slice_eq(key, SLICE("stamp")) && slice_eq(state, SLICE("'-1'")))
		scan->by_default = true;
	else if (slice_eq(state, SLICE("true")) || slice_eq(state, SLICE("false"))) {
		foreign_say(scan->f, key, foreign_of(state.n == 4));
		scan->said = true;
	}
}

/* Members end at a comma outside of quotes. */
static void take_members(struct scan *scan, struct slice text)
{
	size_t start = 0;
	bool quoted = false;

	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] == '\'')
			quoted = !quoted;
		if (i < text.n && (quoted || text.p[i] != ','))
			continue;
		take_member(scan, slice_of(text.p + start, i - start));
		start = i + 1;
	}
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct scan scan = {.f = f};
	struct slice text;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	if (slice_eq(text, SLICE("0")) || slice_eq(text, SLICE("-1"))) {
		foreign_say_all(f, foreign_of(text.n == 2));
		foreign_act(f, text.n == 2 ? FOREIGN_DEFAULT : FOREIGN_ACTED);
		return true;
	}
	if (text.n < 2 || text.p[0] != '{' || text.p[text.n - 1] != '}')
		return false;
	take_members(&scan, slice_of(text.p + 1, text.n - 2));
	if (scan.said)
		foreign_act(f, scan.by_default ? FOREIGN_DEFAULT : FOREIGN_ACTED);
	return scan.said;
}

static const char *const cookies[] = {"CookieConsent", NULL};
static const struct foreign_mapping mappings[] = {
	{"preferences", PREFERENCES},
	{"statistics", ANALYTICS},
	{"marketing", ADVERTISING},
};

const struct foreign_manager foreign_cookiebot = {
	.name = "cookiebot",
	.title = "Cookiebot",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "necessary",
};
