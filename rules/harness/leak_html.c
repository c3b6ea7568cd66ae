/* The pages of leak.h: everything in them that a browser would load, or run. */
#include "rules/decide/guard.h"
#include "rules/harness/leak.h"
#include "rules/html/entity.h"
#include "rules/html/selectors.h"
#include "rules/html/tokenizer.h"

#define DEPTH_MAX   4
#define DECODED_MAX (4u << 20)

/* The script or style whose content is being read. */
struct content {
	bool style, script;
	size_t at;	  /* where it begins */
	struct slice tag; /* its start tag */
	uint64_t name;
	bool markup;	/* it is markup, as in svg and XML */
	unsigned depth; /* how many elements of svg and math are open in it */
};

/* One reading of a document. */
struct reading {
	struct leaks *l;
	struct slice text;
	struct web_url base;
	bool has_base;
	unsigned templates; /* open ones: a base in them is no part of the document */
	unsigned depth;
	bool xml;	 /* srcdoc is HTML in XHTML, too */
	bool tags_alone; /* neither content nor what selectors deny */
	struct buffer scratch;
	struct content in;
	struct buffer child;		  /* the text in it that a browser sees, if it is markup */
	struct selector_matcher *matcher; /* NULL: no statement has a selector */
	size_t hits[SELECTOR_HITS_MAX];	  /* of the last start tag */
	size_t n_hits;
};

/* -- words --------------------------------------------------------------------------------------------------------- */

/* The next word, blanks apart; false at the end. */
static bool next_blank_word(struct slice *rest, struct slice *word)
{
	size_t i = 0, from;

	for (; i < rest->n && leak_space(rest->p[i]); i++)
		;
	for (from = i; i < rest->n && !leak_space(rest->p[i]); i++)
		;
	*word = slice_of(rest->p + from, i - from);
	*rest = slice_from(*rest, i);
	return word->n > 0;
}

static bool has_word(struct slice text, const char *wanted)
{
	struct slice word;

	while (next_blank_word(&text, &word))
		if (slice_ieq(word, slice_str(wanted)))
			return true;
	return false;
}

/* Is the name one of a list with blanks between? */
static bool is_one_of(struct slice name, const char *list)
{
	struct slice rest = slice_str(list), word;

	while (next_blank_word(&rest, &word))
		if (slice_ieq(name, word))
			return true;
	return false;
}

/* -- attributes ---------------------------------------------------------------------------------------------------- */

/* The decoded value of an attribute, in the arena; empty if there is none. */
static struct slice value_of(struct reading *r, const struct html_token *t, const struct html_attribute *a)
{
	struct slice value = {0};

	if (a && !html_decode_attribute(html_attribute_value(t, a), &r->scratch, &value))
		value = html_attribute_value(t, a);
	return arena_copy(r->l->arena, value);
}

static struct slice value_named(struct reading *r, const struct html_token *t, const char *name)
{
	return value_of(r, t, html_attribute_find(t, slice_str(name)));
}

static unsigned types_of(struct slice element)
{
	if (slice_ieq(element, SLICE("script")))
		return FILTER_SCRIPT;
	if (is_one_of(element, "img image input feimage"))
		return FILTER_IMAGE;
	if (is_one_of(element, "iframe frame"))
		return FILTER_SUBDOCUMENT;
	if (is_one_of(element, "embed object"))
		return FILTER_OBJECT;
	if (is_one_of(element, "video audio"))
		return FILTER_MEDIA;
	if (slice_ieq(element, SLICE("source")))
		return FILTER_MEDIA | FILTER_IMAGE;
	if (slice_ieq(element, SLICE("track")))
		return FILTER_OTHER;
	return FILTER_ANY;
}

static void url(struct reading *r, struct slice value, unsigned types, struct slice what)
{
	if (slice_istarts_with(slice_trim(value), SLICE("javascript:")))
		leaks_script(r->l, &r->base, value, what);
	else
		leaks_url(r->l, &r->base, value, types, what);
}

/* What follows a width or density: they end at a comma, but not in parentheses. */
static struct slice behind_descriptors(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != ',')
		i += s.p[i] == '(' ? slice_find_char(slice_from(s, i), ')') : 1;
	return slice_from(s, i + 1);
}

