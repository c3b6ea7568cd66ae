/*
 * One end of the harness's conversation with a running crumbgate: a non-blocking socket, plain or TLS, with what is to
 * be sent and one HTTP/1.1 message being read.
 */
#ifndef CG_PROXY_COMMAND_PEER_H
#define CG_PROXY_COMMAND_PEER_H

#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>

#include "proxy/h1/h1.h"
#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/http/message.h"

#define PEER_MESSAGE_MAX (16 * 1024 * 1024)

struct peer {
	int fd;		     /* -1: none */
	SSL *ssl;	     /* NULL: plain */
	short wants;	     /* POLLIN, POLLOUT */
	bool ended;	     /* the other side sends no more */
	bool failed;	     /* with why */
	bool reads_request;  /* else a response */
	struct slice method; /* of the request that a response answers */
	struct buffer out;
	struct buffer in;
	struct buffer body;
	struct arena *arena;
	struct h1_scan scan;
	struct h1_framing framing;
	struct h1_body reader;
	struct request request;
	struct response response;
	struct response hints; /* the last 103 in front of the response, if hinted */
	bool hinted;
	bool has_head;
	bool complete;
	const char *why;
};

/* Takes over fd and ssl. The arena must outlive the peer. */
void peer_init(struct peer *p, int fd, SSL *ssl, bool reads_request, struct arena *arena);
void peer_close(struct peer *p);
/* Sends and reads what can be done now; p->complete once the message is there. */
void peer_step(struct peer *p);

#endif
