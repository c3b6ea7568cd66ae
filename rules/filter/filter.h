/*
 * Filter lists: network patterns in the syntax of Adblock Plus, as EasyPrivacy and its like are written, compiled once
 * to an immutable index.
 *
 * A line is: nothing, a comment ("! ...", "[...]", "# ..."), a rule that hides elements (skipped and counted; hiding is
 * not consent), a line of a hosts file ("0.0.0.0 HOST", taken as "||HOST^"), or
 *
 *   [@@] PATTERN [$OPTION,...]
 *
 * Patterns: "||" begins at the start of the host name or of one of its labels; "|" at either end is the URL's start or
 * end; "*" is anything; "^" is a separator (any octet but letters, digits, "_", "-", ".", "%") or the end of the URL;
 * "/.../" is a regular expression (PCRE2, rules/base/pattern.h). Letter case is ignored without match-case.
 *
 * Options: script image stylesheet object subdocument xmlhttprequest media font ping websocket other popup document
 * all (and the short forms of uBlock Origin: css frame xhr beacon doc), each also with "~"; third-party, first-party
 * (3p 1p); domain= (from=) with "|" and "~"; important; match-case; badfilter. A line with any other option is
 * unsupported, as is one that cannot be understood or that would match everything: it is left out, counted and told
 * with file and line, never taken for a match.
 *
 * Without type options a rule holds for every type but document and popup.
 */
#ifndef CG_RULES_FILTER_FILTER_H
#define CG_RULES_FILTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"
#include "rules/base/pattern.h"
#include "rules/base/slice.h"
#include "rules/http/web_url.h"

/* What a URL is requested for. A request may carry several: a preconnect has FILTER_ANY. */
enum filter_type {
	FILTER_SCRIPT = 1 << 0,
	FILTER_IMAGE = 1 << 1,
	FILTER_STYLESHEET = 1 << 2,
	FILTER_OBJECT = 1 << 3,
	FILTER_SUBDOCUMENT = 1 << 4,
	FILTER_XMLHTTPREQUEST = 1 << 5,
	FILTER_MEDIA = 1 << 6,
	FILTER_FONT = 1 << 7,
	FILTER_PING = 1 << 8,
	FILTER_WEBSOCKET = 1 << 9,
	FILTER_OTHER = 1 << 10,
	FILTER_POPUP = 1 << 11,
	FILTER_DOCUMENT = 1 << 12,
	FILTER_ALL = (1 << 13) - 1,
	FILTER_ANY = FILTER_ALL & ~(FILTER_POPUP | FILTER_DOCUMENT),
};

/* The largest list: 64 MB; the longest line: 16 KB. */
#define FILTER_TEXT_MAX (64u << 20)
#define FILTER_LINE_MAX (16u << 10)

/* Lists are made for readers of other people's sites; the owner of a site may want less of their leniency. */
struct filter_options {
	bool no_exceptions;	   /* leave out every "@@" line */
	bool no_domain_exceptions; /* leave out "@@" lines that hold for named sites only */
};

/* What became of the lines; their sum is `lines`. */
struct filter_counts {
	size_t lines;
	size_t comments; /* blank ones too */
	size_t elements; /* hiding of elements */
	size_t blocks;
	size_t exceptions;
	size_t left_out; /* exceptions, by the options */
	size_t bad;	 /* badfilter lines, and the lines they cancel */
	size_t unsupported;
};

struct filter; /* immutable once compiled; may be used from several threads */

/*
 * Compiles a list; file names it in diagnostics, which get a warning for each unsupported line (as many as they take)
 * and may be NULL. text and file may go away. NULL if memory ran out, or with an error in the diagnostics if the text
 * is too large; counts are complete either way as far as it came.
 */
CG_WARN_UNUSED struct filter *filter_compile(struct slice text, struct slice file, const struct filter_options *options,
					     struct diagnostics *diagnostics, struct filter_counts *counts);
void filter_free(struct filter *f); /* NULL is fine */
/* Octets of memory that it holds, without what PCRE2 holds for regular expressions. */
CG_NONNULL size_t filter_memory(const struct filter *f);

enum filter_line_kind {
	FILTER_LINE_COMMENT,
	FILTER_LINE_ELEMENTS, /* hides elements */
	FILTER_LINE_BLOCK,
	FILTER_LINE_EXCEPTION,
	FILTER_LINE_BADFILTER,
	FILTER_LINE_UNSUPPORTED, /* `message` says why */
};

/* What filter_compile() would make of a line. */
struct filter_check {
	enum filter_line_kind kind;
	bool important;
	bool regex;	   /* its pattern is a regular expression; whether that is valid was not looked at */
	struct slice host; /* of "||HOST" with '^', '/' or a port behind it: a part of the line; else empty */
	bool whole_host;   /* the pattern is "||HOST^" or "||HOST/", and no option but third-party narrows it down */
	char message[200]; /* no full stop; empty but for FILTER_LINE_UNSUPPORTED */
};

/* line: without a line end. */
CG_NONNULL void filter_check(struct slice line, struct filter_check *out);

/* Domains in options have at most as many labels. */
#define FILTER_LABELS_MAX 16

/* The page that requests are made from; prepared once a page. Plain data, nothing to free. */
struct filter_page {
	struct slice host;
	struct slice site; /* registrable domain, or empty */
	size_t labels;	   /* of the host, at most FILTER_LABELS_MAX from its end */
	struct {
		size_t at; /* offset into host */
		uint32_t hash;
	} tail[FILTER_LABELS_MAX]; /* the last label, the last two, ... */
};

/* host: in normal form (as struct web_url has it); must outlive the page. */
CG_NONNULL void filter_page_init(struct filter_page *page, struct slice host);

/* One URL, prepared once for any number of lists. */
struct filter_request {
	const struct filter_page *page;
	struct slice text;  /* in normal form */
	struct slice lower; /* the same in lower case */
	struct slice host;
	size_t host_at; /* host[:port] begins in text, and ends */
	size_t host_end;
	unsigned types; /* of enum filter_type */
	enum filter_party { FILTER_PARTY_UNKNOWN, FILTER_FIRST_PARTY, FILTER_THIRD_PARTY } party;
};

/*
 * url: WEB_URL_NETWORK; its text and page must outlive the request. The party is found out by registrable domains when
 * the first rule asks (two hosts without one are of the same party only if equal). False if the arena refused.
 */
bool filter_request_init(struct filter_request *r, const struct web_url *url, unsigned types,
			 const struct filter_page *page, struct arena *arena);

enum filter_verdict {
	FILTER_NONE,	 /* no rule blocks it */
	FILTER_BLOCKED,	 /* by `rule` */
	FILTER_EXCEPTED, /* `rule` would block it; `exception` does not let it */
};

struct filter_match {
	unsigned line;	   /* from 1 */
	struct slice text; /* the line as written, trimmed; as long as the filter */
};

struct filter_result {
	enum filter_verdict verdict;
	struct filter_match rule;
	struct filter_match exception;
	bool limit; /* it would perhaps be another one, had no regular expression exceeded its limits */
};

/*
 * The strictest rule, and of equally strict ones the first in the list: an important rule, which no exception lifts;
 * else a rule with the exception that lifts it, if there is one. Where a regular expression exceeds its limits, rules
 * match and exceptions do not. No memory is taken; time is linear in the URL for each rule that shares four characters
 * with it.
 */
CG_NONNULL struct filter_result filter_match(const struct filter *f, struct filter_request *r,
					     struct pattern_scratch *scratch);

#endif
