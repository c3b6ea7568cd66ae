/*
 * What the files of this folder share. A visitor is a connection from a browser; an exchange is one request and its
 * response, and exists only while one is in flight, so that an idle connection owns almost nothing. Between them stands
 * a channel, which knows the version of HTTP: a visitor of HTTP/1.1 has one, a visitor of HTTP/2 one for each stream.
 *
 *   admission.c how many connections there may be, of each address and at all
 *   visitor.c   the connection: its beginning, deadlines, closing; input of HTTP/1.1, keep-alive, pipelining
 *   channel.h   what an exchange says to its visitor, whatever the version
 *   channel_h1.c, channel_h2.c  how that is said in HTTP/1.1 and in HTTP/2
 *   visitor_h2.c  a connection of HTTP/2
 *   exchange.c  birth, routing to a site, end and log of an exchange
 *   request.c   towards the origin: head, body, retry
 *   response.c  towards the visitor: interim and final heads, body
 *   page.c      bodies that go through decoding, rewriting and encoding
 *   forward.c   the fields that a proxy sets and removes
 *   answer.c    what crumbgate answers by itself: error pages, redirects, 204
 *   consent.c   pages and forms of crumbgate's own
 *   tunnel.c    WebSocket: what may be upgraded, and what comes after the 101
 */
#ifndef CG_PROXY_EXCHANGE_INTERNAL_H
#define CG_PROXY_EXCHANGE_INTERNAL_H

#include <netinet/in.h>

#include "proxy/exchange/channel.h"
#include "proxy/exchange/server.h"
#include "proxy/h1/h1.h"
#include "proxy/h2/h2.h"
#include "proxy/io/deadline.h"
#include "proxy/io/listener.h"
#include "proxy/io/stream.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/log.h"
#include "proxy/page/chain.h"
#include "proxy/upstream/upstream.h"
#include "rules/decide/decide.h"

#define VISITOR_MAGIC	   0x56495349
#define EXCHANGE_MAGIC	   0x45584348
#define EXCHANGES_FREE_MAX 64
#define INTERIM_MAX	   8

struct site {
	const struct config_site *config;
	struct upstream_set *upstreams;
	struct decide_env env;
	struct guard *guard;	/* owned; of env */
	struct page_plan *plan; /* likewise */
	bool pages;		/* the rules have something to do in pages */
};

struct listening {
	struct listener listener;
	const struct config_listen *config;
	struct server *server;
};

struct visitor_list {
	struct visitor *newest;
	struct visitor *oldest;
	size_t n;
};

/* Connections by address: admission.c. */
struct admission {
	struct admitted *slots; /* owned */
	size_t mask;		/* their number, a power of two, less one */
	size_t used;
	size_t most; /* of one address; 0: no limit, and no slots */
	uint64_t seed;
	struct log_limit complaints;
};

struct server {
	struct io io;
	struct server_parts parts;
	struct site *sites; /* in the order of the config */
	struct pattern_scratch *scratch;
	struct chain_pool pages;
	struct h2_memory *h2_memory;
	struct admission admission;
	struct listening **listenings;
	size_t n_listenings;
	struct visitor *visitors;
	struct visitor_list idle;    /* those between requests */
	struct visitor_list waiting; /* those of whose request, the first or another, not all of the head has come */
	size_t n_visitors;
	size_t most_visitors;		 /* above it the oldest idle one is closed; if none is idle, accepting stops */
	size_t most_waiting;		 /* above it the one that waits longest is closed */
	struct exchange *free_exchanges; /* with their arenas' first chunk, ready for reuse */
	size_t n_free_exchanges;
	struct channel_h2 *free_channels; /* likewise; their timers may be armed, for nothing */
	size_t n_free_channels;
	uint64_t serial; /* of the exchange begun last */
	struct log_limit origin_complaints;
	bool draining;
	struct deadline drain;
	void (*drained)(void *arg);
	void *drained_arg;
};

enum visitor_state {
	VISITOR_HANDSHAKE,
	VISITOR_IDLE, /* between requests; nothing of the next has come */
	VISITOR_HEAD, /* part of a head has come */
	VISITOR_EXCHANGE,
	VISITOR_CLOSING, /* the last output is on its way */
	VISITOR_LINGER,	 /* everything is sent: reading and dropping until the visitor closes */
	VISITOR_CLOSED,
};

