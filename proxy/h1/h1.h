/*
 * HTTP/1.1 messages, sans-I/O and strict: bytes in, the internal message out, and back (RFC 9110, RFC 9112).
 *
 * Framing is parsed once, told beside the message in struct h1_framing, and never forwarded as it came: the fields
 * Content-Length, Transfer-Encoding, Connection, what Connection nominates, and all other hop-by-hop fields are taken
 * out of the list; the writer chooses framing afresh. What is ambiguous is refused.
 *
 * Use: h1_scan() finds the end of the head as bytes come; copy the head into the exchange's arena; parse the copy: all
 * slices of the message point into it. Bodies: struct h1_body consumes and yields slices of the input, no copy.
 */
#ifndef CG_PROXY_H1_H1_H
#define CG_PROXY_H1_H1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/base/slice.h"
#include "rules/http/message.h"

struct h1_limits {
	size_t line;   /* octets of the start line, without CRLF */
	size_t field;  /* octets of one field line, without CRLF */
	size_t head;   /* octets of the whole head */
	size_t fields; /* number of field lines */
};
#define H1_LIMITS_DEFAULT ((struct h1_limits){.line = 8192, .field = 16384, .head = 65536, .fields = 128})

/*
 * Why a message was refused; each has a text for the log and, on the visitor's side, a status for the answer. After a
 * refusal nothing more of that connection may be read: where its next message begins is not known.
 */
enum h1_error {
	H1_OK,
#define CG_H1_ERROR(id, status, text) H1_E_##id,
#include "proxy/h1/error_table.h"
#undef CG_H1_ERROR
	H1_ERRORS
};
const char *h1_error_text(enum h1_error e);
unsigned h1_error_status(enum h1_error e); /* 400, 405, 413, 414, 417, 431, 501, 503 or 505 */

/* -- heads --------------------------------------------------------------------------------------------------------- */

enum h1_scan_result { H1_SCAN_MORE, H1_SCAN_END, H1_SCAN_ERROR };

/* State of the search for the end of a head; zero-initialise per message. */
struct h1_scan {
	size_t start; /* octets of empty lines skipped before a request line (at most 4 CRLF; none before a response) */
	size_t line;  /* offset where the current line begins */
	size_t pos;   /* offset up to which was looked */
	size_t lines;
	enum h1_error error;
};

/*
 * Looks on in `in`, which holds the message from its first octet and only grows between calls. Each octet is looked at
 * once over all calls. Bare LF, limits on line, field, head and count, and a first octet that cannot start a message
 * (TLS sent to a plain port) are refused as soon as seen. The result and the error are the same for any split.
 * H1_SCAN_END: *length is the length of the head, from offset 0, including skipped empty lines and the final CRLF CRLF.
 */
enum h1_scan_result h1_scan(struct h1_scan *s, const struct h1_limits *limits, bool request, struct slice in,
			    size_t *length);

enum h1_body_kind {
	H1_BODY_NONE,
	H1_BODY_LENGTH,
	H1_BODY_CHUNKED,
	H1_BODY_CLOSE, /* until the connection ends; responses only */
};

struct h1_framing {
	enum h1_body_kind kind;
	uint64_t length;      /* of H1_BODY_LENGTH; for a HEAD or 304 answer the announced length, see has_length */
	bool has_length;      /* a valid Content-Length was there */
	bool keep_alive;      /* the peer lets the connection live after this message */
	bool expect_continue; /* request with Expect: 100-continue and a body, HTTP/1.1 */
	bool upgrade;	      /* request: Connection nominates Upgrade and the field is there */
	struct slice upgrade_protocol; /* value of Upgrade, for requests and 101 answers */
	bool te_trailers;	       /* request: TE: trailers was nominated */
};

/*
 * Parses a complete request head (what h1_scan found). secure: the visitor came over TLS. out->fields is allocated in
 * the arena; every slice points into head, into the arena or to a constant. On error out->method and out->minor tell
 * what was read of them (else empty and 0), for the answer's sake; the rest is of no use.
 *
 * Refuses (RFC 9112 unless said otherwise): obs-fold (5.2), blanks before ':' (5.1), bare CR (2.2), NUL and other
 * control octets but HTAB in a value (RFC 9110 5.5), a method that is no token of up to 32 octets (501 if longer),
 * CONNECT and TRACE in any case (405), a version other than HTTP/1.x (505), asterisk-form but for OPTIONS (3.2.4), an
 * absolute-form target with another scheme than the connection's, no Host or several, a Host that names another site
 * than an absolute-form target (3.2, 3.2.2), an invalid authority or userinfo, Content-Length with Transfer-Encoding
 * (6.1), repeated or invalid Content-Length (a list of equal values too; RFC 9110 8.6), any Transfer-Encoding but a
 * single "chunked" (501 for others), Transfer-Encoding in HTTP/1.0, Expect other than 100-continue (417, RFC 9110
 * 10.1.1), a Connection that nominates an end-to-end field or more than 16 unknown ones (see framing.c), a field name
 * that an origin may take for another one that crumbgate sets, removes or relies on: "Crumbgate_Consent",
 * "X_Forwarded_For", "Content_Length".
 * An HTTP/1.0 request without Host is refused too: there is no site for it.
 *
 * Target octets: all visible ASCII but '#', and 0x80..0xff, are taken and passed on as they are. RFC 3986 allows
 * fewer, but browsers and links send | { } ^ ` " and raw UTF-8, and none of them is a delimiter of the request line
 * or of a URL, so no two readers can split the line differently; malformed percent-escapes likewise.
 *
 * Expect stays in the list only if expect_continue is set: it is void without content and in HTTP/1.0.
 */
