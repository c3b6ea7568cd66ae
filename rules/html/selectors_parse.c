/* The grammar of selectors (Selectors Level 4, 3.1 to 3.9 and 16). */
#include "rules/html/selectors_text.h"

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
		return selector_fail(p, p->at, "leave out the namespace: [href], [xlink:href]",
				     "namespaces are not supported");
	if (c == '!')
		return selector_fail(p, p->at, "write :not([name=\"value\"])",
				     "\"!=\" is not an operator of selectors");
	return selector_fail(p, p->at,
			     "operators are = ~= |= ^= $= *=", "\"%.*s\" cannot follow the name of an attribute",
			     SLICE_ARG(selector_here(p)));
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
		return selector_fail(p, offset, "", "the value is longer than %d octets", SELECTOR_VALUE_MAX);
	t->attribute = selector_attribute_get(p->set, name, &full);
	if (full)
		return selector_fail(p, offset, "", "the selectors ask for more than %d different attributes",
				     SELECTOR_ATTRIBUTES_MAX);
	if (!t->attribute)
		return no_memory(p);
	if (t->fold == FOLD_IN_HTML && !t->attribute->folds)
		t->fold = FOLD_NEVER;
	t->never = is_never(t);
	for (; *end; end = &(*end)->next)
		n++;
	if (n == SELECTOR_TESTS_MAX)
		return selector_fail(p, offset, "", "more than %d ids, classes and attributes in one",
				     SELECTOR_TESTS_MAX);
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
		return selector_fail(p, p->at, "leave out the namespace: [href], [xlink:href]",
				     "namespaces are not supported");
	if (!selector_read_name(p, "the name of an attribute", "write [name] or [name=\"value\"]", true, &name))
		return false;
	skip_space(p);
	if (!at_end(p) && peek(p, 0) != ']') {
		if (!read_operator(p, &t.op))
			return false;
		skip_space(p);
		if (peek(p, 0) == '"' || peek(p, 0) == '\'') {
			if (!selector_read_string(p, &t.value))
				return false;
		} else if (!selector_read_bare_value(p, &t.value)) {
			return false;
		}
		skip_space(p);
		if (!read_flag(p, &t))
			return false;
	}
	if (at_end(p))
		return selector_fail(p, from, "", "the attribute is not closed: ] is missing");
	if (peek(p, 0) != ']')
		return selector_fail(p, p->at, "values with spaces need quotes; after them only i or s may stand",
				     "\"%.*s\" where ] is due", SLICE_ARG(selector_here(p)));
	p->at++;
	return add_test(p, c, from, name, &t);
}

static bool read_id_or_class(struct selector_parse *p, struct selector_compound *c)
{
	bool id = peek(p, 0) == '#';
	struct selector_test t = {.op = id ? ATTRIBUTE_EQUALS : ATTRIBUTE_INCLUDES, .fold = FOLD_NEVER};
	size_t from = p->at++;

	if (id && peek(p, 0) == '#')
		return selector_fail(p, from, "leave out the ##", "\"##\" is of filter lists, not of selectors");
	if (!selector_read_name(p, id ? "an id" : "a class", id ? "write [id=\"...\"]" : "write [class~=\"...\"]",
				false, &t.value))
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
			return selector_fail(p, p->at, "", ":not(...) holds types, ids, classes and attributes only");
		if (!read_simple(p, n, &any))
			return false;
	}
	skip_space(p);
	if (at_end(p))
		return selector_fail(p, from, "", ":not( is not closed: ) is missing");
	if (peek(p, 0) == ',')
		return selector_fail(p, p->at, "write :not(a):not(b) for :not(a, b)",
				     "a list in :not(...) is not supported");
	if (peek(p, 0) != ')')
		return selector_fail(p, p->at, "", "\"%.*s\" in :not(...), which takes no combinators",
				     SLICE_ARG(selector_here(p)));
	if (!any)
		return selector_fail(p, from, "", ":not() is empty");
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
	if (!selector_read_name(p, "the name of a pseudo-class", "", false, &name))
		return false;
	if (!element && slice_ieq(name, SLICE("not")) && peek(p, 0) == '(') {
		p->at++;
		return read_not(p, c);
	}
	return selector_fail(p, from, pseudo_hint(name), "pseudo-%s \"%s%.*s\" is not supported",
			     element ? "element" : "class", element ? "::" : ":", SLICE_ARG(slice_head(name, 40)));
}