struct visitor {
	struct io_reap reap;
	unsigned magic;
	enum visitor_state state;
	struct server *server;
	const struct config_listen *listen;
	struct visitor *next;
	struct visitor *prev;
	struct visitor_list *list; /* idle or waiting; NULL: it has a request in flight, or ends */
	struct visitor *list_next;
	struct visitor *list_prev;
	struct stream stream;
	struct deadline deadline;
	struct channel channel; /* of HTTP/1.1: its exchange is there in VISITOR_EXCHANGE */
	struct h1_scan scan;
	char *room; /* what channel_room() gave out: the head, the chunk's line, the content */
	size_t room_head;
	struct visitor_h2 *h2; /* NULL: HTTP/1.1 */
	uint64_t requests;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} peer;
	char address[INET6_ADDRSTRLEN];
	bool admitted;	   /* counted by admission.c */
	bool linger;	   /* when closing: it may still be sending */
	bool linger_dirty; /* close by RST: only the close would delimit a body that was cut, or nobody takes it */
};

enum request_state {
	REQUEST_WAITING, /* for a connection to the origin */
	REQUEST_BODY,
	REQUEST_DISCARD, /* reading and dropping a body that goes nowhere */
	REQUEST_OWN,	 /* reading a form that is for crumbgate itself */
	REQUEST_DONE,
};

enum response_state {
	RESPONSE_HEAD,
	RESPONSE_BODY,
	RESPONSE_TUNNEL,
	RESPONSE_DONE,
};

/* A body on its way through the chain, and how it is handed to the visitor. */
struct page_way {
	struct chain chain;
	struct decide_env env;	   /* the chain's; in observe mode with a sink of its own */
	struct coding_stack stack; /* of the body as it comes */
	enum coding coding;	   /* of the output */
	bool open;		   /* the chain has this response's body */
	bool head_waits;	   /* nothing is sent before the beginning of the body is known to be good */
	bool begun;		   /* the chain took the first piece */
	bool full;   /* the visitor cannot follow: content waits in `rest`, and what follows it in origin_in */
	bool ending; /* the body is complete and the origin's connection given back; not all is written yet */
	bool whole;  /* the request was repeated without Range */
	struct buffer rest;
	struct deadline pause;		/* when it comes, the encoder is flushed */
	char *room;			/* of the channel, while one is being filled; within one turn of the loop */
	size_t room_n, room_end;	/* its size; what is filled */
	const char *outcome;		/* for the log; NULL: it is no page, or not touched */
	bool counted;			/* `before` is of use */
	unsigned before[VERDICT_KINDS]; /* counts of the decision when the chain was opened */
};

struct exchange {
	unsigned magic;
	uint64_t serial; /* tells a finished exchange from the next one that reuses its memory: exchange_is() */
	struct exchange *next_free;
	struct server *server;
	struct visitor *visitor;
	struct channel *channel; /* the way back; it outlives the exchange */
	const struct site *site; /* NULL until one is found */
	struct arena arena;
	struct buffer out; /* for heads on their way into a stream */

	struct request request;
	struct slice target; /* as received, for the log */
	struct h1_framing request_framing;
	struct h1_body request_body;
	enum request_state request_state;
	struct text own_body;	   /* of REQUEST_OWN */
	uint64_t request_progress; /* octets of the body when the deadline was moved last */

	struct response response;
	struct h1_framing response_framing; /* as the origin framed it */
	struct h1_framing visitor_framing;  /* as the visitor gets it */
	struct h1_body response_body;
	enum response_state response_state;
	struct page_way page;
	struct buffer origin_in; /* a head of the origin that came in part, or what waits while page.full */
	struct h1_scan origin_scan;
	bool origin_spoke; /* an octet of the response has come */
	bool head_sent;	   /* a final response to the visitor has begun */
	unsigned interims;
	bool continued; /* a 100 was sent: the visitor knows that its body is wanted */

	struct upstream_user upstream;
	int64_t lent_ms; /* when the connection was there; of io_now_ms() */
	unsigned attempts;
	bool send_failed;    /* the origin takes no more of the request */
	bool origin_eof;     /* in a tunnel */
	bool tunnel_hurried; /* its deadline is the shorter one */

	struct decision decision;
	bool decided;
	struct verdict *would; /* in observe mode: what would have been changed, in the arena */
	size_t n_would;
	int64_t began_ms; /* Unix time */
	int64_t began_us; /* monotonic */
	uint64_t sent;
	unsigned status;
	const char *error;
};

/* admission.c */
CG_WARN_UNUSED bool admission_init(struct admission *a, const struct config *c, size_t most_visitors);
void admission_free(struct admission *a);
/* False if the visitor's address has as many connections as it may: close it. Once a connection, when the peer is set.
 */
