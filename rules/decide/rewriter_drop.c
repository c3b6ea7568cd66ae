/*
 * Elements that are left out with all that is in them. Where one ends that was never closed, an element around it
 * decides, as in a browser (WHATWG HTML 13.2.6.4.7, "any other end tag", and the rules for li, dd, p, options and
 * tables): markup that forgets an end tag must not cost the rest of the page. While one is left out every tag is
 * looked at.
 */
#include "rules/decide/rewriter_internal.h"

/* Lists of names, separated by blanks. */
static bool is_among(struct slice list, struct slice name)
{
	struct slice word;

	while (list.n) {
		slice_cut(list, ' ', &word, &list);
		if (slice_ieq(word, name))
			return true;
	}
	return false;
}

/* Start tags that end an open element before them, unless something stands between that keeps it open. */
static const struct {
	struct slice open;
	struct slice start;
} siblings[] = {
	{SLICE_INIT("li"), SLICE_INIT("li")},
	{SLICE_INIT("dt dd"), SLICE_INIT("dt dd")},
	{SLICE_INIT("option"), SLICE_INIT("option optgroup")},
	{SLICE_INIT("optgroup"), SLICE_INIT("optgroup")},
	{SLICE_INIT("td th"), SLICE_INIT("td th tr tbody thead tfoot")},
	{SLICE_INIT("tr"), SLICE_INIT("tr tbody thead tfoot")},
	{SLICE_INIT("tbody thead tfoot"), SLICE_INIT("tbody thead tfoot")},
	{SLICE_INIT("rt rp"), SLICE_INIT("rt rp")},
	{SLICE_INIT("p"),
	 SLICE_INIT(
		 "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer "
		 "form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section table ul xmp li dt "
		 "dd")},
};

/* What keeps an element around it open. */
static const struct slice keeps = SLICE_INIT("ul ol menu dir dl table select datalist template button object ruby "
					     "fieldset svg math");

/* End tags that end nothing around them if nothing of that name is open inside: formatting is mended, others ignored.
 */
static const struct slice mended = SLICE_INIT("a b big br code em font i nobr p s small strike strong tt u");

static bool ends_before(const struct dropped *d, struct slice start)
{
	for (size_t i = 0; i < CG_COUNT(siblings); i++) {
		if (is_among(siblings[i].open, slice_of(d->text, d->text_n)) && is_among(siblings[i].start, start))
			return true;
	}
	return false;
}

void rewriter_drop(struct rewriter *r, const struct html_token *token)
{
	struct dropped *d = &r->dropped;
	size_t n = token->name_raw.n < sizeof d->text ? token->name_raw.n : 0;

	d->active = true;
	d->foreign = html_tokenizer_foreign_depth(&r->tokenizer);
	d->around =
		token->ns != HTML_NS_HTML && d->foreign && token->type == HTML_START_TAG ? d->foreign - 1 : d->foreign;
	d->name = token->name;
	d->n = d->beyond = d->kept = 0;
	d->text_n = n;
	memcpy(d->text, n ? token->name_raw.p : "", n);
	html_tokenizer_look_for(&r->tokenizer, &r->plan->all);
}

/* The page goes on as if the element had never been there: what was open in it is not. */
static bool end_drop(struct rewriter *r)
{
	r->dropped.active = false;
	html_tokenizer_foreign_return(&r->tokenizer, r->dropped.around);
	html_tokenizer_look_for(&r->tokenizer, r->names);
	return false;
}

static bool start(struct rewriter *r, const struct html_token *token)
{
	struct dropped *d = &r->dropped;
	bool void_element = token->ns == HTML_NS_HTML ? html_is_void(token->name_raw) : token->self_closing;

	if (page_plan_element(r->plan, token->name) == ELEMENT_BODY ||
	    (d->kept == 0 && ends_before(d, token->name_raw)))
		return end_drop(r);
	if (void_element)
		return true;
	if (d->n == DROPPED_DEPTH) {
		d->beyond++;
		return true;
	}
	d->open[d->n].name = token->name;
	d->open[d->n].keeps = is_among(keeps, token->name_raw);
	d->kept += d->open[d->n++].keeps;
	return true;
}

static void close_to(struct dropped *d, size_t n)
{
	while (d->n > n)
		d->kept -= d->open[--d->n].keeps;
	d->beyond = 0;
}

/* An end tag of nothing that began inside. */
static bool ends_outer(const struct rewriter *r, const struct html_token *token)
{
	enum element e = page_plan_element(r->plan, token->name);

	if (e == ELEMENT_BODY || e == ELEMENT_HTML || e == ELEMENT_HEAD)
		return true;
	return token->ns == HTML_NS_HTML && !is_among(mended, token->name_raw) && r->dropped.beyond == 0 &&
	       html_tokenizer_was_open(&r->tokenizer, token);
}

static bool end(struct rewriter *r, const struct html_token *token)
{
	struct dropped *d = &r->dropped;

	for (size_t i = d->n; i > 0; i--) {
		if (d->open[i - 1].name == token->name) {
			close_to(d, i - 1);
			return true;
		}
	}
	if (token->name == d->name && d->beyond == 0) {
		(void)end_drop(r);
		return true;
	}
	if (ends_outer(r, token))
		return end_drop(r);
	d->beyond -= d->beyond > 0;
	return true;
}

/*
 * In svg and math its end may come by a tag that leaves them altogether, and then what is around it must see that tag,
 * or a browser would read on in svg.
 */
static bool left_around(const struct rewriter *r, const struct html_token *token)
{
	const struct dropped *d = &r->dropped;
	bool own = token->type == HTML_END_TAG && token->name == d->name && d->n == 0;

	return !own && html_tokenizer_foreign_depth(&r->tokenizer) < d->foreign;
}

static bool belongs(struct rewriter *r, const struct html_token *token)
{
	if (left_around(r, token)) {
		r->dropped.around = html_tokenizer_foreign_depth(&r->tokenizer);
		return end_drop(r);
	}
	if (token->type == HTML_START_TAG)
		return start(r, token);
	return token->type != HTML_END_TAG || end(r, token);
}

bool drop_token(struct rewriter *r, const struct html_token *token)
{
	if (!belongs(r, token))
		return false;
	rewriter_report(r, token->offset, token->raw, slice_of(NULL, 0), NULL);
	return true;
}
