/* What the files of the tokenizer share; nobody else includes it. */
#ifndef CG_RULES_HTML_INTERNAL_H
#define CG_RULES_HTML_INTERNAL_H

#include "rules/html/block.h"
#include "rules/html/tokenizer.h"

/* What a name means; kept beside the html_name_want bits of a set of names. */
enum html_name_bits {
	NAME_RCDATA = 1u << 2,
	NAME_RAWTEXT = 1u << 3,
	NAME_NOSCRIPT = 1u << 4,
	NAME_SCRIPT = 1u << 5,
	NAME_PLAINTEXT = 1u << 6,
	NAME_SVG = 1u << 7,
	NAME_MATH = 1u << 8,
	NAME_LEAVES = 1u << 9,	    /* a start tag that leaves svg and math */
	NAME_FONT = 1u << 10,	    /* likewise with certain attributes */
	NAME_MATH_POINT = 1u << 11, /* MathML text integration point */
	NAME_SVG_POINT = 1u << 12,  /* HTML integration point in SVG */
	NAME_ANNOTATION = 1u << 13, /* annotation-xml */
	NAME_GLYPH = 1u << 14,	    /* mglyph, malignmark */
	NAME_VOID = 1u << 15,	    /* never open */
	NAME_BLOCK = 1u << 16,	    /* closes an open p */
	NAME_SIBLING = 1u << 17,    /* closes an open one of the same name */
	NAME_HTML = 1u << 18,	    /* its end tag leaves svg and math if it is open only around them */
	NAME_FRAMESET = 1u << 19,
	NAME_NO_FRAMESET = 1u << 20, /* no frameset can follow */
	NAME_NOFRAMES = 1u << 21,
	NAME_TEMPLATE = 1u << 22,
	NAME_COL = 1u << 23,
	NAME_IN_TEMPLATE = 1u << 24, /* leaves open what a template holds */
	NAME_TABLE = 1u << 26,
	NAME_IN_TABLE = 1u << 25, /* an element only in a table, or in a template */
	/* bits of html_element alone */
	OPEN_SVG = 1u << 28,
	OPEN_MATH = 1u << 29,
	OPEN_POINT = 1u << 30,	    /* an HTML integration point */
	OPEN_MATH_POINT = 1u << 31, /* a MathML text integration point */
};

#define NAME_TEXT (NAME_RCDATA | NAME_RAWTEXT | NAME_NOSCRIPT | NAME_SCRIPT | NAME_PLAINTEXT)
/* Start tags that change something even outside svg and math. */
#define NAME_MATTERS (NAME_TEXT | NAME_SVG | NAME_MATH | NAME_TEMPLATE)

enum html_state {
	STATE_TEXT, /* of data */
	STATE_LESS,
	STATE_END_OPEN,
	STATE_NAME,
	STATE_TAG,
	STATE_TAG_READ, /* nothing is left to read of it, but its last piece to give */
	STATE_DECLARATION,
	STATE_DOCTYPE,
	STATE_BOGUS,
	STATE_INSTRUCTION, /* of XML */
	STATE_INSTRUCTION_END,
	STATE_COMMENT_START,
	STATE_COMMENT_START_DASH,
	STATE_COMMENT,
	STATE_COMMENT_DASH,
	STATE_COMMENT_END,
	STATE_COMMENT_BANG,
	STATE_CDATA,
	STATE_CDATA_BRACKET,
	STATE_CDATA_END,
	STATE_PLAINTEXT,
	STATE_RAW, /* RCDATA and raw text */
	STATE_RAW_LESS,
	STATE_RAW_END_OPEN,
	STATE_RAW_END_NAME,
	STATE_SCRIPT,
	STATE_SCRIPT_LESS,
	STATE_SCRIPT_BANG,
	STATE_SCRIPT_BANG_DASH,
	STATE_ESCAPED, /* after <!-- in a script */
	STATE_ESCAPED_DASH,
	STATE_ESCAPED_DASHES,
	STATE_ESCAPED_LESS,
	STATE_ESCAPED_NAME,
	STATE_DOUBLE, /* after <!-- and <script in a script */
	STATE_DOUBLE_DASH,
	STATE_DOUBLE_DASHES,
	STATE_DOUBLE_LESS,
	STATE_DOUBLE_NAME,
};

/* What an open template holds, in two bits of html_tokenizer.templates (13.2.6.4.22). */
enum html_template {
	TEMPLATE_OTHER,
	TEMPLATE_NOTHING, /* yet */
	TEMPLATE_COLUMNS, /* and nothing else until it ends */
	TEMPLATE_BITS = 3,
};

enum html_frameset { FRAMESET_POSSIBLE, FRAMESET_NONE, FRAMESET_SEEN };

static inline bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