/* "a.png 1x, b.png 640w" */
static void srcset(struct reading *r, struct slice value, struct slice what)
{
	struct slice word;

	while (next_blank_word(&value, &word)) {
		if (word.p[word.n - 1] != ',')
			value = behind_descriptors(value);
		while (word.n && word.p[word.n - 1] == ',')
			word.n--;
		while (word.n && word.p[0] == ',')
			word = slice_from(word, 1);
		if (word.n)
			url(r, word, FILTER_IMAGE, what);
	}
}

static void urls(struct reading *r, struct slice value, struct slice what)
{
	struct slice word;

	while (next_blank_word(&value, &word))
		url(r, word, FILTER_PING, what);
}

static void refresh(struct reading *r, struct slice value, struct slice what)
{
	struct slice to = leaks_refresh_url(value);

	if (to.n)
		url(r, to, FILTER_ANY, what);
}

/* Does a link of that rel load its href, and as what? 0: no. */
static unsigned link_types(struct slice rel, struct slice as)
{
	if (has_word(rel, "preconnect") || has_word(rel, "dns-prefetch") || has_word(rel, "prefetch") ||
	    has_word(rel, "prerender"))
		return FILTER_ANY;
	if (has_word(rel, "stylesheet"))
		return FILTER_STYLESHEET;
	if (has_word(rel, "modulepreload") || (has_word(rel, "preload") && slice_ieq(as, SLICE("script"))))
		return FILTER_SCRIPT;
	if (has_word(rel, "preload"))
		return slice_ieq(as, SLICE("image"))   ? FILTER_IMAGE
		       : slice_ieq(as, SLICE("style")) ? FILTER_STYLESHEET
		       : slice_ieq(as, SLICE("font"))  ? FILTER_FONT
						       : FILTER_ANY;
	return has_word(rel, "icon") || has_word(rel, "apple-touch-icon") ? FILTER_IMAGE : 0;
}

static void href(struct reading *r, const struct html_token *t, struct slice value, struct slice what)
{
	unsigned types = 0;

	if (slice_ieq(t->name_raw, SLICE("link")))
		types = link_types(value_named(r, t, "rel"), value_named(r, t, "as"));
	else if (is_one_of(t->name_raw, "script image feimage use") && t->ns != HTML_NS_HTML)
		types = types_of(t->name_raw);
	if (types)
		url(r, value, types, what);
}

enum takes { TAKES_URL, TAKES_IMAGE, TAKES_SRCSET, TAKES_URLS, TAKES_ACTION, TAKES_SRCDOC };

/* What browsers load, or scripts that wait until an element is in sight. */
static const struct {
	const char *names;
	const char *elements;
	enum takes takes;
} attributes[] = {
	{"src", "script img image iframe frame embed source input audio video track", TAKES_URL},
	{"data-src data-lazy-src data-lazy data-original", "script img iframe source video audio embed", TAKES_URL},
	{"data", "object", TAKES_URL},
	{"poster", "video", TAKES_IMAGE},
	{"background", "body table thead tbody tfoot tr td th", TAKES_IMAGE},
	{"srcset data-srcset data-lazy-srcset", "img source", TAKES_SRCSET},
	{"imagesrcset", "link", TAKES_SRCSET},
	{"ping", "a area", TAKES_URLS},
	{"attributionsrc", "a img script", TAKES_URLS},
	{"action", "form", TAKES_ACTION},
	{"formaction", "button input", TAKES_ACTION},
	{"srcdoc", "iframe", TAKES_SRCDOC},
};

static void take(struct reading *r, enum takes takes, struct slice element, struct slice value, struct slice what)
{
	switch (takes) {
	case TAKES_URL:
		url(r, value, types_of(element), what);
		break;
	case TAKES_IMAGE:
		url(r, value, FILTER_IMAGE, what);
		break;
	case TAKES_SRCSET:
		srcset(r, value, what);
		break;
	case TAKES_URLS:
		urls(r, value, what);
		break;
	case TAKES_ACTION:
		url(r, value, FILTER_ANY, what);
		break;
	case TAKES_SRCDOC:
		leaks_html(r->l, value, r->depth + 1);
		break;
	}
}

/* Attributes of SVG that are properties of CSS, and may load something. */
#define PROPERTIES "clip-path cursor fill filter marker-end marker-mid marker-start mask stroke"

