#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "certs/certs.h"

/* Most specific first, control octets escaped, UTF-8 as it is. */
#define DN_STYLE ((XN_FLAG_RFC2253 & ~(XN_FLAG_SEP_MASK | ASN1_STRFLGS_ESC_MSB)) | XN_FLAG_SEP_CPLUS_SPC)

static struct slice of_string(const ASN1_STRING *s)
{
	return slice_of((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static void add_name(struct buffer *out, struct slice name)
{
	if (out->n)
		buffer_add(out, SLICE(", "));
	for (size_t i = 0; i < name.n; i++)
		buffer_add_char(out, name.p[i] > 0x20 && name.p[i] < 0x7F ? name.p[i] : '?');
}

static bool add_general_name(struct buffer *out, const GENERAL_NAME *name)
{
	char text[INET6_ADDRSTRLEN];
	struct slice ip;

	if (name->type == GEN_DNS) {
		add_name(out, of_string(name->d.dNSName));
		return true;
	}
	if (name->type != GEN_IPADD)
		return false;
	ip = of_string(name->d.iPAddress);
	if ((ip.n != 4 && ip.n != 16) || !inet_ntop(ip.n == 4 ? AF_INET : AF_INET6, ip.p, text, sizeof text))
		return false;
	add_name(out, slice_str(text));
	return true;
}

static bool alt_names(const X509 *leaf, struct buffer *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool any = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		any |= add_general_name(out, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return any;
}

bool certs_is_nameless(const X509 *leaf)
{
	struct buffer scratch;
	bool any;

	buffer_init(&scratch, CERTS_NAMES_TEXT_MAX);
	any = alt_names(leaf, &scratch);
	buffer_free(&scratch);
	return !any;
}

void certs_names(const X509 *leaf, struct buffer *out)
{
	struct buffer text;

	buffer_init(&text, CERTS_NAMES_TEXT_MAX);
	if (alt_names(leaf, &text)) {
		buffer_add(out, buffer_slice(&text));
		if (text.failed)
			buffer_add(out, SLICE(" ..."));
	} else {
		certs_subject(leaf, out);
	}
	buffer_free(&text);
}

static void add_dn(const X509_NAME *name, struct buffer *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	long n;

	if (bio && X509_NAME_print_ex(bio, name, 0, DN_STYLE) >= 0) {
		n = BIO_get_mem_data(bio, &p);
		if (n > 0)
			buffer_add(out, slice_of(p, (size_t)n));
		else
			buffer_add(out, SLICE("(no name)"));
	}
	BIO_free(bio);
}

void certs_subject(const X509 *x, struct buffer *out)
{
	add_dn(X509_get_subject_name(x), out);
}

void certs_issuer(const X509 *x, struct buffer *out)
{
	add_dn(X509_get_issuer_name(x), out);
}

/* The address in binary, 4 or 16 octets; 0 if it is none. */
static size_t parse_ip(struct slice name, unsigned char ip[16])
{
	char text[INET6_ADDRSTRLEN];

	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = slice_of(name.p + 1, name.n - 2);
	if (name.n == 0 || name.n >= sizeof text)
		return 0;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, ip) == 1 ? 4 : inet_pton(AF_INET6, text, ip) == 1 ? 16 : 0;
}

bool certs_covers(const X509 *leaf, struct slice name)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	unsigned char ip[16];
	size_t ip_size = parse_ip(name, ip);
	char host[256];
	int r;

	if (ip_size) {
		r = X509_check_ip((X509 *)(uintptr_t)leaf, ip, ip_size, 0);
	} else {
		if (name.n == 0 || name.n >= sizeof host)
			return false;
		memcpy(host, name.p, name.n);
		if (host[0] == '*')
			host[0] = 'x'; /* what covers any one label covers this one */
		r = X509_check_host((X509 *)(uintptr_t)leaf, host, name.n, flags, NULL);
	}
	ERR_clear_error();
	return r == 1;
}

static int64_t unix_time(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return 0;
	return (int64_t)timegm(&tm);
}

int64_t certs_not_before(const X509 *x)
{
	return unix_time(X509_get0_notBefore(x));
}

int64_t certs_not_after(const X509 *x)
{
	return unix_time(X509_get0_notAfter(x));
}

const char *certs_time_text(int64_t t, char out[CERTS_TIME_SIZE])
{
	time_t when = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&when, &tm) || strftime(out, CERTS_TIME_SIZE, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		memcpy(out, "?", 2);
	return out;
}
