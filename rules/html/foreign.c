/*
 * What tree construction does that changes tokens (WHATWG HTML 13.2.6): the text that follows a start tag, and the open
 * elements while any is in svg or math. The stack's bottom is an svg or math root; HTML elements appear in it only
 * inside integration points.
 */
#include "rules/html/entity.h"
#include "rules/html/internal.h"

#define OPEN_FOREIGN (OPEN_SVG | OPEN_MATH)

static const struct html_element *innermost(const struct html_foreign *f)
{
	return f->n ? &f->open[f->n - 1] : NULL;
}

static void push(struct html_foreign *f, uint64_t name, uint32_t bits)
{
	if (f->n == HTML_DEPTH)
		f->beyond++;
	else
		f->open[f->n++] = (struct html_element){name, bits};
}

/* Leaves elements i and all within it. */
static void pop_to(struct html_foreign *f, unsigned i)
{
	f->n = i;
	f->beyond = 0;
}

/* Out of svg and math, up to the next integration point or HTML element, if any. */
static void leave(struct html_foreign *f)
{
	unsigned n = f->n;

	while (n && (f->open[n - 1].bits & OPEN_FOREIGN) && !(f->open[n - 1].bits & (OPEN_POINT | OPEN_MATH_POINT)))
		n--;
	pop_to(f, n);
}

unsigned html_tokenizer_foreign_depth(const struct html_tokenizer *t)
{
	return t->foreign.n + t->foreign.beyond;
}

void html_tokenizer_foreign_return(struct html_tokenizer *t, unsigned depth)
{
	if (depth < t->foreign.n)
		pop_to(&t->foreign, depth);
	else if (depth < t->foreign.n + t->foreign.beyond)
		t->foreign.beyond = depth - t->foreign.n;
}

bool html_in_foreign(const struct html_tokenizer *t)
{
	const struct html_element *e = innermost(&t->foreign);

	return e && (e->bits & OPEN_FOREIGN);
}

static const struct html_attribute *attribute(struct html_tokenizer *t, struct slice raw, struct slice name)
{
	struct html_token token = {.raw = raw, .attributes = t->attributes, .attribute_count = t->tag.attributes};

	return html_attribute_find(&token, name);
}

/* <annotation-xml encoding="text/html"> and the same of XHTML hold HTML. */
static bool holds_html(struct html_tokenizer *t, struct slice raw)
{
	const struct html_attribute *a = attribute(t, raw, SLICE("encoding"));
	struct slice value;
	struct buffer scratch;
	bool holds;

	if (!a)
		return false;
	buffer_init(&scratch, 256);
	holds = html_decode_attribute(slice_of(raw.p + a->value, a->value_length), &scratch, &value) &&
		(slice_ieq(value, SLICE("text/html")) || slice_ieq(value, SLICE("application/xhtml+xml")));
	buffer_free(&scratch);
	return holds;
}

static bool leaves(struct html_tokenizer *t, struct slice raw)
{
	if (t->tag.bits & NAME_LEAVES)
		return true;
	return (t->tag.bits & NAME_FONT) && (attribute(t, raw, SLICE("color")) || attribute(t, raw, SLICE("face")) ||
					     attribute(t, raw, SLICE("size")));
}

/* Which rules apply to a start tag where e is the innermost element (13.2.6, the tree construction dispatcher)? */
static bool rules_of_html(const struct html_element *e, uint32_t bits)
{
	if (!e || !(e->bits & OPEN_FOREIGN) || (e->bits & OPEN_POINT))
		return true;
	if (e->bits & OPEN_MATH_POINT)
		return !(bits & NAME_GLYPH);
	return (e->bits & OPEN_MATH) && (e->bits & NAME_ANNOTATION) && (bits & NAME_SVG);
}

static enum html_namespace start_foreign(struct html_tokenizer *t, struct slice raw)
{
	uint32_t bits = t->tag.bits, ns = innermost(&t->foreign)->bits & OPEN_FOREIGN, open = ns;

	if (ns == OPEN_SVG && (bits & NAME_SVG_POINT))
		open |= OPEN_POINT;
	if (ns == OPEN_MATH && (bits & NAME_MATH_POINT))
		open |= OPEN_MATH_POINT;
	if (ns == OPEN_MATH && (bits & NAME_ANNOTATION))
		open |= NAME_ANNOTATION | (holds_html(t, raw) ? OPEN_POINT : 0);
	if (!t->tag.self_closing)
		push(&t->foreign, t->tag.name, open);
	return ns == OPEN_SVG ? HTML_NS_SVG : HTML_NS_MATH;
}

