/* Diagnostics made fit for a person: in the order of the files, each with its source line. */
#ifndef CG_PROXY_CONFIG_REPORT_H
#define CG_PROXY_CONFIG_REPORT_H

#include "proxy/config/config.h"
#include "rules/base/diagnostic.h"

/*
 * Sorts by file (in order of appearance), line and column; adds the source line to those that point into the
 * configuration file at `path` and lack it (what TLS finds about a certificate knows only the line's number). Files of
 * keys are never shown. text: the configuration's source, which must outlive d; may be empty.
 */
void report_order(struct diagnostics *d, struct slice path, struct slice text);

#endif
