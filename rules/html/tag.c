#include "rules/html/internal.h"

/* What ends the name of an attribute: white space, '/', '>', '='. What ends an unquoted value: white space, '>'. */
enum { ENDS_NAME = 1, ENDS_VALUE = 2 };
static const uint8_t ends[256] = {
	['\t'] = ENDS_NAME | ENDS_VALUE,
	['\n'] = ENDS_NAME | ENDS_VALUE,
	['\f'] = ENDS_NAME | ENDS_VALUE,
	['\r'] = ENDS_NAME | ENDS_VALUE,
	[' '] = ENDS_NAME | ENDS_VALUE,
	['>'] = ENDS_NAME | ENDS_VALUE,
	['/'] = ENDS_NAME,
	['='] = ENDS_NAME,
};

static inline const char *find_end(const char *p, const char *end, uint8_t what)
{
	while (p < end && !(ends[(unsigned char)*p] & what))
		p++;
	return p;
}

static inline const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

#define OFFSET	  ((uint32_t)(base + (size_t)(p - from)))
#define SET(f, v) (store ? (void)(a->f = (v)) : (void)0)
/* The input is over: the next piece goes on in state s. */
#define STOP(s)                         \
	do {                            \
		if (p == end) {         \
			g->state = (s); \
			return NULL;    \
		}                       \
	} while (0)
/* An attribute is whole. */
#define DONE()                                            \
	do {                                              \
		if (store && g->in_attribute) {           \
			g->in_attribute = false;          \
			a = &attributes[++g->attributes]; \
		}                                         \
	} while (0)

/*
 * The states from "before attribute name" to "self-closing start tag" (WHATWG HTML 13.2.5.32 to 13.2.5.40). One body
 * for both uses, so that a tag that is skipped ends where it would if it were read.
 */
static inline __attribute__((always_inline)) const char *read_tag(struct html_tag *g, struct html_attribute *attributes,
								  uint32_t max, const char *p, const char *end,
								  size_t base, bool store)
{
	const char *const from = p;
	struct html_attribute *a = store ? &attributes[g->attributes < max ? g->attributes : 0] : NULL;
	char quote = g->state == TAG_SINGLE ? '\'' : '"';

	switch (g->state) {
	case TAG_NAME:
		goto name;
	case TAG_AFTER_NAME:
		goto after_name;
	case TAG_BEFORE_VALUE:
		goto before_value;
	case TAG_UNQUOTED:
		goto unquoted;
	case TAG_SINGLE:
	case TAG_DOUBLE:
		goto quoted;
	case TAG_CLOSING:
		goto closing;
	}
before_name:
	p = skip_space(p, end);
	STOP(TAG_BEFORE_NAME);
	if (*p == '>')
		return p + 1;
	if (*p == '/')
		goto slash;
begin:
	if (store && g->attributes == max) {
		g->state = TAG_BEFORE_NAME;
		g->full = true;
		return p;
	}
	if (store) {
		*a = (struct html_attribute){.name = OFFSET};
		g->in_attribute = true;
	}
	p++; /* whatever it is, '=' too */
	if (!store && g->looks) {
		g->passed++;
		if (p < end && may_carry(p[-1], *p))
			g->carries = true;
	}
name:
	p = find_end(p, end, ENDS_NAME);
	SET(name_length, OFFSET - a->name);
	SET(value, OFFSET);
	STOP(TAG_NAME);
after_name:
	p = skip_space(p, end);
	STOP(TAG_AFTER_NAME);
	if (*p == '=') {
		p++;
		goto before_value;
	}
	DONE();
	if (*p == '>')
		return p + 1;
	if (*p != '/')
		goto begin;
slash:
	p++;
closing:
	STOP(TAG_CLOSING);
	if (*p != '>')
		goto before_name;
	g->self_closing = true;
	return p + 1;
before_value:
	p = skip_space(p, end);
	STOP(TAG_BEFORE_VALUE);
	SET(quote, HTML_UNQUOTED);
	SET(value, OFFSET);
	if (*p == '"' || *p == '\'') {
		quote = *p++;
		SET(quote, quote == '"' ? HTML_DOUBLE_QUOTED : HTML_SINGLE_QUOTED);
		SET(value, OFFSET);
		goto quoted;
	}
unquoted:
	p = find_end(p, end, ENDS_VALUE);
	SET(value_length, OFFSET - a->value);
	STOP(TAG_UNQUOTED);
	DONE();
	goto before_name;
quoted:
	p = find_char(p, end, quote);
	STOP(quote == '"' ? TAG_DOUBLE : TAG_SINGLE);
	SET(value_length, OFFSET - a->value);
	DONE();
	p++;
	goto before_name;
}

const char *html_tag_read(struct html_tag *g, struct html_attribute *attributes, uint32_t max, const char *p,
			  const char *end, size_t base)
{
	return read_tag(g, attributes, max, p, end, base, true);
}

const char *html_tag_skip(struct html_tag *g, const char *p, const char *end)
{
	return read_tag(g, NULL, 0, p, end, 0, false);
}

const struct html_attribute *html_attribute_find(const struct html_token *token, struct slice name)
{
	for (size_t i = 0; i < token->attribute_count; i++) {
		if (slice_ieq(html_attribute_name(token, &token->attributes[i]), name))
			return &token->attributes[i];
	}
	return NULL;
}
