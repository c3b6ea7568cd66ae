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

#define LITERAL_MIN  2 /* octets of a literal */
#define LITERAL_MAX  255
#define LITERALS_MAX 65536

struct literals; /* immutable after literals_finish() */

enum literal_kind {
	LITERAL_TEXT, /* found octet for octet */
	/*
	 * A host name, in lower case: found ignoring ASCII case, where no letter, digit, '-' or '_' stands directly in
	 * front of it and no letter, digit, '-', '_' behind it, nor a '.' with one of those behind that: "example.com"
	 * is in
	 * "//www.example.com/x" and in "'.example.com'", not in "notexample.com" or "example.com.evil".
	 */
	LITERAL_HOST,
};

/* An empty set in the arena, which must outlive it. NULL if the arena refused. */
CG_WARN_UNUSED struct literals *literals_new(struct arena *arena);
/* Ids count from 0 in the order of adding. text is copied. False if it is too short or long, or the set or arena full.
 */
CG_WARN_UNUSED bool literals_add(struct literals *l, struct slice text, enum literal_kind kind);
CG_WARN_UNUSED bool literals_finish(struct literals *l);
size_t literals_count(const struct literals *l);

/* Told of each literal found: its id, and the offset in text behind its last octet. False ends the search. */
typedef bool (*literal_found)(void *arg, size_t id, size_t end);
/*
 * Looks through text, which is all there is (what stands before and after it counts as the edge). Literals are told in
 * the order of their beginnings. Returns false if f ended the search. No memory is taken; time is linear in text times
 * at most the number of literals that share two octets.
 */
bool literals_find(const struct literals *l, struct slice text, literal_found f, void *arg);

#endif
