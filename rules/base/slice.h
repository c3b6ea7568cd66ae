/*
 * A slice: bytes that belong to someone else. Never NUL-terminated, may hold any octet.
 *
 * Ownership: none; the bytes live as long as whoever made the slice says (an input buffer, an arena, a literal).
 * The empty slice has n == 0; its p may be NULL and must not be read. No function here allocates.
 */
#ifndef CG_RULES_BASE_SLICE_H
#define CG_RULES_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* A slice of a string literal; usable in initialisers. */
#define SLICE(literal) ((struct slice){("" literal), sizeof(literal) - 1})
/* The same for static tables, where a compound literal is not a constant. */
#define SLICE_INIT(literal)                       \
	{                                         \
		("" literal), sizeof(literal) - 1 \
	}
/* For printf: "%.*s", SLICE_ARG(s). */
#define SLICE_ARG(s) (int)(s).n, (s).n ? (s).p : ""

static inline struct slice slice_of(const char *p, size_t n)
{
	return (struct slice){p, n};
}

/* Of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_str(const char *s)
{
	return (struct slice){s, s ? strlen(s) : 0};
}

/* The part from offset `from` (clamped to the length) to the end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
	if (from > s.n)
		from = s.n;
	return from ? slice_of(s.p + from, s.n - from) : s;
}

/* The first n octets, or all if there are fewer. */
static inline struct slice slice_head(struct slice s, size_t n)
{
	return slice_of(s.p, n < s.n ? n : s.n);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
	char l = (char)(c | 0x20);
	return l >= 'a' && l <= 'z';
}

/* The value of a hexadecimal digit, or -1. */
int ascii_hex_value(char c);

/* Equality that ignores ASCII case, of n octets each. */
bool octets_ieq(const char *a, const char *b, size_t n);

/* The same of slices (field names, hosts, attribute names). */
static inline bool slice_ieq(struct slice a, struct slice b)
{
	return a.n == b.n && octets_ieq(a.p, b.p, a.n);
}

bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_istarts_with(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);

/* Offset of the first c, or s.n if there is none. */
static inline size_t slice_find_char(struct slice s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}
/* Offset of the first occurrence of needle, or s.n. An empty needle is found at 0. */
size_t slice_find(struct slice s, struct slice needle);

/* Offset of the first control octet other than HTAB (below 0x20, or DEL), or s.n. */
size_t slice_find_control(struct slice s);
/* How many of these there are. */
size_t slice_count_controls(struct slice s);

/* SP or HTAB. */
static inline bool ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without blanks at both ends (OWS, RFC 9110 5.6.3). */
static inline struct slice slice_trim(struct slice s)
{
	while (s.n && ascii_is_blank(s.p[0]))
		s = slice_of(s.p + 1, s.n - 1);
	while (s.n && ascii_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/*
 * Split at the first c: *before gets what precedes it, *after what follows. Returns false, with *before = s and
 * *after empty, if there is no c. *before or *after may alias the variable that s was copied from.
 */
static inline bool slice_cut(struct slice s, char c, struct slice *before, struct slice *after)
{
	size_t at = slice_find_char(s, c);
	bool found = at < s.n;

	*before = slice_of(s.p, at);
	*after = found ? slice_of(s.p + at + 1, s.n - at - 1) : slice_of(NULL, 0);
	return found;
}

/* n in decimal digits, written to the end of buf. */
struct slice slice_of_u64(char buf[20], uint64_t n);
/* Decimal digits only, no sign, no blanks; false if empty, another octet, or above max. */
bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value);

/* FNV-1a, for tables built from trusted configuration. */
uint64_t slice_hash(struct slice s);
uint64_t slice_ihash(struct slice s);

#endif
