/* The elements of HTML and SVG, obsolete ones included: to tell a selector from what was meant as an address. */
#include "rules/language/ruleset_internal.h"

#define ELEMENT_NAME_MAX 32

static const char *const elements[] = {
	/* HTML */
	"a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont",
	"bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption", "center",
	"cite", "code", "col", "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div",
	"dl", "dt", "em", "embed", "fencedframe", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame",
	"frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe",
	"image", "img", "input", "ins", "isindex", "kbd", "keygen", "label", "legend", "li", "link", "listing", "main",
	"map", "mark", "marquee", "math", "menu", "menuitem", "meta", "meter", "nav", "nobr", "noembed", "noframes",
	"noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "picture", "plaintext", "portal",
	"pre", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script", "search", "section", "select",
	"selectedcontent", "slot", "small", "source", "span", "strike", "strong", "style", "sub", "summary", "sup",
	"table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt",
	"u", "ul", "var", "video", "wbr", "xmp",
	/* SVG */
	"animate", "animatemotion", "animatetransform", "circle", "clippath", "defs", "desc", "discard", "ellipse",
	"feblend", "fecolormatrix", "fecomponenttransfer", "fecomposite", "feconvolvematrix", "fediffuselighting",
	"fedisplacementmap", "fedistantlight", "fedropshadow", "feflood", "fefunca", "fefuncb", "fefuncg", "fefuncr",
	"fegaussianblur", "feimage", "femerge", "femergenode", "femorphology", "feoffset", "fepointlight",
	"fespecularlighting", "fespotlight", "fetile", "feturbulence", "filter", "foreignobject", "g", "line",
	"lineargradient", "marker", "mask", "metadata", "mpath", "path", "pattern", "polygon", "polyline",
	"radialgradient", "rect", "set", "stop", "svg", "switch", "symbol", "text", "textpath", "tspan", "use", "view"};

bool element_known(struct slice name)
{
	for (size_t i = 0; i < CG_COUNT(elements); i++) {
		if (slice_ieq(name, slice_str(elements[i])))
			return true;
	}
	return false;
}

const char *element_suggest(struct slice name)
{
	char lower[ELEMENT_NAME_MAX];

	if (name.n < 3 || name.n > sizeof lower)
		return NULL;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	return suggest(slice_of(lower, name.n), elements, CG_COUNT(elements));
}