static void attribute(struct reading *r, const struct html_token *t, struct slice name, struct slice value)
{
	struct slice what = t->raw, element = t->name_raw;

	if (slice_ieq(name, SLICE("href")) || slice_ieq(name, SLICE("xlink:href")))
		href(r, t, value, what);
	else if (slice_ieq(name, SLICE("style")))
		leaks_css(r->l, &r->base, value, what);
	else if ((t->ns == HTML_NS_SVG || r->xml) && is_one_of(name, PROPERTIES))
		leaks_css(r->l, &r->base, value, what);
	else if (name.n > 2 && slice_istarts_with(name, SLICE("on")))
		leaks_script(r->l, &r->base, value, what);
	for (size_t i = 0; i < CG_COUNT(attributes); i++)
		if (is_one_of(name, attributes[i].names) && is_one_of(element, attributes[i].elements))
			take(r, attributes[i].takes, element, value, what);
}

/* -- tags ---------------------------------------------------------------------------------------------------------- */

/* Would a browser run a script of that type, or load by it? */
static bool runs(struct slice type)
{
	struct slice essence, params;

	if (slice_cut(type, ';', &essence, &params) && slice_trim(essence).n == 0)
		return false;
	essence = slice_trim(essence);
	return essence.n == 0 || is_one_of(essence, "module importmap speculationrules") ||
	       slice_ieq(essence, SLICE("text/javascript")) || slice_istarts_with(essence, SLICE("text/javascript1")) ||
	       is_one_of(essence, "application/javascript application/x-javascript text/ecmascript "
				  "application/ecmascript application/x-ecmascript text/x-javascript text/jscript "
				  "text/livescript text/x-ecmascript");
}

static bool is_css(struct slice type)
{
	return type.n == 0 || slice_ieq(type, SLICE("text/css"));
}

static void take_base(struct reading *r, const struct html_token *t)
{
	const struct html_attribute *a = html_attribute_find(t, SLICE("href"));
	struct web_url u;

	if (!a || r->has_base || r->templates || t->ns != HTML_NS_HTML)
		return;
	r->has_base = true;
	if (web_url_parse(value_of(r, t, a), &r->l->page, r->l->arena, &u) && u.kind == WEB_URL_NETWORK)
		r->base = u;
}

static bool is_first_of_its_name(const struct html_token *t, const struct html_attribute *a)
{
	return html_attribute_find(t, html_attribute_name(t, a)) == a;
}

static bool loads(const struct html_token *t)
{
	return html_attribute_find(t, SLICE("src")) ||
	       (t->ns != HTML_NS_HTML &&
		(html_attribute_find(t, SLICE("href")) || html_attribute_find(t, SLICE("xlink:href"))));
}

/* Of what a statement names: may it pass? If not, one further up may name an address of it, see judge_element(). */
static void set_passes(struct reading *r, const struct beacon_rule *rule)
{
	bool passes = rule && !(rule->mask & ~r->l->granted);

	r->l->passes_from = passes ? rule->order : SIZE_MAX;
	r->l->first_order = SIZE_MAX;
}

/* One that passes because a statement further up names its address does not count. */
static void judge_element(struct reading *r, const struct beacon_rule *rule, struct slice what)
{
	if (rule && rule->order < r->l->first_order && (rule->mask & ~r->l->granted))
		leaks_add(r->l, what, &rule->rule, rule->mask);
}

/* What selectors say of an element, its content aside. One that waits for consent has all that it needs. */
static const struct beacon_rule *select_element(struct reading *r, const struct html_token *t)
{
	r->n_hits = r->matcher ? selector_matcher_start(r->matcher, t, &r->scratch, r->hits) : 0;
	if (html_attribute_find(t, SLICE("data-cg")))
		r->n_hits = 0;
	return leaks_selected(r->l, r->hits, r->n_hits, NULL);
}

/* A script that would run is judged by what it holds as well. */
static void whole_script(struct reading *r, struct slice text, struct slice what)
{
	const struct beacon_rule *rule = leaks_selected(r->l, r->hits, r->n_hits, NULL);
	const struct beacon_rule *content = leaks_selected(r->l, r->hits, r->n_hits, &text);

	if (!rule || (content && content->order < rule->order))
		rule = content;
	set_passes(r, rule);
	leaks_script(r->l, &r->base, text, what);
	judge_element(r, rule, what);
}

