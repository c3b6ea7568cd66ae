/* What the files of proxy/h2 share; nobody else includes this. */
#ifndef CG_PROXY_H2_INTERNAL_H
#define CG_PROXY_H2_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "proxy/h2/h2.h"
#include "rules/base/buffer.h"

/* -- head.c: a head on its way to the form of HTTP/1.1 ------------------------------------------------------------- */

/* Heads of a connection never mix (RFC 9113 4.3), so there is one of these for each. */
struct h2_head {
	struct buffer pseudo; /* values of the pseudo-header fields, one behind the other */
	struct {
		size_t at, n;
		bool there;
	} method, scheme, authority, path, protocol;
	struct buffer text;   /* what is made of it */
	struct buffer cookie; /* crumbs joined (RFC 9113 8.2.3) */
	size_t n;	      /* field lines */
	size_t octets;	      /* of names and values */
	bool begun;	      /* the start line is written */
	bool cookies, length, te;
	enum h1_error error; /* the first that was found */
};

void h2_head_init(struct h2_head *h, const struct h1_limits *limits);
void h2_head_free(struct h2_head *h);
/* For the next one. */
void h2_head_clear(struct h2_head *h);
/* A field. What is wrong with it is noted in error. */
void h2_head_add(struct h2_head *h, const struct h1_limits *limits, struct slice name, struct slice value);
/* All fields have come: fills what is said of the head in *r. False if memory ran out. */
bool h2_head_finish(struct h2_head *h, bool end, struct h2_request *r);

/* -- memory.c ------------------------------------------------------------------------------------------------------ */

/* NULL if m is. */
nghttp2_mem *h2_memory_ops(struct h2_memory *m);

/* -- respond.c ----------------------------------------------------------------------------------------------------- */

/* Makes the list of a response; NULL if memory ran out or a field must not be written. */
nghttp2_nv *h2_response_fields(const struct response *response, const struct h1_framing *framing, struct arena *arena,
			       size_t *n);
/* The trailers of text as a list of at most `most`. */
size_t h2_trailers_list(struct slice text, nghttp2_nv *out, size_t most);

#endif
