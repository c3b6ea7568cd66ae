/* A start tag: what selectors and URLs say of it. */
#include "rules/decide/rewriter_internal.h"

#include "rules/http/url.h"

static bool is_denied(const struct beacon_judgement *j)
{
	return !j->pass;
}

static struct slice decoded(struct rewriter *r, const struct tag *t, struct slice name)
{
	const struct html_attribute *a = html_attribute_find(t->token, name);

	return a ? rewriter_decode(r, html_attribute_value(t->token, a)) : slice_of(NULL, 0);
}

static bool has(const struct tag *t, struct slice name)
{
	return html_attribute_find(t->token, name) != NULL;
}

/* ---- Selectors. ---- */

static void select_element(struct rewriter *r, struct tag *t)
{
	struct selected *s = &t->selected;

	if (!r->matcher)
		return;
	s->n_hits = selector_matcher_start(r->matcher, t->token, &r->scratch, s->hits);
	for (size_t i = 0; i < s->n_hits; i++) {
		const struct beacon_selector *b = ruleset_selector(r->rs, s->hits[i]);

		for (; b; b = b->next) {
			if (!b->rule || b->containing.n || b->containing_regex ||
			    (s->said.match.rule && s->said.match.rule->order <= b->rule->order))
				continue;
			s->said = (struct beacon_judgement){.match = {.rule = b->rule, .pattern = b->text},
							    .mask = b->rule->mask,
							    .pass = is_granted(&r->x, b->rule->mask)};
		}
	}
}

/* ---- Attributes. ---- */

/* Of SVG, as far as is known in XML. */
static bool may_be_svg(const struct rewriter *r, const struct html_token *token)
{
	return token->ns == HTML_NS_SVG || r->page->xml;
}

static struct carrier carrier_in(struct rewriter *r, const struct tag *t, struct slice name)
{
	struct carrier c = {CARRIER_NONE, 0};

	if (t->element == ELEMENT_LINK && slice_ieq(name, SLICE("href")))
		return carrier_of_link(decoded(r, t, SLICE("rel")), decoded(r, t, SLICE("as")));
	if (t->element == ELEMENT_META && slice_ieq(name, SLICE("content")) &&
	    slice_ieq(decoded(r, t, SLICE("http-equiv")), SLICE("refresh")))
		return (struct carrier){CARRIER_REFRESH, FILTER_ANY | FILTER_DOCUMENT};
	/*
	 * Where scripts do not run it may be the page's, as it is to Chromium's preload scanner behind one that is no
	 * URL, and what is relative was judged by another one.
	 */
	if (t->element == ELEMENT_BASE && (r->outer || r->unbased || ahead_sees_base(r, t->token)) &&
	    slice_ieq(name, SLICE("href")))
		return (struct carrier){CARRIER_URL, FILTER_ANY};
	if (t->element == ELEMENT_SET || t->element == ELEMENT_ANIMATE)
		c = carrier_of_animation(name, slice_trim(decoded(r, t, SLICE("attributename"))));
	if (c.kind == CARRIER_NONE)
		c = carrier_of(t->element, name);
	if (c.kind == CARRIER_NONE && may_be_svg(r, t->token))
		c = carrier_of_property(name);
	return c;
}

static void rename_attribute(struct tag *t, const struct html_attribute *a)
{
	edit_add(&t->edits, a->name, 0, SLICE("data-cg-"));
	t->renamed = true;
}

/* A style keeps what is not denied: it is renamed, and an edited one stands in its place. */
static void neutralise_style(struct rewriter *r, struct tag *t, const struct html_attribute *a, struct slice value)
{
	struct beacon_judgement unused;
	struct slice css = neutral_style(r, value, &t->selected.said, &unused);
	const struct slice parts[] = {SLICE("style=\""), edit_escape(r, css), SLICE("\" ")};

	edit_add(&t->edits, a->name, 0, arena_concat(&r->arena, parts, CG_COUNT(parts)));
	rename_attribute(t, a);
}

static void note_denied(struct tag *t, const struct beacon_judgement *j)
{
	const struct beacon_rule *rule = j->match.rule;

	if (!t->denied)
		t->why = *j;
	t->denied |= j->mask;
	if (rule && (rule->action == BEACON_REMOVED || rule->action == BEACON_REPLACED) && !t->leaves)
		t->leaves = rule;
}

