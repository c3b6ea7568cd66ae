/*
 * The guard: a script that stands first in the head of a page while anything is denied to its visitor. It stops cookies
 * that scripts set, and requests that scripts make, by the same rules; and when consent comes it activates what the
 * rewriter made inert, without a reload. What the script does and does not stop: guard.js, docs/guide-pages.md.
 *
 * Its text is the same for every visitor of a ruleset, so that one hash in Content-Security-Policy lets it run; what is
 * granted stands in an attribute of the element.
 *
 * In the text are the names of all cookie statements, and the URL patterns of beacon statements with their masks, in
 * file order. Filter lists are not: they are too large, and the proxy applies them to what pages hold. Not in it
 * either, and counted by guard_left_out():
 * - patterns limited to named sites (domain=), exceptions, and those that the filter syntax does not take
 * - regular expressions that say something else to JavaScript or nothing at all (possessive, "\Q", "[:alpha:]", ...)
 * - what stands behind the first GUARD_DATA_MAX octets of names, and of patterns. Of names that are left out for this
 *   the guard says what the rules say of cookies that no rule names: that they are of every purpose.
 * The party of a request is judged by host names alone: a host that is equal to, above or below the page's own is the
 * first party, every other one is a third party.
 */
#ifndef CG_RULES_DECIDE_GUARD_H
#define CG_RULES_DECIDE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"
#include "rules/language/ruleset.h"

#define GUARD_DATA_MAX 65536 /* octets of names, and of patterns, as they stand in the text */

struct guard; /* immutable; needs its ruleset no more once made */

/* sha256 may be NULL: there is no hash then. NULL if memory ran out. */
CG_WARN_UNUSED struct guard *guard_new(const struct ruleset *rs,
				       void (*sha256)(struct slice data, unsigned char out[32]));
void guard_free(struct guard *g); /* NULL is fine */

/*
 * The script. ASCII, without "</script", "<!--" and "<script " in any letter case, and without "]]>", so that it may
 * stand in a CDATA section. Lives as long as the guard.
 */
CG_NONNULL struct slice guard_text(const struct guard *g);
CG_NONNULL bool guard_has_hash(const struct guard *g);
/* SHA-256 of the text, 32 octets; meaningless without a hash. */
CG_NONNULL const unsigned char *guard_hash(const struct guard *g);
/* How many names and patterns are not in the text. */
CG_NONNULL size_t guard_left_out(const struct guard *g);

/*
 * The element's start tag: <script nonce="..." data-cg-guard="analytics,preferences">, its names those of the granted
 * purposes but necessary. An empty nonce: no attribute. rs: the ruleset it was made from. The element is this, the text
 * and "</script>". False if the buffer is full.
 */
CG_NONNULL bool guard_start_tag(const struct ruleset *rs, purposes granted, struct slice nonce, struct buffer *out);
/* The whole element. */
CG_NONNULL bool guard_element(const struct guard *g, const struct ruleset *rs, purposes granted, struct slice nonce,
			      struct buffer *out);

#endif
