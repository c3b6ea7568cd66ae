/* What changed between two texts, line by line, in the unified format of diff(1). */
#ifndef CG_PROXY_COMMAND_DIFF_H
#define CG_PROXY_COMMAND_DIFF_H

#include <stdbool.h>

#include "rules/base/buffer.h"
#include "rules/base/slice.h"

/* Appends nothing if the texts are equal. False if out is full or memory ran out. */
bool diff_unified(struct slice name, struct slice before, struct slice after, bool colour, struct buffer *out);

#endif
