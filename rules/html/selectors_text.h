/* Reading the text of selectors: characters, names, values, and what is wrong with them. For selectors_parse.c. */
#ifndef CG_RULES_HTML_SELECTORS_TEXT_H
#define CG_RULES_HTML_SELECTORS_TEXT_H

#include "rules/html/selectors_internal.h"

static inline char peek(const struct selector_parse *p, size_t ahead)
{
	return p->at + ahead < p->text.n ? p->text.p[p->at + ahead] : '\0';
}

static inline bool at_end(const struct selector_parse *p)
{
	return p->at == p->text.n;
}

/* The message stays empty, as it was at the beginning. */
static inline bool no_memory(struct selector_parse *p)
{
	p->error->offset = p->at;
	return false;
}

static inline bool is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static inline void skip_space(struct selector_parse *p)
{
	while (!at_end(p) && selector_space(p->text.p[p->at]))
		p->at++;
}

static inline bool is_name_char(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* False, always. hint may be "". */
bool selector_fail(struct selector_parse *p, size_t offset, const char *hint, const char *fmt, ...) CG_PRINTF(4, 5);
/* What stands at the place, for messages: a character, of UTF-8 all its octets, or "the end". */
struct slice selector_here(const struct selector_parse *p);
/* How many octets the name at the place has in the source; 0: none is there. colon: a ':' is one of its characters. */
size_t selector_name_extent(const struct selector_parse *p, bool colon);
/* An identifier, in the arena. what, hint: for the message if there is none. */
CG_WARN_UNUSED bool selector_read_name(struct selector_parse *p, const char *what, const char *hint, bool colon,
				       struct slice *name);
/* In quotes, with which it begins. */
CG_WARN_UNUSED bool selector_read_string(struct selector_parse *p, struct slice *value);
/* Without quotes: any octets but white space, quotes and ']', for src*=youtube.com is what people write. */
CG_WARN_UNUSED bool selector_read_bare_value(struct selector_parse *p, struct slice *value);

#endif
