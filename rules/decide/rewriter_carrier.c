/* What attributes and texts carry, taken apart to single URLs, each judged. */
#include "rules/decide/rewriter_internal.h"
#include "rules/html/css_urls.h"
#include "rules/html/literals.h"
#include "rules/html/refresh.h"
#include "rules/html/script_urls.h"
#include "rules/html/srcset.h"
#include "rules/http/report.h"

/* Where a judgement stands in the rules: lower is stronger. */
static size_t order_of(const struct beacon_judgement *j)
{
	if (j->match.rule)
		return j->match.rule->order;
	return j->reason ? 0 : SIZE_MAX; /* a limit was hit: the strict side */
}

const struct beacon_judgement *judgement_first(const struct beacon_judgement *element,
					       const struct beacon_judgement *thing)
{
	return order_of(thing) < order_of(element) ? thing : element;
}

/* A collection of judgements: the first in the rules of those that deny, and of those that let pass. */
struct collected {
	struct rewriter *r;
	const struct beacon_judgement *element;
	const struct selected *selected;
	struct slice text;
	struct beacon_judgement denied, passed;
};

static struct collected collect(struct rewriter *r, const struct beacon_judgement *element)
{
	return (struct collected){.r = r, .element = element, .denied.pass = true, .passed.pass = true};
}

static void collect_one(struct collected *c, const struct beacon_judgement *thing)
{
	const struct beacon_judgement *j = judgement_first(c->element, thing);
	struct beacon_judgement *best = j->pass ? &c->passed : &c->denied;

	if (order_of(j) >= order_of(best) && !(best->pass && !j->pass))
		return;
	*best = *j;
	if (!best->url.n) /* an element's judgement: tell of which URL */
		best->url = thing->url;
}

static struct beacon_judgement collected(const struct collected *c)
{
	return c->denied.pass ? c->passed : c->denied;
}

/* Which host that is only the browser knows: it waits for whatever there is to wait for. */
static void be_strict(struct rewriter *r, struct beacon_judgement *j)
{
	if (r->encoding == PAGE_UTF8 || ruleset_pages(r->rs)->unreadable_passes)
		return;
	j->match = (struct beacon_match){0};
	j->mask = ruleset_all_purposes(r->rs) & ~PURPOSE_NECESSARY;
	j->pass = is_granted(&r->x, j->mask);
	j->reason = "its host is written beyond ASCII, in a page that is not UTF-8";
}

static void collect_url(struct collected *c, struct slice url, unsigned types)
{
	struct beacon_judgement j = {.pass = true, .mask = PURPOSE_NECESSARY, .url = url};

	if (c->r->plan->urls)
		j = judge_url(&c->r->x, &c->r->base, &c->r->filter_page, url, types);
	if (j.beyond_ascii)
		be_strict(c->r, &j);
	collect_one(c, &j);
}

/* ---- Lists of URLs. ---- */

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static void collect_urls(struct collected *c, struct slice value, unsigned types)
{
	size_t i = 0, from;

	while (i < value.n) {
		for (; i < value.n && is_white(value.p[i]); i++)
			;
		for (from = i; i < value.n && !is_white(value.p[i]); i++)
			;
		if (i > from)
			collect_url(c, slice_of(value.p + from, i - from), types);
	}
}

static void collect_srcset(struct collected *c, struct slice value, unsigned types)
{
	struct srcset_candidate candidate;

	while (srcset_next(&value, &candidate))
		collect_url(c, candidate.url, types);
}

/* ---- Scripts. ---- */

static bool is_selected(const struct selected *s, size_t id)
{
	for (size_t i = 0; s && i < s->n_hits; i++) {
		if (s->hits[i] == id)
			return true;
	}
	return false;
}

static struct beacon_judgement judgement_of(const struct rewriter *r, const struct beacon_rule *rule,
					    struct slice pattern)
{
	return (struct beacon_judgement){
		.pass = is_granted(&r->x, rule->mask),
		.match = {.rule = rule, .pattern = pattern},
		.mask = rule->mask,
	};
}

/* A host that some rule names stands in the text. */
static bool found_host(void *arg, size_t id, size_t end)
{
	struct collected *c = arg;
	const struct beacon_literal *l = ruleset_literal(c->r->rs, id);

	(void)end;
	if (l->host) {
		struct beacon_judgement j = judgement_of(c->r, l->rule, l->text);

		j.url = l->text;
		collect_one(c, &j);
	}
	return true;
}

struct content {
	struct rewriter *r;
	const struct selected *selected;
	struct beacon_judgement said;
};

static void said_by_content(struct content *c, const struct beacon_selector *s)
{
	struct beacon_judgement j = judgement_of(c->r, s->rule, s->containing.n ? s->containing : s->text);

	if (order_of(&j) < order_of(&c->said))
		c->said = j;
}

