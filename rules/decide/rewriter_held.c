/*
 * Scripts, styles and noscript, and in svg and math all that is text elsewhere: their start tag is kept with what
 * follows until the end tag, since the content decides about the tag. A script or noscript that is longer than the
 * rules allow is made inert, or emptied, unexamined; of a style the rules that are whole are examined and handed on.
 */
#include "rules/decide/rewriter_internal.h"

#include "rules/html/entity.h"

static struct slice tag_of(const struct rewriter *r)
{
	return slice_head(buffer_slice(&r->octets), r->held.tag);
}

static struct slice content_of(const struct rewriter *r)
{
	return slice_from(buffer_slice(&r->octets), r->held.tag);
}

static struct slice shown(const struct rewriter *r, const struct beacon_judgement *j)
{
	return j->url.n ? j->url : slice_head(buffer_slice(&r->octets), NAME_SHOWN_MAX);
}

static void release(struct rewriter *r)
{
	r->held.what = HOLD_NONE;
	html_tokenizer_look_for(&r->tokenizer, r->names);
}

bool held_begin(struct rewriter *r, enum hold what, const struct html_token *token)
{
	r->held.what = what;
	r->held.offset = token->offset;
	r->held.tag = token->raw.n;
	r->held.overflown = false;
	r->held.nested = 0;
	r->held.foreign = r->held.around = html_tokenizer_foreign_depth(&r->tokenizer);
	if (token->ns != HTML_NS_HTML && r->held.foreign)
		r->held.around--;
	if (token->ns != HTML_NS_HTML)
		html_tokenizer_look_for(&r->tokenizer, &r->plan->all);
	buffer_clear(&r->octets);
	return buffer_add(&r->octets, token->raw) || rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
}

static bool put_tag(struct rewriter *r, const struct verdict *v)
{
	return edits_put(r, &r->held.edits, tag_of(r), r->held.offset, v);
}

/* The start tag of an element that is not denied as a whole; something in the tag, an event handler say, may be. */
static bool put_allowed_tag(struct rewriter *r)
{
	if (r->held.overflown)
		return true;
	if (r->held.denied)
		inert_mark(r, &r->held.edits, &r->held.inert, r->held.denied);
	return put_tag(r, NULL);
}

/* -- scripts ------------------------------------------------------------------------------------------------------- */

static void inert(struct rewriter *r, purposes mask)
{
	struct held *h = &r->held;

	inert_type(&h->edits, &h->inert);
	inert_mark(r, &h->edits, &h->inert, h->denied | mask);
}

static bool replaced(struct rewriter *r, const struct beacon_judgement *j, bool *stays)
{
	const struct beacon_rule *rule = j->match.rule;
	bool html = !r->held.decode; /* in svg HTML would end it */
	struct slice instead = rule->action == BEACON_REPLACED && html ? rule->replacement : slice_of(NULL, 0);
	enum verdict_kind kind = instead.n ? VERDICT_REPLACE : VERDICT_DROP;
	const struct verdict *v = rewriter_verdict(r, kind, shown(r, j), j, r->held.offset);

	*stays = false;
	rewriter_report(r, r->held.offset, buffer_slice(&r->octets), instead, v);
	return rewriter_put(r, instead);
}

static bool leaves(const struct beacon_judgement *j)
{
	const struct beacon_rule *rule = j->match.rule;

	return rule && (rule->action == BEACON_REMOVED || (rule->action == BEACON_REPLACED && rule->replacement.n));
}

/*
 * In svg, math and XML the content is markup: what it says to a browser, in the arena. False if that is not known to
 * its end, or if memory ran out.
 */
static bool understood(struct rewriter *r, struct slice *text)
{
	struct slice raw = content_of(r);
	bool markup = false;

	*text = raw;
	if (r->held.decode && !html_child_text(raw, &r->scratch, text, &markup))
		return rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
	if (text->p != raw.p)
		*text = arena_copy(&r->arena, *text);
	return !markup;
}

/*
 * What has more than text in it (an element, an instruction) is cut in pieces that a browser puts together, and what it
 * hides others may see: nobody writes a script or style so. It is emptied, and a script or style does nothing.
 */
