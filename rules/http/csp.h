/*
 * Content Security Policy, Level 3: what of ours a policy lets run, and the least edit that lets it; hosts and report
 * endpoints taken out. What is not touched keeps its octets.
 *
 * A value is what a Content-Security-Policy or -Report-Only field says, or the content of such a <meta> with its
 * character references decoded: policies separated by commas, directives by semicolons (CSP3 2.2.1, 2.2.2; browsers
 * split the content of a <meta> at commas too). As there, of directives with the same name the first counts, and one
 * with non-ASCII octets is ignored.
 *
 * No function here keeps state. Results are the very same slice where nothing changes and else live in the arena; false
 * means that the arena refused.
 */
#ifndef CG_RULES_HTTP_CSP_H
#define CG_RULES_HTTP_CSP_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

enum csp_kind { CSP_SCRIPT, CSP_STYLE, CSP_FORM, CSP_KINDS };

/* An inline script or style element that is put into a page, or a form. */
struct csp_inline {
	enum csp_kind kind;
	bool nonced; /* it carries the nonce that csp_allow() is told */
	/*
	 * 'sha256-...' with its quotes, of its text: csp_hash_source(); empty if not known. Of a form the URL that it
	 * is sent to, or one with a '/' at its end below which that is.
	 */
	struct slice source;
};

#define CSP_HASH_SOURCE_SIZE (sizeof "'sha256-'" - 1 + 44)
/* Writes the source expression of a SHA-256. */
void csp_hash_source(const unsigned char sha256[32], char out[CSP_HASH_SOURCE_SIZE]);

/*
 * The first nonce that a policy of value takes for inline elements of that kind, without 'nonce-' and quotes; empty if
 * there is none. It consists of base64 characters only.
 */
struct slice csp_nonce(struct slice value, enum csp_kind kind);

/* True if every policy of value lets the element stand inline as things are. nonce: as for csp_allow(). */
bool csp_allows(struct slice value, struct slice nonce, const struct csp_inline *element);

/*
 * Lets the elements run: where a policy stands against one, its source is added to the directive that decides
 * (script-src-elem, else script-src, else a script-src that says what default-src says; likewise style-src; of forms
 * form-action alone), in place of 'none' if it says only that. Nothing that was let run before ceases to be: a hash is
 * only added where 'unsafe-inline' means nothing. An element without a source changes nothing. nonce: which the nonced
 * elements carry; may be empty.
 */
bool csp_allow(struct slice value, struct slice nonce, const struct csp_inline *elements, size_t n, struct arena *arena,
	       struct slice *out);

enum csp_subject {
	CSP_SOURCE,	  /* a host of a ...-src directive */
	CSP_REPORT_URI,	  /* a URL of report-uri */
	CSP_REPORT_GROUP, /* the endpoint that report-to names */
};

struct csp_reference {
	enum csp_subject subject;
	struct slice directive; /* its name as written */
	/*
	 * CSP_SOURCE: as a URL, "//host/path" if it names no scheme; of "*.host" the host alone, without a port that is
	 * "*". Others: as written. May live in the arena.
	 */
	struct slice url;
};

/* True: it stays. */
typedef bool (*csp_judge)(void *arg, const struct csp_reference *ref);

/*
 * Takes out what the judge refuses. A ...-src directive that loses its last source says 'none'; report-uri and
 * report-to go with theirs. Sources that name no host ('self', https:, *) are not judged.
 */
bool csp_filter(struct slice value, csp_judge judge, void *arg, struct arena *arena, struct slice *out);

#endif
