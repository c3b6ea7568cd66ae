/*
 * URLs of elements as browsers read them (WHATWG URL Standard, "basic URL parser"), for rules that match them.
 *
 * The input is the value of an attribute with its character references decoded, in UTF-8; the output is what a request
 * would go to. Rules see URLs normalised: without userinfo, fragment, default port and the dot that may end a host, so
 * that no spelling of a tracker's name escapes a rule. What differs from the standard on purpose:
 * - Only schemes that make requests over the network by host (http, https, ws, wss, ftp) are taken apart. Everything
 *   else (data:, javascript:, blob:, about:, file:, mailto:) is told by its scheme alone.
 * - A host that IDNA refuses is kept, its refused labels encoded as they stand (idna.h); "xn--" labels are not
 *   verified. A browser may refuse such a URL; being strict about it costs nothing.
 * - Octets that are not UTF-8 are taken as U+FFFD. In a document that is not UTF-8 what is written beyond ASCII means
 *   something else: see beyond_ascii for hosts; in a query it may differ from what the browser sends.
 */
#ifndef CG_RULES_HTTP_WEB_URL_H
#define CG_RULES_HTTP_WEB_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

enum web_url_kind {
	WEB_URL_INVALID, /* a browser refuses it: nothing is loaded */
	WEB_URL_NETWORK, /* http, https, ws, wss or ftp: all parts are set */
	WEB_URL_OTHER,	 /* another scheme: only `scheme` is set */
};

struct web_url {
	enum web_url_kind kind;
	struct slice scheme; /* lower case, without ':' */
	struct slice text;   /* scheme://host[:port]/path[?query], all that rules match */
	struct slice origin; /* the front of text that ends where the path begins */
	struct slice host;   /* lower case A-labels, IPv4 as four numbers, IPv6 compressed and without brackets */
	struct slice path;   /* begins with '/'; dot segments resolved, percent-encoded as browsers send it */
	struct slice query;  /* without '?' */
	uint16_t port;	     /* the scheme's own if none is written */
	bool has_query;	     /* tells "/?" from "/" */
	/*
	 * Also of WEB_URL_INVALID: octets above 0x7F stand where the host is written, here or in the base: which host
	 * that is depends on the document's encoding.
	 */
	bool beyond_ascii;
};

/*
 * Parses s, relative to base where it is relative; base may be NULL or not WEB_URL_NETWORK, then relative URLs are
 * invalid. A <base href> is itself parsed relative to the document's URL. s is stripped as browsers do: C0 controls and
 * spaces at both ends, TAB, LF and CR anywhere; '\' is '/'.
 *
 * All slices of *out are parts of out->text, which is a part of s itself where nothing needs a change and else lives in
 * the arena; scheme of WEB_URL_OTHER likewise. base may go away. Returns false only if the arena refused; *out is then
 * WEB_URL_INVALID. Time is linear in s and base.
 */
bool web_url_parse(struct slice s, const struct web_url *base, struct arena *arena, struct web_url *out);

#endif
