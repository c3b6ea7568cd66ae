/* UTF-8 (Unicode 15, table 3-7). */
#ifndef CG_RULES_BASE_UTF8_H
#define CG_RULES_BASE_UTF8_H

#include "rules/base/slice.h"

/* Octets of the sequence at the front of s, which must not be empty; 0 if it is not well formed. */
size_t utf8_length(struct slice s);

#endif