static void enter_text(struct html_tokenizer *t, enum html_text text, enum html_state state)
{
	t->text = (uint8_t)text;
	t->state = (uint8_t)state;
	t->raw_name = t->tag.name;
	t->raw_length = t->tag.name_length;
}

/* Did the text that follows change? */
static bool start_text(struct html_tokenizer *t)
{
	uint32_t bits = t->tag.bits;

	if (t->frameset == FRAMESET_SEEN && !(bits & NAME_NOFRAMES))
		return false;
	if (bits & NAME_RCDATA)
		enter_text(t, HTML_RCDATA, STATE_RAW);
	else if ((bits & NAME_RAWTEXT) || ((bits & NAME_NOSCRIPT) && t->options.scripting))
		enter_text(t, HTML_RAWTEXT, STATE_RAW);
	else if (bits & NAME_SCRIPT)
		enter_text(t, HTML_SCRIPT, STATE_SCRIPT);
	else if (bits & NAME_PLAINTEXT)
		enter_text(t, HTML_PLAINTEXT, STATE_PLAINTEXT);
	else
		return false;
	return true;
}

/* An HTML element opens inside an integration point. */
static void open_html(struct html_foreign *f, uint64_t name, uint32_t bits)
{
	const struct html_element *e = innermost(f);

	if (!(e->bits & OPEN_FOREIGN) && !f->beyond &&
	    ((e->name == name && (bits & NAME_SIBLING)) || ((bits & NAME_BLOCK) && e->name == html_name(SLICE("p")))))
		pop_to(f, f->n - 1);
	if (!(bits & NAME_VOID))
		push(f, name, 0);
}

static bool is_open(const struct html_tokenizer *t, struct slice name)
{
	return t->open[names_in(t->options.names->slots, html_name(name))->counted] > 0;
}

/*
 * An element of the tag's name, around svg and math. Parts of tables that are in none were ignored when they began;
 * rows and bodies need no tag.
 */
static bool is_open_around(const struct html_tokenizer *t)
{
	bool row = t->tag.name == html_name(SLICE("tr")) || t->tag.name == html_name(SLICE("tbody"));

	if (!t->open[t->tag.counted] && !(row && (is_open(t, SLICE("td")) || is_open(t, SLICE("th")))))
		return false;
	return !(t->tag.bits & NAME_IN_TABLE) || is_open(t, SLICE("table")) || is_open(t, SLICE("template"));
}

/*
 * A tag of a part of a table ends what is open in the part in front of it, out of integration points too. True: it did,
 * of the table around all svg and math.
 */
static bool ends_part(struct html_tokenizer *t)
{
	struct html_foreign *f = &t->foreign;

	if (!(t->tag.bits & (NAME_IN_TABLE | NAME_TABLE)) || !f->n)
		return false;
	if (t->tag.end ? !is_open_around(t) : !is_open(t, SLICE("table")) && !is_open(t, SLICE("template")))
		return false;
	for (unsigned i = f->n; i; i--) {
		const struct html_element *e = &f->open[i - 1];

		if (!(e->bits & OPEN_FOREIGN) &&
		    (e->name == html_name(SLICE("table")) || e->name == html_name(SLICE("template"))))
			return false;
	}
	pop_to(f, 0);
	return true;
}

/*
 * In a template that begins with a column only columns and templates follow, and all other tags are ignored, whatever
 * text they would be followed by elsewhere.
 */
static bool ignored_in_template(struct html_tokenizer *t)
{
	uint32_t bits = t->tag.bits;

	if (bits & NAME_TEMPLATE) {
		if (t->frameset != FRAMESET_SEEN)
			t->templates = t->templates << 2 | TEMPLATE_NOTHING;
		return false;
	}
	if ((t->templates & TEMPLATE_BITS) == TEMPLATE_NOTHING && !(bits & NAME_IN_TEMPLATE))
		t->templates ^= TEMPLATE_NOTHING ^ (bits & NAME_COL ? TEMPLATE_COLUMNS : TEMPLATE_OTHER);
	return (t->templates & TEMPLATE_BITS) == TEMPLATE_COLUMNS;
}

enum html_namespace html_start_effect(struct html_tokenizer *t, struct slice raw)
{
	struct html_foreign *f = &t->foreign;
	uint32_t bits = t->tag.bits;

