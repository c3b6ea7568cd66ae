#include "rules/decide/carrier.h"

#include "rules/base/attributes.h"
#include "rules/filter/filter.h"

static const struct {
	struct slice name;
	unsigned flags;
} elements[ELEMENTS] = {
#define CG_ELEMENT(id, name, flags) [ELEMENT_##id] = {SLICE_INIT(name), flags},
#include "rules/decide/element_table.h"
#undef CG_ELEMENT
};

struct slice element_name(enum element e)
{
	return elements[e].name;
}

unsigned element_flags(enum element e)
{
	return elements[e].flags;
}

/* What a src of that element is for. On an element that is unknown, a script may use it. */
static unsigned src_types(enum element e)
{
	switch (e) {
	case ELEMENT_SCRIPT:
		return FILTER_SCRIPT;
	case ELEMENT_IMG:
	case ELEMENT_IMAGE:
	case ELEMENT_INPUT:
		return FILTER_IMAGE;
	case ELEMENT_IFRAME:
	case ELEMENT_FRAME:
	case ELEMENT_PORTAL:
		return FILTER_SUBDOCUMENT;
	case ELEMENT_EMBED:
		return FILTER_OBJECT | FILTER_SUBDOCUMENT;
	case ELEMENT_VIDEO:
	case ELEMENT_AUDIO:
	case ELEMENT_BGSOUND:
		return FILTER_MEDIA;
	case ELEMENT_SOURCE:
		return FILTER_MEDIA | FILTER_IMAGE;
	case ELEMENT_TRACK:
		return FILTER_OTHER;
	default:
		return FILTER_ANY;
	}
}

/* Attributes that mean the same wherever they stand. */
static const struct {
	struct slice name;
	struct carrier carrier;
} anywhere[] = {
	{SLICE_INIT("srcset"), {CARRIER_SRCSET, FILTER_IMAGE}},
	{SLICE_INIT("imagesrcset"), {CARRIER_SRCSET, FILTER_IMAGE}},
	{SLICE_INIT("style"), {CARRIER_STYLE, FILTER_ANY}},
	{SLICE_INIT("srcdoc"), {CARRIER_SRCDOC, FILTER_ANY}},
	{SLICE_INIT("ping"), {CARRIER_URLS, FILTER_PING}},
	{SLICE_INIT("attributionsrc"), {CARRIER_URLS, FILTER_PING | FILTER_OTHER}},
	{SLICE_INIT("background"), {CARRIER_URL, FILTER_IMAGE}},
	{SLICE_INIT("poster"), {CARRIER_URL, FILTER_IMAGE}},
	{SLICE_INIT("dynsrc"), {CARRIER_URL, FILTER_MEDIA}},
	{SLICE_INIT("lowsrc"), {CARRIER_URL, FILTER_IMAGE}},
	{SLICE_INIT("manifest"), {CARRIER_URL, FILTER_OTHER}},
	{SLICE_INIT("formaction"), {CARRIER_URL, FILTER_ANY | FILTER_DOCUMENT}},
	/* Lazy loaders put these into src, srcset and background once the element is in sight. */
	{SLICE_INIT("data-srcset"), {CARRIER_SRCSET, FILTER_IMAGE}},
	{SLICE_INIT("data-lazy-srcset"), {CARRIER_SRCSET, FILTER_IMAGE}},
	{SLICE_INIT("data-bg"), {CARRIER_URL, FILTER_IMAGE}},
	{SLICE_INIT("data-background"), {CARRIER_URL, FILTER_IMAGE}},
	{SLICE_INIT("data-background-image"), {CARRIER_URL, FILTER_IMAGE}},
};

static bool is_lazy_src(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("data-src"),	     SLICE_INIT("data-lazy-src"),   SLICE_INIT("data-lazy"),
		SLICE_INIT("data-original"), SLICE_INIT("data-iframe-src"),
	};

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		if (slice_ieq(name, names[i]))
			return true;
	}
	return false;
}

static struct carrier of_element(enum element e, struct slice name)
{
	bool href = slice_ieq(name, SLICE("href")) || slice_ieq(name, SLICE("xlink:href"));

	if (e == ELEMENT_AMP_ANALYTICS && slice_ieq(name, SLICE("config")))
		return (struct carrier){CARRIER_URL, FILTER_XMLHTTPREQUEST};
	if (slice_ieq(name, SLICE("data")) && e == ELEMENT_OBJECT)
		return (struct carrier){CARRIER_URL, FILTER_OBJECT | FILTER_SUBDOCUMENT | FILTER_IMAGE};
	if (slice_ieq(name, SLICE("action")) && e == ELEMENT_FORM)
		return (struct carrier){CARRIER_URL, FILTER_ANY | FILTER_DOCUMENT};
	if (href && e == ELEMENT_SCRIPT) /* of SVG; HTML's has none */
		return (struct carrier){CARRIER_URL, FILTER_SCRIPT};
	if (href && (e == ELEMENT_IMAGE || e == ELEMENT_FEIMAGE))
		return (struct carrier){CARRIER_URL, FILTER_IMAGE};
	if (href && e == ELEMENT_USE)
		return (struct carrier){CARRIER_URL, FILTER_IMAGE | FILTER_OTHER};
	return (struct carrier){CARRIER_NONE, 0};
}

/* First letters of the attributes above; most attributes have another (class, id, width, height, name, title, value).
 */