CG_WARN_UNUSED bool admission_enter(struct visitor *v);
/* The connection is gone. Harmless if it was not counted. */
void admission_leave(struct visitor *v);
/* Moves the visitor into one of the server's lists, at its new end, or with NULL out of them. */
void room_set(struct visitor *v, struct visitor_list *list);
/* One more visitor is there: closes one that may go, if there are too many. */
void room_make(struct server *s);
/* Goes on accepting, or stops. */
void room_look(struct server *s);

/* visitor.c */
void visitor_accept(void *listening, int fd, const struct sockaddr *peer, socklen_t len);
/*
 * Sets the deadline of what happens next. It is prolonged by timeouts.body as long as queued output goes on leaving:
 * a slow reader is not a silent one.
 */
void visitor_wait(struct visitor *v, int64_t ms);
/* Uses what has been kept; call after the exchange became able to take more. */
void visitor_pull(struct visitor *v);
/* The exchange is over (and freed): the next request, or closing. */
void visitor_next(struct visitor *v, bool keep_alive);
/* No more requests: closes when all output has left. */
void visitor_close(struct visitor *v);
/* Closes at once; ends what is in flight. */
void visitor_abort(struct visitor *v, const char *why);
/* Closes idle connections while draining. */
void visitor_drain(struct visitor *v);
void visitor_destroy(struct visitor *v);

/* channel_h1.c */
extern const struct channel_ops channel_h1;
/* channel_h2.c */
extern const struct channel_ops channel_h2;

/* visitor_h2.c */
/* The connection speaks HTTP/2. False if memory ran out. */
bool visitor_h2_begin(struct visitor *v);
/* Octets that came. */
void visitor_h2_input(struct visitor *v, struct slice in);
/* The socket takes more. */
void visitor_h2_drained(struct visitor *v);
/* The connection's deadline has come. */
void visitor_h2_expired(struct visitor *v);
/* No new requests. */
void visitor_h2_drain(struct visitor *v);
/* It is going to be closed at once: says GOAWAY, if the socket takes it. Not while the session is on the stack. */
void visitor_h2_say_goodbye(struct visitor *v);
/* The connection is gone: ends its exchanges. */
void visitor_h2_drop(struct visitor *v, const char *why);
void visitor_h2_free(struct visitor *v);
/* Those that wait for reuse. */
void channels_h2_free(struct server *s);

/* exchange.c */
static inline bool exchange_has_content(const struct exchange *e)
{
	const struct h1_framing *f = &e->request_framing;

	return f->kind == H1_BODY_CHUNKED || (f->kind == H1_BODY_LENGTH && f->length > 0);
}
/* True while more octets of this request may come, so that the next one cannot begin. */
static inline bool exchange_unread(const struct exchange *e)
{
	return e->request_state != REQUEST_DONE && exchange_has_content(e);
}
/* True while the exchange that e was when its serial was read is still in flight. */
static inline bool exchange_is(const struct channel *c, const struct exchange *e, uint64_t serial)
{
	return c->exchange == e && e->serial == serial;
}
/*
 * Takes a complete head in the form of HTTP/1.1; false only if memory ran out. The exchange may already be over on
 * return (c->exchange NULL).
 */
bool exchange_begin(struct channel *c, struct slice head);
/* Counts a request that breaks a rule or a limit. */
void exchange_count(enum h1_error error);
/* Answers a head that could not be read, but perhaps for the method, and closes. */
bool exchange_refuse(struct channel *c, struct slice method, enum h1_error error);
/* Answers one that did not become complete in time, and closes. */
bool exchange_head_slow(struct channel *c);
/* Logs, frees, and hands the visitor on. */
void exchange_finish(struct exchange *e, bool keep_alive);
/* Frees without answering: the visitor is gone. */
void exchange_drop(struct exchange *e, const char *why);
/* Ends the exchange where it is, so that the visitor sees that it is not complete. */
void exchange_cut(struct exchange *e, const char *why);
/* Cuts the response off where it is, or answers with an error if none has begun. */
void exchange_fail(struct exchange *e, unsigned status, const char *why);
/* The request's body is not as it must be; is longer than the limit. */
void exchange_malformed(struct exchange *e);
void exchange_too_long(struct exchange *e);
void exchange_timeout(struct exchange *e);
void exchanges_free(struct server *s);

static inline void channel_wait(struct exchange *e, int64_t ms)
{
	e->channel->ops->wait(e, ms);
}
static inline void channel_pull(struct exchange *e)
{
	e->channel->ops->pull(e->channel);
}
/* The visitor cannot follow: nothing more is to be read from the origin before response_resume(), which then comes. */
static inline bool channel_is_full(struct exchange *e)
{
	return e->channel->ops->full(e, false);
}

/*
 * What to decide with: the site's env, or in observe mode a copy of it in *own that notes each verdict in e->would.
 */
