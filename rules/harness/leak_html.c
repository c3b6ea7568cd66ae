/* The pages of leak.h: everything in them that a browser would load, or run. */
#include "rules/harness/leak.h"
#include "rules/html/entity.h"
#include "rules/html/tokenizer.h"

#define DEPTH_MAX   4
#define DECODED_MAX (4u << 20)

/* One reading of a document. */
struct reading {
	struct leaks *l;
	struct slice text;
	struct web_url base;
	bool has_base;
	unsigned depth;
	struct buffer scratch;
	bool style, script; /* the content being read is that of such an element */
	size_t content;	    /* where it begins */
	struct slice tag;   /* its start tag */
};

/* -- words --------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* The next word, blanks apart; false at the end. */
static bool next_blank_word(struct slice *rest, struct slice *word)
{
	size_t i = 0, from;

	for (; i < rest->n && is_blank(rest->p[i]); i++)
		;
	for (from = i; i < rest->n && !is_blank(rest->p[i]); i++)
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

/* "a.png 1x, b.png 640w": whatever is no width or density is asked about. */
static void srcset(struct reading *r, struct slice value, struct slice what)
{
	struct slice word;

	while (next_blank_word(&value, &word)) {
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

/* url(...), url("..."), @import "..." */
static void css(struct reading *r, struct slice text, struct slice what)
{
	for (size_t i = 0; i + 4 < text.n; i++) {
		struct slice rest = slice_from(text, i), end;
		bool function = slice_istarts_with(rest, SLICE("url("));

		if (!function && !slice_istarts_with(rest, SLICE("@import")))
			continue;
		rest = slice_trim(slice_from(rest, function ? 4 : 7));
		if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\''))
			end = slice_head(slice_from(rest, 1), slice_find_char(slice_from(rest, 1), rest.p[0]));
		else if (function)
			end = slice_head(rest, slice_find_char(rest, ')'));
		else
			continue;
		leaks_url(r->l, &r->base, slice_trim(end), FILTER_ANY, what);
	}
}

static void refresh(struct reading *r, struct slice value, struct slice what)
{
	struct slice after;
	size_t at = 0;

	while (at < value.n && value.p[at] != ';' && value.p[at] != ',' && !is_blank(value.p[at]))
		at++;
	after = slice_trim(slice_from(value, at < value.n ? at + 1 : at));
	if (slice_istarts_with(after, SLICE("url")) && slice_find_char(after, '=') < after.n)
		after = slice_trim(slice_from(after, slice_find_char(after, '=') + 1));
	if (after.n && (after.p[0] == '"' || after.p[0] == '\''))
		after = slice_head(slice_from(after, 1), slice_find_char(slice_from(after, 1), after.p[0]));
	url(r, after, FILTER_ANY, what);
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

/* Names that lazy loaders take addresses from. */
static bool is_lazy(struct slice name)
{
	return is_one_of(name, "data-src data-lazy-src data-lazy data-original data-iframe-src data-bg data-background "
			       "data-background-image");
}

static void attribute(struct reading *r, const struct html_token *t, struct slice name, struct slice value)
{
	struct slice what = t->raw, element = t->name_raw;

	if (slice_ieq(name, SLICE("src")) || is_lazy(name))
		url(r, value, types_of(element), what);
	else if (slice_ieq(name, SLICE("href")) || slice_ieq(name, SLICE("xlink:href")))
		href(r, t, value, what);
	else if (is_one_of(name, "srcset imagesrcset data-srcset data-lazy-srcset"))
		srcset(r, value, what);
	else if (is_one_of(name, "ping attributionsrc"))
		urls(r, value, what);
	else if (is_one_of(name, "poster background lowsrc"))
		url(r, value, FILTER_IMAGE, what);
	else if (slice_ieq(name, SLICE("style")))
		css(r, value, what);
	else if (slice_ieq(name, SLICE("srcdoc")))
		leaks_html(r->l, value, r->depth + 1);
	else if (slice_ieq(name, SLICE("data")) && slice_ieq(element, SLICE("object")))
		url(r, value, types_of(element), what);
	else if ((slice_ieq(name, SLICE("action")) && slice_ieq(element, SLICE("form"))) ||
		 slice_ieq(name, SLICE("formaction")))
		url(r, value, FILTER_ANY, what);
	else if (slice_istarts_with(name, SLICE("on")))
		leaks_script(r->l, &r->base, value, what);
}

/* -- tags ---------------------------------------------------------------------------------------------------------- */

/* Would a browser run a script of that type, or load by it? */
static bool runs(struct slice type)
{
	struct slice essence, params;

	slice_cut(type, ';', &essence, &params);
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

	if (!a || r->has_base || t->ns != HTML_NS_HTML)
		return;
	r->has_base = true;
	if (web_url_parse(value_of(r, t, a), &r->l->page, r->l->arena, &u) && u.kind == WEB_URL_NETWORK)
		r->base = u;
}

static bool is_first_of_its_name(const struct html_token *t, const struct html_attribute *a)
{
	return html_attribute_find(t, html_attribute_name(t, a)) == a;
}

static void start_tag(struct reading *r, const struct html_token *t)
{
	bool script = slice_ieq(t->name_raw, SLICE("script"));
	bool inert = script && !runs(value_named(r, t, "type")), empty;

	if (slice_ieq(t->name_raw, SLICE("base")))
		take_base(r, t);
	if (slice_ieq(t->name_raw, SLICE("meta")) && slice_ieq(value_named(r, t, "http-equiv"), SLICE("refresh")))
		refresh(r, value_named(r, t, "content"), t->raw);
	for (size_t i = 0; i < t->attribute_count && !inert; i++)
		if (is_first_of_its_name(t, &t->attributes[i]))
			attribute(r, t, html_attribute_name(t, &t->attributes[i]), value_of(r, t, &t->attributes[i]));
	empty = t->ns != HTML_NS_HTML && t->self_closing;
	r->script = script && !inert && !empty;
	r->style = slice_ieq(t->name_raw, SLICE("style")) && !empty && is_css(value_named(r, t, "type"));
	r->content = (size_t)t->offset + t->raw.n;
	r->tag = slice_of(r->text.p + t->offset, t->raw.n);
}

/* The content of a script or style is complete. */
static void content_ends(struct reading *r, size_t end)
{
	struct slice content = slice_of(r->text.p + r->content, end - r->content);
	struct slice what = arena_printf(r->l->arena, "%.*s ...", SLICE_ARG(slice_head(r->tag, 100)));

	if (r->script)
		leaks_script(r->l, &r->base, content, what);
	else if (r->style)
		css(r, content, what);
	r->script = r->style = false;
}

static void read_once(struct leaks *l, struct slice text, unsigned depth, bool scripting)
{
	struct reading r = {.l = l, .text = text, .base = l->page, .depth = depth};
	struct html_options options = {.scripting = scripting, .max_tag = HTML_TAG_MAX};
	struct html_tokenizer t;
	struct html_names names;
	struct html_token token;
	bool more;

	html_names_init(&names);
	html_names_want_all(&names, HTML_WANT_START | HTML_WANT_END);
	options.names = &names;
	buffer_init(&r.scratch, DECODED_MAX);
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, text);
	for (int end = 0; end < 2; end++) {
		while ((more = html_tokenizer_next(&t, &token))) {
			if (token.type == HTML_START_TAG || token.type == HTML_END_TAG)
				content_ends(&r, (size_t)token.offset);
			if (token.type == HTML_START_TAG)
				start_tag(&r, &token);
		}
		html_tokenizer_finish(&t);
	}
	content_ends(&r, text.n);
	html_tokenizer_free(&t);
	buffer_free(&r.scratch);
}

/* Read as by a browser that runs scripts, and if that finds nothing, by one that does not: it sees into noscript. */
void leaks_html(struct leaks *l, struct slice text, unsigned depth)
{
	size_t before = l->n;

	if (depth > DEPTH_MAX || !text.n)
		return;
	read_once(l, text, depth, true);
	if (l->n == before)
		read_once(l, text, depth, false);
}
