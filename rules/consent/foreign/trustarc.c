/*
 * TrustArc, formerly TRUSTe. Buckets 0 (required), 1 (functional, and analytics), 2 (advertising) and, on some sites,
 * more; the categories here are their numbers.
 *
 *   notice_preferences   = LEVEL ":" [HASH]                       the highest bucket that is accepted
 *   notice_gdpr_prefs    = LIST ":" [HASH] [":" BEHAVIOR]         buckets, "," or "|" between
 *   cmapi_cookie_privacy = "permit" ("_" / SP) LIST ...           the same counted from 1
 *   cmapi_gtm_bl         = "" / CLASS *("-" CLASS)                tag classes that are blocked: ga, flc, awct
 *   gpcishonored         = "true"
 *
 * BEHAVIOR is the regime in force when it was saved; where that asks nothing, or is implied, nobody acted. Any of them
 * may be percent-encoded. On its own notice_behavior is a regime and no choice.
 */
#include "rules/consent/foreign/internal.h"

#define BUCKET_MAX 8

static const struct slice buckets[BUCKET_MAX + 1] = {SLICE_INIT("0"), SLICE_INIT("1"), SLICE_INIT("2"),
						     SLICE_INIT("3"), SLICE_INIT("4"), SLICE_INIT("5"),
						     SLICE_INIT("6"), SLICE_INIT("7"), SLICE_INIT("8")};

static void say_buckets(struct foreign_findings *f, unsigned accepted)
{
	for (size_t i = 1; i <= BUCKET_MAX; i++)
		foreign_say(f, buckets[i], foreign_of(accepted >> i & 1));
}

static bool is_level(struct slice s, unsigned *level)
{
	if (s.n != 1 || !ascii_is_digit(s.p[0]) || s.p[0] - '0' > BUCKET_MAX)
		return false;
	*level = (unsigned)(s.p[0] - '0');
	return true;
}

/* Numbers with ',' or '|' between, up to anything else; base is that of the first bucket. */
static bool read_list(struct slice s, unsigned base, unsigned *accepted)
{
	bool ok = false;

	*accepted = 0;
	for (size_t i = 0; i < s.n; i += 2) {
		unsigned number = (unsigned)(s.p[i] - '0');

		if (!ascii_is_digit(s.p[i]) || number < base || number - base > BUCKET_MAX)
			return false;
		*accepted |= 1u << (number - base);
		ok = true;
		if (i + 1 < s.n && s.p[i + 1] != ',' && s.p[i + 1] != '|')
			return s.p[i + 1] == ' ' || s.p[i + 1] == '_';
	}
	return ok;
}

static bool decode_level(struct foreign_findings *f, struct slice text)
{
	struct slice level_text, rest;
	unsigned level;

	(void)slice_cut(text, ':', &level_text, &rest);
	if (!is_level(level_text, &level))
		return false;
	say_buckets(f, (2u << level) - 1);
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static bool nobody_acted(struct slice behavior)
{
	return slice_starts_with(behavior, SLICE("implied")) || slice_starts_with(behavior, SLICE("none")) ||
	       slice_ends_with(behavior, SLICE(",us")) || slice_ends_with(behavior, SLICE("|us"));
}

static bool decode_list(struct foreign_findings *f, struct slice text)
{
	struct slice list, hash, behavior;
	unsigned accepted;

	(void)slice_cut(text, ':', &list, &hash);
	(void)slice_cut(hash, ':', &hash, &behavior);
	if (!read_list(list, 0, &accepted))
		return false;
	say_buckets(f, accepted);
	foreign_act(f, nobody_acted(behavior) ? FOREIGN_DEFAULT : FOREIGN_ACTED);
	return true;
}

static bool decode_permit(struct foreign_findings *f, struct slice text)
{
	static const struct slice permit = SLICE_INIT("permit");
	unsigned accepted;

	if (!slice_starts_with(text, permit) || text.n == permit.n ||
	    (text.p[permit.n] != '_' && text.p[permit.n] != ' ') ||
	    !read_list(slice_from(text, permit.n + 1), 1, &accepted))
		return false;
	say_buckets(f, accepted);
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static bool decode_blocked(struct foreign_findings *f, struct slice text)
{
	static const struct slice classes[] = {SLICE_INIT("ga"), SLICE_INIT("flc"), SLICE_INIT("awct")};
	bool blocked[CG_COUNT(classes)] = {false};
	struct slice one;

	while (text.n) {
		(void)slice_cut(text, '-', &one, &text);
		for (size_t i = 0; i < CG_COUNT(classes); i++)
			blocked[i] = blocked[i] || slice_eq(one, classes[i]);
	}
	for (size_t i = 0; i < CG_COUNT(classes); i++)
		foreign_say(f, classes[i], foreign_of(!blocked[i]));
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

enum { PREFERENCES_COOKIE, GDPR_COOKIE, PERMIT_COOKIE, BLOCKED_COOKIE, GPC_COOKIE };

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text;

	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	switch (which) {
	case PREFERENCES_COOKIE:
		return decode_level(f, text);
	case GDPR_COOKIE:
		return decode_list(f, text);
	case PERMIT_COOKIE:
		return decode_permit(f, text);
	case BLOCKED_COOKIE:
		return decode_blocked(f, text);
	case GPC_COOKIE:
		if (slice_eq(text, SLICE("true")))
			foreign_say(f, SLICE("gpc"), FOREIGN_DENIED);
		return true;
	default:
		return true;
	}
}

static const char *const cookies[] = {
	"notice_preferences", "notice_gdpr_prefs", "cmapi_cookie_privacy", "cmapi_gtm_bl",   "gpcishonored",
	"notice_behavior",    "TAconsentID",	   "TAsessionID",	   "notice_poptime", NULL};
static const struct foreign_mapping mappings[] = {
	{"1", PREFERENCES | ANALYTICS}, {"2", ADVERTISING},    {"ga", ANALYTICS},
	{"flc", ADVERTISING},		{"awct", ADVERTISING}, {"gpc", ADVERTISING},
};

const struct foreign_manager foreign_trustarc = {
	.name = "trustarc",
	.title = "TrustArc",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "0 3 4 5 6 7 8",
};
