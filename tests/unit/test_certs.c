/* Loading of chains and keys, names, validity, development certificates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/alloc_fault.h"
#include "tests/support/files.h"

#define NOW 1800000000
#define DAY 86400

static struct files files;

/* The file under the name is made of several others, in that order. */
static void join(const char *path, const char *const *parts)
{
	struct buffer all;

	buffer_init(&all, 1024 * 1024);
	for (; *parts; parts++)
		assert_true(buffer_add(&all, files_get(&files, *parts)));
	files_put(&files, path, buffer_slice(&all));
	buffer_free(&all);
}

#define JOIN(path, ...) join(path, (const char *const[]){__VA_ARGS__, NULL})

/* A key under a passphrase, in both of the forms that tools write. */
static void make_encrypted(void)
{
	char pass[] = "secret", *p;
	BIO *in = BIO_new_mem_buf(files_get(&files, "a.key").p, (int)files_get(&files, "a.key").n);
	BIO *out = BIO_new(BIO_s_mem()), *old = BIO_new(BIO_s_mem());
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	long n;

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), pass, 6, NULL, NULL), 1);
	n = BIO_get_mem_data(out, &p);
	files_put(&files, "encrypted.key", slice_of(p, (size_t)n));
	assert_int_equal(
		PEM_write_bio_PrivateKey_traditional(old, key, EVP_aes_128_cbc(), (unsigned char *)pass, 6, NULL, NULL),
		1);
	n = BIO_get_mem_data(old, &p);
	files_put(&files, "encrypted-old.key", slice_of(p, (size_t)n));
	EVP_PKEY_free(key);
	BIO_free(in);
	BIO_free(out);
	BIO_free(old);
}

static void make_der(void)
{
	struct certs_pem pem;
	unsigned char *der = NULL;
	int n;

	assert_true(certs_pem_read(&pem, files_get(&files, "a.pem")));
	n = i2d_X509(sk_X509_value(pem.certificates, 0), &der);
	files_put(&files, "a.der", slice_of((char *)der, (size_t)n));
	OPENSSL_free(der);
	certs_pem_free(&pem);
}

static void make_damaged(void)
{
	struct slice good = files_get(&files, "a.pem");
	char *copy = malloc(good.n);

	memcpy(copy, good.p, good.n);
	copy[good.n / 2] = '!';
	files_put(&files, "damaged.pem", slice_of(copy, good.n));
	files_put(&files, "cut.pem", slice_of(good.p, good.n - 40));
	free(copy);
}

static int set_up(void **state)
{
	(void)state;
	files_init(&files);
	files_make_between(&files, "a", "www.example.com example.com 192.0.2.1 2001:db8::1", NOW - DAY, NOW + 90 * DAY);
	files_make_between(&files, "b", "b.example *.b.example", NOW - DAY, NOW + 90 * DAY);
	JOIN("a-with-key.pem", "a.pem", "a.key");
	JOIN("key-first.pem", "a.key", "a.pem");
	JOIN("a-full.pem", "a.pem", "ca.pem");
	JOIN("reversed.pem", "ca.pem", "a.pem");
	JOIN("a-b.pem", "a.pem", "b.pem");
	JOIN("shuffled.pem", "a.pem", "b.pem", "ca.pem");
	for (int i = 0; i < 5; i++) /* 1, 2, 4, 8, 16 and then one more */
		JOIN("many.pem", i ? "many.pem" : "a.pem", i ? "many.pem" : "a.pem");
	make_encrypted();
	make_der();
	make_damaged();
	files_put(&files, "empty.pem", SLICE(""));
	files_put(&files, "text.pem", SLICE("hello\nworld\n"));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	files_free(&files);
	return 0;
}

static struct certs *load(const char *chain, const char *key, struct diagnostics *d)
{
	struct certs_source source = {.chain_file = slice_str(chain), .chain = files_get(&files, chain)};
	const struct position at = {.file = SLICE("crumbgate.conf"), .line = 5, .column = 1};

	if (key) {
		source.key_file = slice_str(key);
		source.key = files_get(&files, key);
	}
	return certs_load(&source, &at, d);
}

static bool has(struct slice text, const char *part)
{
	return !*part || slice_find(text, slice_str(part)) < text.n;
}

static void expect_finding(const struct diagnostics *d, enum severity severity, const char *message, const char *hint)
{
	assert_int_equal(d->n, 1);
	assert_int_equal(d->v[0].severity, severity);
	assert_true(slice_eq(d->v[0].at.file, SLICE("crumbgate.conf")));
	assert_int_equal(d->v[0].at.line, 5);
	if (!has(d->v[0].message, message) || (hint && !has(d->v[0].hint, hint)))
		fail_msg("wanted \"%s\" (\"%s\"), got \"%.*s\" (\"%.*s\")", message, hint ? hint : "",
			 SLICE_ARG(d->v[0].message), SLICE_ARG(d->v[0].hint));
}

