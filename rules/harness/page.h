/*
 * The body of a case on its way through the rewriter: once whole, which is what the case sees, and then in all the ways
 * in which a network may deliver it. What comes out must not depend on them.
 */
#ifndef CG_RULES_HARNESS_PAGE_H
#define CG_RULES_HARNESS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/decide/decide.h"
#include "rules/decide/rewriter.h"
#include "rules/harness/check.h"

/*
 * Content codings, which the rules library has not: given by whoever runs the harness.
 */
struct harness_codec {
	void *arg;
	const char *const *codings; /* their names; NULL behind the last */
	/*
	 * Codes body, and does what a proxy would: decodes it, hands it through a rewriter with these options (whose
	 * sink is replaced), codes what comes out; then decodes that into out. *result is the rewriter's. False if
	 * that could not be done or undone, with *why, static.
	 */
	bool (*rewrite)(void *arg, const char *coding, struct slice body, const struct rewriter_options *options,
			enum rewriter_result *result, struct buffer *out, const char **why);
};

/* "Random" octets 00 01 02 ... */
struct fixed_random {
	unsigned char next;
};
void fixed_random(void *arg, unsigned char *out, size_t n);

/* All of it lives in the arena that it was made in. */
struct page_play {
	const struct decide_env *env;
	const struct decision *decision; /* as decide_response() left it */
	struct fixed_random random;	 /* likewise */
	struct slice body;		 /* as the origin sent it */
	struct decision counted;	 /* of the whole page: as the rewriter left it */

	enum rewriter_result result; /* of the whole page */
	const char *why;	     /* if that is not REWRITER_OK */
	struct slice output;
	uint64_t verdicts; /* a hash over them, in order */
};

/* NULL if the arena refused. env's random_arg must be a struct fixed_random, its sink takes the verdicts. */
struct page_play *page_play_new(const struct decide_env *env, const struct decision *decision,
				struct fixed_random random, struct slice body, struct arena *arena);
/* Hands the body through as one piece. False if the arena refused. */
bool page_play_whole(struct page_play *p, struct arena *arena);

/* Bodies up to this are cut at every octet. */
#define PAGE_EVERY_MAX (16 * 1024)
/* Longer ones at as many places, and around each of the first of as many '<'. */
#define PAGE_CUTS_MAX 512

/*
 * Hands the body through in two pieces, cut behind every octet (see above), then octet by octet, then in each coding
 * (codec may be NULL). The first difference becomes a failure of the case, the same for each kind, in *first. at: the
 * case. False if memory ran out.
 */
bool page_play_vary(const struct page_play *p, const struct harness_codec *codec, const struct position *at,
		    struct arena *arena, struct failure **first);

#endif
