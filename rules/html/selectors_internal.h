/* What the files of selectors share; nobody else includes it. */
#ifndef CG_RULES_HTML_SELECTORS_INTERNAL_H
#define CG_RULES_HTML_SELECTORS_INTERNAL_H

#include "rules/html/selectors.h"

#define SELECTOR_PARTS_MAX	16   /* compounds in one complex selector */
#define SELECTOR_TESTS_MAX	64   /* of attributes in one compound */
#define SELECTOR_ATTRIBUTES_MAX 1024 /* different names in a set */
#define SELECTOR_PREFIXES_MAX	4096 /* compounds to the left of a combinator in a set */
#define SELECTOR_VALUE_MAX	4096 /* octets of a value */
#define SELECTOR_CHAINS		256

#define NO_PREFIX UINT32_MAX
#define NO_ID	  SIZE_MAX

/* ---- A set. ---- */

/* The name of an attribute that some selector asks for. */
struct selector_attribute {
	struct selector_attribute *next; /* in its chain */
	struct slice name;		 /* lower case */
	uint64_t hash;
	uint32_t index;
	bool folds;   /* HTML lists it: values are compared without case */
	bool keyed;   /* its presence is the key of a bucket */
	bool grammed; /* octets of its value are */
};

enum selector_operator {
	ATTRIBUTE_PRESENT,
	ATTRIBUTE_EQUALS,
	ATTRIBUTE_INCLUDES, /* ~= */
	ATTRIBUTE_DASH,	    /* |= */
	ATTRIBUTE_PREFIX,
	ATTRIBUTE_SUFFIX,
	ATTRIBUTE_SUBSTRING,
};

enum selector_fold { FOLD_NEVER, FOLD_IN_HTML, FOLD_ALWAYS };

struct selector_test {
	struct selector_test *next;
	struct selector_attribute *attribute;
	struct slice value;
	enum selector_operator op;
	enum selector_fold fold;
	bool never; /* no value can hold it: [a*=""], [a~="b c"] */
};

struct selector_compound {
	uint64_t type; /* html_name(), 0: any */
	struct slice type_name;
	struct selector_test *tests;
	struct selector_compound *nots; /* what must not hold; they have none of their own */
	struct selector_compound *next; /* in nots */
};

/* A compound in its place: the last one of a selector, which reports an id, or one to the left of a combinator. */
struct selector_part {
	struct selector_compound compound;
	struct selector_part *left; /* NULL: no combinator */
	bool child;		    /* the combinator is ">" */
	uint32_t prefix;	    /* number among those to the left of a combinator, else NO_PREFIX */
	size_t id;		    /* else NO_ID */
	struct selector_part *next; /* of the set */
	struct selector_part *next_in_bucket;
};

/* The parts that can hold only for elements which have the key. */
struct selector_bucket {
	uint64_t key;
	struct selector_part *first; /* those without a combinator to their left */
	struct selector_part *inner; /* those with one; both NULL: an empty place */
};

/* What a bucket's key is made of, as bits of what is to be looked up for an element. */
enum selector_key {
	KEY_TYPE = 1u << 0,
	KEY_ID = 1u << 1,
	KEY_CLASS = 1u << 2,
	KEY_GRAM = 1u << 3, /* four octets of a value, in lower case */
	KEY_ATTRIBUTE = 1u << 4,
	SCOPE_FINAL = 1u << 5,	/* some selector ends in it: start tags are wanted */
	SCOPE_PREFIX = 1u << 6, /* some compound to the left of a combinator has it: end tags as well */
};

/* Parts that demand the same type. */
struct selector_scope {
	uint64_t type; /* 0: an empty place, or, for the scope of any type, any */
	struct slice name;
	uint32_t number; /* 0: any type */
	uint32_t bits;	 /* enum selector_key */
};

/* What an element is to tree construction; looked up by name. */
struct selector_kind {
	uint64_t name;
	uint32_t bits;
};

/* One selector of a list, by its last part. */
struct selector_member {
	size_t id;
	struct selector_part *part;
	struct selector_member *next;
};

#define KIND_SLOTS  512
#define BLOOM_WORDS 128

