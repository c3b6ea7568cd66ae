/*
 * Browsers read ahead of their parser to fetch early what it will need. Chromium's preload scanner is a tokenizer that
 * knows nothing of svg and math: it ends a CDATA section at its first ">", takes the content of a title, style, script
 * and others there for text that only their end tag ends, and any <base> for the page's. So what hides markup from the
 * parser in such a place (a CDATA section, a comment, the value of an attribute) may show it to the scanner, which
 * fetches what it names. In a frameset the parser leaves out such elements, and all others. Here both are made to read
 * the same, where rules look at addresses.
 */
#include "rules/decide/rewriter_internal.h"

#include "rules/http/host.h"

bool ahead_is_text(const struct rewriter *r, const struct html_token *token)
{
	bool html = token->ns == HTML_NS_HTML;

	if (r->page->xml || (html && token->text != HTML_DATA) || !r->plan->values)
		return false;
	switch (page_plan_element(r->plan, token->name)) {
	case ELEMENT_NOSCRIPT:
		return !html;
	case ELEMENT_IFRAME:
	case ELEMENT_NOEMBED:
	case ELEMENT_NOFRAMES:
	case ELEMENT_SCRIPT:
	case ELEMENT_STYLE:
	case ELEMENT_TEXTAREA:
	case ELEMENT_TITLE:
	case ELEMENT_XMP:
		return true;
	default:
		return false;
	}
}

const struct verdict *ahead_verdict(struct rewriter *r, struct slice name, uint64_t offset)
{
	static const struct beacon_judgement j = {.pass = true,
						  .mask = PURPOSE_NECESSARY,
						  .reason = "browsers that read ahead would see it end elsewhere"};

	return rewriter_verdict(r, VERDICT_REWRITE, name, &j, offset);
}

const struct verdict *ahead_edit_tag(struct rewriter *r, struct tag *t)
{
	const struct slice parts[] = {SLICE("></"), t->token->name_raw, SLICE(">")};

	if (!t->token->self_closing || !ahead_is_text(r, t->token))
		return NULL;
	edit_add(&t->edits, t->token->raw.n - 2, 2, arena_concat(&r->arena, parts, CG_COUNT(parts)));
	return t->denied ? NULL : ahead_verdict(r, tag_shown(t->token), t->token->offset);
}

/*
 * One in svg or math is nobody's but the scanner's. One of another site may be that of elements further up as well:
 * images and media look for the page's base when the parser pauses.
 */
bool ahead_sees_base(const struct rewriter *r, const struct html_token *token)
{
	struct slice own = r->filter_page.site;

	if (token->ns != HTML_NS_HTML)
		return true;
	return r->base.kind == WEB_URL_NETWORK && !r->base.beyond_ascii && own.n &&
	       !slice_eq(host_registrable(r->base.host), own);
}

/* -- CDATA sections ------------------------------------------------------------------------------------------------ */

static const struct slice cdata_start = SLICE_INIT("<![CDATA["), cdata_end = SLICE_INIT("]]>");

/* With markup in it, it becomes text that needs no section. One that is too long does, too, bit by bit. */
static bool put_text(struct rewriter *r, struct slice octets, struct slice text)
{
	static const struct beacon_judgement j = {
		.pass = false, .mask = PURPOSE_NECESSARY, .reason = "browsers that read ahead may see markup in it"};
	struct slice out = edit_escape(r, text);

	rewriter_report(r, r->gathered_at, octets, out,
			rewriter_verdict(r, VERDICT_REWRITE, slice_head(octets, NAME_SHOWN_MAX), &j, r->gathered_at));
	r->gathered_at += octets.n;
	return rewriter_put(r, out);
}

/* Octets up to its end, or to that of the page. */
static bool put_cdata(struct rewriter *r, struct slice octets)
{
	struct slice text = r->unwrapping ? octets : slice_from(octets, cdata_start.n);

	r->gathering = false;
	if (!r->unwrapping && slice_find_char(text, '<') == text.n)
		return rewriter_put(r, octets);
	if (slice_ends_with(text, cdata_end))
		text = slice_head(text, text.n - cdata_end.n);
	return put_text(r, octets, text);
}

bool ahead_cdata_end(struct rewriter *r)
{
	return put_cdata(r, buffer_slice(&r->octets));
}

static bool put_part(struct rewriter *r)
{
	struct slice octets = slice_head(buffer_slice(&r->octets), r->octets.n - cdata_end.n);
	bool ok = put_text(r, octets, r->unwrapping ? octets : slice_from(octets, cdata_start.n));

	r->unwrapping = true;
	buffer_consume(&r->octets, octets.n);
	return ok;
}

bool ahead_cdata(struct rewriter *r, const struct html_token *token)
{
	if (token->first) {
		r->gathered_at = token->offset;
		r->gathering = true;
		r->unwrapping = false;
		buffer_clear(&r->octets);
	}
	if (token->first && token->last)
		return put_cdata(r, token->raw);
	if (!buffer_add(&r->octets, token->raw))
		return rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
	if (token->last)
		return ahead_cdata_end(r);
	return r->octets.n <= ruleset_pages(r->rs)->tag_max || put_part(r);
}
