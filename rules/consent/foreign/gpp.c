/*
 * IAB's Global Privacy Platform: header *("~" section). The header is base64url of Type(6) = 3, Version(6) = 1, and a
 * range of the identifiers of the sections that follow: NumEntries(12), then of each entry one bit that tells a range
 * from a single one, and Fibonacci-coded distances from the last identifier.
 *
 * Read are 2 (the TC string: categories "1" to "24"), 6 (the US Privacy string: "sale") and those of the United States,
 * 7 to 27, where an opt-out is two bits: 0 not applicable, 1 opted out, 2 did not opt out ("sale", "sharing",
 * "targeted"); in a segment behind a '.' may be Gpc ("gpc"). What is in sections that are unknown, or of an unknown
 * version, is unknown.
 */
#include "rules/consent/foreign/internal.h"

#define HEADER_TYPE    3
#define HEADER_VERSION 1
#define SECTIONS_MAX   64
#define SECTION_ID_MAX 1024

enum { SECTION_TCFEUV2 = 2, SECTION_USPV1 = 6, SECTION_USNAT = 7, SECTION_US_LAST = 27 };

/* Where opt-outs stand in a core segment, in bits; 0: there is none. From the specifications of the sections. */
struct offsets {
	unsigned char sale, sharing, targeted, versions;
};

static struct offsets offsets_of(unsigned section)
{
	switch (section) {
	case SECTION_USNAT:
		return (struct offsets){18, 20, 22, 2};
	case 8: /* usca */
		return (struct offsets){12, 14, 0, 1};
	case 11: /* usut */
	case 18: /* usia */
		return (struct offsets){14, 0, 16, 1};
	case 24: /* usmd */
	case 25: /* usin */
	case 26: /* usky */
	case 27: /* usri */
		return (struct offsets){16, 0, 18, 1};
	default:
		return (struct offsets){12, 0, 14, 1};
	}
}

/* The sum of 1, 2, 3, 5, 8 ... at the bits that are set; ends at two in a row. 0 if there is no such number. */
static uint64_t read_fibonacci(struct bits *b)
{
	uint64_t value = 0, weight = 1, next = 2;
	bool last = false;

	while (weight <= SECTION_ID_MAX && !b->failed) {
		bool bit = bits_read(b, 1);
		uint64_t sum = weight + next;

		if (bit && last)
			return value;
		value += bit ? weight : 0;
		last = bit;
		weight = next;
		next = sum;
	}
	return !b->failed && last && bits_read(b, 1) ? value : 0;
}

struct sections {
	unsigned id[SECTIONS_MAX];
	size_t n;
};

static bool add_ids(struct sections *s, uint64_t first, uint64_t last)
{
	if (last > SECTION_ID_MAX || last - first >= SECTIONS_MAX - s->n)
		return false;
	for (uint64_t id = first; id <= last; id++)
		s->id[s->n++] = (unsigned)id;
	return true;
}

static bool read_header(struct slice text, struct sections *s)
{
	struct bits b = {.text = text};
	bool known = bits_read(&b, 6) == HEADER_TYPE && bits_read(&b, 6) == HEADER_VERSION;
	uint64_t entries = bits_read(&b, 12), last = 0;

	if (!known)
		return false;
	for (uint64_t i = 0; i < entries && !b.failed; i++) {
		bool range = bits_read(&b, 1);
		uint64_t step = read_fibonacci(&b), first = last + step, more = range ? read_fibonacci(&b) : 0;

		if (step == 0 || (range && more == 0))
			return false;
		last = first + more;
		if (!add_ids(s, first, last))
			return false;
	}
	return !b.failed;
}

static void say_opt_out(struct foreign_findings *f, const struct bits *core, unsigned at, struct slice category)
{
	struct bits b = *core;
	uint64_t value;

	if (at == 0)
		return;
	b.at = at;
	value = bits_read(&b, 2);
	if (b.failed || (value != 1 && value != 2))
		return;
	foreign_say(f, category, foreign_of(value == 2));
	foreign_act(f, FOREIGN_ACTED);
}

/* Behind the core: Type(2), of which 1 is Gpc(1). */
static void say_gpc(struct foreign_findings *f, struct slice segments)
{
	struct slice one;

	while (segments.n) {
		struct bits b = {0};

		(void)slice_cut(segments, '.', &one, &segments);
		b.text = one;
		if (bits_read(&b, 2) != 1 || bits_read(&b, 1) != 1 || b.failed)
			continue;
		foreign_say(f, SLICE("gpc"), FOREIGN_DENIED);
		foreign_act(f, FOREIGN_ACTED);
	}
}

static bool say_state(struct foreign_findings *f, unsigned section, struct slice text)
{
	const struct offsets o = offsets_of(section);
	struct slice core, segments;
	struct bits b = {0};
	uint64_t version;

	(void)slice_cut(text, '.', &core, &segments);
	b.text = core;
	version = bits_read(&b, 6);
	if (b.failed || version == 0 || version > o.versions)
		return false;
	say_opt_out(f, &b, o.sale, SLICE("sale"));
	say_opt_out(f, &b, o.sharing, SLICE("sharing"));
	say_opt_out(f, &b, o.targeted, SLICE("targeted"));
	say_gpc(f, segments);
	return true;
}

static bool say_section(struct foreign_findings *f, unsigned id, struct slice text)
{
	if (id == SECTION_TCFEUV2) {
		bool ok = foreign_tcf_say(f, text);

		if (ok)
			foreign_act(f, FOREIGN_ACTED);
		return ok;
	}
	if (id == SECTION_USPV1)
		return foreign_usprivacy_say(f, text);
	return id < SECTION_USNAT || id > SECTION_US_LAST || say_state(f, id, text);
}

static size_t count(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct sections sections = {.n = 0};
	struct slice text, part;
	size_t read = 0;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	(void)slice_cut(text, '~', &part, &text);
	if (!read_header(part, &sections) || (text.n ? count(text, '~') + 1 : 0) != sections.n)
		return false;
	for (size_t i = 0; i < sections.n; i++) {
		(void)slice_cut(text, '~', &part, &text);
		read += say_section(f, sections.id[i], part);
	}
	return read || sections.n == 0;
}

static const char *const cookies[] = {"OTGPPConsent", "gppstring", "gpp", "__gpp", "IABGPP_HDR_GppString", NULL};
static const struct foreign_mapping mappings[] = {
	{"1 5 6", PREFERENCES},	  {"1 8", ANALYTICS},	     {"1 2 3 4 7", ADVERTISING}, {"sale", ADVERTISING},
	{"sharing", ADVERTISING}, {"targeted", ADVERTISING}, {"gpc", ADVERTISING},
};

const struct foreign_manager foreign_gpp = {
	.name = "gpp",
	.title = "IAB GPP",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
	.others = "9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 vendor-*",
};