/* The first attribute of that name counts; once it is renamed, the next would. */
static const struct html_attribute *first_of_name(const struct tag *t, const struct html_attribute *a)
{
	return html_attribute_find(t->token, html_attribute_name(t->token, a));
}

static bool starts_renamed(const struct tag *t, const struct html_attribute *a)
{
	for (size_t i = 0; i < t->edits.n; i++) {
		if (t->edits.v[i].at == a->name)
			return true;
	}
	return false;
}

static void judge_attribute(struct rewriter *r, struct tag *t, const struct html_attribute *a)
{
	struct carrier c = carrier_in(r, t, html_attribute_name(t->token, a));
	const struct html_attribute *first;
	struct beacon_judgement j;
	struct slice value;

	if (c.kind == CARRIER_NONE)
		return;
	first = first_of_name(t, a);
	if (first != a) {
		if (starts_renamed(t, first))
			rename_attribute(t, a);
		return;
	}
	value = rewriter_decode(r, html_attribute_value(t->token, a));
	j = judge_value(r, c, value, &t->selected.said);
	if (!is_denied(&j)) {
		if (j.match.rule && j.match.rule != t->selected.said.match.rule)
			(void)rewriter_verdict(r, VERDICT_KEEP, j.url.n ? j.url : tag_shown(t->token), &j,
					       t->token->offset);
		return;
	}
	note_denied(t, &j);
	if (c.kind == CARRIER_STYLE)
		neutralise_style(r, t, a, value);
	else
		rename_attribute(t, a);
}

/* ---- Links. ---- */

static bool keep_param(void *arg, const struct query_param *p)
{
	struct rewriter *r = arg;
	bool limit = false;
	const struct param_rule *rule = ruleset_param(r->rs, r->x.env->scratch, p->name, &limit);
	struct verdict v = {.kind = VERDICT_KEEP, .subject = SUBJECT_PARAM, .name = p->name};

	v.rule = rule ? &rule->rule : NULL;
	v.mask = rule ? rule->mask : limit ? ruleset_all_purposes(r->rs) : PURPOSE_NECESSARY;
	v.reason = limit ? decide_pattern_limit : NULL;
	if (limit || !is_granted(&r->x, v.mask))
		v.kind = VERDICT_DROP;
	if (rule || limit)
		verdict_emit(&r->x, &v);
	return v.kind == VERDICT_KEEP;
}

/* Without the parameters that are denied; the very same slice if there are none. */
static struct slice strip_link(struct rewriter *r, struct slice url)
{
	size_t fragment = slice_find_char(url, '#');
	struct slice parts[2] = {slice_head(url, fragment), slice_from(url, fragment)};
	struct slice stripped;

	if (slice_find_char(parts[0], '?') == parts[0].n)
		return url;
	if (!target_remove_params(parts[0], keep_param, r, &r->arena, &stripped) || slice_eq(stripped, parts[0]))
		return url;
	parts[0] = stripped;
	return arena_concat(&r->arena, parts, 2);
}

/* Another value for an attribute that has one; in double quotes whatever it had. */
static void set_value(struct rewriter *r, struct tag *t, const struct html_attribute *a, struct slice value)
{
	const struct slice parts[] = {SLICE("\""), edit_escape(r, value), SLICE("\"")};
	size_t quotes = a->quote > HTML_UNQUOTED;

	edit_add(&t->edits, a->value - quotes, a->value_length + 2 * quotes, arena_concat(&r->arena, parts, 3));
}

static void judge_link(struct rewriter *r, struct tag *t)
{
	const struct html_attribute *a = html_attribute_find(t->token, SLICE("href"));
	struct slice value, stripped;

	if (!a || a->value_length == 0)
		return;
	value = rewriter_decode(r, html_attribute_value(t->token, a));
	stripped = strip_link(r, value);
	if (stripped.p != value.p || stripped.n != value.n)
		set_value(r, t, a, stripped);
}

