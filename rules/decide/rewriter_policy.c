/* A Content-Security-Policy in the page itself: what is injected must be let run by it as by those in fields. */
#include "rules/decide/rewriter_internal.h"

#include "rules/http/csp.h"

static bool judge_source(void *arg, const struct csp_reference *ref)
{
	struct rewriter *r = arg;
	struct beacon_judgement j;

	if (ref->subject != CSP_SOURCE) /* browsers heed no endpoints of reports there */
		return true;
	j = judge_url(&r->x, &r->base, &r->filter_page, ref->url, policy_source_types(ref->directive));
	if (j.match.rule || !j.pass)
		(void)rewriter_verdict(r, j.pass ? VERDICT_KEEP : VERDICT_DROP, j.url, &j, 0);
	return j.pass;
}

/* The elements that are injected. Where the decision has not listed them yet, the list lives as long as the rewriter.
 */
static const struct csp_inline *inlines(struct rewriter *r, size_t *n)
{
	struct decision d = *r->x.d;
	const struct deciding x = {.env = r->x.env, .d = &d, .arena = &r->lasting};

	return page_inlines(&x, n);
}

struct slice rewriter_policy(struct rewriter *r, struct slice content)
{
	struct slice out = content;
	size_t n = 0;
	const struct csp_inline *elements = inlines(r, &n);

	if (r->judges && ruleset_pages(r->rs)->csp_narrow)
		(void)csp_filter(out, judge_source, r, &r->arena, &out);
	if (n)
		(void)csp_allow(out, r->page->nonce, elements, n, &r->arena, &out);
	return out;
}
