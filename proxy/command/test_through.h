/*
 * Test cases through a running crumbgate: the harness is the visitor and, on an address of its own, the origin that the
 * proxy under test has as its upstream. Real sockets, one case after the other, each within TEST_TIMEOUT_MS.
 */
#ifndef CG_PROXY_COMMAND_TEST_THROUGH_H
#define CG_PROXY_COMMAND_TEST_THROUGH_H

#include <stdbool.h>

#include "rules/harness/exchange.h"

#define TEST_TIMEOUT_MS 10000

struct through_options {
	const char *tls;    /* HOST:PORT for https cases; NULL: they are skipped */
	const char *plain;  /* HOST:PORT for http cases; NULL: they are skipped */
	const char *origin; /* ADDR:PORT to be the origin on */
	const char *ca;	    /* file with the CA that signed the proxy's certificate; NULL: the system's */
	bool insecure;	    /* do not verify */
	bool consent;	    /* the proxy's consent keys are known */
};

struct through;

/* Resolves, binds, loads trust; NULL after a message on standard error. The options must outlive it. */
struct through *through_new(const struct through_options *options);
void through_free(struct through *t); /* NULL is fine */
/* Lives as long as t. */
const struct transport *through_transport(struct through *t);

#endif
