/* Image candidates of srcset and imagesrcset (WHATWG HTML 4.8.4.3.10, "parse a srcset attribute"). */
#ifndef CG_RULES_HTML_SRCSET_H
#define CG_RULES_HTML_SRCSET_H

#include <stdbool.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

struct srcset_candidate {
	struct slice url;	  /* never empty */
	struct slice descriptors; /* "2x", "100w"; without the blanks around them, may be empty */
};

/*
 * The next candidate of *rest, which is the whole value (character references decoded) at first and what is left of it
 * after the call. Slices are parts of the value. False at the end. Candidates that a browser throws away for their
 * descriptors ("1x 2x", "-1x") are given too: whether it does depends on its version, and to hold one of them back
 * costs nothing. Any value is some list of candidates; time is linear.
 */
CG_NONNULL CG_WARN_UNUSED bool srcset_next(struct slice *rest, struct srcset_candidate *candidate);

#endif
