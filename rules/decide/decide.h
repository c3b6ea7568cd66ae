/*
 * The facade that the proxy, the harness and the explain command call: what passes, in both directions.
 *
 * One struct decision per exchange: decide_request() fills it, decide_response() (once per final response, and once per
 * forwarded interim response) uses it. Everything made lives in the exchange's arena, which must be the one that the
 * messages' fields grow in: its sticky failure is how a lack of memory is seen. In observe mode the messages are
 * left untouched and the verdicts tell what would have happened; but sealed cookies that open are opened.
 */
#ifndef CG_RULES_DECIDE_DECIDE_H
#define CG_RULES_DECIDE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"
#include "rules/consent/consent.h"
#include "rules/consent/sealed.h"
#include "rules/http/message.h"
#include "rules/language/ruleset.h"
#include "rules/pages/pages.h"

enum verdict_kind {
	VERDICT_KEEP,
	VERDICT_DROP,
	VERDICT_EXPIRE,	 /* a denied cookie on the device: deletion sent to the visitor */
	VERDICT_REWRITE, /* attributes of a Set-Cookie changed */
	VERDICT_INJECT,
	VERDICT_BLOCK,	 /* the request is answered with 204, the origin never sees it */
	VERDICT_INERT,	 /* a beacon in a page that stays there and does nothing */
	VERDICT_REPLACE, /* a beacon in a page, by something else */
	VERDICT_SEAL,	 /* the value of a Set-Cookie, see rules/consent/sealed.h */
	VERDICT_OPEN,	 /* a sealed cookie of the request */
	VERDICT_KINDS
};

enum verdict_subject {
	SUBJECT_REQUEST_COOKIE,	 /* visitor to origin */
	SUBJECT_RESPONSE_COOKIE, /* origin to visitor */
	SUBJECT_PARAM,
	SUBJECT_PATH,
	SUBJECT_BEACON, /* an element or attribute of a page; name: its URL, or how it is written */
	SUBJECT_HEADER, /* a beacon in a field of the response; name: its URL or host */
	SUBJECT_HTML,	/* injected into a page; name: the place */
	SUBJECT_PAGE,	/* a page as a whole, withheld or not; name: its URL */
	SUBJECT_KINDS
};

/* One thing and what was decided about it. */
struct verdict {
	enum verdict_kind kind;
	enum verdict_subject subject;
	struct slice name;	 /* of the cookie, parameter or path */
	const struct rule *rule; /* the one that says so; NULL for what needs none (crumbgate's own cookie) */
	purposes mask;		 /* purposes the thing is of */
	const char *reason;	 /* static text where no rule is enough, e.g. "pattern limit reached"; or NULL */
	/* Of SUBJECT_BEACON and SUBJECT_HEADER: what matched, and for lists where in the list. */
	struct slice pattern;
	unsigned list_line;
	uint64_t offset; /* of SUBJECT_BEACON and SUBJECT_HTML: in the page as the origin sent it */
};

/* Receives each verdict as it is made; for the harness, explain and observe mode's log. */
typedef void (*verdict_sink)(void *arg, const struct verdict *v);

/* What stays the same over a site's exchanges. */
struct decide_env {
	const struct ruleset *rules;
	const struct consent_mac *mac;
	const struct seal_ops *seal; /* NULL: cookies that the rules seal do not pass */
	struct slice site;
	struct pattern_scratch *scratch;
	const struct guard *guard;    /* the guard of these rules, made once; NULL: pages get none */
	const struct page_plan *plan; /* of these rules, made once (rewriter.h); NULL: each page makes its own */
	/* SHA-256, for the hashes in Content-Security-Policy; NULL: what a policy does not let run is not injected. */
	void (*sha256)(struct slice data, unsigned char out[32]);
	/* Fills out with n random octets; for {uuid}. */
	void (*random)(void *arg, unsigned char *out, size_t n);
	void *random_arg;
	verdict_sink sink; /* NULL: verdicts are only counted */
	void *sink_arg;
};

