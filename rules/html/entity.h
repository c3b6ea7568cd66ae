/* Character references (WHATWG HTML 13.2.5.72 to 13.2.5.80), all 2231 names of the standard. */
#ifndef CG_RULES_HTML_ENTITY_H
#define CG_RULES_HTML_ENTITY_H

#include <stdbool.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"

/*
 * What a browser takes an attribute's raw value for: character references decoded as within attributes ("&amp=" and
 * "&ampx" stay), CR LF and CR made LF, NUL made U+FFFD; octets of the source are else kept, decoded ones are UTF-8.
 *
 * *value is raw itself where nothing changes, else it lies in scratch, whose former content goes. False if scratch is
 * too small or there is no memory: then *value is raw, undecoded.
 */
CG_NONNULL CG_WARN_UNUSED bool html_decode_attribute(struct slice raw, struct buffer *scratch, struct slice *value);
/* The same for text of HTML_DATA and HTML_RCDATA, which decodes "&ampx" too, and leaves NUL as it is. */
CG_NONNULL CG_WARN_UNUSED bool html_decode_text(struct slice raw, struct buffer *scratch, struct slice *value);
/*
 * The child text content (DOM 4.2.3) of an element whose content is markup, as that of a script or style is in svg,
 * math and XML: CDATA sections say what they hold, comments nothing, what is around them is decoded as above. *markup
 * is true, and *value raw, if there is more: tags, instructions, a comment without an end or with one that only HTML
 * knows.
 */
CG_NONNULL CG_WARN_UNUSED bool html_child_text(struct slice raw, struct buffer *scratch, struct slice *value,
					       bool *markup);

#endif
