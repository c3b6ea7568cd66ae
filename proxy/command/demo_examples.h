/* What "crumbgate demo" prints once it serves: where to look, and lines to paste. */
#ifndef CG_PROXY_COMMAND_DEMO_EXAMPLES_H
#define CG_PROXY_COMMAND_DEMO_EXAMPLES_H

#include "proxy/command/demo_files.h"
#include "proxy/config/config.h"

/* Consent cookies are made with the demo's key and the rules as loaded. */
void demo_print_examples(const struct demo_setup *s, const struct config *config);

#endif
