/*
 * OneTrust: OptanonConsent = "groups=ID%3A1%2CID%3A0&interactionCount=N&...", a query string of which only the values
 * are percent-encoded. interactionCount=0 is the state that nobody chose, unless OptanonAlertBoxClosed is there too.
 */
#include "rules/consent/foreign/internal.h"

static void say_groups(struct foreign_findings *f, struct slice groups)
{
	struct slice pair, id, state;

	while (groups.n) {
		(void)slice_cut(groups, ',', &pair, &groups);
		if (slice_cut(pair, ':', &id, &state))
			foreign_say(f, id, foreign_answer(state));
	}
}

struct query {
	bool any, by_default;
};

static void take_pair(struct foreign_findings *f, struct slice key, struct slice raw, struct query *q)
{
	struct slice value;

	if (!foreign_unescape_all(f, raw, &value))
		return;
	if (slice_eq(key, SLICE("groups"))) {
		say_groups(f, value);
		q->any = true;
	} else if (slice_eq(key, SLICE("interactionCount"))) {
		q->by_default = q->by_default || slice_eq(value, SLICE("0"));
	} else if (slice_eq(key, SLICE("AwaitingReconsent"))) {
		q->by_default = q->by_default || slice_eq(value, SLICE("true"));
	} else if (slice_eq(key, SLICE("isGpcEnabled")) && slice_eq(value, SLICE("1"))) {
		foreign_say(f, SLICE("gpc"), FOREIGN_DENIED);
	}
}

static bool decode_query(struct foreign_findings *f, struct slice text)
{
	struct slice pair, key, value;
	struct query q = {0};
	bool ok = false;

	if (slice_find_char(text, '&') == text.n && slice_find_char(text, '=') == text.n &&
	    !foreign_unescape(f, text, &text)) /* some servers encode the whole */
		return false;
	while (text.n) {
		(void)slice_cut(text, '&', &pair, &text);
		if (!slice_cut(pair, '=', &key, &value))
			continue;
		take_pair(f, key, value, &q);
		ok = true;
	}
	if (q.any)
		foreign_act(f, q.by_default ? FOREIGN_DEFAULT : FOREIGN_ACTED);
	return ok;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	(void)name;
	if (which == 0)
		return decode_query(f, value);
	if (which == 1 && value.n)
		foreign_act(f, FOREIGN_ACTED_SURE);
	if (which == 2 && slice_eq(value, SLICE("true")))
		foreign_say(f, SLICE("sale"), FOREIGN_DENIED);
	return value.n > 0;
}

static const char *const cookies[] = {"OptanonConsent", "OptanonAlertBoxClosed", "OneTrustWPCCPAGoogleOptOut", NULL};
static const struct foreign_mapping mappings[] = {
	{"C0003", PREFERENCES},	   {"3", PREFERENCES},	    {"C0002", ANALYTICS},      {"2", ANALYTICS},
	{"C0004", ADVERTISING},	   {"4", ADVERTISING},	    {"C0005", ADVERTISING},    {"STACK*", ADVERTISING},
	{"V2STACK*", ADVERTISING}, {"SPD_BG", ADVERTISING}, {"OSSTA_BG", ADVERTISING}, {"SSPD_BG", ADVERTISING},
	{"BG*", ADVERTISING},	   {"gpc", ADVERTISING},    {"sale", ADVERTISING},
};

const struct foreign_manager foreign_onetrust = {
	.name = "onetrust",
	.title = "OneTrust",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "*",
};
