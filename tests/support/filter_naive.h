/*
 * A filter list matched the slow and obvious way, for comparison with rules/filter: reads every line anew for every
 * URL, simulates all ways a pattern can match at once, shares no code with what it checks but hosts and slices.
 */
#ifndef CG_TESTS_SUPPORT_FILTER_NAIVE_H
#define CG_TESTS_SUPPORT_FILTER_NAIVE_H

#include "rules/filter/filter.h"

/* Regular expressions are left out: lines with one never match here. */
struct filter_result filter_naive(struct slice list, const struct web_url *url, unsigned types, struct slice page);

#endif
