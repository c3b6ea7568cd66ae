/* What the files of rules/filter share. */
#ifndef CG_RULES_FILTER_INTERNAL_H
#define CG_RULES_FILTER_INTERNAL_H

#include "rules/base/buffer.h"
#include "rules/filter/filter.h"

/* Flags of a rule. */
enum {
	RULE_EXCEPTION = 1 << 0,
	RULE_IMPORTANT = 1 << 1,
	RULE_THIRD_PARTY = 1 << 2,
	RULE_FIRST_PARTY = 1 << 3,
	RULE_MATCH_CASE = 1 << 4,
	RULE_HOST = 1 << 5,  /* "||" */
	RULE_START = 1 << 6, /* "|" in front */
	RULE_END = 1 << 7,   /* "|" behind */
	RULE_REGEX = 1 << 8,
	RULE_STAR = 1 << 9, /* a "*" within the pattern */
	RULE_BAD = 1 << 10, /* badfilter */
	RULE_DEAD = 1 << 11 /* cancelled by one */
};

/* A line, taken apart; slices of the line itself. */
struct filter_line {
	enum { LINE_COMMENT, LINE_ELEMENT, LINE_RULE, LINE_HOSTS, LINE_UNSUPPORTED } kind;
	struct slice source;  /* trimmed */
	struct slice pattern; /* without anchors and stars at its ends, without slashes if RULE_REGEX; the host of
				 LINE_HOSTS */
	struct slice domains; /* value of domain=, or empty */
	unsigned types;
	unsigned flags;
	const char *problem; /* of LINE_UNSUPPORTED; a format with room for `what` if that is not empty */
	struct slice what;
};

/* Takes a line apart; it has no line end. Never fails. */
void filter_line_parse(struct slice line, struct filter_line *out);
/* Options behind the '$'. False with out->problem set. out->kind may become LINE_ELEMENT. */
bool filter_options_parse(struct slice options, struct filter_line *out);

/* One compiled rule. Offsets are into filter.pool. */
struct filter_rule {
	uint32_t line;
	uint32_t source_at;
	uint32_t pattern_at; /* of RULE_REGEX: index into filter.regexes */
	uint32_t domains;    /* index into filter.sets, 0 for none */
	uint16_t source_n;
	uint16_t pattern_n;
	uint16_t types;
	uint16_t flags;
	uint16_t at; /* offset of the gram in the pattern; of RULE_STAR and RULE_REGEX a number of its own */
};

struct filter_domain {
	uint32_t hash;
	uint32_t at;
	uint16_t n;
	bool excluded;
};

/* The value of one domain= option: a run of filter.domains, sorted by hash. */
struct filter_set {
	uint32_t first;
	uint32_t n;
	bool any_included;
};

/* Keys to rules: bucket by bucket, in the order of lines. */
struct filter_map {
	unsigned bits;	  /* log2 of the number of buckets */
	uint32_t *starts; /* of each bucket in entries; one more for the end */
	struct filter_entry {
		uint32_t key;
		uint32_t rule;
	} * entries;
};

/* Where the rules of one kind (blocks, exceptions) are found from. */
struct filter_index {
	struct filter_map hosts; /* "||HOST" followed by a separator: hash of HOST */
	struct filter_map grams; /* four octets that the URL must hold */
	uint64_t *present;	 /* a bit for each key of grams, by hash: fits the first-level cache */
	unsigned present_bits;
	uint32_t *always; /* rules without either */
	size_t always_n;
};

struct filter {
	struct filter_rule *rules;
	size_t rules_n;
	char *pool;
	size_t pool_n;
	struct filter_domain *domains;
	size_t domains_n;
	struct filter_set *sets;
	size_t sets_n;
	struct pattern **regexes;
	size_t regexes_n;
	struct filter_index blocks;
	struct filter_index exceptions;
};

#define GRAM 4
/* Rules with a star or a regular expression that are found by a gram; more are looked at for every URL. */
#define RULE_NUMBERED_MAX 8192

/* Marks badfilter lines and what they cancel as dead; false if memory ran out. */
bool filter_cancel(struct filter *f, struct filter_counts *counts);
/* Builds both indexes; false if memory ran out. */
bool filter_index_build(struct filter *f);
void filter_index_free(struct filter_index *x);
size_t filter_index_memory(const struct filter_index *x);

/* Hash of a host or domain, from its end, so that it can be continued label by label. Lower case only. */
static inline uint32_t filter_tail_hash(uint32_t h, char c)
{
	return (h ^ (uint8_t)c) * 0x01000193u;
}
#define FILTER_TAIL_INIT 0x811C9DC5u

uint32_t filter_host_hash(struct slice host);

static inline uint32_t filter_gram(const char *p)
{
	uint32_t v;

	memcpy(&v, p, GRAM);
	return v;
}

static inline uint32_t filter_bucket(uint32_t key, unsigned bits)
{
	return (key * 0x9E3779B1u) >> (32 - bits);
}

/* True for what "^" stands for. */
bool filter_is_separator(char c);
/* True if the page is one that the set is for: the longest domain that fits decides; excluded wins over included. */
bool filter_set_holds(const struct filter *f, const struct filter_set *set, const struct filter_page *page);

/* Glob matching: pieces between stars, "^" as above. url and pattern are of the same letter case. */
bool glob_at(struct slice pattern, bool to_end, struct slice url, size_t at);
bool glob_anywhere(struct slice pattern, bool to_end, struct slice url, size_t from);

static inline struct slice filter_pattern(const struct filter *f, const struct filter_rule *r)
{
	return slice_of(f->pool + r->pattern_at, r->pattern_n);
}

/* The pattern's text, of a regular expression too, for which it is read anew from the line. */
struct slice filter_pattern_text(const struct filter *f, const struct filter_rule *r);

/*
 * Literal parts of a regular expression: runs of octets that every match holds, whatever their letter case.
 * regex_is_plain() tells whether the expression is simple enough to say; then each call of regex_literal() takes the
 * next run, or the front of a long one, off *text and writes it unescaped. False at the end.
 */
#define REGEX_PART_MAX 64
bool regex_is_plain(struct slice text);
bool regex_literal(struct slice *text, char part[REGEX_PART_MAX], size_t *n);

#endif
