/* The text of selectors (Selectors Level 4, section 4 and on; CSS Syntax Level 3, 4.3 for identifiers and strings). */
#include <stdarg.h>
#include <stdio.h>

#include "rules/html/selectors_internal.h"

static char peek(const struct selector_parse *p, size_t ahead)
{
	return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static bool at_end(const struct selector_parse *p)
{
	return p->at == p->text.n;
}

static bool fail(struct selector_parse *p, size_t offset, const char *hint, const char *fmt, ...) CG_PRINTF(4, 5);
static bool fail(struct selector_parse *p, size_t offset, const char *hint, const char *fmt, ...)
{
	va_list args;

	p->error->offset = offset;
	va_start(args, fmt);
	vsnprintf(p->error->message, sizeof p->error->message, fmt, args);
	va_end(args);
	snprintf(p->error->hint, sizeof p->error->hint, "%s", hint);
	return false;
}

/* The message stays empty, as it was at the beginning. */
static bool no_memory(struct selector_parse *p)
{
	p->error->offset = p->at;
	return false;
}

static bool is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static void skip_space(struct selector_parse *p)
{
	while (!at_end(p) && selector_space(p->text.p[p->at]))
		p->at++;
}

static bool is_name_char(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* What stands at the place, for messages: a character or, of UTF-8, its octets. */
static struct slice here(const struct selector_parse *p)
{
	size_t n = 1;

	while (p->at + n < p->text.n && ((unsigned char)p->text.p[p->at + n] & 0xc0) == 0x80 && n < 4)
		n++;
	return at_end(p) ? SLICE("the end") : slice_of(p->text.p + p->at, n);
}

static size_t add_point(char *out, uint32_t c)
{
	size_t n = 0;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		out[n++] = (char)c;
		return n;
	}
	if (c < 0x800) {
		out[n++] = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			out[n++] = (char)(0xe0 | c >> 12);
		} else {
			out[n++] = (char)(0xf0 | c >> 18);
			out[n++] = (char)(0x80 | (c >> 12 & 63));
		}
		out[n++] = (char)(0x80 | (c >> 6 & 63));
	}
	out[n++] = (char)(0x80 | (c & 63));
	return n;
}

/* After a backslash, which is not the last octet (CSS Syntax 4.3.7). An escape is never shorter than what it means. */
static size_t read_escape(struct selector_parse *p, char *out)
{
	uint32_t c = 0;
	unsigned digits = 0;

	for (; digits < 6 && !at_end(p) && ascii_hex_value(peek(p, 0)) >= 0; digits++)
		c = c << 4 | (uint32_t)ascii_hex_value(p->text.p[p->at++]);
	if (digits == 0) {
		*out = p->text.p[p->at++];
		return 1;
	}
	if (peek(p, 0) == '\r' && peek(p, 1) == '\n')
		p->at++;
	if (!at_end(p) && selector_space(p->text.p[p->at]))
		p->at++;
	return add_point(out, c);
}

/* Room for what the rest of the text can mean at most: an escape "\0" is two octets and means three. */
static char *room(struct selector_parse *p, size_t n)
{
	return arena_alloc(p->set->arena, n + n / 2 + 4);
}

/* How many octets the name at the place has, in the source. */
static size_t name_extent(const struct selector_parse *p, bool colon)
{
	size_t i = p->at;

	while (i < p->text.n) {
		char c = p->text.p[i];

		if (c == '\\' && i + 1 < p->text.n && p->text.p[i + 1] != '\n')
			i += 2;
		else if (is_name_char(c) || (colon && c == ':'))
			i++;
		else
			break;
		if (c == '\\') { /* the white space that ends an escape of digits is taken with it */
			size_t k = i - 1;

			while (k < p->text.n && k < i + 5 && ascii_hex_value(p->text.p[k]) >= 0)
				k++;
			if (k >= i) {
				i = k;
				if (i + 1 < p->text.n && p->text.p[i] == '\r' && p->text.p[i + 1] == '\n')
					i++;
				if (i < p->text.n && selector_space(p->text.p[i]))
					i++;
			}
		}
	}
	return i - p->at;
}

