#include "tests/support/tls_site.h"

#include <stdio.h>
#include <stdlib.h>

static const char config_text[] = "listen *:443 tls\n"
				  "site a.example {\n"
				  "    certificate a.pem key a.key\n"
				  "    upstream http://127.0.0.1:1\n"
				  "    rules site.rules\n"
				  "}\n";

void tls_site_die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

void tls_site_open(struct tls_site *s)
{
	struct diagnostics d;

	files_init(&s->files);
	files_make(&s->files, "a", "a.example");
	files_put(&s->files, "crumbgate.conf", slice_str(config_text));
	files_put(&s->files, "site.rules", SLICE("mode enforce\n"));
	diagnostics_init(&d);
	s->config = config_load(&s->files.loader, &config_resolver_system, SLICE("crumbgate.conf"), &d);
	s->server = s->config ? tls_server_new(s->config, &s->files.loader, &d) : NULL;
	if (!s->server)
		tls_site_die("the configuration does not load");
	diagnostics_free(&d);
}

void tls_site_close(struct tls_site *s)
{
	tls_server_free(s->server);
	config_free(s->config);
	files_free(&s->files);
}

SSL *tls_site_visitor(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, "a.example");
	SSL_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9);
	SSL_set_connect_state(ssl);
	return ssl;
}
