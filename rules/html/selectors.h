/*
 * Selectors over a stream of tags (Selectors Level 4, as far as a stream allows): a set of them, compiled together,
 * shared and immutable, and for each stream a matcher that is shown its tags.
 *
 * Supported: type and "*", "#id", ".class", "[name]", "[name=value]" with = ~= |= ^= $= *= and the flags i and s,
 * compounds of these, lists with commas, and the combinators descendant (" ") and child (">"). Type and attribute names
 * ignore ASCII case; values are compared as a browser does in HTML: after decoding character references, ids and
 * classes with case, and the values of those attributes that HTML lists (type, rel, media, http-equiv, ...) without.
 * ":not(...)" of a compound is supported; all other pseudo-classes are refused with a message. More than CSS allows: an
 * attribute value without quotes may hold any octet but "]", white space and quotes, and an attribute's name ":". A
 * name is compared as it stands in the source: [xlink:href]. "img" also finds <image>, which browsers make an img.
 *
 * Elements are open until their end tag, or until what HTML says ends them (WHATWG HTML 13.2.6); void elements never
 * are. A selector with a descendant combinator needs only the tags of its own types, if their end tags may not be left
 * out: "div.ads img" needs those of div, and start tags of img. Then an element whose end tag is missing ends with an
 * outer one of those types. With "E > F", or any of ".ads img", "li img", "table > tr", "body img" (what has no type,
 * or one that may begin or end without a tag) in the set, all tags are needed, and what is open is nearly what a
 * browser has open: implied tags, tables, svg and math are followed; formatting elements that come back after a block
 * ended them, text that ends the head, and quirks mode are not.
 *
 * What is open is remembered at least SELECTOR_DEPTH deep; deeper elements match, but are nobody's ancestors.
 */
#ifndef CG_RULES_HTML_SELECTORS_H
#define CG_RULES_HTML_SELECTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/arena.h"
#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"
#include "rules/html/names.h"
#include "rules/html/tokenizer.h"

#define SELECTOR_DEPTH	  128
#define SELECTORS_MAX	  4096 /* in a set, each member of a list counted */
#define SELECTOR_HITS_MAX 64   /* reported for one tag: those with the lowest ids */

struct selectors; /* immutable after selectors_finish() */

struct selector_error {
	size_t offset; /* into the text */
	char message[120];
	char hint[120]; /* what to write instead; may be empty */
};

/* An empty set in the arena, which must outlive it. NULL if the arena refused. */
CG_WARN_UNUSED struct selectors *selectors_new(struct arena *arena);
/*
 * Adds a selector list; ids count from 0 in the order of adding. text is copied. False with *error set; error->message
 * is empty if memory ran out.
 */
CG_WARN_UNUSED bool selectors_add(struct selectors *s, struct slice text, struct selector_error *error);
/* After the last selector: builds what lookups need. False if the arena refused. */
CG_WARN_UNUSED bool selectors_finish(struct selectors *s);
size_t selectors_count(const struct selectors *s);
/* The tags that a matcher must be shown. False if the set of names is full. */
CG_WARN_UNUSED bool selectors_want(const struct selectors *s, struct html_names *names);
/* The type that every member of the list of that id demands, if it is the same (lower case), else the empty slice. */
struct slice selector_type(const struct selectors *s, size_t id);

/* One stream's matcher. Fixed memory. */
struct selector_matcher;
CG_WARN_UNUSED struct selector_matcher *selector_matcher_new(const struct selectors *s);
void selector_matcher_free(struct selector_matcher *m); /* NULL is fine */
CG_NONNULL void selector_matcher_reset(struct selector_matcher *m);
/*
 * Shows a start tag (HTML_START_TAG, or the first piece of HTML_OVERSIZED with what attributes it has). Puts the ids of
 * all selectors that match its element into hits, ascending, at most SELECTOR_HITS_MAX; returns how many. scratch is
 * for decoding attribute values; what a value too large for it holds is compared undecoded.
 */
CG_NONNULL size_t selector_matcher_start(struct selector_matcher *m, const struct html_token *tag,
					 struct buffer *scratch, size_t hits[SELECTOR_HITS_MAX]);
/*
 * Takes back the start tag shown last, if it was the last tag shown: it is left out of the page, so nothing is in it,
 * and what it would have ended goes on.
 */
CG_NONNULL void selector_matcher_take_back(struct selector_matcher *m);
/* Shows an end tag. */
CG_NONNULL void selector_matcher_end(struct selector_matcher *m, const struct html_token *tag);

#endif
