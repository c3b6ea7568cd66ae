/*
 * What tests of the page rewriter share: a page in, for a visitor with given purposes, the page out.
 */
#ifndef CG_TESTS_SUPPORT_PAGE_FIXTURE_H
#define CG_TESTS_SUPPORT_PAGE_FIXTURE_H

#include "rules/decide/rewriter.h"
#include "tests/support/decide_fixture.h"

#define PAGE_URL "https://www.example.com/dir/page.html?q=1"

struct page_run {
	size_t first; /* octets of the first piece; 0: the whole page */
	size_t step;  /* of each further one; 0: the rest */
};

/* Makes the fixture's exchange one of a page that this visitor (purposes granted, separated by blanks) asked for. */
void page_visit(struct fixture *f, const char *granted);
/* Rewrites a page into out, which is emptied before. */
enum rewriter_result page_rewrite(struct fixture *f, struct slice page, struct page_run run, struct buffer *out);

struct page_row {
	const char *in;
	const char *out; /* NULL: as it is */
};

/* Fails the test if something else comes out. */
void page_check(struct fixture *f, struct slice in, struct slice expected, struct page_run run);
/* Whole, octet by octet, and in two pieces, cut behind every octet. */
void page_check_row(struct fixture *f, const struct page_row *row);

#endif
