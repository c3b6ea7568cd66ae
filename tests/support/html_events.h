/*
 * What the HTML tokenizer says of an input, as text that does not depend on where pieces were cut: one line a token,
 * pieces of the same thing joined.
 *
 *   run "..."   text data "..."   comment "..."   doctype "..."   cdata "..."   ignored "..."
 *   start img [src=d"x"] [hidden] / ns=svg then=script      (d, s, u: double, single, no quotes)
 *   end img
 *   oversized img [src=d"x"] "..."                          (the attributes of the first piece, all the octets)
 *
 * Octets that are not printable ASCII, and those that would be taken for syntax, are \xHH.
 */
#ifndef CG_TESTS_SUPPORT_HTML_EVENTS_H
#define CG_TESTS_SUPPORT_HTML_EVENTS_H

#include "rules/base/buffer.h"
#include "rules/html/tokenizer.h"

struct html_events {
	struct html_options options;
	enum html_text text; /* where the input begins */
	struct slice name;   /* whose end tag ends that */
	bool in_cdata;
	bool decode;	  /* write values and text decoded */
	size_t cut, step; /* pieces: of cut octets the first if not 0, then of step octets if not 0 */
	size_t piece_max; /* out: octets of the longest token that is not cut at will */
};

/*
 * Adds the lines to out. Each piece is fed from memory of its own that goes away when it was read. False if the raw
 * octets of the tokens, one after the other, are not the input.
 */
bool html_events(struct html_events *e, struct slice input, struct buffer *out);

#endif
