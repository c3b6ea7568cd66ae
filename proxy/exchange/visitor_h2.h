/* A visitor of HTTP/2, and its channels: shared by visitor_h2.c and channel_h2.c alone. */
#ifndef CG_PROXY_EXCHANGE_VISITOR_H2_H
#define CG_PROXY_EXCHANGE_VISITOR_H2_H

#include "proxy/exchange/internal.h"
#include "proxy/h2/h2.h"
#include "proxy/io/queue.h"

/*
 * What the connection's deadline stands for. It is moved only when that changes, so that no trickle prolongs it; a full
 * socket in between does not make the others longer.
 */
enum h2_wait {
	H2_WAIT_NOTHING, /* the streams have deadlines of their own */
	H2_WAIT_IDLE,
	H2_WAIT_HEAD,
	H2_WAIT_OUTPUT, /* the socket is full */
};

struct visitor_h2 {
	struct visitor *visitor;
	struct h2_session *session;
	struct io_later later; /* everything of a turn leaves together */
	struct channel_h2 *channels;
	size_t n_channels;
	uint64_t sent; /* octets of content, of all channels */
	size_t queued; /* ... that have not left */
	enum h2_wait wait;
	enum h2_wait due;	  /* the same, whether the socket is full or not */
	int64_t due_ms;		  /* when it runs out; of io_now_ms() */
	struct deadline farewell; /* after the notice: no new requests from here on */
	bool noticed;
	bool gone;
	bool over;   /* the session ends; its last words are on their way */
	bool inside; /* the session is on the stack: it must not be entered again */
	bool early;  /* ... below an exchange, which must not end there: closed channels are freed by settle() */
	bool failed; /* writing failed */
};

struct channel_h2 {
	struct io_reap reap;
	struct channel channel;
	struct visitor_h2 *h2;
	struct server *server; /* when h2 may be gone */
	struct channel_h2 *next;
	struct channel_h2 *prev;
	int32_t id;
	struct io_queue out; /* content that has not left */
	size_t counted;	     /* of it, in h2->queued */
	uint64_t sent;
	uint64_t sent_seen;
	uint64_t all_seen; /* of h2->sent */
	struct deadline deadline;
	struct buffer trailers; /* text of h2_trailers_text() */
	bool ended;		/* the response is complete */
	bool said;		/* ... and has left */
	bool is_error;		/* its status is 400 or above */
	bool full;		/* the exchange was told to wait */
	bool deferred;		/* the session asks no more before h2_resume() */
	bool closed;
};

static inline struct channel_h2 *channel_h2_of(struct channel *c)
{
	return (struct channel_h2 *)(void *)((char *)c - offsetof(struct channel_h2, channel));
}

/* NULL if memory ran out. */
struct channel_h2 *channel_h2_new(struct visitor_h2 *h, int32_t id);
/* Ends the exchange, if one is there, and frees at the end of the turn. */
void channel_h2_free(struct channel_h2 *c, const char *why);
/* Content of the request that came; with none, what is kept is offered anew. */
void channel_h2_feed(struct channel_h2 *c, struct slice fresh);
/* After content has left. */
void channel_h2_count(struct channel_h2 *c);
/* After output has left: whoever waited for that may go on. */
void channel_h2_drained(struct channel_h2 *c);

/* What has been queued leaves at the end of the turn. */
void visitor_h2_later(struct visitor_h2 *h);
/* What has been queued leaves now; failure and closed streams are seen to later. Harmless while the session is on the
 * stack. */
void visitor_h2_send_early(struct visitor_h2 *h);

#endif
