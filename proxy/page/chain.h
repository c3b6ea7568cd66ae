/*
 * The way of one page's body through the proxy, sans-I/O: undo its content coding, rewrite, encode again.
 *
 *   chain_open(&c, &options);
 *   for each piece of the body: chain_push(&c, &piece), again while it says CHAIN_FULL
 *   chain_finish(&c), again while it says CHAIN_FULL
 *   chain_close(&c);
 *
 * Output goes to a sink while these calls run. Nothing is kept back but what the codecs and the rewriter need (see
 * coder.h, rewriter.h): octets that neither decoding nor encoding touches are handed on as slices, without a copy.
 *
 * In observe mode (decision.observe) the sink gets the octets as they came, still encoded; a decoded copy goes through
 * the rewriter for the sake of its verdicts. What goes wrong there is told by chain.error alone.
 */
#ifndef CG_PROXY_PAGE_CHAIN_H
#define CG_PROXY_PAGE_CHAIN_H

#include "proxy/coding/coder.h"
#include "rules/decide/rewriter.h"

/* -- pool ---------------------------------------------------------------------------------------------------------- */

/* What the chains of one thread share: the codecs' contexts, and room for octets on their way within one call. */
struct chain_pool {
	struct coder_pool coders;
	char *decoded;	/* owned; CHAIN_PIECE octets */
	char *gathered; /* owned; CHAIN_GATHER octets: small slices on their way to an encoder */
	char *encoded;	/* owned; CHAIN_PIECE octets */
};
#define CHAIN_PIECE 16384
/* Each call of an encoder has a price: ISA-L clears tables, whatever it is given. */
#define CHAIN_GATHER 32768

/* keep: see struct coder_pool. False if memory ran out; nothing is to be freed then. */
CG_NONNULL CG_WARN_UNUSED bool chain_pool_init(struct chain_pool *p, const struct coder_limits *limits, unsigned keep);
/* Harmless on zeroed memory. No chain may be open. */
CG_NONNULL void chain_pool_free(struct chain_pool *p);

/* -- chain --------------------------------------------------------------------------------------------------------- */

enum chain_error {
	CHAIN_OK,
	CHAIN_E_CODING,	    /* the body is not what its Content-Encoding says, ends early, or is damaged */
	CHAIN_E_BOMB,	    /* it grows beyond the allowed ratio, or needs a larger window than allowed */
	CHAIN_E_UNREADABLE, /* decoded it is no text that can be read */
	CHAIN_E_OVERSIZED,  /* a limit of the rules was passed */
	CHAIN_E_NO_MEMORY,
	CHAIN_E_STOPPED, /* by the sink */
	CHAIN_ERRORS
};
/* Static. */
const char *chain_error_text(enum chain_error e);

enum chain_result {
	CHAIN_MORE,  /* the input is taken; chain_finish(): all is written */
	CHAIN_FULL,  /* much was written: call again, with what is left of the input, once there is room for more */
	CHAIN_ERROR, /* see chain.error; only chain_close() may follow */
};

struct chain_options {
	struct chain_pool *pool;
	const struct coding_stack *stack; /* of the body as it comes; only looked at by chain_open() */
	enum coding coding;		  /* of the output, not deflate; in observe mode it does not matter */
	const struct decide_env *env;	  /* see struct rewriter_options */
	struct decision *decision;
	rewriter_sink sink; /* slices live until it returns; it must not call into a chain of the same pool */
	void *sink_arg;
	page_edit_sink edits; /* NULL: nobody wants to know */
	void *edits_arg;
};

/* It must not be moved while it is open. The members are for chain.c but for those marked. */
struct chain {
	struct chain_pool *pool;
	struct rewriter *rewriter; /* NULL: closed, or in observe mode given up */
	rewriter_sink sink;
	void *sink_arg;
	struct coder in;
	struct coder out;
	uint64_t written;	/* readable: octets that the sink got */
	size_t gathered;	/* octets in the pool's memory; 0 between two calls */
	uint64_t mark;		/* of these, before the call that is running */
	size_t turn;		/* may be set: chain_push() stops after as many; CHAIN_TURN at first */
	enum chain_error error; /* readable; also set in observe mode */
	const char *detail;	/* readable: more words about the error, static, or NULL */
	bool decodes;
	bool encodes;
	bool observes;
	bool unflushed; /* the encoder may hold octets */
	bool finished;	/* chain_finish() has had all from the decoder */
};

/* False if memory ran out; the chain is then closed. */
CG_NONNULL CG_WARN_UNUSED bool chain_open(struct chain *c, const struct chain_options *options);
/* Harmless on a closed or zeroed chain. error and detail stay readable. */
CG_NONNULL void chain_close(struct chain *c);

/*
 * Takes from the front of *in, which is advanced. CHAIN_FULL comes once c->turn octets were written in this call, so
 * that what a small input expands to can be held back. In observe mode it does not come, and CHAIN_ERROR only with
 * CHAIN_E_STOPPED.
 */
#define CHAIN_TURN 65536
CG_NONNULL CG_WARN_UNUSED enum chain_result chain_push(struct chain *c, struct slice *in);
/*
 * The body pauses: the encoder writes what it holds, so that the visitor can read up to here. Costs octets, so call it
 * when nothing came for a while, not after every piece. Not while chain_push() has said CHAIN_FULL.
 */
CG_NONNULL CG_WARN_UNUSED enum chain_result chain_flush(struct chain *c);
/* The body is complete. */
CG_NONNULL CG_WARN_UNUSED enum chain_result chain_finish(struct chain *c);

#endif
