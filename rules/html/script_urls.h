/*
 * URLs that script text, JSON and event handlers spell out in strings. No grammar of JavaScript is read: what looks
 * like a URL is a candidate, whatever it is for.
 *
 * A candidate is "//", with what an http, https, ws, wss or ftp scheme and ':' in front of it where there are, that
 * - follows its scheme, or a quote, backquote, '=' or '(' directly; and
 * - goes on, behind all its slashes, with a letter, digit, '[', '_', '%' or an octet above 0x7F.
 * So comments are none, nor is "//" joined to something else by the script; host names are found by literals.h.
 * It ends before a quote, backquote, blank, control octet, '<', '>', a backslash that is no escape as below, before
 * ",http" and, if it follows '(', before ')'; or with the text.
 *
 * Slashes may be written \/, \x2F or \u002F, the quote in front also \x22, \u0022, &quot; and the like, the colon \x3A
 * and \u003A; within the candidate \xHH and \u00HH of printable ASCII that would not end it are taken for what they
 * mean (\u0026 is common in JSON).
 */
#ifndef CG_RULES_HTML_SCRIPT_URLS_H
#define CG_RULES_HTML_SCRIPT_URLS_H

#include <stdbool.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"

struct script_url {
	struct slice url; /* without escapes: raw itself if there are none, else in scratch until the next call */
	struct slice raw; /* as it stands in the text */
};

/*
 * The next candidate of *rest, which is whole text at first and what is left of it after the call. False at the end.
 * Where scratch is too small or there is no memory, url is raw, escapes and all, and scratch->failed is set: the
 * caller must take the strict side. Time is linear in the text over all calls.
 */
CG_NONNULL CG_WARN_UNUSED bool script_urls_next(struct slice *rest, struct buffer *scratch, struct script_url *found);

/*
 * The next string in the text of a module that stands where the name of another one does: behind "import", "import(" or
 * "from", with blanks between at most. As it is written, without the quotes. False at the end. What only looks like
 * that, in a comment say, is told too.
 */
CG_NONNULL CG_WARN_UNUSED bool script_imports_next(struct slice *rest, struct slice *name);

#endif