static bool muddled(struct rewriter *r)
{
	static const struct beacon_judgement j = {
		.pass = false, .mask = PURPOSE_NECESSARY, .reason = "there is markup where there should be text"};
	const struct verdict *v;

	if (r->result != REWRITER_OK || !put_allowed_tag(r))
		return false;
	v = rewriter_verdict(r, VERDICT_DROP, shown(r, &j), &j, r->held.offset);
	rewriter_report(r, r->held.offset + r->held.tag, content_of(r), slice_of(NULL, 0), v);
	return true;
}

/*
 * Of the content the piece raw, which says text. An end tag in it is hidden in a section or comment, but not from who
 * reads ahead.
 */
static bool put_content(struct rewriter *r, struct slice raw, struct slice text)
{
	struct slice out;

	if (!r->held.decode || slice_find(raw, SLICE("</")) == raw.n)
		return rewriter_put(r, raw);
	out = edit_escape(r, text);
	rewriter_report(r, r->held.offset + r->held.tag, raw, out,
			ahead_verdict(r, slice_head(buffer_slice(&r->octets), NAME_SHOWN_MAX), r->held.offset));
	return rewriter_put(r, out);
}

static bool finish_script(struct rewriter *r, bool *stays)
{
	struct slice text;
	struct beacon_judgement j;
	const struct verdict *v;

	if (!understood(r, &text))
		return muddled(r);
	j = judge_element(r, text, r->held.text, &r->held.selected, &r->held.selected.said);
	if (j.pass) {
		if (j.match.rule)
			(void)rewriter_verdict(r, VERDICT_KEEP, shown(r, &j), &j, r->held.offset);
		return put_allowed_tag(r) && put_content(r, content_of(r), text);
	}
	if (leaves(&j))
		return replaced(r, &j, stays);
	v = rewriter_verdict(r, VERDICT_INERT, shown(r, &j), &j, r->held.offset);
	inert(r, j.mask);
	return put_tag(r, v) && put_content(r, content_of(r), text);
}

/* -- styles -------------------------------------------------------------------------------------------------------- */

static struct slice without_nul(struct rewriter *r, struct slice s)
{
	char *out = arena_alloc(&r->arena, s.n);
	size_t n = 0;

	for (size_t i = 0; out && i < s.n; i++)
		if (s.p[i])
			out[n++] = s.p[i];
	return slice_of(out, n);
}

/*
 * A NUL is U+FFFD to the parser (WHATWG HTML 13.2.5.3), and nothing to Chromium's preload scanner. Where that matters
 * all goes: without its NULs a style may end elsewhere.
 */
static struct slice neutral(struct rewriter *r, struct slice css, struct beacon_judgement *denied)
{
	struct slice out = neutral_style(r, css, &r->held.selected.said, denied);
	struct beacon_judgement j;

	if (slice_find_char(out, 0) == out.n)
		return out;
	(void)neutral_style(r, without_nul(r, out), &r->held.selected.said, &j);
	if (j.pass)
		return out;
	if (denied->pass)
		*denied = j;
	return slice_of(NULL, 0);
}

/* Of the content the piece raw, which says css. */
static bool put_style(struct rewriter *r, struct slice raw, struct slice css)
{
	struct beacon_judgement denied;
	struct slice out = neutral(r, css, &denied);
	const struct verdict *v;

	if (denied.pass)
		return put_content(r, raw, css);
	if (r->held.decode && (css.p != raw.p || slice_find_char(out, '<') < out.n))
		out = edit_escape(r, out);
	v = rewriter_verdict(r, VERDICT_REWRITE, shown(r, &denied), &denied, r->held.offset);
	rewriter_report(r, r->held.offset + r->held.tag, raw, out, v);
	return rewriter_put(r, out);
}

static bool finish_style(struct rewriter *r)
{
	struct slice css;

	if (!understood(r, &css))
		return muddled(r);
	return put_allowed_tag(r) && put_style(r, content_of(r), css);
}

static bool finish_text(struct rewriter *r)
{
	struct slice text;

	if (!understood(r, &text))
		return muddled(r);
	if (r->held.denied && r->held.inert.typed) /* a script without its address would run what is in it */
		inert_type(&r->held.edits, &r->held.inert);
	return put_allowed_tag(r) && put_content(r, content_of(r), text);
}

/* -- noscript ------------------------------------------------------------------------------------------------------ */

