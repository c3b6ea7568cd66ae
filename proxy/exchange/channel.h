/*
 * What an exchange says to its visitor, and hears from it, whatever the version of HTTP: the head, the content and the
 * end of a response; the content of the request, kept while it cannot be used.
 *
 * Lifetime: a channel outlives its exchange, by a turn of the loop at least, so code that goes on after something that
 * may end the exchange asks exchange_is(). No operation but cut() and pull() may end the exchange.
 */
#ifndef CG_PROXY_EXCHANGE_CHANNEL_H
#define CG_PROXY_EXCHANGE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/buffer.h"
#include "rules/base/slice.h"
#include "rules/http/field.h"

struct exchange;
struct visitor;
struct channel_ops;

struct channel {
	const struct channel_ops *ops;
	struct visitor *visitor;
	struct exchange *exchange; /* NULL: none in flight */
	struct buffer in;	   /* octets of the request that could not be used yet */
	bool consuming;		   /* octets are being handed to the exchange by a function on the stack */
	bool eof;		   /* no more will come behind `in` */
	bool connect;		   /* HTTP/2: extended CONNECT (RFC 8441), whose success begins a tunnel */
};

struct channel_ops {
	/* HTTP/2: content is not framed within the octets, it ends with them. */
	bool bare_content;

	/* Writes e->response as a head, framed as e->visitor_framing says. False if it failed. */
	bool (*head)(struct exchange *e);
	/* Writes content. False if it failed. */
	bool (*put)(struct exchange *e, struct slice content);
	/*
	 * A place where content can be made, *n octets of it, which then is not copied. With *head, the head is to go
	 * in front of it; *head becomes false if it was sent at once. Nothing is sent before commit(), forget() takes
	 * it back; only queued() may come in between. NULL if it failed.
	 */
	char *(*room)(struct exchange *e, bool *head, size_t *n);
	/* The first n octets are content; with head as room() left it. False if it failed. */
	bool (*commit)(struct exchange *e, bool head, size_t n);
	void (*forget)(struct exchange *e);
	/* The response is complete; trailers may be NULL. In a tunnel: no more will be said. False if it failed. */
	bool (*end)(struct exchange *e, const struct fields *trailers);
	/* What was written leaves, at once or at the end of the loop's turn. False if it failed. */
	bool (*flush)(struct exchange *e);
	/* Octets of content that have not left. */
	size_t (*queued)(const struct exchange *e);
	/*
	 * The most to be read from the origin, or made, at once: less while others of the connection have much that
	 * waits to leave.
	 */
	size_t (*most)(const struct exchange *e);
	/*
	 * True if the visitor cannot follow, so that nothing more may be read or made; response_resume() then comes.
	 * making: what waits may be of this turn, and leave at its end.
	 */
	bool (*full)(struct exchange *e, bool making);
	/* Sets the deadline of what happens next; exchange_timeout() comes unless output goes on leaving. */
	void (*wait)(struct exchange *e, int64_t ms);
	/* Hands over what is kept of the request, and makes more come. */
	void (*pull)(struct channel *c);
	/* Ends the exchange so that the visitor sees that the response is not complete. */
	void (*cut)(struct exchange *e, const char *why);
	/*
	 * The exchange is over, and freed. keep_alive: both messages are complete, and the connection may live on.
	 * may_send: the visitor may be sending still, or again.
	 */
	void (*over)(struct channel *c, bool keep_alive, bool may_send);
};

#endif
