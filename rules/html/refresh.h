/* Where <meta http-equiv=refresh> and the Refresh field lead (WHATWG HTML 7.4.6, "shared declarative refresh steps").
 */
#ifndef CG_RULES_HTML_REFRESH_H
#define CG_RULES_HTML_REFRESH_H

#include <stdbool.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

/*
 * content: the attribute's value with character references decoded, or the value of the field. True with *url, a part
 * of it, if a browser would go there; relative URLs are relative to the document. False if content is malformed (a
 * browser then does nothing) or names no URL (the document is loaded again).
 *
 * Any control octet is a blank (Chromium takes U+000B for one behind the time, the standard does not). A quoted URL
 * ends at the first quote, as the standard has it; Chromium looks for the last one.
 */
CG_NONNULL CG_WARN_UNUSED bool refresh_url(struct slice content, struct slice *url);

#endif