static bool found_text(void *arg, size_t id, size_t end)
{
	struct content *c = arg;
	const struct beacon_literal *l = ruleset_literal(c->r->rs, id);

	(void)end;
	if (!l->host && is_selected(c->selected, l->selector->id))
		said_by_content(c, l->selector);
	return true;
}

static void match_regexes(struct content *c, struct slice text)
{
	for (size_t i = 0; i < c->selected->n_hits; i++) {
		const struct beacon_selector *s = ruleset_selector(c->r->rs, c->selected->hits[i]);

		for (; s; s = s->next) {
			if (s->rule && s->containing_regex &&
			    pattern_match(s->containing_regex, c->r->x.env->scratch, text) != PATTERN_NO_MATCH)
				said_by_content(c, s);
		}
	}
}

/* What selectors say of an element, now that its text is known. */
static struct beacon_judgement said_with_content(struct rewriter *r, struct slice text, const struct selected *selected,
						 const struct beacon_judgement *element)
{
	struct content c = {r, selected, *element};
	const struct literals *l = ruleset_literals(r->rs);

	if (l)
		(void)literals_find(l, text, found_text, &c);
	match_regexes(&c, text);
	return c.said;
}

struct beacon_judgement judge_script(struct rewriter *r, struct slice text, const struct selected *selected,
				     const struct beacon_judgement *element)
{
	struct beacon_judgement said =
		selected && selected->n_hits ? said_with_content(r, text, selected, element) : *element;
	struct collected c = collect(r, &said);
	const struct literals *l = ruleset_literals(r->rs);
	struct slice rest = text;
	struct script_url found;

	if (said.match.rule)
		collect_one(&c, &said);
	if (l)
		(void)literals_find(l, text, found_host, &c);
	while (script_urls_next(&rest, &r->scratch, &found))
		collect_url(&c, found.url.p == found.raw.p ? found.url : arena_copy(&r->arena, found.url), FILTER_ANY);
	if (r->scratch.failed)
		(void)rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
	return collected(&c);
}

static void collect_strings(struct collected *c, struct slice json)
{
	struct slice string;

	while (report_text_next(&json, &c->r->arena, &string)) {
		if (string.n)
			collect_url(c, string, FILTER_ANY);
	}
}

/* Escapes have no business in the name of a module: what it is waits for whatever there is to wait for. */
static void collect_imports(struct collected *c, struct slice module)
{
	struct beacon_judgement j = {.reason = "the name of an imported module is written with escapes"};
	struct slice name;

	j.mask = ruleset_all_purposes(c->r->rs) & ~PURPOSE_NECESSARY;
	j.pass = is_granted(&c->r->x, j.mask);
	while (script_imports_next(&module, &name)) {
		if (slice_find_char(name, '\\') < name.n)
			collect_one(c, &j);
		else if (name.n)
			collect_url(c, name, FILTER_SCRIPT);
	}
}

struct beacon_judgement judge_element(struct rewriter *r, struct slice text, enum script_text kind,
				      const struct selected *selected, const struct beacon_judgement *element)
{
	struct beacon_judgement j = judge_script(r, text, selected, element);
	struct collected c = collect(r, element);

	if (kind == SCRIPT_CLASSIC)
		return j;
	collect_one(&c, &j);
	if (kind == SCRIPT_JSON)
		collect_strings(&c, text);
	else
		collect_imports(&c, text);
	return collected(&c);
}

/* ---- Styles. ---- */

static unsigned css_types(enum css_url_kind kind)
{
	switch (kind) {
	case CSS_URL_IMPORT:
		return FILTER_STYLESHEET;
	case CSS_URL_FONT:
		return FILTER_FONT;
	default:
		return FILTER_IMAGE | FILTER_MEDIA | FILTER_OTHER;
	}
}

/* A URL that loads nothing, in the place of one of that form. */
static struct slice harmless(struct slice raw)
{
	return raw.p[0] == '"' || raw.p[0] == '\'' ? SLICE("\"data:,\"") : SLICE("url(\"data:,\")");
}

static void collect_inline(struct collected *c, struct slice url, unsigned types);

/* Goes over all URLs; what is to change goes into out. Returns how much of css that is, 0 if nothing changes. */
static size_t neutralise(struct rewriter *r, struct slice css, struct collected *all, struct buffer *out)
{
	struct css_urls urls;
	struct css_url u;
	size_t from = 0;

	css_urls_init(&urls, css);
	while (css_urls_next(&urls, &r->scratch, &u)) {
		struct collected one = collect(r, all->element);
		struct slice url = u.url.p == r->scratch.p ? arena_copy(&r->arena, u.url) : u.url;

		if (slice_starts_with(url, SLICE("#"))) /* something in the page itself (CSS Values 4, 4.5.1) */
			continue;
		collect_url(&one, url, css_types(u.kind));
		if (u.kind == CSS_URL_IMPORT)
			collect_inline(&one, url, FILTER_STYLESHEET);
		collect_one(all, one.denied.pass ? &one.passed : &one.denied);
		if (one.denied.pass)
			continue;
		buffer_add(out, slice_of(css.p + from, (size_t)(u.raw.p - css.p) - from));
		buffer_add(out, harmless(u.raw));
		from = (size_t)(u.raw.p - css.p) + u.raw.n;
	}
	return from;
}