/* An identifier; colon: a ':' is one of its characters. Fails if there is none; what: for the message. */
static bool read_name(struct selector_parse *p, const char *what, const char *hint, bool colon, struct slice *name)
{
	size_t from = p->at, extent = name_extent(p, colon), end = from + extent, n = 0;
	char *out;

	if (extent == 0)
		return fail(p, from, hint, "%s is missing before \"%.*s\"", what, SLICE_ARG(here(p)));
	if (ascii_is_digit(peek(p, 0)) || (peek(p, 0) == '-' && ascii_is_digit(peek(p, 1))))
		return fail(p, from, hint, "%s cannot begin with a digit", what);
	out = room(p, extent);
	if (!out)
		return no_memory(p);
	while (p->at < end) {
		char c = p->text.p[p->at++];

		if (c == '\\')
			n += read_escape(p, out + n);
		else
			out[n++] = c;
	}
	*name = slice_of(out, n);
	return true;
}

static bool read_string(struct selector_parse *p, struct slice *value)
{
	size_t from = p->at, n = 0;
	char quote = p->text.p[p->at++], *out = room(p, p->text.n - from);

	if (!out)
		return no_memory(p);
	while (!at_end(p) && peek(p, 0) != quote) {
		char c = p->text.p[p->at++];

		if (c != '\\')
			out[n++] = c;
		else if (peek(p, 0) == '\n' && !at_end(p))
			p->at++;
		else if (!at_end(p))
			n += read_escape(p, out + n);
	}
	if (at_end(p))
		return fail(p, from, "", "the string is not closed: %c is missing", quote);
	p->at++;
	*value = slice_of(out, n);
	return true;
}

/* Any octets but white space, quotes and ']': more than CSS allows, since src*=youtube.com is what people write. */
static bool read_bare_value(struct selector_parse *p, struct slice *value)
{
	size_t from = p->at, n = 0;
	char *out = room(p, p->text.n - from);

	if (!out)
		return no_memory(p);
	while (!at_end(p) && !selector_space(peek(p, 0)) && !is_of(peek(p, 0), "]\"'")) {
		char c = p->text.p[p->at++];

		if (c == '\\' && !at_end(p))
			n += read_escape(p, out + n);
		else
			out[n++] = c;
	}
	if (n == 0)
		return fail(p, from, "write [name=\"value\"]", "a value is missing before \"%.*s\"",
			    SLICE_ARG(here(p)));
	if (!at_end(p) && is_of(peek(p, 0), "\"'"))
		return fail(p, p->at, "put the whole value in quotes", "a quote within a value");
	*value = slice_of(out, n);
	return true;
}

static bool read_operator(struct selector_parse *p, enum selector_operator *op)
{
	static const char marks[] = "~|^$*";
	static const enum selector_operator ops[] = {ATTRIBUTE_INCLUDES, ATTRIBUTE_DASH, ATTRIBUTE_PREFIX,
						     ATTRIBUTE_SUFFIX, ATTRIBUTE_SUBSTRING};
	char c = peek(p, 0);
	const char *mark = c ? strchr(marks, c) : NULL;

	if (c == '=') {
		*op = ATTRIBUTE_EQUALS;
		p->at++;
		return true;
	}
	if (mark && peek(p, 1) == '=') {
		*op = ops[mark - marks];
		p->at += 2;
		return true;
	}
	if (c == '|')
		return fail(p, p->at, "leave out the namespace: [href], [xlink:href]", "namespaces are not supported");
	if (c == '!')
		return fail(p, p->at, "write :not([name=\"value\"])", "\"!=\" is not an operator of selectors");
	return fail(p, p->at, "operators are = ~= |= ^= $= *=", "\"%.*s\" cannot follow the name of an attribute",
		    SLICE_ARG(here(p)));
}

static bool read_flag(struct selector_parse *p, struct selector_test *t)
{
	char c = ascii_lower(peek(p, 0));

	if (c != 'i' && c != 's')
		return true;
	if (is_name_char(peek(p, 1)))
		return true; /* closing is told to be missing */
	t->fold = c == 'i' ? FOLD_ALWAYS : FOLD_NEVER;
	p->at++;
	skip_space(p);
	return true;
}

static bool has_space(struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		if (selector_space(value.p[i]))
			return true;
	}
	return false;
}

