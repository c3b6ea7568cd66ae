/* A TLS server for one site, a.example, and what a visitor says to it. For benchmarks. */
#ifndef CG_TESTS_SUPPORT_TLS_SITE_H
#define CG_TESTS_SUPPORT_TLS_SITE_H

#include <openssl/ssl.h>

#include "proxy/tls/tls.h"
#include "tests/support/files.h"

struct tls_site {
	struct files files;
	struct config *config;
	struct tls_server *server;
};

/* Ends the program with a message on standard error. */
_Noreturn void tls_site_die(const char *what);
/* Ends the program if it cannot be made. */
void tls_site_open(struct tls_site *s);
void tls_site_close(struct tls_site *s);
/* A visitor's connection over fd, which it does not own: asks for a.example and HTTP/1.1; nothing is said yet. */
SSL *tls_site_visitor(SSL_CTX *ctx, int fd);

#endif
