/*
 * What of a denied purpose passed all the same, in either direction. This judges messages as they were sent on, by the
 * rules but not with the code that holds things back: pages are tokenized again, and every URL in them is asked about.
 */
#ifndef CG_RULES_HARNESS_LEAK_H
#define CG_RULES_HARNESS_LEAK_H

#include <stdbool.h>

#include "rules/harness/check.h"

/*
 * Adds a failure to *first with a row for each thing that must not have passed, LEAKS_MAX at most. o: of the exchange
 * x, played to its end; consent is that of o. False if memory ran out.
 */
#define LEAKS_MAX 20
bool leaks_find(const struct prepared *x, const struct outcome *o, struct arena *arena, struct failure **first);

/* ---- For the parts of it. ---- */

struct leaks {
	const struct prepared *x;
	const struct outcome *o;
	struct arena *arena;
	purposes granted;
	struct web_url page;	 /* what relative URLs are relative to, a <base> aside */
	struct filter_page site; /* of the page's host */
	bool xml;		 /* it is XHTML */
	struct diff_row *rows, **end;
	size_t n;
	size_t passes_from; /* the element's place, if a statement that lets it pass names it: later ones do not count
			     */
	size_t first_order; /* of the statements that named URLs since it was set: the first one's place */
};

/* White space in HTML and CSS. */
static inline bool leak_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Something passed. rule NULL: a pattern hit its limits. */
void leaks_add(struct leaks *l, struct slice what, const struct rule *rule, purposes mask);
/*
 * Is the URL, relative to base, of a denied purpose? Then what is added, as text that holds it. types: of enum
 * filter_type.
 */
void leaks_url(struct leaks *l, const struct web_url *base, struct slice url, unsigned types, struct slice what);
/*
 * The first statement whose selectors name an element (hits: their ids); of those that ask for content if text is
 * given, else of the others. NULL: none.
 */
const struct beacon_rule *leaks_selected(const struct leaks *l, const size_t *hits, size_t n, const struct slice *text);
/* Where "3; url=x" leads (WHATWG HTML 4.2.5.3); empty if nowhere else, or it is no refresh. */
struct slice leaks_refresh_url(struct slice value);
/* All URLs and names of hosts in a script, or in JSON. */
void leaks_script(struct leaks *l, const struct web_url *base, struct slice text, struct slice what);
/* A style: what is in url(...), url("...") and @import "...", outside of comments and other strings. */
void leaks_css(struct leaks *l, const struct web_url *base, struct slice text, struct slice what);
/* A document; depth: 0, or how many srcdoc stand around it. */
void leaks_html(struct leaks *l, struct slice text, unsigned depth);

#endif