static void loads_what_is_right(void **state)
{
	static const struct {
		const char *chain, *key;
		int issuers;
	} table[] = {
		{"a.pem", "a.key", 0},	    {"a-with-key.pem", NULL, 0},    {"key-first.pem", NULL, 0},
		{"a-full.pem", "a.key", 1}, {"a-with-key.pem", "a.key", 0}, {"a.pem", "a-with-key.pem", 0},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;
		struct certs *c;

		diagnostics_init(&d);
		c = load(table[i].chain, table[i].key, &d);
		assert_non_null(c);
		assert_int_equal(d.n, 0);
		assert_int_equal(sk_X509_num(c->chain), table[i].issuers);
		assert_int_equal(X509_check_private_key(c->leaf, c->key), 1);
		certs_free(c);
		diagnostics_free(&d);
	}
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *chain, *key, *message, *hint;
	} table[] = {
		{"empty.pem", "a.key", "empty.pem is empty", ""},
		{"text.pem", "a.key", "text.pem holds no certificate", "BEGIN CERTIFICATE"},
		{"a.key", "a.key", "a.key holds a private key but no certificate", "certificate CHAIN.pem key KEY.pem"},
		{"a.der", "a.key", "a.der is not PEM", "openssl x509 -inform DER"},
		{"a.pem", NULL, "a.pem holds no private key", "key KEY.pem"},
		{"a.pem", "b.pem", "b.pem holds no private key", "BEGIN PRIVATE KEY"},
		{"a.pem", "encrypted.key", "encrypted.key is protected by a passphrase", "openssl pkey"},
		{"a.pem", "encrypted-old.key", "encrypted-old.key is protected by a passphrase", "openssl pkey"},
		{"a.pem", "b.key",
		 "b.key does not belong to the certificate for www.example.com, example.com, 192.0.2.1, 2001:db8::1",
		 ""},
		{"reversed.pem", "a.key",
		 "the certificate for www.example.com, example.com, 192.0.2.1, 2001:db8::1 is number 2 and must come "
		 "first",
		 "site's own certificate first"},
		{"shuffled.pem", "a.key", "after certificate 1 must come number 3 (CN=crumbgate development CA",
		 "before the one that issued it"},
		{"damaged.pem", "a.key", "the PEM block at line 1 of damaged.pem is damaged", "again"},
		{"cut.pem", "a.key", "the PEM block at line 1 of cut.pem is damaged", "again"},
		{"many.pem", "a.key", "many.pem holds more than 16 certificates", ""},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;

		diagnostics_init(&d);
		assert_null(load(table[i].chain, table[i].key, &d));
		expect_finding(&d, SEVERITY_ERROR, table[i].message, table[i].hint);
		diagnostics_free(&d);
	}
}

static void an_unrelated_certificate_is_a_warning(void **state)
{
	struct diagnostics d;
	struct certs *c;

	(void)state;
	diagnostics_init(&d);
	c = load("a-b.pem", "a.key", &d);
	assert_non_null(c);
	expect_finding(&d, SEVERITY_WARNING, "certificate 2 of a-b.pem (CN=b.example, O=crumbgate development)", "");
	certs_free(c);
	diagnostics_free(&d);
}

static void validity_is_a_warning_with_the_date(void **state)
{
	static const struct {
		int64_t now;
		const char *message; /* NULL: none */
	} table[] = {
		{NOW, NULL},
		{NOW - DAY, NULL},
		{NOW - DAY - 1, "is not valid before 2027-01-14 08:00 UTC"},
		{NOW + 90 * DAY, "expires soon, on 2027-04-15 08:00 UTC"},
		{NOW + 90 * DAY + 1, "expired on 2027-04-15 08:00 UTC"},
		{NOW + 80 * DAY, NULL}, /* warned of in the last tenth of its 91 days */
		{NOW + 81 * DAY, "expires soon"},
	};
	const struct position at = {.file = SLICE("crumbgate.conf"), .line = 5, .column = 1};
	struct diagnostics none;
	struct certs *c;

	(void)state;
	diagnostics_init(&none);
	c = load("a.pem", "a.key", &none);
	assert_non_null(c);
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;

		diagnostics_init(&d);
		certs_check(c, SLICE("a.pem"), table[i].now, &at, &d);
		assert_true(diagnostics_ok(&d));
		if (table[i].message)
			expect_finding(&d, SEVERITY_WARNING, table[i].message, NULL);
		else
			assert_int_equal(d.n, 0);
		diagnostics_free(&d);
	}
	certs_free(c);
	diagnostics_free(&none);
}

