/* crumbgate certs show: what is in a certificate file, and whether it can be served. */
#include <getopt.h>
#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <stdio.h>
#include <time.h>

#include "certs/certs.h"
#include "proxy/command/certs.h"
#include "proxy/command/command.h"
#include "proxy/config/disk_loader.h"

struct show {
	const char *file;
	const char *key_file; /* NULL: in the same file, if anywhere */
	int64_t now;
	struct disk_loader *disk;
	struct diagnostics d;
};

static bool read_file(struct show *s, const char *path, struct slice *text)
{
	const struct position at = {.file = slice_str(path)};
	enum load_result r = s->disk->loader.load(s->disk->loader.arg, slice_str(path), text);

	if (r != LOAD_OK)
		diagnostics_add(&s->d, SEVERITY_ERROR, &at, NULL, "%s", load_result_text(r));
	return r == LOAD_OK;
}

static void print_text(const char *label, void (*of)(const X509 *, struct buffer *), const X509 *x)
{
	struct buffer text;

	buffer_init(&text, 4096);
	of(x, &text);
	printf("  %-9s", label);
	for (size_t i = 0; i < text.n; i++)
		putchar((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7F ? '?' : text.p[i]);
	putchar('\n');
	buffer_free(&text);
}

static void print_validity(const X509 *x, int64_t now)
{
	char from[CERTS_TIME_SIZE], to[CERTS_TIME_SIZE];
	int64_t left = certs_not_after(x) - now;

	printf("  %-9s%s to %s", "valid", certs_time_text(certs_not_before(x), from),
	       certs_time_text(certs_not_after(x), to));
	if (left < 0)
		printf(" (expired)\n");
	else
		printf(" (%" PRId64 " days left)\n", left / 86400);
}

static void print_key(const X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	const char *nist = NULL;
	char group[64];

	if (!key) {
		ERR_clear_error();
		printf("  %-9scannot be read\n", "key");
		return;
	}
	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) == 1)
		nist = EC_curve_nid2nist(OBJ_sn2nid(group));
	else
		ERR_clear_error();
	if (nist)
		printf("  %-9sECDSA %s\n", "key", nist);
	else
		printf("  %-9s%s, %d bits\n", "key", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

static void print_certificate(const X509 *x, int number, bool leaf, int64_t now)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	printf("%d. %s\n", number, leaf ? "the site's certificate" : "issuer");
	if (leaf)
		print_text("names", certs_names, x);
	print_text("subject", certs_subject, x);
	print_text("issuer", certs_issuer, x);
	print_validity(x, now);
	print_key(x);
	if (X509_digest(x, EVP_sha256(), hash, &n) == 1) {
		printf("  %-9s", "SHA-256");
		for (unsigned i = 0; i < n; i++)
			printf("%02x", hash[i]);
		putchar('\n');
	}
}

/* With a key everything is checked as at start, without one what can be. */
static void check(struct show *s, const struct certs_pem *pem, struct slice text, bool has_key)
{
	const struct position at = {.file = slice_str(s->file)};
	struct certs_source source = {.chain_file = at.file, .chain = text};
	struct certs *c;

	if (!has_key) {
		(void)certs_check_chain(pem, at.file, &at, &s->d);
	} else {
		source.key_file = slice_str(s->key_file);
		if (s->key_file && !read_file(s, s->key_file, &source.key))
			return;
		c = certs_load(&source, &at, &s->d);
		printf("private key\n  %s\n", c ? "belongs to the site's certificate" : "see below");
		certs_free(c);
	}
	for (int i = 0; i < sk_X509_num(pem->certificates); i++)
		certs_check_validity(sk_X509_value(pem->certificates, i), at.file, s->now, &at, &s->d);
	if (certs_is_nameless(sk_X509_value(pem->certificates, 0)))
		diagnostics_add(&s->d, SEVERITY_WARNING, &at, "have it issued with the host names in subjectAltName",
				"the site's certificate names no host: browsers accept it nowhere");
}

static int show(struct show *s)
{
	const struct position at = {.file = slice_str(s->file)};
	struct certs_pem pem;
	struct slice text;
	bool has_key;

	if (!read_file(s, s->file, &text))
		return EXIT_USAGE;
	if (!certs_pem_read(&pem, text) || sk_X509_num(pem.certificates) == 0) {
		diagnostics_add(&s->d, SEVERITY_ERROR, &at,
				pem.is_der ? "convert it: openssl x509 -inform DER -in FILE -out FILE.pem"
					   : "it must hold blocks that begin with -----BEGIN CERTIFICATE-----",
				"there is no certificate in this file%s", pem.is_der ? ", it looks like DER" : "");
		certs_pem_free(&pem);
		return EXIT_USAGE;
	}
	for (int i = 0; i < sk_X509_num(pem.certificates); i++)
		print_certificate(sk_X509_value(pem.certificates, i), i + 1, i == 0, s->now);
	has_key = s->key_file || pem.key || pem.encrypted_key;
	if (!has_key)
		printf("private key\n  none in this file; to match one: crumbgate certs show %s --key FILE\n", s->file);
	check(s, &pem, text, has_key);
	certs_pem_free(&pem);
	return s->d.n ? EXIT_FINDINGS : EXIT_GOOD;
}

static void print_findings(const struct diagnostics *d)
{
	struct buffer text;

	buffer_init(&text, 1024 * 1024);
	diagnostics_render(d, false, &text);
	if (text.n)
		fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&text)));
	buffer_free(&text);
}

int certs_show_command(int argc, char **argv)
{
	static const struct option options[] = {{"key", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
	struct show s = {.now = (int64_t)time(NULL)};
	int c, status;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":k:", options, NULL)) != -1) {
		if (c == ':')
			return certs_usage_error("show: --key needs a file");
		if (c != 'k')
			return certs_usage_error("show: unknown option");
		s.key_file = optarg;
	}
	if (argc - optind != 1)
		return certs_usage_error("show: name one file");
	s.file = argv[optind];
	s.disk = disk_loader_new();
	diagnostics_init(&s.d);
	status = s.disk ? show(&s) : certs_usage_error("memory ran out");
	fflush(stdout);
	print_findings(&s.d);
	diagnostics_free(&s.d);
	disk_loader_free(s.disk);
	return status;
}
