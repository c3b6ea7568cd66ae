/*
 * Where a head and a body begin and end, whether their tags are there or not (WHATWG HTML 13.2.6.4.1 to 13.2.6.4.7),
 * and what is injected there. A document is what says so by a doctype, or begins with a tag that only documents have;
 * what else a script may have asked for is left alone, unless the browser said that it navigates.
 */
#include "rules/decide/rewriter_internal.h"

static const char *place_text(enum inject_place place)
{
	static const char *const texts[] = {
		[INJECT_HEAD_START] = "head-start", [INJECT_HEAD_END] = "head-end", [INJECT_BODY_START] = "body-start",
		[INJECT_BODY_END] = "body-end",	    [INJECT_BEFORE] = "before",	    [INJECT_AFTER] = "after",
	};

	return texts[place];
}

static bool is_banner(const struct rewriter *r, const struct page_inject *inject)
{
	const struct banner_rule *b = ruleset_banner(r->rs);

	return inject->rule == &b->banner || inject->rule == &b->link;
}

bool inject_one(struct rewriter *r, const struct page_inject *inject, uint64_t offset)
{
	const struct verdict v = {.kind = VERDICT_INJECT,
				  .subject = SUBJECT_HTML,
				  .name = slice_str(place_text(inject->rule->place)),
				  .rule = &inject->rule->rule,
				  .mask = inject->rule->mask,
				  .offset = offset};
	const struct deciding x = {.env = r->x.env, .d = r->x.d, .arena = &r->lasting, .own_origin = r->x.own_origin};
	struct slice html;

	if (r->bare && is_banner(r, inject))
		return true;
	verdict_emit(&r->x, &v);
	html = page_inject_html(&x, inject, r->language);
	rewriter_report(r, offset, slice_of(NULL, 0), html, &v);
	return rewriter_put(r, html);
}

bool place_inject(struct rewriter *r, enum inject_place place, uint64_t offset)
{
	if (place == INJECT_HEAD_START && r->page->guard_html.n) {
		rewriter_report(r, offset, slice_of(NULL, 0), r->page->guard_html, NULL);
		if (!rewriter_put(r, r->page->guard_html))
			return false;
	}
	for (const struct page_inject *i = r->page->injects; i; i = i->next) {
		if (i->rule->place == place && !inject_one(r, i, offset))
			return false;
	}
	return true;
}

/* Injects what is due up to that place. */
static bool reach(struct rewriter *r, enum place place, uint64_t offset)
{
	if (r->place < PLACE_HEAD && place >= PLACE_HEAD && !place_inject(r, INJECT_HEAD_START, offset))
		return false;
	if (r->place < PLACE_AFTER_HEAD && place >= PLACE_AFTER_HEAD && !place_inject(r, INJECT_HEAD_END, offset))
		return false;
	if (r->place < PLACE_BODY && place >= PLACE_BODY && !place_inject(r, INJECT_BODY_START, offset))
		return false;
	if (r->place < PLACE_END && place >= PLACE_END && !place_inject(r, INJECT_BODY_END, offset))
		return false;
	r->place = place;
	return true;
}

/* A document, as told by the first tag that is none of html, head and body. */
static bool begins_document(const struct rewriter *r, enum element e)
{
	return r->page->navigation || e == ELEMENT_TITLE || e == ELEMENT_META || e == ELEMENT_BASE;
}

/*
 * What may stand in front of the head's first injection, as it loads and runs nothing: the title, and meta elements but
 * for those that act. Browsers look for the encoding in the first 1024 octets alone (13.2.3.2).
 */
static bool may_lead(const struct html_token *token, enum element e)
{
	const struct html_attribute *act = html_attribute_find(token, SLICE("http-equiv"));

	if (token->type != HTML_START_TAG)
		return false;
	return e == ELEMENT_TITLE ||
	       (e == ELEMENT_META && (!act || slice_ieq(html_attribute_value(token, act), SLICE("content-type"))));
}

static bool before_start_tag(struct rewriter *r, const struct html_token *token)
{
	enum element e = page_plan_element(r->plan, token->name);
	bool in_head = element_flags(e) & ELEMENT_IN_HEAD;

	if (r->templates || e == ELEMENT_HTML)
		return true;
	if (e == ELEMENT_HEAD) /* a second one, or one behind the head, is ignored */
		return true;
	if (e == ELEMENT_BODY || e == ELEMENT_FRAMESET)
		return r->place >= PLACE_BODY || reach(r, PLACE_AFTER_HEAD, token->offset);
	if (r->place == PLACE_START && !begins_document(r, e)) {
		r->place = PLACE_END;
		return true;
	}
	if (r->place < PLACE_HEAD && may_lead(token, e)) {
		r->place = PLACE_IN_HEAD;
		return true;
	}
	if (in_head)
		return r->place >= PLACE_HEAD || reach(r, PLACE_HEAD, token->offset);
	return r->place >= PLACE_BODY || reach(r, PLACE_BODY, token->offset);
}