/* letters: by a first letter (a is 1), the second ones that some names have. */
static inline bool begins_with(const uint32_t letters[32], char first, char second)
{
	unsigned a = (unsigned char)first, b = (unsigned char)second;

	return (a & b & 0x40) && !((a | b) & 0x80) && (letters[a & 31] >> (b & 31) & 1);
}

extern const uint32_t html_carrier_letters[32];

/* Whether the name of an attribute may be one of html_names_want_carriers(), by its first two characters. */
static inline bool may_carry(char first, char second)
{
	return begins_with(html_carrier_letters, first, second);
}

/* The first c in p..end, or end. Quick where it is near, and where it is far. */
static inline const char *find_char(const char *p, const char *end, char c)
{
	const char *found;

	for (int i = 0; i < 8 && end - p >= BLOCK; i++, p += BLOCK) {
		unsigned bits = block_bits(block_is(block_at(p), c));

		if (bits)
			return p + block_first(bits);
	}
	found = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
	return found ? found : end;
}

/* Likewise of html_names_want_carriers() in svg, where values with parentheses alone are of interest. */
extern const uint32_t html_property_letters[32];

static inline bool may_be_property(char first, char second)
{
	return begins_with(html_property_letters, first, second);
}

/* The slot that holds name; an empty one if none does. */
static inline const struct html_names_slot *names_in(const struct html_names_slot *slots, uint64_t name)
{
	size_t i = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 55);

	while (slots[i].name != name && slots[i].name)
		i = (i + 1) % HTML_NAMES_SLOTS;
	return &slots[i];
}

/* An element that svg may stand in opens or ends. */
static inline void count_open(struct html_tokenizer *t, unsigned counted, bool end)
{
	if (counted && !end)
		t->open[counted]++;
	else if (counted && t->open[counted])
		t->open[counted]--;
}

/* How a character of a name is packed (0 to 31), or 255. */
extern const uint8_t html_name_code[256];

/* One more character of a name; begin with *name = 0, *packed = 0. */
static inline void name_add(uint64_t *name, uint8_t *packed, char c)
{
	uint8_t code = html_name_code[(unsigned char)c];

	if (*packed < 12 && code < 32) {
		*name = *name << 5 | code;
		++*packed;
		return;
	}
	if (*packed != 255) {
		*name = (*name ^ UINT64_C(0xcbf29ce484222325)) | UINT64_C(1) << 63;
		*packed = 255;
	}
	*name = ((*name ^ (unsigned char)ascii_lower(c)) * UINT64_C(0x100000001b3)) | UINT64_C(1) << 63;
}

/* tag.c */
enum html_tag_state {
	TAG_BEFORE_NAME,
	TAG_NAME,
	TAG_AFTER_NAME,
	TAG_BEFORE_VALUE,
	TAG_UNQUOTED,
	TAG_SINGLE,
	TAG_DOUBLE,
	TAG_CLOSING
};

/*
 * Reads on inside a tag, from p, in g->state, storing attributes; base: offset of p in the tag. The octet after '>', or
 * NULL if the input ended, or, with g->full, the start of the attribute there was no room for.
 */
const char *html_tag_read(struct html_tag *g, struct html_attribute *attributes, uint32_t max, const char *p,
			  const char *end, size_t base);
/* The same without storing anything. */
const char *html_tag_skip(struct html_tag *g, const char *p, const char *end);

/* foreign.c: what the tag just read does to the open elements in svg and math, and to the text that follows. */
enum html_namespace html_start_effect(struct html_tokenizer *t, struct slice raw);
void html_end_effect(struct html_tokenizer *t);
/* Is the innermost open element in svg or math, so that CDATA sections exist? */
bool html_in_foreign(const struct html_tokenizer *t);

/* tokenizer.c: giving out bytes. Each returns true if *token is one to return. */
bool html_become(struct html_tokenizer *t, struct html_token *token, enum html_token_type type);
bool html_abandon(struct html_tokenizer *t, struct html_token *token, enum html_state state);
bool html_close(struct html_tokenizer *t, struct html_token *token);
/* The octet at t->p, which ends the name of a tag, was reached. */
bool html_name_read(struct html_tokenizer *t, struct html_token *token);

/* pass.c: the '<' that is to be read, or the end of the input. */
const char *html_pass_over(struct html_tokenizer *t);
void html_see_text(struct html_tokenizer *t, const char *from, const char *to);

/* markup.c: comments, doctype, CDATA. raw.c: text that only one end tag ends. Each reads some, p < end. */
bool html_markup(struct html_tokenizer *t, struct html_token *token);
bool html_raw(struct html_tokenizer *t, struct html_token *token);
bool html_script(struct html_tokenizer *t, struct html_token *token);

#endif