static bool may_be_carrier(struct slice name)
{
	switch (ascii_lower(name.p[0])) {
	case 's':
	case 'd':
	case 'h':
	case 'p':
	case 'b':
	case 'c':
	case 'i':
	case 'f':
	case 'l':
	case 'm':
	case 'x':
		return true;
	case 'a': /* not alt */
		return name.n > 3;
	case 'o':
		return ascii_lower(name.p[1]) == 'n';
	default:
		return false;
	}
}

struct carrier carrier_of(enum element e, struct slice name)
{
	char first;

	if (name.n < 3 || !may_be_carrier(name))
		return (struct carrier){CARRIER_NONE, 0};
	first = ascii_lower(name.p[0]);
	if (first == 'o')
		return (struct carrier){CARRIER_HANDLER, FILTER_ANY};
	if (first == 's' && slice_ieq(name, SLICE("src")))
		return (struct carrier){CARRIER_URL, src_types(e)};
	if (first == 'd' && is_lazy_src(name))
		return (struct carrier){CARRIER_URL, src_types(e)};
	for (size_t i = 0; i < CG_COUNT(anywhere); i++) {
		if (name.n == anywhere[i].name.n && first == anywhere[i].name.p[0] && slice_ieq(name, anywhere[i].name))
			return anywhere[i].carrier;
	}
	return of_element(e, name);
}

/* -- link ---------------------------------------------------------------------------------------------------------- */

static const struct {
	struct slice word;
	unsigned types;
} rels[] = {
	{SLICE_INIT("stylesheet"), FILTER_STYLESHEET},
	{SLICE_INIT("modulepreload"), FILTER_SCRIPT},
	{SLICE_INIT("preconnect"), FILTER_ANY},
	{SLICE_INIT("dns-prefetch"), FILTER_ANY},
	{SLICE_INIT("prefetch"), FILTER_ANY | FILTER_DOCUMENT},
	{SLICE_INIT("prerender"), FILTER_ANY | FILTER_DOCUMENT},
	{SLICE_INIT("icon"), FILTER_IMAGE},
	{SLICE_INIT("apple-touch-icon"), FILTER_IMAGE},
	{SLICE_INIT("apple-touch-icon-precomposed"), FILTER_IMAGE},
	{SLICE_INIT("apple-touch-startup-image"), FILTER_IMAGE},
	{SLICE_INIT("mask-icon"), FILTER_IMAGE},
	{SLICE_INIT("manifest"), FILTER_OTHER},
	{SLICE_INIT("import"), FILTER_SUBDOCUMENT | FILTER_OTHER},
	{SLICE_INIT("compression-dictionary"), FILTER_OTHER},
};

/* Destinations of Fetch, as a preload names them; "fetch" is what scripts fetch later. */
static const struct {
	struct slice word;
	unsigned types;
} destinations[] = {
	{SLICE_INIT("script"), FILTER_SCRIPT},	      {SLICE_INIT("style"), FILTER_STYLESHEET},
	{SLICE_INIT("image"), FILTER_IMAGE},	      {SLICE_INIT("font"), FILTER_FONT},
	{SLICE_INIT("fetch"), FILTER_XMLHTTPREQUEST}, {SLICE_INIT("track"), FILTER_OTHER},
	{SLICE_INIT("video"), FILTER_MEDIA},	      {SLICE_INIT("audio"), FILTER_MEDIA},
	{SLICE_INIT("document"), FILTER_SUBDOCUMENT}, {SLICE_INIT("worker"), FILTER_SCRIPT},
};

static unsigned types_of_preload(struct slice as)
{
	for (size_t i = 0; i < CG_COUNT(destinations); i++) {
		if (slice_ieq(as, destinations[i].word))
			return destinations[i].types;
	}
	return FILTER_ANY;
}

static unsigned types_of_rel(struct slice word, struct slice as)
{
	if (slice_ieq(word, SLICE("preload")))
		return types_of_preload(as);
	for (size_t i = 0; i < CG_COUNT(rels); i++) {
		if (slice_ieq(word, rels[i].word))
			return rels[i].types;
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

struct carrier carrier_of_link(struct slice rel, struct slice as)
{
	unsigned types = 0;
	size_t i = 0, from;

	while (i < rel.n) {
		for (; i < rel.n && is_blank(rel.p[i]); i++)
			;
		for (from = i; i < rel.n && !is_blank(rel.p[i]); i++)
			;
		types |= types_of_rel(slice_of(rel.p + from, i - from), as);
	}
	return (struct carrier){types ? CARRIER_URL : CARRIER_NONE, types};
}

/* -- SVG ----------------------------------------------------------------------------------------------------------- */

struct carrier carrier_of_property(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("clip-path"),    SLICE_INIT("cursor"),     SLICE_INIT("fill"),
		SLICE_INIT("filter"),	    SLICE_INIT("marker-end"), SLICE_INIT("marker-mid"),
		SLICE_INIT("marker-start"), SLICE_INIT("mask"),	      SLICE_INIT("stroke"),
	};

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		if (slice_ieq(name, names[i]))
			return (struct carrier){CARRIER_PROPERTY, FILTER_IMAGE};
	}
	return (struct carrier){CARRIER_NONE, 0};
}

struct carrier carrier_of_animation(struct slice name, struct slice of)
{
	bool one = slice_ieq(name, SLICE("to")) || slice_ieq(name, SLICE("from")) || slice_ieq(name, SLICE("by"));

	if (!one && !slice_ieq(name, SLICE("values")))
		return (struct carrier){CARRIER_NONE, 0};
	if (slice_ieq(of, SLICE("href")) || slice_ieq(of, SLICE("xlink:href")))
		return (struct carrier){one ? CARRIER_URL : CARRIER_VALUES, FILTER_IMAGE};
	return carrier_of_property(of);
}
