/*
 * What the daemon tells its operator: readable lines with the time on standard error, one write(2) each, so that the
 * lines of several processes do not mix:
 *
 *   2026-11-23T20:15:00.123Z crumbgate[4711] worker 2: warning: origin 127.0.0.1:8080 refuses connections
 *
 * Never a cookie value, never a visitor's full address. Control octets are shown as '?'.
 */
#ifndef CG_PROXY_OBSERVE_LOG_H
#define CG_PROXY_OBSERVE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"

#define LOG_LINE_MAX 2048 /* octets; a longer line is cut */

/* Names this process in its lines ("worker 2"); the text must stay. NULL: none. */
void log_process_name(const char *name);

void log_info(const char *fmt, ...) CG_PRINTF(1, 2);
void log_warning(const char *fmt, ...) CG_PRINTF(1, 2);
void log_error(const char *fmt, ...) CG_PRINTF(1, 2);

/*
 * A limit for complaints that traffic can cause: true at most once in ten seconds per limit; *suppressed tells how
 * often it was asked in vain since.
 */
struct log_limit {
	int64_t next_ms; /* monotonic; zero-initialise */
	unsigned suppressed;
};
bool log_allowed(struct log_limit *limit, unsigned *suppressed);

/* All of them as people read them, in several lines, with colour if standard error is a terminal that wants it. */
void log_diagnostics(const struct diagnostics *d);

#endif
