/*
 * Diagnostics as data: what is wrong with a file, where, and what to write instead.
 *
 * A list collects every finding of a load, in order of discovery, at most DIAGNOSTICS_MAX of them (the rest are
 * counted). Texts are copied into the list's arena, so the source may go away. Rendering is separate and pure.
 */
#ifndef CG_RULES_BASE_DIAGNOSTIC_H
#define CG_RULES_BASE_DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/arena.h"
#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"

#define DIAGNOSTICS_MAX 100

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

/* A place in a source file. line and column count from 1 in octets; line 0: the file as a whole. */
struct position {
	struct slice file;   /* path as the operator wrote or would write it */
	struct slice source; /* text of the whole line without its end; empty if unknown */
	unsigned line;
	unsigned column;
	unsigned width; /* how many octets the caret underlines; 0 counts as 1 */
};

struct diagnostic {
	enum severity severity;
	struct position at;
	struct slice message; /* what is wrong, no full stop, begins in lower case */
	struct slice hint;    /* what to write instead; may be empty */
};

struct diagnostics {
	struct arena arena;
	struct diagnostic *v;
	size_t n;
	size_t cap;
	size_t errors;	 /* of severity error, including those beyond the maximum */
	size_t warnings; /* likewise */
	bool failed;	 /* memory ran out: the list is incomplete, treat as an error */
};

CG_NONNULL void diagnostics_init(struct diagnostics *d);
CG_NONNULL void diagnostics_free(struct diagnostics *d);

/* hint may be NULL. The position's slices are copied. */
void diagnostics_add(struct diagnostics *d, enum severity severity, const struct position *at, const char *hint,
		     const char *fmt, ...) CG_PRINTF(5, 6);

/* True if nothing stands against using what was loaded. */
static inline bool diagnostics_ok(const struct diagnostics *d)
{
	return d->errors == 0 && !d->failed;
}

/*
 * As a person reads it:
 *
 *   marketing.rules:12:9: error: unknown purpose "analytic"
 *      12 | cookie _ga is analytic
 *         |               ^~~~~~~~
 *      write "analytics", or declare it with: purpose analytic "..."
 *
 * colour: with ANSI escapes. Control octets of the source line are shown as '?', tabs are kept under the caret.
 * False if the buffer is full.
 */
bool diagnostic_render(const struct diagnostic *d, bool colour, struct buffer *out);
/* All of them, then a line that counts what was left out, if anything. */
bool diagnostics_render(const struct diagnostics *d, bool colour, struct buffer *out);
/* One JSON object: {"file":...,"line":...,"column":...,"severity":...,"message":...,"hint":...} without a line end. */
bool diagnostic_render_json(const struct diagnostic *d, struct buffer *out);

#endif
