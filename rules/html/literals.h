/*
 * Many literals looked for at once in a stream of octets (inline scripts): a set, compiled once, shared and immutable.
 */
#ifndef CG_RULES_HTML_LITERALS_H
#define CG_RULES_HTML_LITERALS_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/arena.h"
#include "rules/base/attributes.h"
#include "rules/base/slice.h"

#define LITERAL_MIN  2 /* octets of a literal; one of two octets halves the speed of the whole set */
#define LITERAL_MAX  255
#define LITERALS_MAX 65536

struct literals; /* immutable after literals_finish() */

enum literal_kind {
	LITERAL_TEXT, /* found octet for octet */
	/*
	 * A host name: found ignoring ASCII case, where no letter, digit, '-' or '_' stands directly in front of it and
	 * no letter, digit, '-', '_' behind it, nor a '.' with one of those behind that: "example.com" is in
	 * "//www.example.com/x" and in "'.example.com'", not in "notexample.com" or "example.com.evil". The end of a
	 * slash written as %2F, \x2F or \u002F is no letter in this sense; an octet above 0x7F is none either.
	 */
	LITERAL_HOST,
};

/* An empty set in the arena, which must outlive it. NULL if the arena refused. */
CG_WARN_UNUSED struct literals *literals_new(struct arena *arena);
/*
 * Ids count from 0 in the order of adding; the same literal may be added again and is then told with each id. text is
 * copied. False if it is too short or long, the set is full or finished, or the arena refused.
 */
CG_WARN_UNUSED bool literals_add(struct literals *l, struct slice text, enum literal_kind kind);
/* Once, before the first search. False if the arena refused: the set is then of no use. */
CG_WARN_UNUSED bool literals_finish(struct literals *l);
size_t literals_count(const struct literals *l);

/* Told of each literal found: its id, and the offset in text behind its last octet. False ends the search. */
typedef bool (*literal_found)(void *arg, size_t id, size_t end);
/*
 * Looks through text, which is all there is (what stands before and after it counts as the edge). Every occurrence is
 * told once, overlapping ones too, in the order of their beginnings (of equal ones in any order). Returns false if f
 * ended the search. No memory is taken; time is linear in text times at most the number of literals that share the
 * four octets they are known by, chosen so that few do.
 */
bool literals_find(const struct literals *l, struct slice text, literal_found f, void *arg);

#endif
