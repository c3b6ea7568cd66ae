/*
 * A second reading of HTTP/1.1 heads and bodies, written apart from proxy/h1 and for clarity alone: whole messages in,
 * no state, no tables, no care for speed. The fuzz targets compare it with the product. It takes authority_parse() for
 * granted, and the limits and structures of h1.h; everything else is its own.
 */
#ifndef CG_TESTS_SUPPORT_H1_NAIVE_H
#define CG_TESTS_SUPPORT_H1_NAIVE_H

#include "proxy/h1/h1.h"

#define NAIVE_FIELDS_MAX 256

struct naive_head {
	struct slice first, second, third; /* of the start line: method, target, version; version, status, reason */
	struct slice names[NAIVE_FIELDS_MAX], values[NAIVE_FIELDS_MAX];
	size_t fields;
	size_t forwarded; /* fields that are neither framing nor hop-by-hop nor nominated nor void */
	enum h1_body_kind kind;
	uint64_t length;
	bool has_length;
	bool keep_alive;
};

/* Length of the head that in starts with; 0 if there is no complete one within the limits, or it is refused. */
size_t naive_head_length(struct slice in, const struct h1_limits *limits, bool request);

bool naive_request(struct slice head, bool secure, struct naive_head *out);
bool naive_response(struct slice head, struct slice method, bool upgrade_asked, struct naive_head *out);

enum naive_result { NAIVE_REFUSED, NAIVE_INCOMPLETE, NAIVE_COMPLETE };

/*
 * Reads a chunked body from its first octet. content must have room for in.n octets. *used and *trailers (lines kept)
 * are valid if complete.
 */
enum naive_result naive_chunked(struct slice in, const struct h1_limits *limits, char *content, size_t *content_length,
				size_t *used, size_t *trailers);

#endif
