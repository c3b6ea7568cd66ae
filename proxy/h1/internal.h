/* What the files of proxy/h1 share; nobody else includes this. */
#ifndef CG_PROXY_H1_INTERNAL_H
#define CG_PROXY_H1_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/h1/h1.h"

/* -- octets.c: classes of octets ----------------------------------------------------------------------------------- */

enum h1_class {
	H1_TCHAR = 1, /* of a token, RFC 9110 5.6.2 */
	H1_VALUE = 2, /* of a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 5.5) */
	H1_PLAIN = 4, /* letters, digits and '-': what field names are made of */
};
extern const unsigned char h1_octets[256];

static inline bool h1_is(enum h1_class class, char c)
{
	return (h1_octets[(unsigned char)c] & class) != 0;
}

/* Length of the longest start of s that is all H1_VALUE. */
static inline size_t h1_value_span(struct slice s)
{
	return slice_find_control(s);
}

/* The same of H1_PLAIN, and of what a request target is made of, see h1_parse_request(). */
size_t h1_plain_span(struct slice s);
size_t h1_target_span(struct slice s);

/* Length of the token that s starts with; 0 if none. */
static inline size_t h1_token_span(struct slice s)
{
	size_t n = 0;

	while (n < s.n && h1_is(H1_TCHAR, s.p[n]))
		n++;
	return n;
}

/*
 * Octets of a line so far, without its LF but with its CR if that came: over the limit? A CR at the end does not
 * count. The answer never turns back to false when more octets come, so it is the same for any split of the input.
 */
static inline bool h1_line_too_long(struct slice line, size_t limit)
{
	return line.n > limit && (line.n - limit > 1 || line.p[line.n - 1] != '\r');
}

/* -- fields.c: field lines ----------------------------------------------------------------------------------------- */

/* What stands in the place of a CRLF. */
enum h1_error h1_no_crlf(struct slice rest);

/* Takes a CRLF from the front of *rest; if none is there, says what stands in its place. */
static inline enum h1_error h1_take_crlf(struct slice *rest)
{
	if (rest->n < 2 || rest->p[0] != '\r' || rest->p[1] != '\n')
		return h1_no_crlf(*rest);
	*rest = slice_of(rest->p + 2, rest->n - 2);
	return H1_OK;
}

/* One field line with its CRLF, from the front of *rest, which is advanced. *odd is set if the name is not plain. */
enum h1_error h1_take_field(struct slice *rest, const struct h1_limits *limits, struct field *f, bool *odd);

/*
 * True for a field that no intermediary may take out or add behind the back of whoever reads the head: it may neither
 * be nominated by Connection nor come in trailers.
 */
bool h1_field_is_end_to_end(enum field_id id, struct slice name);

/*
 * True for a name that becomes the name of a field in the table, or of an end-to-end one, if an origin takes its odd
 * octets for '-', as gateways that turn fields into variables do (RFC 3875 4.1.18): "Crumbgate_Consent" then is
 * HTTP_CRUMBGATE_CONSENT just as Crumbgate-Consent is.
 */
bool h1_field_is_lookalike(struct slice name);

/* -- framing.c: what the fields say about the message and the connection --------------------------------------------
 */

/* So that nominations times fields stays a small number. */
#define H1_NOMINATED_MAX 16

/* What the fields say that are of no concern to anybody behind us. */
struct h1_gathered {
	struct slice host;
	struct slice length;
	struct slice coding;
	struct slice upgrade;
	size_t hosts;
	size_t lengths;
	size_t codings;
	size_t upgrades;
	enum h1_error error; /* the first in these fields */
	bool expect;
	bool expect_other;
	bool close;
	bool keep_alive;
	bool option_upgrade;
	bool option_te;
	bool te_trailers;
	bool odd; /* there are names that are not plain */
	size_t nominations;
	struct slice nominated[H1_NOMINATED_MAX]; /* fields to remove that are not removed anyway */
};

/*
 * Takes all field lines and the empty line, after which *rest must be at its end. To *out go end-to-end fields alone,
 * without Host and Content-Length; what the others say is gathered in *g.
 */
enum h1_error h1_take_fields(struct slice *rest, const struct h1_limits *limits, struct fields *out,
			     struct h1_gathered *g);

/*
 * Decides content length and transfer coding. Sets kind to CHUNKED, LENGTH or NONE, and length and has_length.
 */
enum h1_error h1_decide_body(const struct h1_gathered *g, unsigned minor, struct h1_framing *framing);

/* Sets keep_alive and upgrade. */
void h1_decide_connection(const struct h1_gathered *g, unsigned minor, struct h1_framing *framing);

/* "HTTP/1.x" at the front of *rest, which is advanced; *minor becomes 0 or 1. */
enum h1_error h1_take_version(struct slice *rest, unsigned *minor);

#endif