static bool is_never(const struct selector_test *t)
{
	switch (t->op) {
	case ATTRIBUTE_INCLUDES:
		return t->value.n == 0 || has_space(t->value);
	case ATTRIBUTE_PREFIX:
	case ATTRIBUTE_SUFFIX:
	case ATTRIBUTE_SUBSTRING:
		return t->value.n == 0;
	default:
		return false;
	}
}

static bool add_test(struct selector_parse *p, struct selector_compound *c, size_t offset, struct slice name,
		     const struct selector_test *like)
{
	struct selector_test *t = arena_alloc(p->set->arena, sizeof *t), **end = &c->tests;
	unsigned n = 0;
	bool full = false;

	if (!t)
		return no_memory(p);
	*t = *like;
	t->next = NULL;
	if (t->value.n > SELECTOR_VALUE_MAX)
		return fail(p, offset, "", "the value is longer than %d octets", SELECTOR_VALUE_MAX);
	t->attribute = selector_attribute_get(p->set, name, &full);
	if (full)
		return fail(p, offset, "", "the selectors ask for more than %d different attributes",
			    SELECTOR_ATTRIBUTES_MAX);
	if (!t->attribute)
		return no_memory(p);
	if (t->fold == FOLD_IN_HTML && !t->attribute->folds)
		t->fold = FOLD_NEVER;
	t->never = is_never(t);
	for (; *end; end = &(*end)->next)
		n++;
	if (n == SELECTOR_TESTS_MAX)
		return fail(p, offset, "", "more than %d ids, classes and attributes in one", SELECTOR_TESTS_MAX);
	*end = t;
	return true;
}

static bool read_attribute(struct selector_parse *p, struct selector_compound *c)
{
	struct selector_test t = {.fold = FOLD_IN_HTML};
	struct slice name;
	size_t from = p->at++;

	skip_space(p);
	if (peek(p, 0) == '|' || (peek(p, 0) == '*' && peek(p, 1) == '|'))
		return fail(p, p->at, "leave out the namespace: [href], [xlink:href]", "namespaces are not supported");
	if (!read_name(p, "the name of an attribute", "write [name] or [name=\"value\"]", true, &name))
		return false;
	skip_space(p);
	if (!at_end(p) && peek(p, 0) != ']') {
		if (!read_operator(p, &t.op))
			return false;
		skip_space(p);
		if (peek(p, 0) == '"' || peek(p, 0) == '\'') {
			if (!read_string(p, &t.value))
				return false;
		} else if (!read_bare_value(p, &t.value)) {
			return false;
		}
		skip_space(p);
		if (!read_flag(p, &t))
			return false;
	}
	if (at_end(p))
		return fail(p, from, "", "the attribute is not closed: ] is missing");
	if (peek(p, 0) != ']')
		return fail(p, p->at, "values with spaces need quotes; after them only i or s may stand",
			    "\"%.*s\" where ] is due", SLICE_ARG(here(p)));
	p->at++;
	return add_test(p, c, from, name, &t);
}

static bool read_id_or_class(struct selector_parse *p, struct selector_compound *c)
{
	bool id = peek(p, 0) == '#';
	struct selector_test t = {.op = id ? ATTRIBUTE_EQUALS : ATTRIBUTE_INCLUDES, .fold = FOLD_NEVER};
	size_t from = p->at++;

	if (id && peek(p, 0) == '#')
		return fail(p, from, "leave out the ##", "\"##\" is of filter lists, not of selectors");
	if (!read_name(p, id ? "an id" : "a class", id ? "write [id=\"...\"]" : "write [class~=\"...\"]", false,
		       &t.value))
		return false;
	return add_test(p, c, from, id ? SLICE("id") : SLICE("class"), &t);
}

static bool read_simple(struct selector_parse *p, struct selector_compound *c, bool *any);

