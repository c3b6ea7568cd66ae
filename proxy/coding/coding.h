/*
 * Content codings: their names, what a Content-Encoding field says, and what an Accept-Encoding field allows.
 * Nothing here allocates. The codecs themselves are in coder.h.
 */
#ifndef CG_PROXY_CODING_CODING_H
#define CG_PROXY_CODING_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"
#include "rules/http/field.h"

/* All can be decoded; all but deflate can be encoded. */
enum coding {
	CODING_IDENTITY,
	CODING_GZIP,	/* RFC 1952, of one or more members; x-gzip is the same (RFC 9110 8.4.1.3) */
	CODING_DEFLATE, /* RFC 1950; a bare RFC 1951 stream is taken too, as browsers do (RFC 9110 8.4.1.2) */
	CODING_BR,	/* RFC 7932 */
	CODING_ZSTD,	/* RFC 8878 */
	CODINGS
};

/* As registered, in lower case. */
struct slice coding_name(enum coding c);
/* By its name or alias, ignoring case; false if it is none of ours. */
bool coding_of(struct slice name, enum coding *c);

/* -- Content-Encoding (RFC 9110 8.4) ------------------------------------------------------------------------------- */

#define CODING_STACK_MAX 2

/* What was applied to a body, in the order of application: the last one is to be undone first. */
struct coding_stack {
	enum coding v[CODING_STACK_MAX]; /* never identity */
	size_t n;			 /* 0: the body is as it is */
};

enum coding_stack_result {
	CODING_STACK_OK,
	CODING_STACK_UNKNOWN,  /* a coding that cannot be decoded, or no coding name at all */
	CODING_STACK_TOO_MANY, /* more than CODING_STACK_MAX */
};

/*
 * Reads all Content-Encoding fields as one list. "identity" is skipped, though it has no place there. If the result is
 * not OK, *culprit is the element at which reading stopped (a slice of the field's value) and *stack holds those
 * before.
 */
CG_NONNULL enum coding_stack_result coding_stack_parse(const struct fields *fields, struct coding_stack *stack,
						       struct slice *culprit);

/* -- Accept-Encoding (RFC 9110 12.5.3) ----------------------------------------------------------------------------- */

/* What a visitor takes. Higher is wanted more; 0 is refused. */
struct coding_accept {
	uint16_t weight[CODINGS];
};

/*
 * Reads all Accept-Encoding fields as one list. An element that breaks the grammar (weights such as q=2) counts as not
 * sent; of repeated elements the lowest weight counts. Without any such field identity is wanted and all else allowed;
 * with one, identity is the last resort unless it is listed, or refused by "identity;q=0" or by "*;q=0".
 */
CG_NONNULL void coding_accept_parse(const struct fields *fields, struct coding_accept *accept);

/* True if a body in that coding may be sent. */
static inline bool coding_accept_allows(const struct coding_accept *accept, enum coding c)
{
	return accept->weight[c] > 0;
}

/*
 * The coding to send: the one of highest weight, at equal weights the earliest of offers[0..n), identity last.
 * False, with *chosen = CODING_IDENTITY, if the visitor refuses identity and all that is offered (RFC 9110 15.5.7: 406,
 * or send identity all the same).
 */
CG_NONNULL bool coding_accept_choose(const struct coding_accept *accept, const enum coding *offers, size_t n,
				     enum coding *chosen);

/*
 * What we can encode, the best first: zstd takes half the time of br, which makes a page 3 to 8 % smaller; gzip is the
 * largest (tests/bench/bench_coding.c).
 */
#define CODING_OFFERS	((const enum coding[]){CODING_ZSTD, CODING_BR, CODING_GZIP})
#define CODING_OFFERS_N 3

#endif
