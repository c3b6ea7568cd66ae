/*
 * Names of HTML elements as numbers, and the set of names whose tags somebody wants to see.
 *
 * A name of at most 12 letters and digits 1 to 6 is packed, five bits a character, so that equal numbers mean equal
 * names (ASCII case ignored). Any other name becomes a hash with the top bit set: two such names can collide, which
 * matters only to a set that holds one of them; compare the bytes then. 0 is no name.
 */
#ifndef CG_RULES_HTML_NAMES_H
#define CG_RULES_HTML_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

/* Longest name a set takes; a tag with a longer name is wanted only if all are. */
#define HTML_NAME_MAX 64

/* The number of a name. */
uint64_t html_name(struct slice name);

/* True for elements that never have content (HTML 13.1.2), those of old included, and for "image", which becomes img.
 */
bool html_is_void(struct slice name);

enum html_name_want {
	HTML_WANT_START = 1u << 0, /* start tags of that name */
	HTML_WANT_END = 1u << 1,   /* end tags */
};

#define HTML_NAMES_SLOTS 512
/* Names up to that length are found by their octets, too. */
#define HTML_QUICK_MAX 8
/* How many names a set can take beside those the tokenizer needs itself. */
#define HTML_NAMES_MAX 200

/*
 * Made once, never changed while a tokenizer reads it, shared by any number of streams. Owns nothing. The fields are
 * the tokenizer's own.
 */
struct html_names {
	struct html_names_slot {
		uint64_t name;
		uint32_t bits;
		uint8_t counted; /* which of html_tokenizer.open counts it; 0: none */
	} slots[HTML_NAMES_SLOTS];
	struct html_names_slot quick[HTML_NAMES_SLOTS]; /* name: its octets, the last in the highest place */
	unsigned added;
	uint32_t all;	 /* html_name_want bits that hold for every name */
	bool attributes; /* html_names_want_carriers() */
};

/* A set that wants nothing. */
CG_NONNULL void html_names_init(struct html_names *names);
/* wants: html_name_want bits, added to those it has. False if the set is full or the name empty or too long. */
CG_NONNULL CG_WARN_UNUSED bool html_names_add(struct html_names *names, struct slice name, unsigned wants);
/* Every tag. */
CG_NONNULL void html_names_want_all(struct html_names *names, unsigned wants);
/*
 * Start tags of any name that have an attribute which carries a URL or a script wherever it stands: on..., style, src,
 * srcset, srcdoc, background, ping, attributionsrc; in svg, math and XML also those of a presentation attribute that
 * can hold an url(): clip-path, cursor, fill, filter, marker-..., mask, stroke. Some others come too: those with an
 * attribute that begins alike.
 */
CG_NONNULL void html_names_want_carriers(struct html_names *names);

#endif
