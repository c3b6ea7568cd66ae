/* What tree construction says of elements by their name (WHATWG HTML 13.2.4.2, 13.2.4.3, 13.2.6). */
#include "rules/html/selectors_internal.h"

static const struct {
	uint32_t bits;
	struct slice names;
} kinds[] = {
	{KIND_VOID,
	 SLICE_INIT("area base basefont bgsound br col embed frame hr img image input keygen link meta param "
		    "source track wbr")},
	{KIND_CLOSES_P,
	 SLICE_INIT("address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption "
		    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li listing main menu nav ol p plaintext "
		    "pre search section summary table ul xmp")},
	{KIND_SPECIAL,
	 SLICE_INIT("address applet area article aside base basefont bgsound blockquote body br button caption center "
		    "col colgroup dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset "
		    "h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input keygen li link listing main marquee "
		    "menu meta nav noembed noframes noscript object ol p param plaintext pre script search section "
		    "select source style summary table tbody td template textarea tfoot th thead title tr track ul wbr "
		    "xmp")},
	{KIND_SCOPE, SLICE_INIT("applet caption html table td th marquee object select template")},
	{KIND_LIST_SCOPE, SLICE_INIT("ol ul")},
	{KIND_TABLE_SCOPE, SLICE_INIT("html table template")},
	{KIND_FORMATTING, SLICE_INIT("a b big code em font i nobr s small strike strong tt u")},
	{KIND_HEADING, SLICE_INIT("h1 h2 h3 h4 h5 h6")},
	{KIND_IMPLIED, SLICE_INIT("dd dt li optgroup option p rb rp rt rtc")},
	{KIND_IN_HEAD, SLICE_INIT("base basefont bgsound link meta noframes noscript script style template title")},
	{KIND_SELDOM,
	 SLICE_INIT(
		 "body caption colgroup dd dt h1 h2 h3 h4 h5 h6 head html li math optgroup option p rb rp rt rtc svg "
		 "tbody td tfoot th thead tr")},
	{KIND_POINT, SLICE_INIT("annotation-xml desc foreignobject mi mn mo ms mtext title")},
	{KIND_ROW_GROUP, SLICE_INIT("tbody tfoot thead")},
	{KIND_CELL, SLICE_INIT("td th")},
	{KIND_TABLE_PART, SLICE_INIT("caption col colgroup tbody td tfoot th thead tr")},
	{KIND_FOSTERS, SLICE_INIT("table tbody tfoot thead tr")},
	{KIND_STAYS, SLICE_INIT("caption col colgroup form script style table tbody td template tfoot th thead tr")},
	{IS_HTML << KIND_WHICH, SLICE_INIT("html")},
	{IS_HEAD << KIND_WHICH, SLICE_INIT("head")},
	{IS_BODY << KIND_WHICH, SLICE_INIT("body")},
	{IS_P << KIND_WHICH, SLICE_INIT("p")},
	{IS_LI << KIND_WHICH, SLICE_INIT("li")},
	{IS_DD_DT << KIND_WHICH, SLICE_INIT("dd dt")},
	{IS_OPTION << KIND_WHICH, SLICE_INIT("option")},
	{IS_OPTGROUP << KIND_WHICH, SLICE_INIT("optgroup")},
	{IS_SELECT << KIND_WHICH, SLICE_INIT("select")},
	{IS_BUTTON << KIND_WHICH, SLICE_INIT("button")},
	{IS_A << KIND_WHICH, SLICE_INIT("a")},
	{IS_NOBR << KIND_WHICH, SLICE_INIT("nobr")},
	{IS_FORM << KIND_WHICH, SLICE_INIT("form")},
	{IS_TABLE << KIND_WHICH, SLICE_INIT("table")},
	{IS_CAPTION << KIND_WHICH, SLICE_INIT("caption")},
	{IS_COLGROUP << KIND_WHICH, SLICE_INIT("colgroup")},
	{IS_COL << KIND_WHICH, SLICE_INIT("col")},
	{IS_TR << KIND_WHICH, SLICE_INIT("tr")},
	{IS_TEMPLATE << KIND_WHICH, SLICE_INIT("template")},
	{IS_RUBY << KIND_WHICH, SLICE_INIT("ruby")},
	{IS_RB << KIND_WHICH, SLICE_INIT("rb rtc")},
	{IS_RT << KIND_WHICH, SLICE_INIT("rt rp")},
	{IS_BR << KIND_WHICH, SLICE_INIT("br")},
	{IS_HR << KIND_WHICH, SLICE_INIT("hr")},
	{IS_INPUT << KIND_WHICH, SLICE_INIT("input")},
	{IS_NOSCRIPT << KIND_WHICH, SLICE_INIT("noscript")},
	{IS_NOT_LIST_SCOPE << KIND_WHICH, SLICE_INIT("address div")},
};

static void add(struct selector_kind table[KIND_SLOTS], uint64_t name, uint32_t bits)
{
	size_t i = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 55);

	while (table[i].name != name && table[i].name)
		i = (i + 1) % KIND_SLOTS;
	table[i].name = name;
	table[i].bits |= bits;
}

void selector_kinds_init(struct selector_kind table[KIND_SLOTS])
{
	for (size_t i = 0; i < CG_COUNT(kinds); i++) {
		struct slice name, rest = kinds[i].names;

		while (rest.n) {
			slice_cut(rest, ' ', &name, &rest);
			add(table, html_name(name), kinds[i].bits);
		}
	}
}