static void attributes_of(struct reading *r, const struct html_token *t)
{
	if (slice_ieq(t->name_raw, SLICE("meta")) && slice_ieq(value_named(r, t, "http-equiv"), SLICE("refresh")))
		refresh(r, value_named(r, t, "content"), t->raw);
	for (size_t i = 0; i < t->attribute_count; i++)
		if (is_first_of_its_name(t, &t->attributes[i]))
			attribute(r, t, html_attribute_name(t, &t->attributes[i]), value_of(r, t, &t->attributes[i]));
}

static void start_tag(struct reading *r, const struct html_token *t)
{
	bool script = slice_ieq(t->name_raw, SLICE("script"));
	bool inert = script && !runs(value_named(r, t, "type")), empty;
	const struct beacon_rule *rule = select_element(r, t);

	set_passes(r, rule);
	if (slice_ieq(t->name_raw, SLICE("template")))
		r->templates++;
	if (slice_ieq(t->name_raw, SLICE("base")))
		take_base(r, t);
	if (!inert)
		attributes_of(r, t);
	empty = t->ns != HTML_NS_HTML && t->self_closing;
	r->in = (struct content){
		.script = script && !inert && !empty && !loads(t), /* with an address its text does not count */
		.style = slice_ieq(t->name_raw, SLICE("style")) && !empty && is_css(value_named(r, t, "type")),
		.at = (size_t)t->offset + t->raw.n,
		.tag = slice_of(r->text.p + t->offset, t->raw.n),
		.name = t->name,
		.markup = t->ns != HTML_NS_HTML || r->xml,
	};
	if (!inert && !r->in.script && !r->tags_alone)
		judge_element(r, rule, t->raw);
	if (r->tags_alone)
		r->in.script = r->in.style = false;
}

static void end_tag(struct reading *r, const struct html_token *t)
{
	if (slice_ieq(t->name_raw, SLICE("template")) && r->templates)
		r->templates--;
	if (r->matcher)
		selector_matcher_end(r->matcher, t);
}

/* In the text of scripts and styles a NUL is read as U+FFFD (HTML 13.2.5.3). */
static struct slice without_nul(struct slice text, struct arena *arena)
{
	size_t n = 0;
	char *out;

	if (slice_find_char(text, 0) == text.n)
		return text;
	out = arena_alloc(arena, text.n * 3);
	for (size_t i = 0; out && i < text.n; i++) {
		if (text.p[i]) {
			out[n++] = text.p[i];
			continue;
		}
		memcpy(out + n, "\xEF\xBF\xBD", 3);
		n += 3;
	}
	return out ? slice_of(out, n) : text;
}

/* The guard holds the patterns of what it stops. */
static bool is_guard(const struct leaks *l, struct slice content)
{
	return l->x->guard && slice_eq(content, guard_text(l->x->guard));
}

/* The content of a script or style is complete. */
static void content_ends(struct reading *r, size_t end)
{
	struct slice content = r->in.markup ? arena_copy(r->l->arena, buffer_slice(&r->child))
					    : slice_of(r->text.p + r->in.at, end - r->in.at);
	struct slice what = arena_printf(r->l->arena, "%.*s ...", SLICE_ARG(slice_head(r->in.tag, 100)));

	content = without_nul(content, r->l->arena);
	if (r->in.script && !is_guard(r->l, content)) {
		whole_script(r, content, what);
	} else if (r->in.style) {
		leaks_css(r->l, &r->base, content, what);
	}
	r->in.script = r->in.style = false;
	buffer_clear(&r->child);
	r->l->passes_from = SIZE_MAX;
}

/* A tag in a script or style that goes on behind it: browsers put its text together (DOM, child text content). */
static bool is_within(const struct reading *r, const struct html_tokenizer *t, const struct html_token *token)
{
	const struct content *in = &r->in;

	return (in->script || in->style) && in->markup && html_tokenizer_foreign_depth(t) >= in->depth &&
	       !token->left_foreign && !(token->type == HTML_END_TAG && token->name == in->name);
}

static void tag(struct reading *r, const struct html_tokenizer *t, const struct html_token *token)
{
	struct content outer = r->in;
	bool within = is_within(r, t, token);

	if (!within)
		content_ends(r, (size_t)token->offset);
	if (token->type == HTML_END_TAG) {
		end_tag(r, token);
		return;
	}
	start_tag(r, token);
	r->in.depth = html_tokenizer_foreign_depth(t);
	if (within)
		r->in = outer;
}