struct slice neutral_style(struct rewriter *r, struct slice css, const struct beacon_judgement *element,
			   struct beacon_judgement *denied)
{
	struct collected all = collect(r, element);
	struct slice result = css;
	struct buffer out;
	size_t from;

	buffer_init(&out, css.n * 8 + 64);
	from = neutralise(r, css, &all, &out);
	*denied = collected(&all);
	if (from) {
		buffer_add(&out, slice_from(css, from));
		result = arena_copy(&r->arena, buffer_slice(&out));
	}
	if (out.failed || r->scratch.failed)
		(void)rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
	buffer_free(&out);
	return result;
}

/* ---- Documents in attributes. ---- */

static struct beacon_judgement too_deep(const struct rewriter *r)
{
	return (struct beacon_judgement){.pass = false,
					 .mask = ruleset_all_purposes(r->rs),
					 .reason = "documents are nested too deep to be looked at"};
}

static struct beacon_judgement judge_document(struct rewriter *r, struct slice value, enum page_encoding encoding)
{
	struct beacon_judgement nothing = {.pass = true};
	struct rewriter *inner;

	if (r->nesting == NESTING_MAX)
		return too_deep(r);
	inner = rewriter_inner(r, true);
	if (!inner)
		return nothing;
	inner->encoding = encoding;
	if (rewriter_push(inner, value) != REWRITER_OK || rewriter_finish(inner) != REWRITER_OK)
		(void)rewriter_fail(r, inner->result, inner->why);
	return inner->any_denied ? inner->first_denied : nothing;
}

/* ---- What stands in the URL itself. ---- */

/* A style sheet, which may import others that stand in URLs. */
static struct beacon_judgement judge_style(struct rewriter *r, struct slice css, const struct beacon_judgement *element)
{
	struct beacon_judgement j;

	if (r->nesting == NESTING_MAX)
		return too_deep(r);
	r->nesting++;
	(void)neutral_style(r, css, element, &j);
	r->nesting--;
	return j;
}

static void collect_inline(struct collected *c, struct slice url, unsigned types)
{
	struct beacon_judgement j = {.pass = true};
	struct slice content;

	switch (inline_content(c->r, url, types, &content)) {
	case INLINE_DOCUMENT:
		j = judge_document(c->r, content, PAGE_NOT_UTF8); /* what it says itself is not looked for */
		break;
	case INLINE_XML: /* read as HTML; what that takes for text, behind <title/> say, as text */
		j = judge_document(c->r, content, PAGE_NOT_UTF8);
		collect_one(c, &j);
		j = judge_script(c->r, content, NULL, c->element);
		break;
	case INLINE_STYLE:
		j = judge_style(c->r, content, c->element);
		break;
	case INLINE_SCRIPT:
		j = judge_script(c->r, content, NULL, c->element);
		break;
	case INLINE_NONE:
		return;
	}
	collect_one(c, &j);
}

/* In frames it may lead to a data: URL. */
static void collect_redirect(struct collected *c, struct slice url, unsigned types)
{
	collect_url(c, url, types);
	collect_inline(c, url, types);
}

/* ---- Animations (SMIL). ---- */

static void collect_values(struct collected *c, struct slice value, unsigned types)
{
	struct slice one;

	while (value.n) {
		slice_cut(value, ';', &one, &value);
		collect_url(c, one, types);
	}
}

struct beacon_judgement judge_value(struct rewriter *r, struct carrier carrier, struct slice value,
				    const struct beacon_judgement *element)
{
	struct collected c = collect(r, element);
	struct beacon_judgement j;
	struct slice url;

	switch (carrier.kind) {
	case CARRIER_URL:
		collect_url(&c, value, carrier.types);
		collect_inline(&c, value, carrier.types);
		break;
	case CARRIER_VALUES:
		collect_values(&c, value, carrier.types);
		break;
	case CARRIER_SRCSET:
		collect_srcset(&c, value, carrier.types);
		break;
	case CARRIER_URLS:
		collect_urls(&c, value, carrier.types);
		break;
	case CARRIER_REFRESH:
		if (refresh_url(value, &url))
			collect_redirect(&c, url, carrier.types);
		break;
	case CARRIER_HANDLER:
		return judge_script(r, value, NULL, element);
	case CARRIER_STYLE:
	case CARRIER_PROPERTY:
		(void)neutral_style(r, value, element, &j);
		return j;
	case CARRIER_SRCDOC:
		j = judge_document(r, value, r->encoding);
		collect_one(&c, &j);
		break;
	case CARRIER_NONE:
		break;
	}
	return collected(&c);
}
