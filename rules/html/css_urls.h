/*
 * URLs of CSS text: of <style>, style attributes and stylesheets (CSS Syntax Level 3, section 4; CSS Values 4, 4.5;
 * CSS Images 4, 2.4; CSS Cascade 5, 2.1).
 *
 * Given are url(...), quoted or not, wherever it stands but in @namespace; the string of @import; strings directly in
 * image-set() and -webkit-image-set(), and those in values of custom properties, which var() can take there. Names
 * may be written in any case and with escapes. Strings elsewhere are text, src() and image() load nothing in browsers.
 * What a browser would not load for its place ("@import" behind rules, unknown properties) is given too: such a URL
 * costs nothing.
 *
 * Malformed input reads as in browsers: a string that a line's end breaks off and an unquoted url() with quotes, blanks
 * or '(' in it are no URLs; the end of the text closes everything.
 */
#ifndef CG_RULES_HTML_CSS_URLS_H
#define CG_RULES_HTML_CSS_URLS_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"

enum css_url_kind {
	CSS_URL_IMPORT, /* a stylesheet */
	CSS_URL_FONT,	/* in @font-face */
	CSS_URL_OTHER,	/* an image most often */
};

struct css_url {
	enum css_url_kind kind;
	/*
	 * The whole of url(...) or the string with its quotes, a part of the text. To hold it back, put url("data:,")
	 * in its place; where it begins with a quote, "data:,".
	 */
	struct slice raw;
	struct slice
		url; /* what it means: a part of raw if there are no escapes, else in scratch until the next call */
};

/* The fields are the iterator's own. */
struct css_urls {
	struct slice text;
	size_t at;
	size_t parens;	  /* open ones */
	size_t set;	  /* how many were open with the last image-set(; 0: none */
	size_t braces;	  /* open ones */
	size_t font_face; /* how many were open in @font-face; 0: none */
	size_t values;	  /* likewise in @property or @function, whose strings may become URLs elsewhere */
	bool skimming;	  /* nothing is given */
	enum css_urls_rule {
		CSS_RULE_NONE,
		CSS_RULE_IMPORT,
		CSS_RULE_NAMESPACE,
		CSS_RULE_FONT_FACE,
		CSS_RULE_VALUES
	} rule;
	enum css_urls_property { CSS_PROPERTY_NONE, CSS_PROPERTY_NAMED, CSS_PROPERTY_CUSTOM } property;
};

/* text is the whole of the text, in any encoding that holds ASCII; character references of attributes are decoded. */
CG_NONNULL void css_urls_init(struct css_urls *it, struct slice text);
/*
 * The next URL; false at the end. Where scratch is too small or there is no memory, url holds its escapes still and
 * scratch->failed is set: the caller must take the strict side. Time is linear in the text over all calls.
 */
CG_NONNULL CG_WARN_UNUSED bool css_urls_next(struct css_urls *it, struct buffer *scratch, struct css_url *found);

#endif