static void child_text(struct reading *r, const struct html_token *token)
{
	struct slice text = token->raw;

	if (!r->in.markup || (!r->in.script && !r->in.style))
		return;
	if (token->type == HTML_CDATA)
		text = slice_from(slice_head(text, text.n - (token->last ? 3 : 0)), token->first ? 9 : 0);
	else if (!html_decode_text(text, &r->scratch, &text))
		text = token->raw;
	buffer_add(&r->child, text);
}

/* <?xml-stylesheet name="value" ... href="..."?>, which means nothing in an element. */
static void style_sheet(struct reading *r, struct slice instruction)
{
	static const struct slice target = SLICE_INIT("<?xml-stylesheet");
	struct slice rest = slice_from(instruction, target.n), name, value;
	char quote;

	if (!r->xml || r->in.tag.n || !slice_starts_with(instruction, target) || !rest.n || !leak_space(rest.p[0]))
		return;
	while (slice_cut(rest, '=', &name, &rest)) {
		while (rest.n && leak_space(rest.p[0]))
			rest = slice_from(rest, 1);
		if (rest.n == 0 || (rest.p[0] != '"' && rest.p[0] != '\''))
			return;
		quote = rest.p[0];
		(void)slice_cut(slice_from(rest, 1), quote, &value, &rest);
		if (slice_eq(slice_trim(name), SLICE("href")) && html_decode_attribute(value, &r->scratch, &value))
			leaks_url(r->l, &r->base, arena_copy(r->l->arena, value), FILTER_STYLESHEET, instruction);
	}
}

/* AHEAD: as Chromium's preload scanner, which fetches what addresses in tags name. */
enum reader { WITH_SCRIPTS, WITHOUT_SCRIPTS, AHEAD };

static void read_once(struct leaks *l, struct slice text, unsigned depth, enum reader reader)
{
	struct reading r = {.l = l,
			    .text = text,
			    .base = l->page,
			    .depth = depth,
			    .xml = l->xml && depth == 0,
			    .tags_alone = reader == AHEAD};
	struct html_options options = {.scripting = reader != WITHOUT_SCRIPTS,
				       .ahead = reader == AHEAD,
				       .max_tag = HTML_TAG_MAX,
				       .wanted = HTML_WANT_COMMENT | HTML_WANT_CDATA,
				       .xml = r.xml};
	struct html_tokenizer t;
	struct html_names names;
	struct html_token token;
	bool more;

	html_names_init(&names);
	html_names_want_all(&names, HTML_WANT_START | HTML_WANT_END);
	options.names = &names;
	buffer_init(&r.scratch, DECODED_MAX);
	buffer_init(&r.child, DECODED_MAX);
	if (ruleset_selectors(l->x->rules))
		r.matcher = selector_matcher_new(ruleset_selectors(l->x->rules));
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, text);
	for (int end = 0; end < 2; end++) {
		while ((more = html_tokenizer_next(&t, &token))) {
			if (token.type == HTML_START_TAG || token.type == HTML_END_TAG)
				tag(&r, &t, &token);
			else if (token.type == HTML_COMMENT)
				style_sheet(&r, token.raw);
			else if (token.type == HTML_RUN || token.type == HTML_CDATA)
				child_text(&r, &token);
		}
		html_tokenizer_finish(&t);
	}
	r.in.script = false; /* one without an end is not run (HTML 13.2.6.4.8) */
	content_ends(&r, text.n);
	html_tokenizer_free(&t);
	selector_matcher_free(r.matcher);
	buffer_free(&r.scratch);
	buffer_free(&r.child);
}

/* Read as by a browser that runs scripts, and if that finds nothing, by others: without scripts it sees into noscript.
 */
void leaks_html(struct leaks *l, struct slice text, unsigned depth)
{
	size_t before = l->n, passes_from = l->passes_from, first_order = l->first_order;

	if (depth > DEPTH_MAX || !text.n)
		return;
	read_once(l, text, depth, WITH_SCRIPTS);
	if (l->n == before)
		read_once(l, text, depth, WITHOUT_SCRIPTS);
	if (l->n == before && !(l->xml && depth == 0))
		read_once(l, text, depth, AHEAD);
	l->passes_from = passes_from; /* of the element that holds a srcdoc */
	l->first_order = first_order;
}
