#include "rules/decide/internal.h"

#include "rules/html/tokenizer.h"

/* -- scripts and styles of a piece of HTML ------------------------------------------------------------------------- */

struct elements {
	struct html_names names;
	struct html_tokenizer t;
};

static void elements_open(struct elements *e, struct slice html)
{
	struct html_options options = {.names = &e->names,
				       .wanted = HTML_WANT_TEXT(HTML_SCRIPT) | HTML_WANT_TEXT(HTML_RAWTEXT) |
						 HTML_WANT_TEXT(HTML_DATA) | HTML_WANT_CDATA,
				       .scripting = true,
				       .max_tag = HTML_TAG_MAX};

	html_names_init(&e->names);
	html_tokenizer_init(&e->t, &options);
	if (html_names_add(&e->names, SLICE("script"), HTML_WANT_START | HTML_WANT_END) &&
	    html_names_add(&e->names, SLICE("style"), HTML_WANT_START | HTML_WANT_END))
		html_tokenizer_feed(&e->t, html);
}

static bool has_nonce(const struct html_token *token, struct slice nonce)
{
	const struct html_attribute *a = html_attribute_find(token, SLICE("nonce"));

	return a && nonce.n && slice_eq(html_attribute_value(token, a), nonce);
}

static struct slice add_nonces(const struct deciding *x, struct slice html, struct slice nonce)
{
	const struct slice attribute[] = {SLICE(" nonce=\""), nonce, SLICE("\"")};
	struct text out = {.arena = x->arena};
	struct html_token token;
	struct elements e;
	size_t copied = 0;

	elements_open(&e, html);
	while (html_tokenizer_next(&e.t, &token)) {
		size_t at;

		if (token.type != HTML_START_TAG || html_attribute_find(&token, SLICE("nonce")))
			continue;
		at = (size_t)token.offset + (size_t)(token.name_raw.p - token.raw.p) + token.name_raw.n;
		text_add(&out, slice_head(slice_from(html, copied), at - copied));
		for (size_t i = 0; i < CG_COUNT(attribute); i++)
			text_add(&out, attribute[i]);
		copied = at;
	}
	html_tokenizer_free(&e.t);
	text_add(&out, slice_from(html, copied));
	return copied ? text_slice(&out) : html;
}

/* -- their hashes -------------------------------------------------------------------------------------------------- */

struct inlines {
	const struct deciding *x;
	struct csp_inline *v;
	size_t n, cap;
};

static struct csp_inline *inlines_add(struct inlines *l, enum csp_kind kind, bool nonced)
{
	size_t cap = l->cap ? l->cap * 2 : 8;
	struct csp_inline *v = l->v;

	if (l->n == l->cap) {
		v = arena_calloc(l->x->arena, cap, sizeof *v);
		if (!v)
			return NULL;
		if (l->n)
			memcpy(v, l->v, l->n * sizeof *v);
		l->v = v;
		l->cap = cap;
	}
	v += l->n++;
	*v = (struct csp_inline){.kind = kind, .nonced = nonced};
	return v;
}

static struct slice hash_source(const struct deciding *x, const unsigned char sha256[32])
{
	char *source = arena_alloc(x->arena, CSP_HASH_SOURCE_SIZE);

	if (!source)
		return slice_of(NULL, 0);
	csp_hash_source(sha256, source);
	return slice_of(source, CSP_HASH_SOURCE_SIZE);
}

/* As browsers read text: CR and CRLF are LF (WHATWG HTML 13.2.3.5). */
static void add_normal(struct text *out, struct slice piece)
{
	while (piece.n) {
		size_t n = slice_find_char(piece, '\r');
		bool crlf = piece.n - n > 1 && piece.p[n + 1] == '\n';

		text_add(out, slice_head(piece, n));
		if (n < piece.n && !crlf)
			text_add(out, SLICE("\n"));
		piece = slice_from(piece, n + 1);
	}
}

static void set_source(struct inlines *l, struct csp_inline *i, const struct text *text)
{
	unsigned char sha256[32];

	if (!i || !l->x->env->sha256)
		return;
	l->x->env->sha256(text_slice(text), sha256);
	i->source = hash_source(l->x, sha256);
}

/* A script with a src has no text that runs; it may only carry the nonce. */
static void add_elements(struct inlines *l, struct slice html)
{
	struct text text = {.arena = l->x->arena};
	struct csp_inline *open = NULL;
	struct html_token token;
	struct elements e;

	elements_open(&e, html);
	while (html_tokenizer_next(&e.t, &token)) {
		bool script = token.name == html_name(SLICE("script"));

		if (token.type == HTML_TEXT && open)
			add_normal(&text, token.raw);
		if (token.type != HTML_START_TAG && token.type != HTML_END_TAG)
			continue;
		set_source(l, open, &text);
		open = NULL;
		text.n = 0;
		if (token.type == HTML_START_TAG && !(script && html_attribute_find(&token, SLICE("src"))))
			open = inlines_add(l, script ? CSP_SCRIPT : CSP_STYLE, has_nonce(&token, l->x->d->page.nonce));
	}
	set_source(l, open, &text);
	html_tokenizer_free(&e.t);
}

