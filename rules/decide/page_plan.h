/*
 * What a rewriter wants to see of a page, compiled once for a ruleset: which tags, told from all others by the number
 * of their names. Immutable; shared by all rewriters of a site. Private to this folder but for its making (rewriter.h).
 */
#ifndef CG_RULES_DECIDE_PAGE_PLAN_H
#define CG_RULES_DECIDE_PAGE_PLAN_H

#include "rules/decide/carrier.h"
#include "rules/decide/rewriter.h"

#define ELEMENT_SLOTS 128 /* a power of two, at most half full */

struct page_plan {
	struct html_names beacons; /* while something is denied */
	bool urls;		   /* URLs decide something */
	bool values;		   /* values of attributes and texts do; otherwise selectors alone */
	struct html_names all;	   /* while an element is left out */
	struct html_names places;  /* while something is only injected or stripped from links */
	struct {
		uint64_t name;
		enum element element;
	} slots[ELEMENT_SLOTS];
};

/* The element of that number of a name (html_name()). */
enum element page_plan_element(const struct page_plan *plan, uint64_t name);

#endif