struct selectors {
	struct arena *arena;
	size_t ids, members, prefixes, attribute_count;
	struct selector_part *first, **last;
	struct selector_attribute *attributes[SELECTOR_CHAINS];
	struct selector_member *first_member, **last_member; /* by id */
	struct slice *types;				     /* by id, once finished */
	bool finished;
	bool tracks; /* there are combinators */
	bool full;   /* all elements must be seen to know which are open */
	struct selector_scope any, *scopes;
	size_t scope_mask, scope_count;
	struct selector_bucket *buckets;
	size_t bucket_mask, bucket_count;
	uint64_t bloom[BLOOM_WORDS]; /* of grams */
	struct selector_kind kinds[KIND_SLOTS];
};

static inline uint64_t selector_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);

	return h ^ h >> 32;
}

/* of: a hash, an index, a gram with its attribute's index above. */
static inline uint64_t selector_key(enum selector_key kind, uint32_t scope, uint64_t of)
{
	return selector_mix(of, (uint64_t)kind << 32 | scope);
}

static inline uint64_t selector_gram(const struct selector_attribute *a, uint32_t octets)
{
	return (uint64_t)a->index << 32 | octets;
}

static inline unsigned selector_bloom_bit(uint64_t gram)
{
	return (unsigned)((gram * UINT64_C(0x9e3779b97f4a7c15)) >> 51);
}

static inline const struct selector_scope *selector_scope_find(const struct selectors *s, uint64_t type)
{
	size_t i = (size_t)selector_mix(type, 0) & s->scope_mask;

	while (s->scopes[i].type != type && s->scopes[i].type)
		i = (i + 1) & s->scope_mask;
	return s->scopes[i].type ? &s->scopes[i] : NULL;
}

static inline bool selector_is_empty(const struct selector_bucket *b)
{
	return !b->first && !b->inner;
}

static inline bool selector_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* selectors_parse.c: the list that is read; nothing of it is in the set yet, but for names of attributes. */
struct selector_parse {
	struct selectors *set;
	struct slice text;
	size_t at;
	size_t members, prefixes;
	struct selector_part *first, **last;
	struct selector_member *first_member, **last_member;
	struct selector_error *error;
};
CG_WARN_UNUSED bool selector_parse_list(struct selector_parse *p);
/* The entry of that name, made if there is none; NULL: no memory, or (*full) too many. */
struct selector_attribute *selector_attribute_get(struct selectors *s, struct slice name, bool *full);

/* selectors_kind.c */
enum selector_kind_bits {
	KIND_VOID = 1u << 0,	   /* never open */
	KIND_CLOSES_P = 1u << 1,   /* its start tag closes an open p */
	KIND_SPECIAL = 1u << 2,	   /* "special" of the standard (13.2.4.3) */
	KIND_SCOPE = 1u << 3,	   /* what is in scope is above it (13.2.4.2) */
	KIND_LIST_SCOPE = 1u << 4, /* the same for li */
	KIND_TABLE_SCOPE = 1u << 5,
	KIND_FORMATTING = 1u << 6,
	KIND_HEADING = 1u << 7,
	KIND_IMPLIED = 1u << 8, /* an end tag that may be left out anywhere (13.2.6.3) */
	KIND_IN_HEAD = 1u << 9, /* may stand in head */
	KIND_SELDOM = 1u << 10, /* begins or ends without a tag of its own: to follow it takes all tags */
	KIND_POINT = 1u << 11,	/* in svg or math: may hold HTML */
	KIND_ROW_GROUP = 1u << 12,
	KIND_CELL = 1u << 13,
	KIND_TABLE_PART = 1u << 14, /* stands in a table by itself */
	KIND_FOSTERS = 1u << 15,    /* what does not belong right in it moves before the table */
	KIND_STAYS = 1u << 16,	    /* but for these */
	KIND_WHICH = 20,	    /* above: enum selector_which */
};