enum decide_action {
	DECIDE_PASS,  /* go on to the origin */
	DECIDE_BLOCK, /* answer 204 with Cache-Control: no-store */
	/*
	 * The path is one of crumbgate's own: decide_answer() says what to answer, and the origin never sees it. The
	 * request is not edited.
	 */
	DECIDE_ANSWER,
};

struct opened;	 /* a sealed cookie that opened */
struct leftover; /* a denied cookie seen in the request */
struct injected; /* a cookie made for this visitor */

/* What is to be done with the body of a response. */
enum page_work {
	PAGE_PASS,     /* nothing: it is no page, or this visitor's consent leaves nothing to do */
	PAGE_REWRITE,  /* hand it through a rewriter (rewriter.h); the fields are made ready for that */
	PAGE_WHOLE,    /* a part of a page came (206): ask the origin again, without Range and If-Range */
	PAGE_WITHHOLD, /* it cannot be read and must not pass: answer 502; see page.why */
};

/* What an inject html statement puts into this page: its template expanded, once per response. */
struct page_inject {
	const struct inject_html_rule *rule;
	struct slice html;
	struct page_inject *next; /* in statement order */
};

struct csp_inline;

/*
 * The body of a response. Of HEAD, 304 and other statuses without a body work is PAGE_PASS, but the fields are those of
 * the GET, and `bodiless` tells that its length would not be the origin's.
 */
/* Whether the octets of a page beyond ASCII are UTF-8. */
enum page_encoding {
	PAGE_ENCODING_UNKNOWN, /* as far as its fields tell */
	PAGE_UTF8,
	PAGE_NOT_UTF8,
};

struct page {
	enum page_work work;
	bool bodiless;	 /* with PAGE_PASS: a body would be rewritten; no Content-Length may be told */
	bool by_consent; /* under some consent it would be changed: the fields are made ready for caches */
	bool navigation; /* Sec-Fetch-Dest says so: whatever its markup, a browser shows it as a document */
	bool document;	 /* a document of its own, not a fragment that a script asked for: it may be injected into */
	bool guard;	 /* the guard goes in */
	bool xml;	 /* application/xhtml+xml: tags change nothing */
	bool unlabelled; /* there is no Content-Type: it is a page only if it looks like one */
	enum page_encoding encoding;
	unsigned status;
	struct slice url;   /* of the page, absolute; of the request as the visitor sent it */
	struct slice path;  /* normalised, as inject statements compare it */
	struct slice nonce; /* of the page's Content-Security-Policy, in what is injected already; may be empty */
	const char *why;
	struct page_inject *injects; /* those that apply to it, the page's policy permitting; all in the arena */
	struct slice guard_html;     /* the complete element to insert first in head; empty if `guard` is false */
	/* The inline scripts and styles of all these, for csp_allow(): page_inlines() makes it when it is first asked.
	 */
	const struct csp_inline *inlines;
	size_t n_inlines;
};

/* A validator of a page of the visitor's present consent, as the origin knows it. */
struct known_validator;

/* What the request said that its response depends on; as the visitor sent it. */
struct asked {
	struct slice authority; /* host[:port] */
	struct slice target;
	struct slice language; /* the Accept-Language fields, joined */
	bool gpc;	       /* Sec-GPC is "1" */
	bool top;	       /* Sec-Fetch-Dest is absent or "document": what is shown is no frame */
	bool get;	       /* the method is GET: the target may be asked for again */
	bool head;	       /* the method is HEAD */
	bool navigation;       /* Sec-Fetch-Dest names something that shows a document */
	bool document;	       /* Sec-Fetch-Dest is absent or names something that shows a document */
	struct known_validator *known;
};

