/*
 * A rewriter for tests of what lies around it, in place of the real one: each '%' becomes STUB_INSERT and counts as
 * inert, a '<' is held until the next octet comes, and '1' to '3' fail.
 */
#include "tests/support/rewriter_stub.h"

#include <stdlib.h>

struct rewriter {
	struct rewriter_options o;
	bool held;
	enum rewriter_result result;
};

size_t rewriters_alive;

struct rewriter *rewriter_new(const struct rewriter_options *options)
{
	struct rewriter *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	rewriters_alive++;
	r->o = *options;
	return r;
}

void rewriter_free(struct rewriter *r)
{
	rewriters_alive -= r != NULL;
	free(r);
}

static void put(struct rewriter *r, struct slice s)
{
	if (s.n && !r->result && !r->o.sink(r->o.sink_arg, s))
		r->result = REWRITER_STOPPED;
}

static void special(struct rewriter *r, char c)
{
	if (c == '%') {
		r->o.decision->counts[VERDICT_INERT]++;
		put(r, r->o.decision->observe ? SLICE("%") : SLICE(STUB_INSERT));
	} else if (c == '<') {
		r->held = true;
	} else if (!r->result) {
		r->result = c == '1' ? REWRITER_UNREADABLE : c == '2' ? REWRITER_OVERSIZED : REWRITER_NO_MEMORY;
	}
}

static void release(struct rewriter *r)
{
	if (r->held)
		put(r, SLICE("<"));
	r->held = false;
}

enum rewriter_result rewriter_push(struct rewriter *r, struct slice piece)
{
	size_t from = 0;

	if (piece.n)
		release(r);
	for (size_t i = 0; i < piece.n; i++) {
		if (!strchr("%<123", piece.p[i]))
			continue;
		put(r, slice_from(slice_head(piece, i), from));
		special(r, piece.p[i]);
		if (i + 1 < piece.n)
			release(r);
		from = i + 1;
	}
	put(r, slice_from(piece, from));
	return r->result;
}

enum rewriter_result rewriter_finish(struct rewriter *r)
{
	release(r);
	return r->result;
}

const char *rewriter_why(const struct rewriter *r)
{
	return r->result == REWRITER_UNREADABLE ? "stub: unreadable" : "stub: oversized";
}
