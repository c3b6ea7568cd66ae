/* What becomes of a tag that is denied: inert, removed or replaced. */
#include "rules/decide/rewriter_internal.h"

struct slice tag_shown(const struct html_token *token)
{
	return slice_head(token->raw, NAME_SHOWN_MAX);
}

void inert_find(struct tag *t)
{
	struct inert_at *at = &t->inert;

	at->name_end = (uint32_t)(t->token->name_raw.p - t->token->raw.p + (ptrdiff_t)t->token->name_raw.n);
	at->typed = t->element == ELEMENT_SCRIPT || t->element == ELEMENT_STYLE;
	for (size_t i = 0; at->typed && i < t->token->attribute_count && at->n_types < CG_COUNT(at->types); i++) {
		if (slice_ieq(html_attribute_name(t->token, &t->token->attributes[i]), SLICE("type")))
			at->types[at->n_types++] = t->token->attributes[i].name;
	}
}

void inert_type(struct edits *e, const struct inert_at *at)
{
	if (!at->typed)
		return;
	edit_add(e, at->name_end, 0, SLICE(" type=\"text/plain\""));
	for (size_t i = 0; i < at->n_types; i++)
		edit_add(e, at->types[i], 0, SLICE("data-cg-"));
}

void inert_mark(struct rewriter *r, struct edits *e, const struct inert_at *at, purposes mask)
{
	struct slice text = SLICE(" data-cg=\"");
	bool first = true;

	for (size_t bit = 1; bit < ruleset_purpose_count(r->rs); bit++) {
		const struct slice parts[] = {text, first ? SLICE("") : SLICE(" "), ruleset_purpose(r->rs, bit)->name};

		if (!(mask >> bit & 1))
			continue;
		text = arena_concat(&r->arena, parts, CG_COUNT(parts));
		first = false;
	}
	edit_add(e, at->name_end, 0, arena_concat(&r->arena, (struct slice[]){text, SLICE("\"")}, 2));
}

/* What may be shown alone, at its own address. */
static bool stands_alone(const struct tag *t)
{
	return t->element == ELEMENT_IFRAME || t->element == ELEMENT_EMBED || t->element == ELEMENT_OBJECT;
}

/* What stands for a replaced element; in the arena or the ruleset. */
static struct slice placeholder(struct rewriter *r, const struct tag *t)
{
	const struct deciding x = {.env = r->x.env, .d = r->x.d, .arena = &r->arena, .own_origin = r->x.own_origin};
	const struct beacon_rule *rule = t->why.match.rule;
	struct slice url = slice_of(NULL, 0), host = SLICE("?");
	struct web_url u;

	if (rule && rule->replacement.n)
		return rule->replacement;
	if (web_url_parse(t->why.url, &r->base, &r->arena, &u) && u.kind == WEB_URL_NETWORK) {
		host = u.host;
		url = stands_alone(t) ? t->why.url : url;
	}
	return own_placeholder(&x, r->language, host, url, t->why.mask & ~r->x.d->consent.granted);
}

bool tag_has_content(const struct tag *t)
{
	if (t->token->ns != HTML_NS_HTML)
		return !t->token->self_closing;
	return !(t->flags & ELEMENT_VOID) && !html_is_void(t->token->name_raw);
}

/* The tag goes: what follows it is not in its element. */
static void take_back(struct rewriter *r, const struct tag *t)
{
	if (r->matcher)
		selector_matcher_take_back(r->matcher);
	for (size_t i = 0; i < r->n_followed; i++)
		r->followed[i].depth -= r->followed[i].name == t->token->name;
	if (t->element == ELEMENT_AMP_ANALYTICS)
		r->amp = false;
}

/* The element goes, with what is in it. */
static bool leave_out(struct rewriter *r, struct tag *t, enum verdict_kind kind, struct slice instead)
{
	const struct html_token *token = t->token;
	const struct verdict *v =
		rewriter_verdict(r, kind, t->why.url.n ? t->why.url : tag_shown(token), &t->why, token->offset);

	if (token->left_foreign && instead.n == 0)
		instead = SLICE("<span hidden></span>"); /* which leaves svg as the tag would have */
	rewriter_report(r, token->offset, token->raw, instead, v);
	take_back(r, t);
	if (tag_has_content(t))
		rewriter_drop(r, token);
	return rewriter_put(r, instead);
}

static const struct verdict *verdict_of(struct rewriter *r, const struct tag *t, enum verdict_kind kind)
{
	return rewriter_verdict(r, kind, t->why.url.n ? t->why.url : tag_shown(t->token), &t->why, t->token->offset);
}

/* v: what was decided about it; hidden: something else is shown in its place. */
static bool stays_inert(struct rewriter *r, struct tag *t, const struct verdict *v, bool hidden)
{
	const struct html_token *token = t->token;

	inert_type(&t->edits, &t->inert);
	if (hidden)
		edit_add(&t->edits, t->inert.name_end, 0, SLICE(" hidden data-cg-hidden"));
	inert_mark(r, &t->edits, &t->inert, t->denied);
	if (t->edits.full)
		return leave_out(r, t, VERDICT_DROP, slice_of(NULL, 0));
	return edits_put(r, &t->edits, token->raw, token->offset, v);
}

/* Not if what is in it would have to be looked at, too. */
static bool can_be_inert(const struct rewriter *r, const struct tag *t)
{
	if (ahead_is_text(r, t->token) && !t->token->self_closing)
		return false;
	return t->renamed || (t->denied && t->element == ELEMENT_SCRIPT);
}

/* HTML in svg or math would end them, and what follows would be read as something else than it was. */
static bool stands_in_html(const struct rewriter *r, const struct tag *t)
{
	unsigned depth = html_tokenizer_foreign_depth(&r->tokenizer);

	if (t->token->ns == HTML_NS_HTML)
		return !t->token->left_foreign;
	return depth == 1 &&
	       (slice_ieq(t->token->name_raw, SLICE("svg")) || slice_ieq(t->token->name_raw, SLICE("math")));
}

static bool replace(struct rewriter *r, struct tag *t)
{
	struct slice instead = placeholder(r, t);
	const struct verdict *v;

	if (!stands_in_html(r, t) && can_be_inert(r, t))
		return stays_inert(r, t, verdict_of(r, t, VERDICT_INERT), false);
	if (!stands_in_html(r, t))
		return leave_out(r, t, VERDICT_DROP, slice_of(NULL, 0));
	if (t->leaves->replacement.n || !can_be_inert(r, t) || !(t->flags & ELEMENT_INERT))
		return leave_out(r, t, VERDICT_REPLACE, instead);
	v = verdict_of(r, t, VERDICT_REPLACE);
	rewriter_report(r, t->token->offset, slice_of(NULL, 0), instead, v);
	return rewriter_put(r, instead) && stays_inert(r, t, v, true);
}

bool tag_denied(struct rewriter *r, struct tag *t)
{
	if (t->leaves && t->leaves->action == BEACON_REMOVED)
		return leave_out(r, t, VERDICT_DROP, slice_of(NULL, 0));
	if (t->leaves)
		return replace(r, t);
	if (!can_be_inert(r, t))
		return leave_out(r, t, VERDICT_DROP, slice_of(NULL, 0));
	return stays_inert(r, t, verdict_of(r, t, VERDICT_INERT), false);
}