struct decision {
	struct page page; /* set by decide_response() */
	struct consent consent;
	enum decide_action action;
	bool observe;
	unsigned counts[VERDICT_KINDS]; /* by kind, keep included */
	int64_t now;
	unsigned sealed[SEALED_STATES]; /* what became of the sealed cookies of the request */
	struct opened *opened;
	struct leftover *leftovers;
	struct injected *injected;
	struct slice host;
	struct slice region; /* the argument */
	struct slice path;   /* of the target before edits, without query: for the scopes of expiry */
	bool secure;
	bool document; /* the request may be a navigation: Sec-Fetch-Dest absent, document or iframe */
	struct asked asked;
	enum own_page own; /* OWN_NONE but for DECIDE_ANSWER */
	bool hints_lost;   /* of early hints: there were links, and none may pass */
};

enum decide_result {
	DECIDE_OK,
	DECIDE_NO_MEMORY, /* the arena refused: the exchange must end with an error, nothing may be sent on */
};

/*
 * Resolves consent and edits the request in place: Cookie fields, the target's parameters, Crumbgate-Consent (set; a
 * visitor's own copy is dropped), injected cookies. region: see struct consent_query. now: Unix time in seconds.
 */
enum decide_result decide_request(const struct decide_env *env, struct request *req, struct slice region, int64_t now,
				  struct arena *arena, struct decision *out);

/*
 * What crumbgate answers where decide_request() said DECIDE_ANSWER. The request's body, of which at most OWN_FORM_MAX
 * octets are needed; too_long: there were more. The content goes to *content; it belongs to the response of a GET as
 * much as to that of a HEAD. Every answer says no-store.
 *
 * Without keys or TLS there is nothing but gpc.json: 404.
 */
struct own_body {
	struct slice octets;
	bool too_long;
};
enum decide_result decide_answer(const struct decide_env *env, const struct request *req, const struct own_body *body,
				 struct arena *arena, struct decision *d, struct response *resp, struct slice *content);

/*
 * Edits the response in place: Set-Cookie verdicts on every status, expiry of leftovers with every scope they may have
 * (bounded: EXPIRE_LINES_MAX, EXPIRE_OCTETS_MAX), injected cookies; beacons in fields (Link, Refresh, Report-To,
 * Reporting-Endpoints, NEL, Speculation-Rules, Content-Security-Policy) taken out; and d->page with the fields that go
 * with it: Content-Security-Policy lets run what is injected, validators, Vary and digests fit a page that differs by
 * consent. Cache-Control is made private where crumbgate added a Set-Cookie or the response differs by consent.
 * With interim true (1xx) only verdicts on Set-Cookie and on beacons in fields are applied. Early hints (RFC 8297) of
 * which no Link is left are not to be sent on: d->hints_lost.
 *
 * Where d->page.work is then PAGE_WHOLE the response is not edited: it is dropped, the origin is asked again without
 * Range and If-Range, and decide_response() is called with what comes then. If that is PAGE_WHOLE again, answer 502.
 * Of a page that is rewritten trailers must be dropped: they may hold a digest.
 */
#define EXPIRE_LINES_MAX  64
#define EXPIRE_OCTETS_MAX 4096 /* of those lines as HTTP/1.1 sends them */
enum decide_result decide_response(const struct decide_env *env, struct response *resp, bool interim,
				   struct arena *arena, struct decision *d);

/*
 * Adds the name of a request field to Vary, unless it is there or Vary is "*": for whoever else makes the response
 * depend on something, such as the one that encodes a body by Accept-Encoding. False if the arena refused.
 */
bool response_varies(struct fields *f, struct slice field_name);

const char *verdict_kind_text(enum verdict_kind k);	  /* "keep", "drop", ... */
const char *verdict_subject_text(enum verdict_subject s); /* "cookie to the origin", ... */

/*
 * Appends one line for people, without its end, e.g.
 *   cookie to the origin _ga: dropped, as analytics is not granted; decided by a.rules:7: cookie _ga is analytics
 * granted: the exchange's. Octets of the name that are not visible ASCII become '?'. False if the buffer is full.
 */
bool verdict_explain(const struct ruleset *rs, const struct verdict *v, purposes granted, struct buffer *out);

#endif