static const char *pseudo_hint(struct slice name)
{
	static const struct {
		struct slice names;
		const char *hint;
	} hints[] = {
		{SLICE_INIT("contains has-text -abp-contains"), "write: SELECTOR containing \"text\""},
		{SLICE_INIT("is where matches any -webkit-any -moz-any"), "write a list: div.a, div.b"},
		{SLICE_INIT("before after first-line first-letter selection marker placeholder"),
		 "leave it out: a pseudo-element has no tag"},
		{SLICE_INIT("checked"), "write [checked]"},
		{SLICE_INIT("disabled"), "write [disabled]"},
		{SLICE_INIT("required"), "write [required]"},
		{SLICE_INIT("link any-link"), "write a[href]"},
		{SLICE_INIT("root"), "write html"},
		{SLICE_INIT("lang"), "write [lang|=\"en\"]"},
	};

	for (size_t i = 0; i < CG_COUNT(hints); i++) {
		struct slice one, rest = hints[i].names;

		while (rest.n) {
			slice_cut(rest, ' ', &one, &rest);
			if (slice_ieq(one, name))
				return hints[i].hint;
		}
	}
	return "name the element by its type, id, class or attributes; of pseudo-classes there is only :not(...)";
}

/* The inside of ":not(": one compound. */
static bool read_not(struct selector_parse *p, struct selector_compound *c)
{
	struct selector_compound *n = arena_calloc(p->set->arena, 1, sizeof *n);
	bool any = false;
	size_t from;

	if (!n)
		return no_memory(p);
	skip_space(p);
	from = p->at;
	while (!at_end(p) && !is_of(peek(p, 0), ",) >+~") && !selector_space(peek(p, 0))) {
		if (peek(p, 0) == ':')
			return fail(p, p->at, "", ":not(...) holds types, ids, classes and attributes only");
		if (!read_simple(p, n, &any))
			return false;
	}
	skip_space(p);
	if (at_end(p))
		return fail(p, from, "", ":not( is not closed: ) is missing");
	if (peek(p, 0) == ',')
		return fail(p, p->at, "write :not(a):not(b) for :not(a, b)", "a list in :not(...) is not supported");
	if (peek(p, 0) != ')')
		return fail(p, p->at, "", "\"%.*s\" in :not(...), which takes no combinators", SLICE_ARG(here(p)));
	if (!any)
		return fail(p, from, "", ":not() is empty");
	p->at++;
	n->next = c->nots;
	c->nots = n;
	return true;
}

static bool read_pseudo(struct selector_parse *p, struct selector_compound *c)
{
	size_t from = p->at++;
	struct slice name;
	bool element = peek(p, 0) == ':';

	p->at += element;
	if (!read_name(p, "the name of a pseudo-class", "", false, &name))
		return false;
	if (!element && slice_ieq(name, SLICE("not")) && peek(p, 0) == '(') {
		p->at++;
		return read_not(p, c);
	}
	return fail(p, from, pseudo_hint(name), "pseudo-%s \"%s%.*s\" is not supported", element ? "element" : "class",
		    element ? "::" : ":", SLICE_ARG(slice_head(name, 40)));
}

static bool set_type(struct selector_parse *p, struct selector_compound *c, bool any)
{
	size_t from = p->at;
	struct slice name;
	char *lower;

	if (any || c->tests || c->nots)
		return fail(p, from, "write the type first: div.class[attribute]",
			    "a type in the middle of a selector");
	if (!read_name(p, "a type", "", false, &name))
		return false;
	if (peek(p, 0) == '|')
		return fail(p, p->at, "leave out the namespace: \"svg image\" for the images of svg",
			    "namespaces are not supported");
	if (!ascii_is_alpha(name.p[0]) || name.n > HTML_NAME_MAX)
		return fail(p, from, "", "no element can have the name \"%.*s\"", SLICE_ARG(slice_head(name, 40)));
	lower = arena_alloc(p->set->arena, name.n);
	if (!lower)
		return no_memory(p);
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	c->type_name = slice_of(lower, name.n);
	c->type = html_name(c->type_name);
	return true;
}

static bool set_any(struct selector_parse *p, struct selector_compound *c, bool any)
{
	if (any || c->tests || c->nots)
		return fail(p, p->at, "leave it out", "\"*\" in the middle of a selector");
	if (peek(p, 1) == '|')
		return fail(p, p->at + 1, "leave out \"*|\"", "namespaces are not supported");
	p->at++;
	return true;
}

static bool unexpected(struct selector_parse *p)
{
	char c = peek(p, 0);

	if (c == '|')
		return fail(p, p->at, "", "namespaces are not supported");
	if (c == '&')
		return fail(p, p->at, "", "nested selectors (&) are not supported");
	if (c == ']' || c == ')')
		return fail(p, p->at, "", "\"%c\" closes nothing", c);
	if (c == '"' || c == '\'')
		return fail(p, p->at, "", "a string can stand only in [name=\"value\"]");
	if (ascii_is_digit(c))
		return fail(p, p->at, "", "no element's name begins with a digit");
	return fail(p, p->at, "a selector looks like div.class#id[name=\"value\"]", "\"%.*s\" is not of a selector",
		    SLICE_ARG(here(p)));
}

