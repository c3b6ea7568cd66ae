/* Writing the path and query of a normalised URL (WHATWG URL Standard 4.4): part of web_url.h. */
#ifndef CG_RULES_HTTP_WEB_PATH_H
#define CG_RULES_HTTP_WEB_PATH_H

#include <stdbool.h>

#include "rules/base/slice.h"

/* What is being written; never beyond cap, which the caller has computed by web_text_size(). */
struct web_text {
	char *p;
	size_t n;
	size_t cap;
};

void web_text_add(struct web_text *t, struct slice s);

/* The most octets that s can take in a path or query. */
size_t web_text_size(struct slice s);

/*
 * Adds the segments of a path, separated by '/' or '\', to the path that begins at offset root of t and may have
 * segments already (from a base URL); dot segments are resolved, what must be is percent-encoded. s stands behind the
 * '/' that begins a path, and holds no '?'.
 */
void web_path_add(struct web_text *t, size_t root, struct slice s);
/* Removes the last segment (WHATWG URL 4.4, "shorten"). */
void web_path_shorten(struct web_text *t, size_t root);
/* Adds '?' and the query, percent-encoded as for special schemes. */
void web_query_add(struct web_text *t, struct slice s);

/* True if c may stand in the path (query: in the query) of a normalised URL as it is. */
bool web_path_octet(char c);
bool web_query_octet(char c);

#endif
