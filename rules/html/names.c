#include "rules/html/names.h"

#include "rules/html/internal.h"

/* '1' to '6' are 0 to 5, letters 6 to 31, all else 255: no packed name begins with a digit, so none loses zeros. */
#define N 255
const uint8_t html_name_code[256] = {
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  0,	1,  2,	3,  4,	5,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
	28, 29, 30, 31, N,  N,	N,  N, N, N, 6, 7,  8,	9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	25, 26, 27, 28, 29, 30, 31, N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,
	N,  N,	N,  N,	N,  N,	N,  N, N, N, N, N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,  N,	N,
};
#undef N

#define LETTER(c) (1u << ((c) - 'a' + 1))
const uint32_t html_carrier_letters[32] = {
	['o' - 'a' + 1] = LETTER('n'), ['s' - 'a' + 1] = LETTER('t') | LETTER('r'),
	['b' - 'a' + 1] = LETTER('a'), ['p' - 'a' + 1] = LETTER('i'),
	['a' - 'a' + 1] = LETTER('t'),
};
const uint32_t html_property_letters[32] = {
	['c' - 'a' + 1] = LETTER('l') | LETTER('u'),
	['f' - 'a' + 1] = LETTER('i'),
	['m' - 'a' + 1] = LETTER('a'),
	['s' - 'a' + 1] = LETTER('t'),
};
#undef LETTER

/* A list of names, separated by spaces, and what they have in common (WHATWG HTML 13.2.6.4, 13.2.6.5, 13.1.2). */
static const struct {
	uint32_t bits;
	struct slice names;
} meanings[] = {
	{NAME_RCDATA, SLICE_INIT("title textarea")},
	{NAME_RAWTEXT, SLICE_INIT("style xmp iframe noembed noframes")},
	{NAME_NOSCRIPT, SLICE_INIT("noscript")},
	{NAME_SCRIPT, SLICE_INIT("script")},
	{NAME_PLAINTEXT, SLICE_INIT("plaintext")},
	{NAME_SVG, SLICE_INIT("svg")},
	{NAME_MATH, SLICE_INIT("math")},
	{NAME_LEAVES,
	 SLICE_INIT("b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
		    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var")},
	{NAME_FONT, SLICE_INIT("font")},
	{NAME_MATH_POINT, SLICE_INIT("mi mo mn ms mtext")},
	{NAME_SVG_POINT, SLICE_INIT("foreignobject desc title")},
	{NAME_ANNOTATION, SLICE_INIT("annotation-xml")},
	{NAME_GLYPH, SLICE_INIT("mglyph malignmark")},
	{NAME_VOID,
	 SLICE_INIT("area base basefont bgsound br col embed frame hr image img input keygen link meta param "
		    "source track wbr")},
	{NAME_BLOCK,
	 SLICE_INIT(
		 "address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure "
		 "footer form h1 h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext pre search "
		 "section summary table ul xmp")},
	{NAME_SIBLING, SLICE_INIT("a button dd dt li nobr optgroup option p rp rt td th tr")},
	{NAME_HTML,
	 SLICE_INIT("a address applet article aside b big blockquote button caption center code dd details dialog dir "
		    "div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hgroup i label "
		    "li listing main marquee menu nav nobr object ol optgroup option p pre ruby s search section "
		    "select small span strike strong sub summary sup table tbody td template tfoot th thead tr tt u "
		    "ul var")},
	{NAME_FRAMESET, SLICE_INIT("frameset")},
	{NAME_NO_FRAMESET,
	 SLICE_INIT("applet area body br button dd dt embed hr iframe image img input keygen li listing marquee object "
		    "pre select table template textarea wbr xmp")},
	{NAME_NOFRAMES, SLICE_INIT("noframes")},
	{NAME_TEMPLATE, SLICE_INIT("template")},
	{NAME_COL, SLICE_INIT("col")},
	{NAME_TABLE, SLICE_INIT("table")},
	{NAME_IN_TABLE, SLICE_INIT("caption tbody td tfoot th thead tr")},
	{NAME_IN_TEMPLATE, SLICE_INIT("base basefont bgsound link meta noframes script style title")},
};

uint64_t html_name(struct slice name)
{
	uint64_t number = 0;
	uint8_t packed = 0;

	for (size_t i = 0; i < name.n; i++)
		name_add(&number, &packed, name.p[i]);
	return number;
}

static bool in_list(struct slice rest, struct slice name)
{
	struct slice word;

	while (rest.n) {
		slice_cut(rest, ' ', &word, &rest);
		if (slice_ieq(word, name))
			return true;
	}
	return false;
}

bool html_is_void(struct slice name)
{
	bool found = slice_ieq(name, SLICE("image"));

	for (size_t i = 0; i < CG_COUNT(meanings); i++)
		found |= meanings[i].bits == NAME_VOID && in_list(meanings[i].names, name);
	return found;
}

static void add_to(struct html_names_slot *slots, uint64_t name, uint32_t bits, uint8_t counted)
{
	struct html_names_slot *slot = &slots[names_in(slots, name) - slots];

	slot->name = name;
	slot->bits |= bits;
	slot->counted |= counted;
}

static uint64_t octets(struct slice name)
{
	uint64_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n = n >> 8 | (uint64_t)(unsigned char)ascii_lower(name.p[i]) << 56;
	return n;
}

static void add(struct html_names *names, struct slice name, uint32_t bits, uint8_t counted)
{
	add_to(names->slots, html_name(name), bits, counted);
	if (name.n <= HTML_QUICK_MAX)
		add_to(names->quick, octets(name), bits, counted);
}

/* The end tag of one ends any other. */
static bool is_heading(struct slice name)
{
	return name.n == 2 && name.p[0] == 'h' && name.p[1] >= '1' && name.p[1] <= '6';
}

void html_names_init(struct html_names *names)
{
	uint8_t counted = 0, headings = 0, number;

	*names = (struct html_names){0};
	for (size_t i = 0; i < CG_COUNT(meanings); i++) {
		struct slice name, rest = meanings[i].names;

		while (rest.n) {
			slice_cut(rest, ' ', &name, &rest);
			number = 0;
			if (meanings[i].bits & NAME_HTML)
				number = is_heading(name) && headings ? headings : ++counted;
			if (number && is_heading(name))
				headings = number;
			add(names, name, meanings[i].bits, number);
		}
	}
	CG_CHECK(counted < HTML_COUNTED);
}

bool html_names_add(struct html_names *names, struct slice name, unsigned wants)
{
	if (name.n == 0 || name.n > HTML_NAME_MAX || !ascii_is_alpha(name.p[0]) || names->added == HTML_NAMES_MAX)
		return false;
	names->added++;
	add(names, name, wants & (HTML_WANT_START | HTML_WANT_END), 0);
	return true;
}

void html_names_want_carriers(struct html_names *names)
{
	names->attributes = true;
}

void html_names_want_all(struct html_names *names, unsigned wants)
{
	names->all |= wants & (HTML_WANT_START | HTML_WANT_END);
}