static void add_guard(struct inlines *l)
{
	const struct page *p = &l->x->d->page;
	struct csp_inline *i;

	if (!p->guard_html.n)
		return;
	i = inlines_add(l, CSP_SCRIPT, p->nonce.n > 0);
	if (i && guard_has_hash(l->x->env->guard))
		i->source = hash_source(l->x, guard_hash(l->x->env->guard));
}

/* Our forms are sent to our own pages, whatever the page says of its own. */
static void add_forms(struct inlines *l)
{
	const struct ruleset *rs = l->x->env->rules;
	struct slice host = l->x->d->asked.authority;
	const struct slice parts[] = {SLICE("https://"), host, ruleset_policy(rs)->own_path, SLICE("/")};
	bool any = ruleset_has_placeholder(rs);
	struct csp_inline *form;

	for (const struct page_inject *i = l->x->d->page.injects; i; i = i->next)
		any |= i->rule == &ruleset_banner(rs)->banner;
	if (!any || !l->x->d->secure || !host.n)
		return;
	form = inlines_add(l, CSP_FORM, false);
	if (form)
		form->source = arena_concat(l->x->arena, parts, CG_COUNT(parts));
}

static void keep_inlines(struct inlines *l)
{
	add_forms(l);
	l->x->d->page.inlines = l->v;
	l->x->d->page.n_inlines = l->n;
}

const struct csp_inline *page_inlines(const struct deciding *x, size_t *n)
{
	struct page *p = &x->d->page;
	struct inlines l = {.x = x};

	if (!p->inlines) {
		add_guard(&l);
		for (const struct page_inject *i = p->injects; i; i = i->next)
			add_elements(&l, i->html);
		keep_inlines(&l);
	}
	*n = p->n_inlines;
	return p->inlines;
}

/* -- what goes in -------------------------------------------------------------------------------------------------- */

#define START_TAG_MAX 8192 /* names of at most 31 purposes, and a nonce */

/* In XML a script's text is markup, unless it stands in a CDATA section; its hash is then that of the text alone. */
static void make_guard(const struct deciding *x)
{
	struct page *p = &x->d->page;
	struct slice text = guard_text(x->env->guard);
	struct buffer tag;

	buffer_init(&tag, START_TAG_MAX);
	if (!guard_start_tag(x->env->rules, x->d->consent.granted, p->nonce, &tag))
		x->arena->failed = true; /* as if it had been built there */
	p->guard = !p->xml || slice_find(text, SLICE("]]>")) == text.n;
	if (p->guard)
		p->guard_html = arena_concat(x->arena,
					     (const struct slice[]){
						     buffer_slice(&tag),
						     p->xml ? SLICE("<![CDATA[") : SLICE(""),
						     text,
						     p->xml ? SLICE("]]></script>") : SLICE("</script>"),
					     },
					     4);
	buffer_free(&tag);
}

static struct slice expand(const struct deciding *x, const struct inject_html_rule *rule)
{
	struct text out = {.arena = x->arena};

	if (rule->consent_mode)
		consent_mode_html(x, rule->consent_mode, &out);
	else
		html_expand(x, rule->html, x->d->page.nonce, &out);
	return x->d->page.nonce.n ? add_nonces(x, text_slice(&out), x->d->page.nonce) : text_slice(&out);
}

static struct slice with_nonces(const struct deciding *x, struct slice html)
{
	return x->d->page.nonce.n ? add_nonces(x, html, x->d->page.nonce) : html;
}

struct slice page_inject_html(const struct deciding *x, const struct page_inject *inject,
			      const struct catalogue *language)
{
	const struct banner_rule *b = ruleset_banner(x->env->rules);

	if ((!language && !x->own_origin.n) || (inject->rule != &b->banner && inject->rule != &b->link))
		return inject->html;
	return with_nonces(x, inject->rule == &b->banner ? own_banner(x, language) : own_link(x, language));
}

static struct page_inject **add_inject(const struct deciding *x, struct page_inject **end,
				       const struct inject_html_rule *rule, struct slice html)
{
	*end = arena_calloc(x->arena, 1, sizeof **end);
	if (!*end)
		return end;
	(*end)->rule = rule;
	(*end)->html = with_nonces(x, html);
	return &(*end)->next;
}

