/*
 * IAB Europe's Transparency and Consent Framework, version 2: the TC string (Consent String and Vendor List Formats
 * v2). Segments of base64url with a '.' between; the first is the core:
 *
 *   0 Version(6)  6 Created(36)  42 LastUpdated(36)  78 CmpId(12)  90 CmpVersion(12)  102 ConsentScreen(6)
 *   108 ConsentLanguage(12)  120 VendorListVersion(12)  132 TcfPolicyVersion(6)  138 IsServiceSpecific(1)
 *   139 UseNonStandardTexts(1)  140 SpecialFeatureOptIns(12)  152 PurposesConsent(24)  176 PurposesLITransparency(24)
 *   200 PurposeOneTreatment(1)  201 PublisherCC(12)  213 vendor consents, vendor legitimate interests, restrictions
 *
 * Only consent counts: what legitimate interest permits needs no storage on the device. Other segments (disclosed and
 * allowed vendors, the publisher's own purposes) grant nothing and are not read; nor are publisher restrictions, which
 * only take away from vendors. Whether the string is service-specific makes no difference to what it says.
 */
#include "rules/consent/foreign/internal.h"

#define VERSION	      2
#define PURPOSES_AT   152
#define PURPOSE_COUNT 24
#define CORE_BITS     213

static const char *const numbers[PURPOSE_COUNT] = {"1",	 "2",  "3",  "4",  "5",	 "6",  "7",  "8",
						   "9",	 "10", "11", "12", "13", "14", "15", "16",
						   "17", "18", "19", "20", "21", "22", "23", "24"};

static bool in_ranges(struct bits *b, unsigned id)
{
	uint64_t entries = bits_read(b, 12);
	bool found = false;

	for (uint64_t i = 0; i < entries && !b->failed; i++) {
		bool range = bits_read(b, 1);
		uint64_t first = bits_read(b, 16), last = range ? bits_read(b, 16) : first;

		found = found || (id >= first && id <= last);
	}
	return found;
}

/* b stands at the vendor consents. False in *known if they cannot be read to the end. */
static bool vendor_granted(struct bits b, unsigned id, bool *known)
{
	uint64_t max = bits_read(&b, 16);
	bool ranges = bits_read(&b, 1), granted;

	if (ranges) {
		granted = in_ranges(&b, id);
	} else {
		granted = id >= 1 && id <= max && bits_at(&b, b.at + id - 1);
		bits_skip(&b, max);
	}
	*known = !b.failed;
	return granted && id <= max;
}

static void say_vendors(struct foreign_findings *f, const struct bits *b)
{
	for (size_t i = 0; i < f->n_vendors; i++) {
		struct slice category = arena_printf(f->arena, "vendor-%u", f->vendors[i]);
		bool known, granted = vendor_granted(*b, f->vendors[i], &known);

		f->overflow = f->overflow || category.n == 0;
		foreign_say(f, category, known ? foreign_of(granted) : FOREIGN_DENIED);
	}
}

bool foreign_tcf_say(struct foreign_findings *f, struct slice text)
{
	struct slice core, rest;
	struct bits b = {0};

	(void)slice_cut(text, '.', &core, &rest);
	b.text = core;
	if (bits_read(&b, 6) != VERSION)
		return false;
	while (b.at < CORE_BITS && !b.failed) /* every digit up to there must be one */
		(void)bits_read(&b, 1);
	if (b.failed)
		return false;
	for (size_t i = 0; i < PURPOSE_COUNT; i++)
		foreign_say(f, slice_str(numbers[i]), foreign_of(bits_at(&b, PURPOSES_AT + i)));
	say_vendors(f, &b);
	return true;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text) || !foreign_tcf_say(f, text))
		return false;
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static const char *const cookies[] = {"*euconsent-v2", "eupubconsent-v2", NULL};
static const struct foreign_mapping mappings[] = {
	{"1 5 6", PREFERENCES},
	{"1 8", ANALYTICS},
	{"1 2 3 4 7", ADVERTISING},
};

const struct foreign_manager foreign_tcf = {
	.name = "tcf",
	.title = "IAB TCF",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 vendor-*",
};