static bool before_end_tag(struct rewriter *r, const struct html_token *token)
{
	enum element e = page_plan_element(r->plan, token->name);

	if (r->templates)
		return true;
	if (e == ELEMENT_HEAD && r->place < PLACE_AFTER_HEAD && r->place >= PLACE_HTML)
		return reach(r, PLACE_AFTER_HEAD, token->offset);
	if ((e == ELEMENT_BODY || e == ELEMENT_HTML) && r->place >= PLACE_HTML)
		return reach(r, PLACE_END, token->offset);
	return true;
}

bool place_before(struct rewriter *r, const struct html_token *token)
{
	if (token->ns != HTML_NS_HTML)
		return true;
	if (token->type == HTML_START_TAG || (token->type == HTML_OVERSIZED && token->first && !token->end_tag))
		return before_start_tag(r, token);
	return token->type != HTML_END_TAG || before_end_tag(r, token);
}

/* The first one counts. AMP allows no script and little style of others' (U+26A1 is its short name). */
static void read_html_tag(struct rewriter *r, const struct html_token *token)
{
	const struct html_attribute *a = html_attribute_find(token, SLICE("lang"));

	if (a && !r->language)
		r->language = catalogue_find(html_attribute_value(token, a));
	if (html_attribute_find(token, SLICE("amp")) || html_attribute_find(token, SLICE("\xE2\x9A\xA1")))
		r->bare = true;
}

static bool after_start_tag(struct rewriter *r, const struct html_token *token)
{
	uint64_t behind = token->offset + token->raw.n;
	enum element e = page_plan_element(r->plan, token->name);

	if (r->templates && e != ELEMENT_TEMPLATE)
		return true;
	switch (e) {
	case ELEMENT_HTML:
		read_html_tag(r, token);
		if (r->place == PLACE_START)
			r->place = PLACE_HTML;
		return true;
	case ELEMENT_HEAD:
		if (r->place < PLACE_IN_HEAD)
			r->place = PLACE_IN_HEAD;
		return true;
	case ELEMENT_BODY:
		return r->place >= PLACE_BODY || reach(r, PLACE_BODY, behind);
	case ELEMENT_FRAMESET:
		r->place = PLACE_END;
		return true;
	case ELEMENT_TEMPLATE:
		r->templates++;
		return true;
	case ELEMENT_TITLE:
	case ELEMENT_SCRIPT:
	case ELEMENT_STYLE:
		r->text_of = r->page->xml && !token->self_closing ? token->name : 0;
		return true;
	default:
		return true;
	}
}

bool place_after(struct rewriter *r, const struct html_token *token)
{
	if (token->type == HTML_DOCTYPE && r->place == PLACE_START)
		r->place = PLACE_HTML;
	if (token->ns != HTML_NS_HTML || r->dropped.active)
		return true;
	if (token->type == HTML_START_TAG)
		return after_start_tag(r, token);
	if (token->type == HTML_END_TAG && r->templates && page_plan_element(r->plan, token->name) == ELEMENT_TEMPLATE)
		r->templates--;
	return true;
}

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

/* Where content that belongs in a body begins in a run of text and unwanted tags; its length if it does not. */
static size_t content_at(struct slice run, uint64_t offset)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t i = 0, close;

	while (i < run.n && offset + i < 3 && run.p[i] == mark[offset + i])
		i++;
	while (i < run.n) {
		if (is_white(run.p[i])) {
			i++;
			continue;
		}
		if (run.p[i] != '<' || i + 1 == run.n || run.p[i + 1] != '/')
			return i;
		close = slice_find_char(slice_from(run, i), '>');
		if (i + close == run.n)
			return i;
		i += close + 1;
	}
	return i;
}

bool place_run(struct rewriter *r, const struct html_token *token)
{
	struct slice raw = token->raw;
	size_t at = raw.n;

	if (r->place < PLACE_BODY && !r->templates && token->text == HTML_DATA && !r->text_of)
		at = content_at(raw, token->offset);
	if (at == raw.n)
		return rewriter_put(r, raw);
	if (r->place == PLACE_START && !r->page->navigation) {
		r->place = PLACE_END;
		return rewriter_put(r, raw);
	}
	return rewriter_put(r, slice_head(raw, at)) && reach(r, PLACE_BODY, token->offset + at) &&
	       rewriter_put(r, slice_from(raw, at));
}

bool place_finish(struct rewriter *r)
{
	return r->place < PLACE_HTML || r->place == PLACE_END || reach(r, PLACE_END, r->tokenizer.offset);
}