/* The banner for those who did not decide, and the link for all others; the banner has it in itself. */
static struct page_inject **add_banner(const struct deciding *x, struct page_inject **end)
{
	const struct banner_rule *b = ruleset_banner(x->env->rules);
	const struct page *p = &x->d->page;
	bool due = banner_due(x->env->rules, &x->d->consent);

	if (!page_may_ask(x) || !x->d->asked.top ||
	    !inject_html_applies(&b->banner, x->env->scratch, p->path, p->status))
		return end;
	if (due)
		end = add_inject(x, end, &b->banner, own_banner(x, NULL));
	if (b->link.rule.line && !due)
		end = add_inject(x, end, &b->link, own_link(x, NULL));
	return end;
}

static struct page_inject **expand_some(const struct deciding *x, bool consent_mode, struct page_inject **end)
{
	const struct page *p = &x->d->page;
	size_t n;
	const struct inject_html_rule *rules = ruleset_inject_html(x->env->rules, &n);

	for (size_t i = 0; i < n; i++) {
		if ((rules[i].consent_mode != NULL) != consent_mode || !is_granted(x, rules[i].mask) ||
		    !inject_html_applies(&rules[i], x->env->scratch, p->path, p->status))
			continue;
		*end = arena_calloc(x->arena, 1, sizeof **end);
		if (!*end)
			break;
		(*end)->rule = &rules[i];
		(*end)->html = expand(x, &rules[i]);
		end = &(*end)->next;
	}
	return end;
}

/* Tags read the defaults of the consent mode once, so these stand in front of all else. */
static void expand_all(const struct deciding *x)
{
	struct page_inject **end = expand_some(x, true, &x->d->page.injects);

	(void)expand_some(x, false, add_banner(x, end));
}

/* -- the page's policies ------------------------------------------------------------------------------------------- */

static bool is_policy(const struct field *f)
{
	return f->id == FIELD_CSP || f->id == FIELD_CSP_REPORT_ONLY;
}

/* Of an enforced policy before others, of scripts before styles. */
static struct slice find_nonce(const struct fields *f)
{
	static const enum field_id ids[] = {FIELD_CSP, FIELD_CSP_REPORT_ONLY};
	struct slice nonce = slice_of(NULL, 0);

	for (int kind = CSP_SCRIPT; kind <= CSP_STYLE; kind++)
		for (size_t k = 0; k < CG_COUNT(ids); k++)
			for (size_t i = 0; i < f->n && !nonce.n; i++)
				if (f->v[i].id == ids[k])
					nonce = csp_nonce(f->v[i].value, (enum csp_kind)kind);
	return nonce;
}

/* Without hashes, what a policy forbids stays out: it could only fill the visitor's console. */
static bool can_run(const struct deciding *x, const struct fields *f, const struct csp_inline *e)
{
	if (e->source.n)
		return true;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_CSP && !csp_allows(f->v[i].value, x->d->page.nonce, e))
			return false;
	return true;
}

static bool all_can_run(const struct deciding *x, const struct fields *f, const struct inlines *l, size_t from)
{
	for (size_t i = from; i < l->n; i++)
		if (!can_run(x, f, &l->v[i]))
			return false;
	return true;
}

static void drop_forbidden(const struct deciding *x, const struct fields *f)
{
	struct inlines l = {.x = x};
	struct page_inject **at = &x->d->page.injects;

	add_guard(&l);
	if (!all_can_run(x, f, &l, 0)) {
		x->d->page.guard = false;
		x->d->page.guard_html = slice_of(NULL, 0);
		l.n = 0;
	}
	while (*at) {
		size_t from = l.n;

		add_elements(&l, (*at)->html);
		if (all_can_run(x, f, &l, from)) {
			at = &(*at)->next;
		} else {
			l.n = from;
			*at = (*at)->next;
		}
	}
	keep_inlines(&l);
}

static void allow_all(const struct deciding *x, struct fields *f)
{
	const struct page *p = &x->d->page;

	for (size_t i = 0; i < f->n && p->n_inlines; i++)
		if (is_policy(&f->v[i]) &&
		    !csp_allow(f->v[i].value, p->nonce, p->inlines, p->n_inlines, x->arena, &f->v[i].value))
			return;
}

void page_inject(const struct deciding *x, struct fields *fields)
{
	struct page *p = &x->d->page;

	if (p->work != PAGE_REWRITE && !p->bodiless)
		return;
	p->nonce = find_nonce(fields);
	if (p->guard)
		make_guard(x);
	if (p->document)
		expand_all(x);
	if (!fields_find(fields, FIELD_CSP) && !fields_find(fields, FIELD_CSP_REPORT_ONLY))
		return;
	drop_forbidden(x, fields);
	if (!x->d->observe)
		allow_all(x, fields);
}