static void judge_policy(struct rewriter *r, struct tag *t)
{
	const struct html_attribute *a = html_attribute_find(t->token, SLICE("content"));
	struct slice value, out;

	if (r->outer || !a || a->value_length == 0 ||
	    !slice_ieq(decoded(r, t, SLICE("http-equiv")), SLICE("content-security-policy")))
		return;
	value = rewriter_decode(r, html_attribute_value(t->token, a));
	out = rewriter_policy(r, value);
	if (out.p != value.p || out.n != value.n)
		set_value(r, t, a, out);
}

/* ---- Elements whose content decides. ---- */

static bool holds_word(struct slice s, struct slice word)
{
	for (; s.n >= word.n; s = slice_from(s, 1)) {
		if (slice_ieq(slice_head(s, word.n), word))
			return true;
	}
	return false;
}

/*
 * JavaScript MIME types (WHATWG MIME Sniffing 4.6) and the other types that load or run (HTML 4.12.1); and those that
 * are inert to browsers, but which libraries that defer scripts run later ("text/partytown", "x-text/javascript").
 */
static bool type_runs(struct slice type)
{
	static const struct slice words[] = {
		SLICE_INIT("javascript"),	SLICE_INIT("ecmascript"), SLICE_INIT("jscript"),
		SLICE_INIT("livescript"),	SLICE_INIT("module"),	  SLICE_INIT("importmap"),
		SLICE_INIT("speculationrules"), SLICE_INIT("partytown"),
	};

	for (size_t i = 0; i < CG_COUNT(words); i++) {
		if (holds_word(type, words[i]))
			return true;
	}
	return false;
}

/* HTML 4.12.1.1, "prepare the script element", steps 8 to 13. */
static bool script_runs(struct rewriter *r, const struct tag *t)
{
	struct slice type, language;

	if (has(t, SLICE("type"))) {
		type = decoded(r, t, SLICE("type"));
		return type.n == 0 || type_runs(type) || r->amp;
	}
	language = decoded(r, t, SLICE("language"));
	return language.n == 0 || type_runs(arena_concat(&r->arena, (struct slice[]){SLICE("text/"), language}, 2));
}

static enum script_text text_of_script(struct rewriter *r, const struct tag *t)
{
	struct slice type = decoded(r, t, SLICE("type"));

	if (r->amp || holds_word(type, SLICE("importmap")) || holds_word(type, SLICE("speculationrules")))
		return SCRIPT_JSON;
	return holds_word(type, SLICE("module")) ? SCRIPT_MODULE : SCRIPT_CLASSIC;
}

static enum hold holds_content(struct rewriter *r, const struct tag *t)
{
	bool foreign = t->token->ns != HTML_NS_HTML;

	if (t->element == ELEMENT_NOSCRIPT && t->token->text == HTML_RAWTEXT)
		return HOLD_NOSCRIPT;
	if (!r->plan->values)
		return HOLD_NONE;
	if (t->element == ELEMENT_SCRIPT) {
		bool external = foreign ? has(t, SLICE("href")) || has(t, SLICE("xlink:href")) : has(t, SLICE("src"));

		return !external && script_runs(r, t) ? HOLD_SCRIPT : HOLD_NONE;
	}
	return t->element == ELEMENT_STYLE ? HOLD_STYLE : HOLD_NONE;
}

static enum hold holds(struct rewriter *r, const struct tag *t)
{
	enum hold what;

	if (t->token->ns != HTML_NS_HTML && t->token->self_closing)
		return HOLD_NONE;
	what = holds_content(r, t);
	return what == HOLD_NONE && ahead_is_text(r, t->token) ? HOLD_TEXT : what;
}

static bool hold(struct rewriter *r, const struct tag *t, enum hold what)
{
	r->held.name = t->token->name;
	r->held.edits.n = t->edits.n;
	r->held.edits.full = t->edits.full;
	memcpy(r->held.edits.v, t->edits.v, t->edits.n * sizeof *t->edits.v);
	r->held.inert = t->inert;
	r->held.denied = t->denied;
	r->held.selected.said = t->selected.said;
	r->held.selected.n_hits = t->selected.n_hits;
	memcpy(r->held.selected.hits, t->selected.hits, t->selected.n_hits * sizeof *t->selected.hits);
	if (t->denied)
		(void)rewriter_verdict(r, VERDICT_INERT, t->why.url.n ? t->why.url : tag_shown(t->token), &t->why,
				       t->token->offset);
	r->held.text = what == HOLD_SCRIPT ? text_of_script(r, t) : SCRIPT_CLASSIC;
	r->held.decode = t->token->ns != HTML_NS_HTML || r->page->xml || ahead_is_text(r, t->token);
	return held_begin(r, what, t->token);
}