static const struct beacon_judgement ambiguous = {
	.pass = false,
	.mask = PURPOSE_NECESSARY,
	.reason = "its content ends elsewhere where scripts do not run",
};

/* Edits of the inner rewriter, kept until it is known that they stand; in the arena. */
struct noted_edit {
	struct noted_edit *next;
	struct page_edit edit;
	struct verdict verdict;
};

struct noted_edits {
	struct rewriter *r;
	struct noted_edit *first, **end;
};

static void note_edit(void *arg, const struct page_edit *edit)
{
	struct noted_edits *all = arg;
	struct noted_edit *e = arena_alloc(&all->r->arena, sizeof *e);

	if (!e)
		return;
	*e = (struct noted_edit){.edit = *edit};
	e->edit.removed = arena_copy(&all->r->arena, edit->removed);
	e->edit.inserted = arena_copy(&all->r->arena, edit->inserted);
	if (edit->verdict) {
		e->verdict = *edit->verdict;
		e->verdict.name = arena_copy(&all->r->arena, edit->verdict->name);
		e->verdict.pattern = arena_copy(&all->r->arena, edit->verdict->pattern);
		e->edit.verdict = &e->verdict;
	}
	*all->end = e;
	all->end = &e->next;
}

static void tell_edits(const struct noted_edits *all)
{
	for (const struct noted_edit *e = all->first; e; e = e->next)
		all->r->o.edits(all->r->o.edits_arg, &e->edit);
}

/*
 * Where scripts run it is text, where they do not it is markup, and that may end elsewhere: both readings must be safe.
 * What is not ordinary content again at its end, in the second reading, goes.
 */
static bool finish_noscript(struct rewriter *r)
{
	struct slice content = content_of(r);
	struct noted_edits noted = {.r = r, .end = &noted.first};
	struct rewriter *inner;

	if (!put_allowed_tag(r))
		return false;
	if (slice_find_char(content, '<') == content.n)
		return rewriter_put(r, content);
	inner = rewriter_inner(r, false);
	if (!inner)
		return false;
	inner->offset_base = r->offset_base + r->held.offset + r->held.tag;
	inner->o.edits = r->o.edits ? note_edit : NULL;
	inner->o.edits_arg = &noted;
	if (rewriter_push(inner, content) != REWRITER_OK)
		return rewriter_fail(r, inner->result == REWRITER_STOPPED ? REWRITER_NO_MEMORY : inner->result,
				     inner->why);
	if (inner->any_denied && !r->any_denied) {
		r->any_denied = true;
		r->first_denied = inner->first_denied; /* its slices live as long as the inner one */
	}
	if (rewriter_rests(inner)) {
		tell_edits(&noted);
		return rewriter_put(r, buffer_slice(&r->inner_out));
	}
	rewriter_report(
		r, r->held.offset + r->held.tag, content, slice_of(NULL, 0),
		rewriter_verdict(r, VERDICT_DROP, slice_head(content, NAME_SHOWN_MAX), &ambiguous, r->held.offset));
	return true;
}

/* -- too long ------------------------------------------------------------------------------------------------------ */

static bool let_go(struct rewriter *r)
{
	release(r);
	return put_allowed_tag(r) && rewriter_put(r, content_of(r));
}

static bool overflow_script(struct rewriter *r)
{
	const struct beacon_judgement j = {.pass = false,
					   .mask = ruleset_all_purposes(r->rs) & ~PURPOSE_NECESSARY,
					   .reason = "the script is longer than the limit"};
	const struct verdict *v = rewriter_verdict(r, VERDICT_INERT, shown(r, &j), &j, r->held.offset);

	release(r);
	inert(r, j.mask);
	return put_tag(r, v) && rewriter_put(r, content_of(r));
}

/* The rules that are whole go; what is behind the last of them stays. Without any, nobody can tell what it is: it goes.
 */
static bool overflow_style(struct rewriter *r)
{
	struct slice css = content_of(r);
	size_t n = css.n;

	while (n > 0 && css.p[n - 1] != '}')
		n--;
	if (!put_allowed_tag(r) || !put_style(r, slice_head(css, n), slice_head(css, n)))
		return false;
	r->held.overflown = true;
	r->held.offset += r->held.tag + (n ? n : css.n);
	buffer_consume(&r->octets, r->held.tag + (n ? n : css.n));
	r->held.tag = 0;
	arena_reset(&r->arena);
	return true;
}

