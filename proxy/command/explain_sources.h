/* crumbgate explain --cookies: what each source of consent in a visitor's cookies says, which one wins, and why. */
#ifndef CG_PROXY_COMMAND_EXPLAIN_SOURCES_H
#define CG_PROXY_COMMAND_EXPLAIN_SOURCES_H

#include <stdbool.h>

#include "proxy/command/visit.h"
#include "rules/base/buffer.h"

/* v was loaded. False if memory ran out. */
bool explain_sources(struct visit *v, bool json, bool colour, struct buffer *out);

#endif