/* ---- Injection around it. ---- */

static bool inject_around(struct rewriter *r, const struct tag *t, enum inject_place place)
{
	uint64_t at = t->token->offset + (place == INJECT_AFTER ? t->token->raw.n : 0);

	for (const struct page_inject *i = r->page->injects; i && !r->outer; i = i->next) {
		bool hit = false;

		for (size_t k = 0; k < t->selected.n_hits && i->rule->place == place; k++)
			hit |= t->selected.hits[k] == i->rule->selector;
		if (!hit)
			continue;
		if (place == INJECT_AFTER && tag_has_content(t)) {
			if (r->n_followed < FOLLOWED_MAX)
				r->followed[r->n_followed++] = (struct followed){t->token->name, 0, i};
		} else if (!inject_one(r, i, at)) {
			return false;
		}
	}
	return true;
}

/* ---- The whole. ---- */

static void judge(struct rewriter *r, struct tag *t)
{
	inert_find(t);
	if (!r->judges)
		return;
	for (size_t i = 0; i < t->token->attribute_count; i++)
		judge_attribute(r, t, &t->token->attributes[i]);
	if (is_denied(&t->selected.said) && !t->denied)
		note_denied(t, &t->selected.said);
}

static bool put_tag(struct rewriter *r, struct tag *t)
{
	const struct verdict *v = r->judges ? ahead_edit_tag(r, t) : NULL;

	if (t->denied)
		return tag_denied(r, t);
	if (t->selected.said.match.rule)
		(void)rewriter_verdict(r, VERDICT_KEEP, tag_shown(t->token), &t->selected.said, t->token->offset);
	return edits_put(r, &t->edits, t->token->raw, t->token->offset, v);
}

static void see_base(struct rewriter *r, const struct tag *t)
{
	struct slice value;
	struct web_url base;

	if (r->based || !has(t, SLICE("href")))
		return;
	r->based = true;
	value = arena_copy(&r->lasting, decoded(r, t, SLICE("href")));
	if (web_url_parse(value, &r->base, &r->lasting, &base) && base.kind == WEB_URL_NETWORK) {
		if (!slice_eq(base.origin, r->base.origin))
			r->x.own_origin = r->base.origin;
		r->base = base;
	} else {
		r->base.beyond_ascii |= base.beyond_ascii;
	}
	r->unbased = base.kind != WEB_URL_NETWORK && !base.beyond_ascii;
}

/* Browsers look for it in the first 1024 octets (HTML 13.2.3.2), or in all of the head. */
static void see_encoding(struct rewriter *r, const struct tag *t, struct slice label)
{
	if (label.n && r->encoding == PAGE_ENCODING_UNKNOWN && !r->outer && !r->page->xml &&
	    (t->token->offset < 1024 || (r->place > PLACE_START && r->place < PLACE_BODY)))
		r->encoding = encoding_of_label(label);
}