enum selector_which {
	IS_OTHER,
	IS_HTML,
	IS_HEAD,
	IS_BODY,
	IS_P,
	IS_LI,
	IS_DD_DT,
	IS_OPTION,
	IS_OPTGROUP,
	IS_SELECT,
	IS_BUTTON,
	IS_A,
	IS_NOBR,
	IS_FORM,
	IS_TABLE,
	IS_CAPTION,
	IS_COLGROUP,
	IS_COL,
	IS_TR,
	IS_TEMPLATE,
	IS_RUBY,
	IS_RB,
	IS_RT,
	IS_BR,
	IS_HR,
	IS_INPUT,
	IS_NOSCRIPT,
	IS_NOT_LIST_SCOPE, /* address, div: special, but an li ends through them */
};

static inline enum selector_which selector_which(uint32_t bits)
{
	return (enum selector_which)(bits >> KIND_WHICH);
}

void selector_kinds_init(struct selector_kind kinds[KIND_SLOTS]);

static inline uint32_t selector_kind_of(const struct selectors *s, uint64_t name)
{
	size_t i = (size_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 55);

	while (s->kinds[i].name != name && s->kinds[i].name)
		i = (i + 1) % KIND_SLOTS;
	return s->kinds[i].bits;
}

/* ---- A matcher. ---- */

/* Open elements one in the other, of the same name and for which the same holds. */
struct selector_open {
	uint64_t name;
	uint32_t bits; /* enum selector_kind_bits; 0 outside HTML, but for KIND_POINT and KIND_SCOPE */
	uint32_t count;
	bool foreign;
	bool matters; /* some prefix holds for it or what it is in */
};

enum selector_phase { BEFORE_HTML, BEFORE_HEAD, IN_HEAD, AFTER_HEAD, IN_BODY };

struct selector_value {
	uint32_t stamp; /* of the element that has it */
	bool coded;	/* the raw value is not what a browser compares */
	const struct html_attribute *attribute;
};

#define BEYOND_COUNTERS 64

/* What was open before the start tag shown last, for as long as that can be taken back. */
struct selector_before {
	bool possible;
	bool copied; /* else n and phase say it all: something was only added */
	unsigned n;
	enum selector_phase phase;
	uint64_t beyond;
	uint32_t beyond_of[BEYOND_COUNTERS];
	struct selector_open open[SELECTOR_DEPTH];
	uint64_t *held;
};

struct selector_matcher {
	const struct selectors *set;
	/* The element at hand. */
	const struct html_token *tag;
	struct buffer *scratch;
	uint64_t name; /* of its element */
	bool html;     /* its namespace */
	uint32_t stamp;
	const struct selector_attribute *decoded;
	struct slice decoded_value;
	uint32_t found; /* buckets */
	/* What is open. */
	struct selector_open open[SELECTOR_DEPTH];
	unsigned n;
	unsigned parent; /* of the element at hand: how many of `open` it is in */
	uint64_t beyond; /* open elements that are not remembered */
	uint32_t beyond_of[BEYOND_COUNTERS];
	enum selector_phase phase;
	struct selector_before before;
	size_t words;	/* of a set of prefixes */
	uint64_t *held; /* for open[i]: what holds for it at 2 * i * words, for it or what it is in one set further */
	uint64_t *own;	/* what holds for the element at hand */
	/* Of this and former elements. */
	struct selector_value *values; /* by index of the attribute */
	uint32_t *bucket_stamps;
	uint32_t *found_buckets;
};

static inline uint64_t *selector_own(const struct selector_matcher *m, unsigned i)
{
	return m->held + 2 * i * m->words;
}

static inline uint64_t *selector_inherited(const struct selector_matcher *m, unsigned i)
{
	return m->held + (2 * i + 1) * m->words;
}

/* selectors_stack.c */
/* An element without a tag begins: finds what prefixes hold for it. */
void selector_imply(struct selector_matcher *m, struct slice name);
/*
 * Closes what the element at hand closes, opens what it implies, and finds its parent. False: nothing can be in it, or
 * browsers leave it out.
 */
bool selector_stack_before(struct selector_matcher *m, uint32_t bits);
/* The element at hand is open now; m->own holds what holds for it. */
void selector_stack_push(struct selector_matcher *m, uint32_t bits);
void selector_stack_end(struct selector_matcher *m, uint64_t name);
void selector_stack_reset(struct selector_matcher *m);

#endif
