/* The Link field (RFC 8288 3), read as browsers do: leniently. */
#ifndef CG_RULES_HTTP_LINK_H
#define CG_RULES_HTTP_LINK_H

#include <stdbool.h>

#include "rules/base/slice.h"

/* Slices of the field's value; of parameters the first of a name, without quotes and as it stands within them. */
struct link_value {
	struct slice raw; /* trimmed */
	struct slice target;
	struct slice rel;
	struct slice as;
	struct slice imagesrcset;
	bool valid;   /* it has a target in angle brackets; else only raw is set */
	bool unclear; /* there are such among its parameters, and browsers disagree what these are then */
};

/*
 * The next value of a list: commas within angle brackets and quotes do not part. Empty ones are skipped. *rest starts
 * as the field's value and is advanced. False at the end.
 */
bool link_next(struct slice *rest, struct link_value *out);

#endif