static struct slice trimmed(struct slice s)
{
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s = slice_from(s, 1);
	while (s.n && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

static struct slice unquoted(struct slice s)
{
	char quote = s.n ? s.p[0] : 0;

	if (quote != '"' && quote != '\'')
		return slice_head(s, slice_find_char(s, ';'));
	s = slice_from(s, 1);
	return slice_head(s, slice_find_char(s, quote));
}

/* The label in the content of <meta http-equiv=content-type> (HTML 2.5.4). */
static struct slice charset_in(struct slice content)
{
	static const struct slice word = SLICE_INIT("charset");

	content = trimmed(content); /* so that no blanks at its end are passed more than once */
	for (; content.n > word.n; content = slice_from(content, 1)) {
		struct slice rest = trimmed(slice_from(content, word.n));

		if (slice_istarts_with(content, word) && rest.n && rest.p[0] == '=')
			return trimmed(unquoted(trimmed(slice_from(rest, 1))));
	}
	return slice_of(NULL, 0);
}

/* ISO-2022-JP can hide markup from who reads octets as ASCII (WHATWG Encoding, 12.2). */
static bool see_charset(struct rewriter *r, const struct tag *t)
{
	struct slice label = trimmed(decoded(r, t, SLICE("charset")));

	if (r->nesting) /* what an attribute holds is decoded already */
		return true;
	if (label.n == 0 && slice_ieq(decoded(r, t, SLICE("http-equiv")), SLICE("content-type")))
		label = charset_in(decoded(r, t, SLICE("content")));
	see_encoding(r, t, label);
	if (r->page->encoding == PAGE_UTF8) /* the field counts */
		return true;
	if (!slice_ieq(label, SLICE("iso-2022-jp")) && !slice_ieq(label, SLICE("csiso2022jp")))
		return true;
	return ruleset_pages(r->rs)->unreadable_passes ||
	       rewriter_fail(r, REWRITER_UNREADABLE, "the page is in ISO-2022-JP");
}

/* Its arrays stay as they are: most tags have nothing in them, and clearing them would cost more than all else. */
static void begin(const struct rewriter *r, struct tag *t, const struct html_token *token)
{
	t->token = token;
	t->element = page_plan_element(r->plan, token->name);
	t->flags = element_flags(t->element);
	t->selected.n_hits = 0;
	t->selected.said = t->why = (struct beacon_judgement){.pass = true};
	t->edits.n = 0;
	t->edits.full = false;
	t->inert.n_types = 0;
	t->denied = 0;
	t->leaves = NULL;
	t->renamed = false;
}

bool rewriter_start_tag(struct rewriter *r, const struct html_token *token)
{
	struct tag t;
	enum hold what;

	begin(r, &t, token);
	select_element(r, &t);
	if (t.element == ELEMENT_BASE && token->ns == HTML_NS_HTML && !r->templates)
		see_base(r, &t);
	if (t.element == ELEMENT_META && !see_charset(r, &t))
		return false;
	if (t.element == ELEMENT_AMP_ANALYTICS)
		r->amp = true;
	judge(r, &t);
	if (r->strips && (t.flags & ELEMENT_LINKS))
		judge_link(r, &t);
	if (t.element == ELEMENT_META)
		judge_policy(r, &t);
	if (!inject_around(r, &t, INJECT_BEFORE))
		return false;
	what = r->judges && !t.leaves && !is_denied(&t.selected.said) ? holds(r, &t) : HOLD_NONE;
	if (what)
		return hold(r, &t, what);
	return put_tag(r, &t) && (r->dropped.active || inject_around(r, &t, INJECT_AFTER));
}

/* Elements with text that only their end tag ends, but for those that the rewriter knows: they carry nothing. */
static bool is_plain_text(struct slice name)
{
	static const struct slice names[] = {SLICE_INIT("textarea"), SLICE_INIT("title"),    SLICE_INIT("xmp"),
					     SLICE_INIT("noembed"),  SLICE_INIT("noframes"), SLICE_INIT("plaintext"),
					     SLICE_INIT("frameset")};

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		if (slice_ieq(name, names[i]))
			return true;
	}
	return false;
}

bool rewriter_oversized(struct rewriter *r, const struct html_token *token)
{
	enum element e = page_plan_element(r->plan, token->name);
	const struct beacon_judgement j = {.mask = ruleset_all_purposes(r->rs) & ~PURPOSE_NECESSARY,
					   .reason = "the tag is longer than the limit",
					   .pass = ruleset_pages(r->rs)->oversized_passes};
	enum verdict_kind kind = j.pass ? VERDICT_KEEP : VERDICT_DROP;

	if (token->end_tag || !r->judges || is_plain_text(token->name_raw))
		return rewriter_put(r, token->raw);
	rewriter_report(r, token->offset, token->raw, slice_of(NULL, 0),
			rewriter_verdict(r, kind, tag_shown(token), &j, token->offset));
	if (j.pass)
		return rewriter_put(r, token->raw);
	if (e == ELEMENT_SCRIPT || e == ELEMENT_STYLE || e == ELEMENT_IFRAME || e == ELEMENT_NOSCRIPT ||
	    slice_ieq(token->name_raw, SLICE("svg")) || slice_ieq(token->name_raw, SLICE("math")))
		rewriter_drop(r, token); /* with the rest of the tag */
	else
		r->oversized = !token->last;
	return true;
}
