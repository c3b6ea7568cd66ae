/* Files that an operator names as certificate and key: the octets up to the first NUL are the chain, then the key. */
#include <stdint.h>

#include "certs/certs.h"

static void look_at(const X509 *x)
{
	char time[CERTS_TIME_SIZE];
	struct buffer text;

	buffer_init(&text, 65536);
	certs_names(x, &text);
	certs_subject(x, &text);
	certs_issuer(x, &text);
	(void)certs_is_nameless(x);
	(void)certs_covers(x, SLICE("www.example.com"));
	(void)certs_covers(x, SLICE("*.example.com"));
	(void)certs_covers(x, SLICE("192.0.2.1"));
	(void)certs_time_text(certs_not_before(x), time);
	(void)certs_time_text(certs_not_after(x), time);
	buffer_free(&text);
}

static void look_at_all(struct slice text)
{
	struct certs_pem pem;

	if (certs_pem_read(&pem, text))
		for (int i = 0; i < sk_X509_num(pem.certificates); i++)
			look_at(sk_X509_value(pem.certificates, i));
	certs_pem_free(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct position at = {.file = SLICE("crumbgate.conf"), .line = 1, .column = 1};
	struct certs_source source = {.chain_file = SLICE("chain.pem")};
	struct diagnostics d;
	struct certs *c;

	if (slice_cut(slice_of((const char *)data, size), '\0', &source.chain, &source.key))
		source.key_file = SLICE("key.pem");
	diagnostics_init(&d);
	c = certs_load(&source, &at, &d);
	CG_CHECK(c || d.errors > 0 || d.failed); /* a refusal is never silent */
	CG_CHECK(!c || diagnostics_ok(&d));
	if (c)
		certs_check(c, source.chain_file, 1800000000, &at, &d);
	certs_free(c);
	diagnostics_free(&d);
	look_at_all(source.chain);
	return 0;
}