/* One of what compounds are made of. */
static bool read_simple(struct selector_parse *p, struct selector_compound *c, bool *any)
{
	bool had = *any;

	*any = true;
	switch (peek(p, 0)) {
	case '#':
	case '.':
		return read_id_or_class(p, c);
	case '[':
		return read_attribute(p, c);
	case ':':
		return read_pseudo(p, c);
	case '*':
		return set_any(p, c, had);
	default:
		return name_extent(p, false) && !ascii_is_digit(peek(p, 0)) ? set_type(p, c, had) : unexpected(p);
	}
}

static bool read_compound(struct selector_parse *p, struct selector_compound *c)
{
	bool any = false;

	if (at_end(p))
		return fail(p, p->at, "", "a selector is missing at the end");
	if (is_of(peek(p, 0), ",>"))
		return fail(p, p->at, "", "a selector is missing before \"%c\"", peek(p, 0));
	do {
		if (is_of(peek(p, 0), "+~"))
			return fail(p, p->at, "name the element itself, or what it is in: div.ads img, div.ads > img",
				    "sibling combinators are not supported");
		if (!read_simple(p, c, &any))
			return false;
	} while (!at_end(p) && !selector_space(peek(p, 0)) && !is_of(peek(p, 0), ",>"));
	return true;
}

/* True with *more: a combinator was read, another compound follows. */
static bool read_combinator(struct selector_parse *p, bool *child, bool *more)
{
	skip_space(p);
	*child = peek(p, 0) == '>';
	*more = !at_end(p) && peek(p, 0) != ',';
	if (!*child)
		return true;
	p->at++;
	if (peek(p, 0) == '>')
		return fail(p, p->at - 1, "write > for children", "\">>\" is not a combinator");
	skip_space(p);
	if (at_end(p))
		return fail(p, p->at - 1, "", "a selector is missing after \">\"");
	return true;
}

static struct selector_part *add_part(struct selector_parse *p, struct selector_part *left, bool child)
{
	struct selector_part *part = arena_calloc(p->set->arena, 1, sizeof *part);

	if (!part)
		return NULL;
	part->left = left;
	part->child = child;
	part->prefix = NO_PREFIX;
	part->id = NO_ID;
	*p->last = part;
	p->last = &part->next;
	return part;
}

static bool add_member(struct selector_parse *p, struct selector_part *part)
{
	struct selector_member *member = arena_calloc(p->set->arena, 1, sizeof *member);

	if (!member)
		return no_memory(p);
	part->id = member->id = p->set->ids;
	member->part = part;
	*p->last_member = member;
	p->last_member = &member->next;
	return true;
}

/* Compounds with their combinators. */
static bool read_complex(struct selector_parse *p)
{
	struct selector_part *part = NULL;
	size_t from = p->at;
	bool child = false, more = true;

	if (++p->members + p->set->members > SELECTORS_MAX)
		return fail(p, from, "", "more than %d selectors", SELECTORS_MAX);
	for (unsigned n = 1; more; n++) {
		if (n > SELECTOR_PARTS_MAX)
			return fail(p, p->at, "", "more than %d parts in one selector", SELECTOR_PARTS_MAX);
		part = add_part(p, part, child);
		if (!part)
			return no_memory(p);
		if (!read_compound(p, &part->compound) || !read_combinator(p, &child, &more))
			return false;
		if (more)
			part->prefix = (uint32_t)(p->set->prefixes + p->prefixes++);
	}
	if (p->set->prefixes + p->prefixes > SELECTOR_PREFIXES_MAX)
		return fail(p, from, "", "more than %d combinators in all selectors", SELECTOR_PREFIXES_MAX);
	return add_member(p, part);
}

bool selector_parse_list(struct selector_parse *p)
{
	do {
		skip_space(p);
		if (!read_complex(p))
			return false;
	} while (p->at < p->text.n && p->text.p[p->at++] == ',');
	return true;
}
