/*
 * HTTP/2 towards visitors (RFC 9113), sans-I/O: octets in, requests out; responses in, octets out. libnghttp2 knows
 * frames, HPACK, flow control and priorities (RFC 9218), and refuses what is malformed; here is what makes of it
 * messages that an HTTP/1.1 origin cannot misread, and limits to what a connection may cost.
 *
 * A request is told as a head in the form of HTTP/1.1 that says the same (h1_parse_request() then checks it as strictly
 * as any): so nothing that would be refused in one version passes in the other, and framing is decided in one place.
 *
 * The owner keeps what it wants to say in queues of its own; the session asks for it when flow control and priorities
 * allow. Nothing here calls back but from h2_receive() and h2_send(), and the owner may call anything but these two
 * while it is called.
 */
#ifndef CG_PROXY_H2_H2_H
#define CG_PROXY_H2_H2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/h1/h1.h"
#include "rules/base/arena.h"
#include "rules/base/slice.h"
#include "rules/http/field.h"
#include "rules/http/message.h"

/* What only an attacker or a broken client does often: each kind has a budget for H2_ABUSE_MS. */
enum h2_abuse {
	H2_ABUSE_RESETS,      /* streams that the visitor reset before their response was complete (CVE-2023-44487) */
	H2_ABUSE_MADE_RESETS, /* streams that had to be reset because of what the visitor sent (CVE-2025-8671) */
	H2_ABUSE_SETTINGS,
	H2_ABUSE_PINGS,
	H2_ABUSE_EMPTY_FRAMES, /* DATA without content that ends nothing (CVE-2019-9518) */
	H2_ABUSE_PRIORITIES,   /* PRIORITY_UPDATE (CVE-2019-9513); PRIORITY is nothing here */
	H2_ABUSE_WINDOWS,      /* WINDOW_UPDATE of less than H2_WINDOW_MIN octets (CVE-2019-9511) */
	H2_BUDGETS,
	H2_ABUSE_CONTINUATIONS = H2_BUDGETS, /* a head in more pieces than any needs (CVE-2024-28182): at once */
	H2_ABUSE_HEADS,	    /* one that is decompressed to H2_HEAD_TIMES as much as a head may have: at once */
	H2_ABUSE_MALFORMED, /* a frame that makes no sense there: the stream or the connection ends */
	H2_ABUSE_STREAMS,   /* streams refused, as there are too many: that costs nothing, ends nothing */
};
#define H2_ABUSE_MS   10000
#define H2_WINDOW_MIN 1024
#define H2_HEAD_TIMES 4

struct h2_limits {
	uint64_t streams;	     /* at once */
	uint64_t window;	     /* octets of a request's content that are kept until the origin takes them */
	uint64_t connection_window;  /* the same of all requests of a connection; both below 2^31 */
	uint64_t budget[H2_BUDGETS]; /* how often in H2_ABUSE_MS */
};

struct h2_request {
	int32_t id;	   /* of the stream */
	struct slice head; /* as of HTTP/1.1; valid during the call */
	bool end;	   /* the request has no content */
	bool tunnel; /* extended CONNECT: the head asks for an upgrade, the answer to which is 200 instead of 101 */
	enum h1_error error; /* not H1_OK: it is to be refused, and the head is empty */
	struct slice method; /* as sent, for the answer's sake; valid during the call */
};

struct h2_owner {
	/* A request. What it returns is `stream` below; NULL if memory ran out: the stream is reset. */
	void *(*request)(void *arg, const struct h2_request *r);
	/* Content; h2_consumed() must follow for each octet, or no more will come. */
	void (*content)(void *arg, void *stream, struct slice data);
	/* A trailer field. */
	void (*trailer)(void *arg, void *stream, struct slice name, struct slice value);
	/* The request is complete. */
	void (*end)(void *arg, void *stream);
	/* The end of the response has left. */
	void (*said)(void *arg, void *stream);
	/* The stream is gone; by an error unless code is 0. Nothing of it is asked for any more. */
	void (*closed)(void *arg, void *stream, uint32_t code);
	/* Octets of content that wait to be sent, and whether that is all; *trailers may be set to text made by
	 * h2_trailers_text(). */
	size_t (*waiting)(void *arg, void *stream, bool *end, struct slice *trailers);
	/* The first n waiting octets are to be written behind this frame header. False if it failed. */
	bool (*write_content)(void *arg, void *stream, struct slice frame, size_t n);
	bool (*write)(void *arg, struct slice octets);
	/* How many octets of content the next frame had best have; 0: no room for any now. */
	size_t (*room)(void *arg);
	/* For counting: this has happened too often, and the connection ends; or something was refused. */
	void (*abused)(void *arg, enum h2_abuse kind);
};

/* Memory that the sessions of a worker share, so that an idle one costs little: for about so many. NULL if there is
 * none. */
struct h2_memory;
CG_WARN_UNUSED struct h2_memory *h2_memory_new(size_t sessions);
void h2_memory_free(struct h2_memory *m); /* after all sessions; NULL is fine */

struct h2_session;

/*
 * limits, those of heads, memory (which may be NULL) and owner must outlive the session. NULL if memory ran out.
 */
CG_WARN_UNUSED struct h2_session *h2_session_new(const struct h2_limits *limits, const struct h1_limits *heads,
						 struct h2_memory *memory, const struct h2_owner *owner, void *arg);
void h2_session_free(struct h2_session *s); /* NULL is fine; calls nothing */

/* Takes all of the input. False: the connection is beyond repair; what h2_send() gives says why, then close. */
bool h2_receive(struct h2_session *s, struct slice in, int64_t now_ms);
/* Writes as long as there is room. False if writing failed. */
bool h2_send(struct h2_session *s);
/* True once nothing can come and nothing is left to be sent. */
bool h2_is_over(const struct h2_session *s);
/* True while a head has come in part. */
bool h2_reads_head(const struct h2_session *s);
/* There is no stream for now: gives back what only heads need. */
void h2_rest(struct h2_session *s);

/*
 * Sends a head. status 101 is written as 200. end: no content follows, whatever the framing says. The arena is for what
 * is needed until this returns. False if memory ran out or the message holds what must not be written.
 */
bool h2_respond(struct h2_session *s, int32_t id, const struct response *response, const struct h1_framing *framing,
		bool end, struct arena *arena);
/* There is content, or the end, where there was none when the session asked last. */
void h2_resume(struct h2_session *s, int32_t id);
/* Those trailers that are allowed, in the form that owner.waiting() gives them back in. False if memory ran out. */
bool h2_trailers_text(struct buffer *out, const struct fields *trailers);
/* Whoever kept n octets of the request's content has used them: as many more may come. */
void h2_consumed(struct h2_session *s, int32_t id, size_t n);
/* The stream's own window lets content through: what it has waits for other streams, or for the connection. */
bool h2_is_open(const struct h2_session *s, int32_t id);
/* The stream ends here: with an error, or, with its request unread, because the response is complete. */
enum h2_code {
	H2_NO_ERROR = 0,
	H2_INTERNAL_ERROR = 2,
	H2_REFUSED_STREAM = 7,
	H2_CANCEL = 8,
	H2_ENHANCE_YOUR_CALM = 11
};
void h2_reset(struct h2_session *s, int32_t id, enum h2_code code);

/* Tells the visitor that the connection is going to end (RFC 9113 6.8): requests on their way are still answered. */
void h2_notice(struct h2_session *s);
/* From here on no new request is answered; those in flight go on. */
void h2_go_away(struct h2_session *s);
/* The connection ends at once. */
void h2_terminate(struct h2_session *s, enum h2_code code);

#endif
