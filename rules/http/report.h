/*
 * Where reports go: Report-To and NEL (JSON; W3C Reporting API of 2018, Network Error Logging), Reporting-Endpoints
 * (a dictionary of RFC 9651); and JSON in pages. Read as far as it takes to find the URLs.
 */
#ifndef CG_RULES_HTTP_REPORT_H
#define CG_RULES_HTTP_REPORT_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/*
 * The next value of Report-To or NEL, JSON objects parted by commas: *raw, trimmed. *rest starts as the field's value
 * and is advanced. False at the end. It need not be JSON; then the parts mean nothing, but are all of it.
 */
bool report_json_next(struct slice *rest, struct slice *raw);
/*
 * The next member of that name with a string as its value, at any depth. Escapes in *value are undone, in the arena if
 * there are any. False at the end, or if the arena refused.
 */
bool report_member_next(struct slice *rest, struct slice name, struct arena *arena, struct slice *value);

/* The next string of a JSON text, its escapes undone likewise; of a member its name is one, too. */
bool report_text_next(struct slice *rest, struct arena *arena, struct slice *value);

/*
 * A string at the front of s (RFC 9651 4.2.5), its escapes undone, in the arena if there are any. False if s begins
 * with something else, or if the arena refused.
 */
bool report_string(struct slice s, struct arena *arena, struct slice *value);

#endif
