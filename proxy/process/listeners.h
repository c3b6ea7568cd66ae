/*
 * Listening sockets, held open by the parent for as long as their address is configured: one SO_REUSEPORT socket per
 * worker and address. A worker that is started again, and the workers of a new generation, get the very same socket,
 * so connections that wait in its queue are not lost.
 */
#ifndef CG_PROXY_PROCESS_LISTENERS_H
#define CG_PROXY_PROCESS_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/config/config.h"
#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"

struct listener_socket {
	struct sockaddr_storage addr;
	socklen_t len;
	unsigned index; /* of the worker it is for */
	int fd;
	unsigned users; /* generations that use it */
};

struct listener_table {
	struct listener_socket *v;
	size_t n;
	size_t cap;
};

void listener_table_free(struct listener_table *t);

/*
 * Sockets for all listens of the config and all its workers, those that exist and those still missing.
 * fds gets n_listens * workers descriptors, owned by the table: fds[worker * n_listens + listen].
 * False, with nothing changed and a diagnostic for each address, if one could not be had. Undone by
 * listener_table_release().
 */
CG_WARN_UNUSED bool listener_table_acquire(struct listener_table *t, const struct config *config, int *fds,
					   struct diagnostics *d);
/* Gives up n descriptors of an acquire; sockets without users stop listening and are closed. */
void listener_table_release(struct listener_table *t, const int *fds, size_t n);

#endif
