/*
 * One exchange of a test case: what goes in, what came out, and the transports that carry it: the rules library alone
 * (here) or a running crumbgate (proxy/command/test_through.c).
 */
#ifndef CG_RULES_HARNESS_EXCHANGE_H
#define CG_RULES_HARNESS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/consent/consent.h"
#include "rules/decide/decide.h"
#include "rules/harness/test_file.h"
#include "rules/http/message.h"

/* The time of cases that give none, when no clock is involved: 2026-01-01T00:00:00Z. */
#define HARNESS_NOW ((int64_t)1767225600)

/* A case ready to be sent. */
struct prepared {
	const struct test_case *test;
	const struct ruleset *rules;
	const struct consent_mac *mac;
	const struct seal_ops *seal;
	struct pattern_scratch *scratch;
	struct slice site;
	int64_t now;
	const struct page_plan *plan;				  /* of the rules; NULL: made anew for each page */
	const struct guard *guard;				  /* of the rules; NULL: pages get none */
	void (*sha256)(struct slice data, unsigned char out[32]); /* see struct decide_env; may be NULL */
	struct request request;	   /* with the visitor's cookies and the signed one; must not be changed */
	struct slice request_body; /* of a form for crumbgate itself with a valid token, see exchange_prepare() */
};

struct seen_verdict {
	struct verdict v;
	struct seen_verdict *next;
};

/* All of it lives in the arena of the exchange. */
struct outcome {
	bool called; /* the origin saw a request */
	struct request origin_saw;
	struct slice origin_body;
	bool hinted; /* the visitor got early hints */
	struct response hints_saw;
	struct response visitor_saw;
	struct slice visitor_body;
	struct consent consent;
	struct seen_verdict *verdicts; /* in the order they were made */
	bool asked_again;	       /* a part of a page came (206), and the origin was asked for the whole */
	struct page_play *page;	       /* how the body was rewritten, see page.h; NULL: it was not */
};

/*
 * The request that the case's visitor sends: its fields, then one Cookie field of the visitor's cookies and the signed
 * consent cookie that is given. In a form that is posted to one of crumbgate's own pages "token=valid" becomes a token
 * that is valid, and the line end behind it goes. False if memory ran out.
 */
bool exchange_prepare(struct prepared *x, struct arena *arena);

/* The signed cookie's value that the case gives; empty if none. Random parts are fixed. */
struct slice given_token(const struct prepared *x, struct arena *arena);

/*
 * Plays the case through decide_request(), decide_response() and the rewriter, with fixed "random" octets 00 01 02 ...
 * Where the decision asks for the whole of a page, the origin answers 200 with the same fields and body; a page that
 * is withheld becomes a 502. False if memory ran out.
 */
bool exchange_play(const struct prepared *x, struct arena *arena, struct outcome *out);

enum transport_result {
	TRANSPORT_OK,
	TRANSPORT_SKIPPED, /* this case cannot be played here */
	TRANSPORT_FAILED
};

/* Another way for the same case: replaces what origin and visitor saw in *out. */
struct transport {
	void *arg;
	/* *why says what is wrong, for people; it may live in the arena. */
	enum transport_result (*play)(void *arg, const struct prepared *x, struct arena *arena, struct outcome *out,
				      struct slice *why);
};

/* A keyed hash for tests: stable, no secret, one key. */
extern const struct consent_mac harness_mac;
/* Likewise for sealed cookies; in seal.c. */
extern const struct seal_ops harness_seal;

#endif