enum h1_error h1_parse_request(struct slice head, const struct h1_limits *limits, bool secure, struct arena *arena,
			       struct request *out, struct h1_framing *framing);

/*
 * Parses a complete response head to a request of that method. Content by RFC 9112 6.3. Refuses what a request's head
 * is refused for, as far as it applies: repeated Content-Length (equal values too), Transfer-Encoding with
 * Content-Length, a coding other than chunked, Transfer-Encoding in HTTP/1.0; further a status outside 100..599, an
 * interim response that announces content, a 101 when !upgrade_asked or without Upgrade and Connection: upgrade.
 * The blank after the status may miss if there is no reason. A 204 that announces content has kind NONE and
 * !keep_alive, so that what may follow is never taken for the next response.
 * framing->upgrade is set for 101 only.
 */
enum h1_error h1_parse_response(struct slice head, const struct h1_limits *limits, struct slice method,
				bool upgrade_asked, struct arena *arena, struct response *out,
				struct h1_framing *framing);

/* -- bodies -------------------------------------------------------------------------------------------------------- */

enum h1_body_result {
	H1_BODY_MORE,  /* all input consumed, more needed */
	H1_BODY_DATA,  /* *data is a piece of content; call again with what is left of the input */
	H1_BODY_END,   /* the body is complete; what is left of the input belongs to the next message */
	H1_BODY_ERROR, /* body->error */
};

/*
 * A body being read. Chunk extensions are counted and dropped (at most 4096 octets a body), sizes are 1..16 hex digits
 * checked for overflow, in sum at most 2^63-1, and only CRLF ends a line. Trailers: parsed strictly, bounded by
 * limits.head and limits.fields in sum; those not allowed in trailers (RFC 9110 6.5.1: what frames, routes,
 * authenticates or carries state, and whatever crumbgate looks at in a head) are dropped; the rest is kept in
 * `trailers`, copied to the arena.
 */
struct h1_body {
	enum h1_body_kind kind;
	int state;
	uint64_t left;	   /* of the length or of the current chunk */
	uint64_t received; /* octets of content so far */
	unsigned digits;
	size_t extension;
	enum h1_error error;
	struct h1_limits limits;
	struct arena *arena;
	struct buffer line; /* a trailer line that arrives in pieces */
	size_t trailer_octets;
	size_t trailer_fields;	/* lines, those dropped included */
	struct fields trailers; /* valid after H1_BODY_END */
};

/* Prepares; allocates nothing. The arena must outlive the body. Call h1_body_free() in the end. */
void h1_body_init(struct h1_body *b, const struct h1_framing *framing, const struct h1_limits *limits,
		  struct arena *arena);
void h1_body_free(struct h1_body *b);

/*
 * Takes from the front of *in, which is advanced by what was consumed. Content and result are the same at any split of
 * the input. END and ERROR are final: further calls repeat them and consume nothing.
 */
enum h1_body_result h1_body_read(struct h1_body *b, struct slice *in, struct slice *data);

/*
 * The connection has ended. H1_BODY_END if the body is complete by that (H1_BODY_CLOSE), else H1_BODY_ERROR.
 */
enum h1_body_result h1_body_eof(struct h1_body *b);

/* -- writing ------------------------------------------------------------------------------------------------------- */

/*
 * Writes a request head for the origin: target as it is, Host first, then the fields as they are, then the framing
 * asked for: kind LENGTH writes Content-Length, CHUNKED Transfer-Encoding, NONE nothing. Connection is written only as
 * "close" (if !keep_alive), "upgrade" (with Upgrade, if upgrade) or both. HTTP/1.1 always. Hop-by-hop fields, Host and
 * Content-Length in the list are not written: only the framing says such things.
 *
 * False, and *out as before, if the buffer is full or the message holds what must not be written: a control octet in a
 * value, a name that is no token, an empty target. So whatever a rule makes of a message, no line is forged.
 */
bool h1_write_request(struct buffer *out, const struct request *req, const struct h1_framing *framing);

/*
 * Writes a response head for a visitor of HTTP/1.minor; false as above. Status line in HTTP/1.1; Connection: close if
 * !keep_alive or kind CLOSE, Connection: keep-alive to an HTTP/1.0 visitor who may keep it, nothing for 1xx but
 * "upgrade" for 101. For a HEAD or 304 answer the announced length is repeated (has_length with kind NONE). 1xx and 204
 * must have no content (kind NONE or LENGTH 0) and get no Content-Length; kind CHUNKED is not for HTTP/1.0. A response
 * without content that is none of these has kind LENGTH and length 0.
 */
bool h1_write_response(struct buffer *out, const struct response *resp, const struct h1_framing *framing,
		       unsigned minor);

/* True if a line of it can be written: the name is a token, and the value holds no control octet. */
bool h1_is_writable(const struct field *f);
/* True for a field that may stand in trailers. */
bool h1_is_trailer(struct slice name);

/* The line before a chunk of n octets of content (n > 0); the content and CRLF must follow. At most 18 octets. */
size_t h1_chunk_head(char out[20], uint64_t n);
/* The last chunk with those trailers that are allowed; trailers may be NULL. False as above. */
bool h1_write_last_chunk(struct buffer *out, const struct fields *trailers);

#endif
