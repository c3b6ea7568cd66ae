/*
 * What "crumbgate rewrite" tells of the changes of a page, for people and for machines.
 *
 * Use: changes_init(), changes_take() as the rewriter's page_edit_sink, changes_text() or changes_json() with the page
 * as it was, changes_free().
 */
#ifndef CG_PROXY_COMMAND_REWRITE_REPORT_H
#define CG_PROXY_COMMAND_REWRITE_REPORT_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/decide/rewriter.h"

/* Consecutive edits of one verdict belong together. */
struct change {
	struct page_edit edit; /* its verdict is not set, see `why` */
	struct verdict why;
	bool guard; /* it is the guard's script, which needs no verdict */
	struct change *next;
};

struct changes {
	struct arena arena;
	struct change *first; /* in the order of the page */
	struct change *last;
	struct change *waiting; /* it belongs to the verdict that comes next */
	struct verdict latest;	/* what the last one was, for what follows from it */
};

void changes_init(struct changes *c);
void changes_free(struct changes *c);
/* A page_edit_sink; arg is the struct changes. */
void changes_take(void *arg, const struct page_edit *edit);

struct changes_page {
	const char *name; /* of the file, for people */
	struct slice text;
	const struct ruleset *rules;
	purposes granted;
};

/*
 * Each change as
 *
 *   page.html:12:5: beacon https://www.google-analytics.com/analytics.js
 *       made inert by site.rules:30: beacon ||google-analytics.com^ is analytics
 *       <script {+data-cg="analytics" data-cg-+}src="https://www.google-analytics.com/analytics.js">
 *
 * with removed text as [-red-], inserted text as {+green+}; with colour, without these marks.
 */
void changes_text(struct changes *c, const struct changes_page *page, bool colour, struct buffer *out);
/* One object a line. */
void changes_json(struct changes *c, const struct changes_page *page, struct buffer *out);

#endif