const struct decide_env *exchange_env(struct exchange *e, struct decide_env *own);

/* request.c */
void request_start(struct exchange *e);
/*
 * A request that is answered with 204 here. A small body is read first, so that the connection lives on: beacons are
 * posted.
 */
void request_block(struct exchange *e);
/* h1_body_read() of the request's body, which in HTTP/2 ends with the channel's input. */
enum h1_body_result request_read(struct exchange *e, struct slice *in, struct slice *data);
/* Takes octets of the request's body from the front of *in. */
void request_input(struct exchange *e, struct slice *in);
/* The visitor ended its side. */
void request_eof(struct exchange *e);
void request_upstream_event(void *exchange, enum upstream_event event);
/* For struct upstream_user: how many milliseconds too long the visitor makes the origin wait. */
int64_t request_spare(void *exchange);
/* The connection to the origin ended or failed before its response: tries again where that is safe. */
void request_lost(struct exchange *e, unsigned status, const char *why);
/* The request as it is now once more, as if nothing had come; only if request_repeatable(). */
void request_again(struct exchange *e);
/* A method that may be repeated, and no content that would have to be sent again. */
bool request_repeatable(const struct exchange *e);

/* response.c */
void response_readable(struct exchange *e);
/* Output to the visitor has drained: go on reading from the origin. */
void response_resume(struct exchange *e);
/* Sends e->response, which may be an interim one, on to the visitor as a head; false if that failed. */
bool response_write_head(struct exchange *e);
/* Tells the visitor, who waits for it, to send its body; false: the exchange has ended. */
bool response_continue(struct exchange *e);
/* Whether the connection to the visitor can live on after this exchange. */
bool response_keep_alive(const struct exchange *e);

/* How the origin's framing is passed on: by length where it gave one, else in chunks, or by the close. */
void response_choose_framing(struct exchange *e);
/* Writes content. */
bool response_put(struct exchange *e, struct slice data);
/* Writes the end of a complete body and ends the exchange. */
void response_end(struct exchange *e);
/* Goes on with what waits in origin_in. True: more may be read from the origin. */
bool response_go_on(struct exchange *e);

/* page.c */
enum page_way_begin {
	PAGE_HEAD_NOW,	 /* write the head; the body goes as it is, or through the chain in observe mode */
	PAGE_HEAD_LATER, /* page.c writes it */
	PAGE_GONE,	 /* the exchange has ended */
	PAGE_AGAIN,	 /* the request, as it is now, is to be sent again: request_again() */
};
/* After decide_response() for a final response; edits the fields and sets visitor_framing. */
enum page_way_begin exchange_page_begin(struct exchange *e);
/* A piece of the body while page.open. False: stop with this input, as page.full, or because the exchange has ended. */
bool page_way_content(struct exchange *e, struct slice data);
/* The body is complete: gives the origin's connection back, ends the exchange now or later. */
void page_way_end(struct exchange *e, bool reusable);
/* The input of this turn is used up: what is written may leave. False: the exchange has ended. */
bool page_way_settle(struct exchange *e);
/* The visitor takes more. True: nothing waits any more, so more may be read from the origin. */
bool page_way_resume(struct exchange *e);
/* Nothing of what was not sent will be. Harmless if there is no page. */
void page_way_drop(struct exchange *e);
/* True if the site's rules may have anything to do in pages. */
bool page_way_rules(const struct decide_env *env);

/* forward.c */
bool forward_request_fields(struct exchange *e);
bool forward_response_fields(struct exchange *e);

/* answer.c */
void answer_error(struct exchange *e, unsigned status);
void answer_blocked(struct exchange *e);
void answer_redirect(struct exchange *e);
void answer_options(struct exchange *e);
/* e->response as it is, with this content. */
void answer_own(struct exchange *e, struct slice content);

/* consent.c */
/* A request for one of crumbgate's own pages (DECIDE_ANSWER). */
void own_begin(struct exchange *e);
/* Takes octets of its form. */
void own_input(struct exchange *e, struct slice *in);

/* tunnel.c */
/* An upgrade that may not pass is forgotten: the request goes on without it. */
void tunnel_judge(struct exchange *e);
void tunnel_begin(struct exchange *e, struct slice rest);
void tunnel_from_visitor(struct exchange *e, struct slice *in);
void tunnel_from_origin(struct exchange *e);
void tunnel_visitor_eof(struct exchange *e);
void tunnel_visitor_drained(struct exchange *e);
/* Its deadline has come; true: there is a new one. */
bool tunnel_may_last(struct exchange *e);

/* region.c: where the visitor is, in the arena; empty if nothing tells. Before the request is edited. */
struct slice exchange_region(struct exchange *e);

#endif
