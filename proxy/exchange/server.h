/*
 * What one worker serves with: visitors' connections, exchanges, upstream pools. Everything runs in the event loop of
 * `base`; nothing blocks and nothing opens a file.
 */
#ifndef CG_PROXY_EXCHANGE_SERVER_H
#define CG_PROXY_EXCHANGE_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "proxy/config/config.h"
#include "proxy/observe/access_log.h"
#include "proxy/tls/tls.h"
#include "rules/base/attributes.h"
#include "rules/consent/consent.h"
#include "rules/consent/sealed.h"

struct server;

/* All pointers must outlive the server. */
struct server_parts {
	struct event_base *base;
	const struct config *config;
	const struct consent_mac *mac;
	const struct seal_ops *seal;
	const struct regions *regions; /* NULL: there is no database */
	struct tls_server *tls;	       /* NULL if no listener uses TLS */
	struct tls_client *tls_client; /* NULL if no origin uses TLS */
	struct access_log *log;	       /* never NULL; it may be an "off" log */
};

CG_WARN_UNUSED struct server *server_new(const struct server_parts *parts);

/* Accepts on a listening, non-blocking socket; the fd stays the caller's and must stay open until server_free(). */
CG_WARN_UNUSED bool server_listen(struct server *s, int fd, const struct config_listen *listen);

/*
 * Stops accepting, lets exchanges in flight finish (their connections are told to close), closes idle connections.
 * Calls done once the last connection is gone or config.timeouts.drain has passed; at once, from the loop, if there is
 * none.
 */
void server_drain(struct server *s, void (*done)(void *arg), void *arg);

/* Ends every connection and frees all. NULL is fine. */
void server_free(struct server *s);

size_t server_connections(const struct server *s);

#endif
