/*
 * A page through the rewriter, as the proxy does it: rules from text, a visitor who did not decide, one exchange a
 * page. For tests and benches; without cmocka.
 */
#ifndef CG_TESTS_SUPPORT_PAGE_RUN_H
#define CG_TESTS_SUPPORT_PAGE_RUN_H

#include "rules/base/arena.h"
#include "rules/decide/rewriter.h"

struct page_run {
	struct ruleset *rules;
	struct page_plan *plan;
	struct decide_env env;
	struct arena arena;
	struct decision decision; /* of the page that was rewritten last */
};

/* Shipped files may be included. False if there are errors, which are then on standard error. */
bool page_run_open(struct page_run *p, const char *rules);
void page_run_close(struct page_run *p);

/* How the input is fed: up to `cut`, then in pieces of `piece` octets. 0: no cut, one piece. */
struct page_feed {
	size_t cut;
	size_t piece;
};

/* Decides for a page of https://www.example.com/ and rewrites it; where nothing is to be done the input is handed on.
 */
enum rewriter_result page_run(struct page_run *p, struct slice input, struct page_feed feed, rewriter_sink sink,
			      void *sink_arg, page_edit_sink edits, void *edits_arg);

#endif
