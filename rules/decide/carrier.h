/*
 * Carriers: the attributes of HTML and SVG elements that make a browser request a URL or run a script. Private to this
 * folder.
 */
#ifndef CG_RULES_DECIDE_CARRIER_H
#define CG_RULES_DECIDE_CARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/slice.h"
#include "rules/html/tokenizer.h"

/* Elements that mean something to the rewriter. */
enum element {
	ELEMENT_OTHER,
#define CG_ELEMENT(id, name, flags) ELEMENT_##id,
#include "rules/decide/element_table.h"
#undef CG_ELEMENT
	ELEMENTS
};

enum element_flags {
	/* Looked for on behalf of beacons: it loads or runs something. */
	ELEMENT_CARRIES = 1,
	/* Looked for to know where a head and a body begin and end. */
	ELEMENT_PLACES = 2,
	/* Its end tag too. */
	ELEMENT_ENDS = 4,
	/* Can be made inert, by renaming what it carries; others are removed when a selector names them. */
	ELEMENT_INERT = 8,
	/* It never has content (HTML 13.1.2). */
	ELEMENT_VOID = 16,
	/* May stand in a head (HTML 4.2.1). */
	ELEMENT_IN_HEAD = 32,
	/* A link whose parameters may be stripped. */
	ELEMENT_LINKS = 64,
	/* Has markup in an attribute: what a selector names may stand there. */
	ELEMENT_NESTS = 128,
};

struct slice element_name(enum element e);
unsigned element_flags(enum element e);

enum carrier_kind {
	CARRIER_NONE,
	CARRIER_URL,
	CARRIER_SRCSET,	  /* image candidates */
	CARRIER_URLS,	  /* separated by white space */
	CARRIER_VALUES,	  /* URLs separated by semicolons */
	CARRIER_STYLE,	  /* CSS declarations */
	CARRIER_PROPERTY, /* the value of one */
	CARRIER_HANDLER,  /* a script */
	CARRIER_SRCDOC,	  /* a document */
	CARRIER_REFRESH,  /* "0; url=..." */
};

struct carrier {
	enum carrier_kind kind;
	unsigned types; /* of enum filter_type, that the request is made for */
};

/*
 * What the attribute of that name (ASCII case ignored) is on that element. A link's href and a meta's content depend on
 * other attributes: see carrier_of_link(); here they are CARRIER_NONE.
 */
struct carrier carrier_of(enum element e, struct slice name);
/* What a link's href requests: rel and as are the decoded values of those attributes, empty if there are none. */
struct carrier carrier_of_link(struct slice rel, struct slice as);
/* What the attribute of that name is on any element of SVG, beside that (SVG 2 6.6, presentation attributes). */
struct carrier carrier_of_property(struct slice name);
/* What an attribute of an animation is (SVG Animations 2.12, 2.14); of: the name of what it animates. */
struct carrier carrier_of_animation(struct slice name, struct slice of);

#endif