static void names_are_covered(void **state)
{
	static const struct {
		const char *chain, *name;
		bool covered;
	} table[] = {
		{"a", "www.example.com", true},	 {"a", "example.com", true},	{"a", "192.0.2.1", true},
		{"a", "2001:db8::1", true},	 {"a", "[2001:db8::1]", true},	{"a", "192.0.2.2", false},
		{"a", "api.example.com", false}, {"a", "*.example.com", false}, {"a", "", false},
		{"b", "b.example", true},	 {"b", "x.b.example", true},	{"b", "*.b.example", true},
		{"b", "x.y.b.example", false},	 {"b", "*.c.example", false},	{"b", "*", false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;
		char pem[16], key[16];
		struct certs *c;

		snprintf(pem, sizeof pem, "%s.pem", table[i].chain);
		snprintf(key, sizeof key, "%s.key", table[i].chain);
		diagnostics_init(&d);
		c = load(pem, key, &d);
		assert_non_null(c);
		if (certs_covers(c->leaf, slice_str(table[i].name)) != table[i].covered)
			fail_msg("%s %s", table[i].chain, table[i].name);
		certs_free(c);
		diagnostics_free(&d);
	}
}

static void development_names_are_checked(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} table[] = {
		{"localhost", true},
		{"a.b-c.example", true},
		{"*.example.com", true},
		{"127.0.0.1", true},
		{"::1", true},
		{"_x.example", true},
		{"", false},
		{"*", false},
		{"a..b", false},
		{".a", false},
		{"a.", false},
		{"a,IP:1.2.3.4", false},
		{"a/b", false},
		{"*.*.a", false},
		{"a b", false},
		{"a\n", false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++)
		if (certs_dev_name_ok(slice_str(table[i].name)) != table[i].ok)
			fail_msg("%s", table[i].name);
}

static void an_authority_is_used_again(void **state)
{
	const struct slice name = SLICE("one.example"), other = SLICE("two.example");
	struct certs_dev dev;
	char *ca;

	(void)state;
	certs_dev_init(&dev);
	assert_null(certs_dev_make(&dev, &name, 1, NOW));
	ca = strndup(dev.ca.p, dev.ca.n);
	assert_null(certs_dev_make(&dev, &other, 1, NOW));
	assert_true(slice_eq(buffer_slice(&dev.ca), slice_str(ca)));
	free(ca);
	buffer_clear(&dev.ca_key);
	buffer_add(&dev.ca_key, files_get(&files, "a.key"));
	assert_string_equal(certs_dev_make(&dev, &other, 1, NOW),
			    "the authority's key does not belong to its certificate");
	buffer_clear(&dev.ca_key);
	buffer_add(&dev.ca_key, SLICE("nothing"));
	assert_string_equal(certs_dev_make(&dev, &other, 1, NOW),
			    "the authority's files do not hold a certificate and its key");
	certs_dev_free(&dev);
}

static void files_are_written_whole(void **state)
{
	char dir[] = "/tmp/crumbgate-certs-XXXXXX", path[64], text[8] = "";
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/x.key", dir);
	assert_null(certs_write_file(path, SLICE("one"), 0600, false));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_string_equal(certs_write_file(path, SLICE("two"), 0600, false), "File exists");
	assert_null(certs_write_file(path, SLICE("three"), 0600, true));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof text, f), 5);
	assert_string_equal(text, "three");
	fclose(f);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* so nothing temporary is left */
	assert_non_null(certs_write_file(path, SLICE("four"), 0600, true));
}

static void survives_failing_allocations(void **state)
{
	static const struct {
		const char *chain, *key;
	} table[] = {
		{"a-full.pem", "a.key"}, {"a-with-key.pem", NULL}, {"a-b.pem", "b.key"}, {"shuffled.pem", "a.key"}};
	size_t before = alloc_fault_total();

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		for (size_t n = 1; alloc_fault_begin(n); n += n < 100 ? 1 : 13) {
			struct diagnostics d;
			struct certs *c;
			bool failed;

			diagnostics_init(&d);
			c = load(table[i].chain, table[i].key, &d);
			failed = alloc_fault_end();
			assert_true(c || !diagnostics_ok(&d)); /* never a failure without a word */
			assert_true(failed || i >= 2 || c);
			certs_free(c);
			diagnostics_free(&d);
		}
	}
	assert_true(alloc_fault_total() > before + 20);
}

static void making_survives_failing_allocations(void **state)
{
	const struct slice names[] = {SLICE("one.example"), SLICE("192.0.2.1")};

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n += n < 100 ? 1 : 13) {
		struct certs_dev dev;
		const char *why;

		certs_dev_init(&dev);
		why = certs_dev_make(&dev, names, 2, NOW);
		if (!alloc_fault_end())
			assert_null(why);
		certs_dev_free(&dev);
	}
}

/* OpenSSL is a shared object, which the linker's wrapping does not reach: it is told to allocate here. */
static void *allocate(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

static void *reallocate(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return realloc(p, n);
}

static void release(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_what_is_right),
		cmocka_unit_test(tells_what_is_wrong),
		cmocka_unit_test(an_unrelated_certificate_is_a_warning),
		cmocka_unit_test(validity_is_a_warning_with_the_date),
		cmocka_unit_test(names_are_covered),
		cmocka_unit_test(development_names_are_checked),
		cmocka_unit_test(an_authority_is_used_again),
		cmocka_unit_test(files_are_written_whole),
		cmocka_unit_test(survives_failing_allocations),
		cmocka_unit_test(making_survives_failing_allocations),
	};

	CRYPTO_set_mem_functions(allocate, reallocate, release);
	return cmocka_run_group_tests_name("certs", tests, set_up, tear_down);
}