	if (t->options.isolated)
		return HTML_NS_HTML;
	if (t->options.ahead) {
		(void)start_text(t);
		return HTML_NS_HTML;
	}
	if (t->frameset == FRAMESET_POSSIBLE && (bits & (NAME_FRAMESET | NAME_NO_FRAMESET)))
		t->frameset = bits & NAME_FRAMESET ? FRAMESET_SEEN : FRAMESET_NONE;
	if (!rules_of_html(innermost(f), bits)) {
		if (!leaves(t, raw))
			return start_foreign(t, raw);
		leave(f);
		t->tag.left = true;
	}
	if (bits & NAME_IN_TABLE)
		(void)ends_part(t);
	t->tag.ignored = ignored_in_template(t);
	if (t->tag.ignored)
		return HTML_NS_HTML;
	if ((bits & (NAME_SVG | NAME_MATH)) && t->frameset != FRAMESET_SEEN) {
		if (!t->tag.self_closing)
			push(f, t->tag.name, bits & NAME_SVG ? OPEN_SVG : OPEN_MATH);
		return bits & NAME_SVG ? HTML_NS_SVG : HTML_NS_MATH;
	}
	if (!start_text(t) && f->n)
		open_html(f, t->tag.name, bits);
	if (!f->n)
		count_open(t, t->tag.counted, false);
	return HTML_NS_HTML;
}

/* </template> ends the innermost template, whatever is open in it, svg and math included. */
static void end_template(struct html_tokenizer *t)
{
	struct html_foreign *f = &t->foreign;
	unsigned i = f->n;

	while (i && ((f->open[i - 1].bits & OPEN_FOREIGN) || f->open[i - 1].name != t->tag.name))
		i--;
	if (i || t->open[t->tag.counted])
		pop_to(f, i ? i - 1 : 0);
	if (!i)
		count_open(t, t->tag.counted, true);
	t->templates >>= 2;
}

/*
 * An end tag by the rules of HTML: it closes the HTML element of that name, if one is open this side of the next
 * integration point.
 */
static void end_html(struct html_foreign *f, uint64_t name)
{
	for (unsigned i = f->n; i && !(f->open[i - 1].bits & OPEN_FOREIGN); i--) {
		if (f->open[i - 1].name == name) {
			pop_to(f, i - 1);
			return;
		}
	}
}

/* An end tag in svg or math (13.2.6.5, "any other end tag"). */
static void end_foreign(struct html_tokenizer *t)
{
	struct html_foreign *f = &t->foreign;
	uint64_t name = t->tag.name;
	unsigned i = f->n;
	bool point = false;

	for (; i && (f->open[i - 1].bits & OPEN_FOREIGN); i--) {
		if (f->open[i - 1].name == name) {
			pop_to(f, i - 1);
			return;
		}
		point |= (f->open[i - 1].bits & (OPEN_POINT | OPEN_MATH_POINT | NAME_ANNOTATION)) != 0;
	}
	if (t->tag.bits & NAME_TEMPLATE)
		end_template(t);
	if (point || (t->tag.bits & NAME_TEMPLATE))
		return;
	/* By the rules of HTML it may close an element around svg; those outside of all of it are only counted. */
	if (i == 0) {
		if (is_open_around(t))
			pop_to(f, 0);
		count_open(t, t->tag.counted, true);
		return;
	}
	for (; i && !(f->open[i - 1].bits & OPEN_FOREIGN); i--) {
		if (f->open[i - 1].name == name) {
			pop_to(f, i - 1);
			return;
		}
	}
}

void html_end_effect(struct html_tokenizer *t)
{
	struct html_foreign *f = &t->foreign;
	uint64_t name = t->tag.name;

	if (f->n == 0) {
		if (t->tag.bits & NAME_TEMPLATE)
			end_template(t);
		else
			count_open(t, t->tag.counted, true);
		return;
	}
	if (f->beyond) {
		f->beyond--;
		return;
	}
	if (ends_part(t)) {
		count_open(t, t->tag.counted, true);
		return;
	}
	if (!(innermost(f)->bits & OPEN_FOREIGN)) {
		if (t->tag.bits & NAME_TEMPLATE)
			end_template(t);
		else
			end_html(f, name);
		return;
	}
	if (name == html_name(SLICE("p")) || name == html_name(SLICE("br"))) {
		leave(f);
		end_html(f, name);
		return;
	}
	end_foreign(t);
}
