/*
 * The page rewriter: octets of an HTML page in, octets of what this visitor gets of it out, streaming. What no rule
 * touches is handed on as it came, octet for octet, mostly as slices of the input.
 *
 *   decide_response() said decision.page.work == PAGE_REWRITE
 *   r = rewriter_new(&options);
 *   for each piece of the body, decoded: rewriter_push(r, piece);
 *   rewriter_finish(r);
 *   rewriter_free(r);
 *
 * In observe mode (decision.observe) the output is the input, and the verdicts tell what would have been changed.
 *
 * What "inert" does: attributes that load or run something are renamed to "data-cg-NAME", and the element gets
 * data-cg="PURPOSE..." (names, separated by blanks); a script also gets type="text/plain" (its own becomes
 * data-cg-type). So a page keeps its shape, and the guard can activate the element once the purposes are granted.
 *
 * Memory: the tokenizer (8 KB, plus pages.tag_max for a tag cut by the end of a piece), and pages.script_max for an
 * inline script or noscript that is being judged. Time is linear in the input.
 */
#ifndef CG_RULES_DECIDE_REWRITER_H
#define CG_RULES_DECIDE_REWRITER_H

#include "rules/decide/decide.h"

/* What a rewriter looks for, compiled once for a ruleset and shared by its pages (struct decide_env). NULL: no memory.
 */
CG_WARN_UNUSED struct page_plan *page_plan_new(const struct ruleset *rs);
void page_plan_free(struct page_plan *plan); /* NULL is fine */

/* Takes output. The octets live until it returns. False: no more is wanted, rewriting ends with REWRITER_STOPPED. */
typedef bool (*rewriter_sink)(void *arg, struct slice octets);

/* One change of a page, for reports: `removed` of the input at `offset` became `inserted`. */
struct page_edit {
	uint64_t offset; /* in the input */
	struct slice removed;
	struct slice inserted;
	const struct verdict *verdict; /* that says so; several edits may share one. NULL: none (the guard) */
};
typedef void (*page_edit_sink)(void *arg, const struct page_edit *edit);

struct rewriter_options {
	const struct decide_env *env; /* with its sink for verdicts */
	struct decision *decision;    /* of the exchange, after decide_response(); counts are added to */
	rewriter_sink sink;
	void *sink_arg;
	page_edit_sink edits; /* NULL: nobody wants to know */
	void *edits_arg;
};

enum rewriter_result {
	REWRITER_OK,
	REWRITER_UNREADABLE, /* the octets are no text that can be read (UTF-16, ISO-2022-JP): see rewriter_why() */
	REWRITER_OVERSIZED,  /* a limit was passed where the rules say that nothing unexamined passes and nothing can be
				cut out */
	REWRITER_NO_MEMORY,
	REWRITER_STOPPED, /* by the sink */
};

struct rewriter;

/* env, decision and what they point to must outlive it. NULL if memory ran out. */
CG_WARN_UNUSED struct rewriter *rewriter_new(const struct rewriter_options *options);
void rewriter_free(struct rewriter *r); /* NULL is fine */
/* The next piece of the page, which may go away afterwards. After anything but REWRITER_OK only rewriter_free(). */
CG_NONNULL CG_WARN_UNUSED enum rewriter_result rewriter_push(struct rewriter *r, struct slice piece);
/* The page is complete: hands out what was held. */
CG_NONNULL CG_WARN_UNUSED enum rewriter_result rewriter_finish(struct rewriter *r);
/* For the log, static: what stood against reading on. */
CG_NONNULL const char *rewriter_why(const struct rewriter *r);

#endif