/* A noscript, or what is markup. */
static bool overflow_markup(struct rewriter *r)
{
	static const struct beacon_judgement j = {
		.pass = false, .mask = PURPOSE_NECESSARY, .reason = "the element is longer than the limit"};

	(void)rewriter_verdict(r, VERDICT_DROP, shown(r, &j), &j, r->held.offset);
	if (!put_allowed_tag(r))
		return false;
	r->held.overflown = true;
	buffer_clear(&r->octets);
	r->held.tag = 0;
	return true;
}

static bool overflow(struct rewriter *r)
{
	if (ruleset_pages(r->rs)->oversized_passes)
		return let_go(r);
	if (r->held.decode || r->held.what == HOLD_NOSCRIPT)
		return overflow_markup(r);
	return r->held.what == HOLD_SCRIPT ? overflow_script(r) : overflow_style(r);
}

/* Its tag is out, and its content does not follow. */
static bool is_emptied(const struct rewriter *r)
{
	return r->held.overflown && (r->held.decode || r->held.what == HOLD_NOSCRIPT);
}

/* Octets of the content. */
static bool keep(struct rewriter *r, struct slice raw)
{
	if (content_of(r).n + raw.n > ruleset_pages(r->rs)->script_max) {
		if (!overflow(r))
			return false;
		if (!r->held.what)
			return rewriter_put(r, raw);
		if (is_emptied(r))
			return true;
	}
	return buffer_add(&r->octets, raw) || rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
}

/* -- tokens -------------------------------------------------------------------------------------------------------- */

static bool finish(struct rewriter *r, bool *stays)
{
	if (is_emptied(r))
		return r->result == REWRITER_OK;
	switch (r->held.what) {
	case HOLD_SCRIPT:
		return finish_script(r, stays);
	case HOLD_STYLE:
		return finish_style(r);
	case HOLD_TEXT:
		return finish_text(r);
	default:
		return finish_noscript(r);
	}
}

static bool ends(const struct rewriter *r, const struct html_token *token)
{
	if (token->name != r->held.name)
		return false;
	return token->type == HTML_END_TAG || (token->type == HTML_OVERSIZED && token->end_tag && token->first);
}

/* In svg and math an end tag of an element around it ends it too, and some start tags of HTML leave both. */
static bool ends_around(const struct rewriter *r, const struct html_token *token)
{
	return (token->left_foreign || token->type == HTML_END_TAG) &&
	       html_tokenizer_foreign_depth(&r->tokenizer) < r->held.foreign;
}

/* It ends without a tag of its own; who reads ahead must see one. A script is not run then. */
static bool end_here(struct rewriter *r, uint64_t offset)
{
	struct slice name = element_name(page_plan_element(r->plan, r->held.name));
	struct slice tag;
	bool stays = true, ok;

	ok = r->held.what == HOLD_SCRIPT && !is_emptied(r) ? muddled(r) : finish(r, &stays);
	release(r);
	if (!ok || !stays)
		return ok;
	tag = arena_concat(&r->arena, (struct slice[]){SLICE("</"), name, SLICE(">")}, 3);
	rewriter_report(r, offset, slice_of(NULL, 0), tag, ahead_verdict(r, name, offset));
	return rewriter_put(r, tag);
}

/* One of the same name in it ends first. */
static bool is_nested(struct rewriter *r, const struct html_token *token)
{
	if (token->type == HTML_START_TAG && token->name == r->held.name && !token->self_closing)
		r->held.nested++;
	if (!ends(r, token) || r->held.nested == 0)
		return false;
	r->held.nested--;
	return true;
}

bool held_token(struct rewriter *r, const struct html_token *token)
{
	bool stays = true, ok;

	if (!is_nested(r, token) && ends(r, token)) {
		ok = finish(r, &stays);
		html_tokenizer_foreign_return(&r->tokenizer, r->held.around); /* what was open in it may have gone */
		release(r);
		return ok && rewriter_end_tag(r, token, stays);
	}
	if (ends_around(r, token))
		return end_here(r, token->offset) && rewriter_again(r, token);
	return is_emptied(r) || keep(r, token->raw);
}

bool held_end(struct rewriter *r)
{
	bool stays = true, ok = finish(r, &stays);

	release(r);
	return ok;
}