static bool set_type(struct selector_parse *p, struct selector_compound *c, bool any)
{
	size_t from = p->at;
	struct slice name;
	char *lower;

	if (any || c->tests || c->nots)
		return selector_fail(p, from, "write the type first: div.class[attribute]",
				     "a type in the middle of a selector");
	if (!selector_read_name(p, "a type", "", false, &name))
		return false;
	if (peek(p, 0) == '|')
		return selector_fail(p, p->at, "leave out the namespace: \"svg image\" for the images of svg",
				     "namespaces are not supported");
	if (!ascii_is_alpha(name.p[0]) || name.n > HTML_NAME_MAX)
		return selector_fail(p, from, "", "no element can have the name \"%.*s\"",
				     SLICE_ARG(slice_head(name, 40)));
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
		return selector_fail(p, p->at, "leave it out", "\"*\" in the middle of a selector");
	if (peek(p, 1) == '|')
		return selector_fail(p, p->at + 1, "leave out \"*|\"", "namespaces are not supported");
	p->at++;
	return true;
}

static bool unexpected(struct selector_parse *p)
{
	char c = peek(p, 0);

	if (c == '|')
		return selector_fail(p, p->at, "", "namespaces are not supported");
	if (c == '&')
		return selector_fail(p, p->at, "", "nested selectors (&) are not supported");
	if (c == ']' || c == ')')
		return selector_fail(p, p->at, "", "\"%c\" closes nothing", c);
	if (c == '"' || c == '\'')
		return selector_fail(p, p->at, "", "a string can stand only in [name=\"value\"]");
	if (ascii_is_digit(c))
		return selector_fail(p, p->at, "", "no element's name begins with a digit");
	return selector_fail(p, p->at, "a selector looks like div.class#id[name=\"value\"]",
			     "\"%.*s\" is not of a selector", SLICE_ARG(selector_here(p)));
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
		return selector_name_extent(p, false) && !ascii_is_digit(peek(p, 0)) ? set_type(p, c, had)
										     : unexpected(p);
	}
}

static bool read_compound(struct selector_parse *p, struct selector_compound *c)
{
	bool any = false;

	if (at_end(p))
		return selector_fail(p, p->at, "", "a selector is missing at the end");
	if (is_of(peek(p, 0), ",>"))
		return selector_fail(p, p->at, "", "a selector is missing before \"%c\"", peek(p, 0));
	do {
		if (is_of(peek(p, 0), "+~"))
			return selector_fail(p, p->at,
					     "name the element itself, or what it is in: div.ads img, div.ads > img",
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
		return selector_fail(p, p->at - 1, "write > for children", "\">>\" is not a combinator");
	skip_space(p);
	if (at_end(p))
		return selector_fail(p, p->at - 1, "", "a selector is missing after \">\"");
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
		return selector_fail(p, from, "", "more than %d selectors", SELECTORS_MAX);
	for (unsigned n = 1; more; n++) {
		if (n > SELECTOR_PARTS_MAX)
			return selector_fail(p, p->at, "", "more than %d parts in one selector", SELECTOR_PARTS_MAX);
		part = add_part(p, part, child);
		if (!part)
			return no_memory(p);
		if (!read_compound(p, &part->compound) || !read_combinator(p, &child, &more))
			return false;
		if (more)
			part->prefix = (uint32_t)(p->set->prefixes + p->prefixes++);
	}
	if (p->set->prefixes + p->prefixes > SELECTOR_PREFIXES_MAX)
		return selector_fail(p, from, "", "more than %d combinators in all selectors", SELECTOR_PREFIXES_MAX);
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
