/*
 * What a set of selectors says of a page: a line for each start tag that some match, with the value of its attribute
 * "n", if it has one, else its name, then the ids: "img 0 2".
 */
#ifndef CG_TESTS_SUPPORT_SELECTOR_RUN_H
#define CG_TESTS_SUPPORT_SELECTOR_RUN_H

#include "rules/base/buffer.h"
#include "rules/html/selectors.h"

struct selector_run {
	struct selectors *set;
	bool unlabelled;  /* "n" is an attribute like others */
	bool every;	  /* show all tags, not only those that the set wants */
	size_t cut, step; /* pieces: of cut octets the first if not 0, then of step octets if not 0 */
	size_t max_tag;	  /* of the tokenizer; 0: its default */
	size_t scratch;	  /* octets of the scratch buffer; 0: 64 KB */
};

/* Adds the lines to out. Traps if the ids are out of order. False if memory ran out. */
bool selector_run(const struct selector_run *r, struct slice page, struct buffer *out);

#endif
