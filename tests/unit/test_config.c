/* crumbgate.conf: what is understood, what is said about what is not, and the lookups. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proxy/config/config.h"
#include "proxy/config/internal.h"
#include "proxy/config/report.h"
#include "tests/support/alloc_fault.h"

static const char rules_text[] = "purpose analytics \"Count\"\ncookie _ga is analytics\n";

/* Files of the test: the configuration as conf/c.conf, and some rules. */
static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	if (slice_eq(path, SLICE("conf/c.conf")))
		*content = slice_str(arg);
	else if (slice_eq(path, SLICE("conf/r.rules")) || slice_eq(path, SLICE("other.rules")))
		*content = slice_str(rules_text);
	else if (slice_eq(path, SLICE("conf/region.rules")))
		*content = SLICE("purpose analytics \"C\"\npolicy 1 {\n    undecided grants analytics in US\n}\n");
	else if (slice_eq(path, SLICE("conf/secret.rules")))
		return LOAD_DENIED;
	else
		return LOAD_MISSING;
	return LOAD_OK;
}

static bool resolve(void *arg, const char *host, uint16_t port, struct arena *arena, struct config_address **addresses,
		    size_t *n, const char **why)
{
	struct config_address *a = arena_calloc(arena, 2, sizeof *a);

	(void)arg;
	*n = 0;
	*why = "nobody knows it";
	if (!a || strcmp(host, "nowhere.example") == 0)
		return false;
	*n = strcmp(host, "two.example") == 0 ? 2 : 1;
	*addresses = a;
	for (size_t i = 0; i < *n; i++) {
		char text[64];

		snprintf(text, sizeof text, "%s:%u", strcmp(host, "127.0.0.1") == 0 ? host : "192.0.2.7", port);
		if (!config_address_parse(arena, slice_str(text), &a[i]))
			return false;
	}
	return true;
}

static const struct config_resolver resolver = {.resolve = resolve};

static struct config *read_text(const char *text, struct diagnostics *d)
{
	const struct loader loader = {.arg = (void *)(uintptr_t)text, .load = load};

	diagnostics_init(d);
	return config_load(&loader, &resolver, SLICE("conf/c.conf"), d);
}

static void assert_slice(struct slice s, const char *expected)
{
	if (!slice_eq(s, slice_str(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

/* A good configuration; what a case adds goes in front or into the site. */
#define TOP  "listen *:80\n"
#define SITE "site a.example {\n    upstream http://o.example\n    rules r.rules\n"
#define END  "}\n"

static void everything_is_understood(void **state)
{
	struct diagnostics d;
	struct config *c = read_text("listen *:80 redirect https\n"
				     "listen 127.0.0.1:8443 tls\n"
				     "listen [::1]:8080\n"
				     "workers 3\nuser nobody\nchroot /var/empty\n"
				     "access-log ../log/a.log full-addresses\n"
				     "consent-keys keys\ntickets 2\n"
				     "regions ../geo.mmdb\nregions from header X-Country X-Region\n"
				     "trusted-proxy 10.0.0.0/8 192.0.2.1\ntrusted-proxy 2001:db8::/33\n"
				     "tls {\n    versions 1.3\n}\n"
				     "timeouts {\n    head 500ms\n    tunnel 24h\n    drain 1m\n}\n"
				     "limits {\n    head 128k\n    fields 200\n    body 1g\n    requests 7\n}\n"
				     "site WWW.Example.com example.com *.example.com {\n"
				     "    certificate a.pem\n    certificate /b.pem key b.key\n"
				     "    upstream http://two.example:8080 https://[2001:DB8::1]\n"
				     "    upstream https://o.example:444/ ca ca.pem\n"
				     "    rules r.rules\n    host origin\n    compress pages\n"
				     "    upgrade websocket /chat /x/../%6cive\n"
				     "}\n"
				     "site * {\n    certificate a.pem\n    upstream http://o.example\n    rules "
				     "../other.rules\n}\n",
				     &d);
	const struct config_site *s;

	(void)state;
	assert_non_null(c);
	assert_int_equal(d.n, 0);
	assert_int_equal(c->n_listens, 3);
	assert_true(c->listens[0].redirect && !c->listens[0].tls);
	assert_int_equal(c->listens[0].redirect_port, 8443);
	assert_slice(c->listens[0].address.text, "*:80");
	assert_int_equal(c->listens[0].address.addr.ss_family, AF_INET6);
	assert_true(c->listens[1].tls);
	assert_slice(c->listens[2].address.text, "[::1]:8080");
	assert_int_equal(c->workers, 3);
	assert_slice(c->user, "nobody");
	assert_slice(c->chroot, "/var/empty");
	assert_slice(c->access_log, "log/a.log");
	assert_true(c->log_full_addresses);
	assert_slice(c->regions_file, "geo.mmdb");
	assert_slice(c->region_country, "X-Country");
	assert_slice(c->region_subdivision, "X-Region");
	assert_slice(c->consent_key_file, "conf/keys");
	assert_int_equal(c->tickets, 2);
	assert_int_equal(c->n_trusted, 3);
	assert_int_equal(c->trusted[0].bits, 96 + 8);
	assert_int_equal(c->trusted[1].bits, 128);
	assert_int_equal(c->trusted[2].bits, 33);
	assert_slice(c->trusted_proxies[2], "2001:db8::/33");
	assert_false(c->tls12);
	assert_int_equal(c->timeouts.head, 500);
	assert_int_equal(c->timeouts.drain, 60000);
	assert_int_equal(c->timeouts.idle, 75000);
	assert_int_equal(c->timeouts.tunnel, 86400000);
	assert_int_equal(c->limits.h1.head, 128 * 1024);
	assert_int_equal(c->limits.h1.fields, 200);
	assert_int_equal(c->limits.body, 1 << 30);
	assert_int_equal(c->limits.requests, 7);
	assert_int_equal(c->n_sites, 2);
	s = &c->sites[0];
	assert_int_equal(s->n_names, 3);
	assert_slice(s->names[0], "www.example.com");
	assert_int_equal(s->n_certificates, 2);
	assert_slice(s->certificates[0].chain_file, "conf/a.pem");
	assert_int_equal(s->certificates[0].key_file.n, 0);
	assert_slice(s->certificates[1].chain_file, "/b.pem");
	assert_slice(s->certificates[1].key_file, "conf/b.key");
	assert_int_equal(s->n_origins, 3);
	assert_int_equal(s->origins[0].n_addresses, 2);
	assert_slice(s->origins[0].addresses[1].text, "192.0.2.7:8080");
	assert_false(s->origins[0].tls);
	assert_true(s->origins[1].tls && s->origins[1].verify);
	assert_slice(s->origins[1].host, "2001:db8::1");
	assert_slice(s->origins[2].authority, "o.example:444");
	assert_slice(s->origins[2].ca_file, "conf/ca.pem");
	assert_false(s->preserve_host);
	assert_true(s->compress);
	assert_int_equal(s->n_websocket_paths, 2);
	assert_slice(s->websocket_paths[1], "/live");
	assert_non_null(s->rules);
	assert_slice(c->sites[1].rules_file, "other.rules");
	config_free(c);
	diagnostics_free(&d);
}

/* Every default, written out, is the same as nothing. */
static void every_setting_can_be_written(void **state)
{
	char text[4096] = TOP SITE END "timeouts {\n";
	struct config *c, *silent;
	struct diagnostics d;
	size_t n = strlen(text);

	(void)state;
#define CG_TIMEOUT(member, name, value, ...) n += (size_t)snprintf(text + n, sizeof text - n, name " %dms\n", value);
#include "proxy/config/statement_table.h"
#undef CG_TIMEOUT
	n += (size_t)snprintf(text + n, sizeof text - n, "}\nlimits {\n");
#define CG_LIMIT(member, name, kind, value, ...) n += (size_t)snprintf(text + n, sizeof text - n, name " %d\n", value);
#include "proxy/config/statement_table.h"
#undef CG_LIMIT
	n += (size_t)snprintf(text + n, sizeof text - n, "}\n");
	assert_true(n < sizeof text);
	silent = read_text(TOP SITE END, &d);
	diagnostics_free(&d);
	c = read_text(text, &d);
	assert_int_equal(d.n, 0);
	assert_memory_equal(&c->limits, &silent->limits, sizeof c->limits);
	assert_memory_equal(&c->timeouts, &silent->timeouts, sizeof c->timeouts);
	config_free(c);
	config_free(silent);
	diagnostics_free(&d);
}

static void defaults_are_as_documented(void **state)
{
	struct diagnostics d;
	struct config *c = read_text(TOP SITE END, &d);
	const struct h1_limits h1 = H1_LIMITS_DEFAULT;

	(void)state;
	assert_non_null(c);
	assert_true(c->workers >= 1);
	assert_slice(c->access_log, "off");
	assert_int_equal(c->tickets, 1);
	assert_true(c->tls12 && c->sites[0].preserve_host && !c->sites[0].compress);
	assert_int_equal(c->limits.decoded_ratio, 1000);
	assert_int_equal(c->limits.compressed_pages, 128);
	assert_int_equal(c->timeouts.handshake, 5000);
	assert_int_equal(c->timeouts.upstream_idle, 60000);
	assert_int_equal(c->timeouts.tunnel, 3600000);
	assert_memory_equal(&c->limits.h1, &h1, sizeof h1);
	assert_int_equal(c->limits.body, 0);
	assert_int_equal(c->limits.connections_per_address, 1000);
	assert_int_equal(c->limits.upload_progress, 1024);
	assert_int_equal(c->limits.download_progress, 4096);
	assert_int_equal(c->limits.exchange_memory, 1 << 20);
	assert_int_equal(c->listens[0].redirect_port, 443);
	config_free(c);
	diagnostics_free(&d);
}

static void sites_with_the_same_rules_share_them(void **state)
{
	struct diagnostics d;
	struct config *c = read_text(
		TOP SITE END "site b.example {\n    upstream http://o.example\n    rules ../conf/r.rules\n}\n", &d);

	(void)state;
	assert_non_null(c);
	assert_ptr_equal(c->sites[0].rules, c->sites[1].rules);
	config_free(c);
	diagnostics_free(&d);
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message, *hint; /* parts of it */
} errors[] = {
	{"", 0, 0, "there is no listener", "listen *:443 tls"},
	{TOP, 0, 0, "there is no site", "site www"},
	{"lisen *:80\n", 1, 1, "unknown statement \"lisen\" in the file", "\"listen\""},
	{"certificate a.pem\n", 1, 1, "unknown statement", "belongs in the block of \"site\""},
	{"head 5s\n", 1, 1, "unknown statement", "belongs in the block of \"timeouts\""},
	{"server a {\n}\n", 1, 1, "unknown statement", "called \"site\""},
	{"cookie a is b\n", 1, 1, "unknown statement", "file of rules"},
	{"frobnicate\n", 1, 1, "unknown statement", "--statements"},
	{"listen\n", 1, 7, "needs more words", "write: listen ADDRESS:PORT"},
	{"listen *:80 {\n}\n", 1, 1, "takes no block", "write: listen"},
	{"tls\n", 1, 4, "needs a block", "write: tls {"},
	{"listen *:80 redirect https x\n", 1, 28, "too many words", "write: listen"},
	{"listen 80\n", 1, 8, "not an address", "write *:80"},
	{"listen localhost:80\n", 1, 8, "not an address", "127.0.0.1:8080"},
	{"listen ::1:80\n", 1, 8, "not an address", "[::1]:8080"},
	{"listen 1.2.3:80\n", 1, 8, "not an address", ""},
	{"listen 1.2.3.256:80\n", 1, 8, "not an address", ""},
	{"listen *:65536\n", 1, 8, "not an address", ""},
	{"listen *:\n", 1, 8, "not an address", ""},
	{"listen /x/\n", 1, 8, "a regular expression cannot", "quotes"},
	{"listen \"\"\n", 1, 8, "an empty word", ""},
	{"listen *:0\n", 1, 8, "port 0", "*:443"},
	{"listen *:80\nlisten [::]:80\n", 2, 8, "already listened on by line 1", "remove"},
	{"listen *:80 tsl\n", 1, 13, "not something a listener can do", "\"tls\""},
	{"listen *:80 redirect\n", 1, 21, "followed by \"https\"", "redirect https"},
	{"listen *:80 redirect http\n", 1, 22, "followed by \"https\"", "redirect https"},
	{"listen *:80 tls x\n", 1, 17, "nothing may follow", ""},
	{"workers 0\n", 1, 9, "out of range", "from 1 to 256"},
	{"workers 1\nworkers 2\n", 2, 1, "already said in line 1", "one of them"},
	{"user /x/\n", 1, 6, "a regular expression", "quotes"},
	{"access-log x full\n", 1, 14, "unknown word", "full-addresses"},
	{"tickets 11\n", 1, 9, "out of range", "from 0 to 10"},
	{"trusted-proxy 10.0.0.0/33\n", 1, 15, "not an address or network", "10.0.0.0/8"},
	{"trusted-proxy ::/129\n", 1, 15, "not an address or network", ""},
	{"trusted-proxy 10.0.0/8\n", 1, 15, "not an address or network", ""},
	{"trusted-proxy 10.0.0.0/\n", 1, 15, "not an address or network", ""},
	{"tls {\n    versions 1.2\n}\n", 2, 14, "cannot be left out", "1.2 1.3"},
	{"tls {\n    versions 1.1 1.3\n}\n", 2, 14, "not a version", "1.2 1.3"},
	{"tls {\n    ciphers x\n}\n", 2, 5, "unknown statement \"ciphers\" in tls", ""},
	{"timeouts {\n    hed 5s\n}\n", 2, 5, "unknown statement \"hed\" in timeouts", "\"head\""},
	{"timeouts {\n    head\n}\n", 2, 9, "needs a value", "write: head 30s"},
	{"timeouts {\n    head 5s 6s\n}\n", 2, 13, "too many", "write: head 30s"},
	{"timeouts {\n    head 5\n}\n", 2, 10, "needs a unit", "5s"},
	{"timeouts {\n    head 0s\n}\n", 2, 10, "out of range", "1 to"},
	{"timeouts {\n    head 2d\n}\n", 2, 10, "out of range", "86400000 ms"},
	{"timeouts {\n    head 5s\n    head 5s\n}\n", 3, 5, "already said in line 2", ""},
	{"limits {\n    fields 7\n}\n", 2, 12, "out of range", "from 8"},
	{"limits {\n    line 255\n}\n", 2, 10, "out of range", "256"},
	{"limits {\n    line x\n}\n", 2, 10, "not a size", "64k"},
	{"limits {\n    line 128k\n}\n", 1, 1, "smaller than one of its lines", "raise"},
	{"limits {\n    exchange-memory 100k\n}\n", 1, 1, "twice as large", "raise"},
	{TOP "site http://a.example/ {\n    upstream http://o.example\n    rules r.rules\n}\n", 2, 6, "not a host name",
	 "without http://"},
	{TOP "site a.example/x {\n" END, 2, 6, "not a host name", "without a path"},
	{TOP "site b\xC3\xBC.example {\n" END, 2, 6, "not a host name", "xn--"},
	{TOP "site *.com {\n" END, 2, 6, "not a host name", "at least two labels"},
	{TOP "site a*.example.com {\n" END, 2, 6, "not a host name", "whole first label"},
	{TOP "site a..b {\n" END, 2, 6, "not a host name", "www.example.com"},
	{TOP "site a.example:80 {\n" END, 2, 6, "has no port", "every listener"},
	{TOP "site a.example A.example {\n" END, 2, 16, "repeated", "once"},
	{TOP SITE END "site b.example a.example {\n    upstream http://o.example\n    rules r.rules\n}\n", 6, 16,
	 "already a name of the site in line 2", "one site only"},
	{TOP "site a.example {\n    rules r.rules\n}\n", 2, 1, "no upstream", "upstream http://"},
	{TOP "site a.example {\n    upstream http://o.example\n}\n", 2, 1, "no rules", "rules FILE"},
	{TOP SITE "    listen *:80\n}\n", 5, 5, "unknown statement \"listen\" in site", "outside of every block"},
	{TOP SITE "    compress everything\n}\n", 5, 14, "nothing that can be compressed", "compress pages"},
	{TOP SITE "    upgrade websockets\n}\n", 5, 13, "nothing that a connection can be upgraded to",
	 "\"websocket\""},
	{TOP SITE "    upgrade h2c\n}\n", 5, 13, "nothing that a connection", "write: upgrade websocket"},
	{TOP SITE "    upgrade off /x\n}\n", 5, 17, "nothing may follow", "upgrade websocket PATH"},
	{TOP SITE "    upgrade websocket chat\n}\n", 5, 23, "not a path", "such as /chat"},
	{TOP SITE "    upgrade websocket /a /b?c\n}\n", 5, 26, "not a path", "a path alone"},
	{TOP SITE "    upgrade websocket /a/\n}\n", 5, 23, "a regular expression", "in quotes"},
	{TOP SITE "    upgrade off\n    upgrade off\n}\n", 6, 5, "already said in line 5", ""},
	{TOP SITE "    websocket on\n}\n", 5, 5, "unknown statement", "called \"upgrade\""},
	{TOP SITE "    certifcate a\n}\n", 5, 5, "unknown statement", "\"certificate\""},
	{TOP SITE "    certificate a b.key\n}\n", 5, 19, "\"key FILE\" is expected", "certificate FILE key FILE"},
	{TOP SITE "    certificate a key\n}\n", 5, 19, "\"key FILE\" is expected", ""},
	{TOP SITE "    host orign\n}\n", 5, 10, "not a way to choose", "\"origin\""},
	{TOP SITE "    rules r.rules\n}\n", 5, 5, "already said in line 4", ""},
	{TOP SITE "    upstream 127.0.0.1:80\n}\n", 5, 14, "not the URL of an origin", "http://127.0.0.1:80"},
	{TOP SITE "    upstream htps://a\n}\n", 5, 14, "not the URL of an origin", "https://a"},
	{TOP SITE "    upstream ftp+x://a\n}\n", 5, 14, "not the URL of an origin", "http://127.0.0.1:8080"},
	{TOP SITE "    upstream http://a/b\n}\n", 5, 14, "no path", "write http://a"},
	{TOP SITE "    upstream http://a?b\n}\n", 5, 14, "no path", ""},
	{TOP SITE "    upstream http://u@a\n}\n", 5, 14, "no user", "'@'"},
	{TOP SITE "    upstream http://a:0\n}\n", 5, 14, "port 0", ""},
	{TOP SITE "    upstream http://a:99999\n}\n", 5, 14, "not a host with a port", ""},
	{TOP SITE "    upstream http://\n}\n", 5, 14, "not a host with a port", ""},
	{TOP SITE "    upstream http://nowhere.example\n}\n", 5, 14, "cannot be resolved: nobody knows it", "address"},
	{TOP SITE "    upstream insecure\n}\n", 5, 14, "URL of an origin is missing", ""},
	{TOP SITE "    upstream http://a insecure\n}\n", 5, 23, "is for https origins", ""},
	{TOP SITE "    upstream https://a ca\n}\n", 5, 26, "needs the name of a file", "ca FILE"},
	{TOP SITE "    upstream https://a ca x https://b\n}\n", 5, 29, "unexpected", "URLs come first"},
	{TOP SITE "    upstream https://a ca x insecure\n}\n", 5, 29, "exclude each other", ""},
	{TOP "site a.example {\n    upstream http://127.0.0.1:80\n    rules r.rules\n}\n", 3, 14, "crumbgate itself",
	 "behind"},
	{TOP "site a.example {\n    upstream http://o.example\n    rules x.rules\n}\n", 4, 11,
	 "the rules file conf/x.rules does not exist", "relative"},
	{TOP "site a.example {\n    upstream http://o.example\n    rules secret.rules\n}\n", 4, 11, "may not be read",
	 ""},
	{"listen *:443 tls\n" SITE END, 2, 1, "has no certificate, but the listener in line 1", "certs dev"},
	{TOP "listen *:443 tls\n" SITE END, 3, 1, "has no certificate", "certificate FILE"},
	{TOP SITE, 2, 1, "never closed", "}"},
};

static void assert_holds(struct slice text, const char *part)
{
	if (*part && slice_find(text, slice_str(part)) == text.n)
		fail_msg("\"%s\" is not in \"%.*s\"", part, SLICE_ARG(text));
}

static void errors_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(errors); i++) {
		struct diagnostics d;

		assert_null(read_text(errors[i].text, &d));
		assert_true(d.errors > 0);
		report_order(&d, SLICE("conf/c.conf"), slice_str(errors[i].text));
		assert_holds(d.v[0].message, errors[i].message);
		assert_holds(d.v[0].hint, errors[i].hint);
		assert_int_equal(d.v[0].at.line, errors[i].line);
		assert_int_equal(d.v[0].at.column, errors[i].column);
		diagnostics_free(&d);
	}
}

static const struct {
	const char *text, *message;
} warnings[] = {
	{"listen *:443\n" SITE END, "port 443 without tls"},
	{TOP SITE "    certificate a.pem\n" END, "no listener uses tls"},
	{TOP "listen *:443 tls\n" SITE "    certificate a\n" END
	     "site b.example {\n    upstream http://o.example\n    rules r.rules\n}\n",
	 "has no certificate"},
	{TOP SITE "    upstream https://a insecure\n" END, "is not verified"},
	{TOP SITE "    upstream http://O.example\n" END, "named twice"},
	{"trusted-proxy 10.0.0.1/8\n" TOP SITE END, "bits behind the prefix"},
	{TOP "site a.example {\n    upstream http://o.example\n    rules region.rules\n}\n", "which region"},
};

static void doubts_are_warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(warnings); i++) {
		struct diagnostics d;
		struct config *c = read_text(warnings[i].text, &d);

		assert_non_null(c);
		assert_int_equal(d.warnings, 1);
		assert_holds(d.v[0].message, warnings[i].message);
		config_free(c);
		diagnostics_free(&d);
	}
}

static void all_errors_come_at_once_and_in_order(void **state)
{
	static const char text[] =
		"listen *:0\nworkers x\nsite a.example {\n    upstram y\n    rules x.rules\n}\nnope\n";
	const struct loader loader = {.arg = (void *)(uintptr_t)text, .load = load};
	const unsigned lines[] = {1, 2, 4, 5, 7};
	struct diagnostics d;
	struct config *c;

	(void)state;
	diagnostics_init(&d);
	c = config_read(&loader, &resolver, SLICE("conf/c.conf"), &d);
	assert_non_null(c);
	assert_int_equal(c->n_sites, 1);
	assert_int_equal(d.n, CG_COUNT(lines));
	report_order(&d, SLICE("conf/c.conf"), slice_str(text));
	for (size_t i = 0; i < d.n; i++)
		assert_int_equal(d.v[i].at.line, lines[i]);
	config_free(c);
	diagnostics_free(&d);
}

static void missing_lines_are_shown(void **state)
{
	const struct position positions[] = {
		{.file = SLICE_INIT("b"), .line = 2, .column = 1}, {.file = SLICE_INIT("a"), .line = 3, .column = 2},
		{.file = SLICE_INIT("b"), .line = 1, .column = 1}, {.file = SLICE_INIT("a"), .line = 3, .column = 1},
		{.file = SLICE_INIT("b"), .line = 9, .column = 1},
	};
	static const char *const order[] = {"2", "0", "4", "3", "1"};
	struct diagnostics d;

	(void)state;
	diagnostics_init(&d);
	for (size_t i = 0; i < CG_COUNT(positions); i++)
		diagnostics_add(&d, SEVERITY_WARNING, &positions[i], NULL, "%zu", i);
	report_order(&d, SLICE("b"), SLICE("one\r\n  two\n"));
	for (size_t i = 0; i < CG_COUNT(order); i++)
		assert_slice(d.v[i].message, order[i]);
	assert_slice(d.v[0].at.source, "one");
	assert_slice(d.v[1].at.source, "  two");
	assert_int_equal(d.v[1].at.column, 3);
	assert_int_equal(d.v[2].at.source.n, 0);
	assert_int_equal(d.v[3].at.source.n, 0);
	diagnostics_free(&d);
}

static void a_missing_file_is_said(void **state)
{
	const struct loader loader = {.load = load};
	struct diagnostics d;

	(void)state;
	diagnostics_init(&d);
	assert_null(config_load(&loader, &resolver, SLICE("nope.conf"), &d));
	assert_int_equal(d.errors, 1);
	assert_holds(d.v[0].message, "does not exist");
	diagnostics_free(&d);
}

/* -- lookups --------------------------------------------------------------------------------------------------------
 */

static const char *site_for(const struct config *c, const char *host)
{
	static char name[64];
	const struct config_site *s = config_site_find(c, slice_str(host));

	if (!s)
		return "none";
	snprintf(name, sizeof name, "%.*s", SLICE_ARG(s->names[0]));
	return name;
}

static void sites_are_found(void **state)
{
#define REST " {\n    upstream http://o.example\n    rules r.rules\n}\n"
	struct diagnostics d;
	struct config *c = read_text(TOP "site a.example *.example.com\\\n b.example" REST
					 "site c.example.com 192.0.2.1 [2001:db8::1]" REST "site *.c.example.com" REST,
				     &d);

	(void)state;
	assert_non_null(c);
	assert_string_equal(site_for(c, "a.example"), "a.example");
	assert_string_equal(site_for(c, "b.example"), "a.example");
	assert_string_equal(site_for(c, "x.example.com"), "a.example");
	assert_string_equal(site_for(c, "c.example.com"), "c.example.com");
	assert_string_equal(site_for(c, "x.c.example.com"), "*.c.example.com");
	assert_string_equal(site_for(c, "y.x.c.example.com"), "none");
	assert_string_equal(site_for(c, "example.com"), "none");
	assert_string_equal(site_for(c, "192.0.2.1"), "c.example.com");
	assert_string_equal(site_for(c, "2001:db8::1"), "c.example.com");
	assert_string_equal(site_for(c, ""), "none");
	assert_string_equal(site_for(c, "."), "none");
	config_free(c);
	diagnostics_free(&d);
	c = read_text(TOP SITE END "site *" REST, &d);
	assert_non_null(c);
	assert_string_equal(site_for(c, "a.example"), "a.example");
	assert_string_equal(site_for(c, "other"), "*");
	assert_string_equal(site_for(c, ""), "*");
	config_free(c);
	diagnostics_free(&d);
}

static void websockets_are_allowed(void **state)
{
	static const struct {
		const char *statement, *path;
		bool allowed;
	} cases[] = {
		{"", "/", true},
		{"upgrade websocket", "/any", true},
		{"upgrade off", "/", false},
		{"upgrade websocket /a \"/b/\"", "/a", true},
		{"upgrade websocket /a \"/b/\"", "/a/x", true},
		{"upgrade websocket /a \"/b/\"", "/ax", false},
		{"upgrade websocket /a \"/b/\"", "/A", false},
		{"upgrade websocket /a \"/b/\"", "/b", false},
		{"upgrade websocket /a \"/b/\"", "/b/", true},
		{"upgrade websocket /a \"/b/\"", "/b/x", true},
		{"upgrade websocket /a \"/b/\"", "/", false},
		{"upgrade websocket /", "/x", true},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct diagnostics d;
		struct config *c;
		char text[256];

		snprintf(text, sizeof text, TOP SITE "    %s\n" END, cases[i].statement);
		c = read_text(text, &d);
		assert_non_null(c);
		assert_int_equal(config_websocket(&c->sites[0], slice_str(cases[i].path)), cases[i].allowed);
		config_free(c);
		diagnostics_free(&d);
	}
}

static bool trusts(const struct config *c, const char *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return config_trusts(c, (const struct sockaddr *)&in);
	assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
	return config_trusts(c, (const struct sockaddr *)&in6);
}

static void proxies_are_trusted(void **state)
{
	struct diagnostics d;
	struct config *c = read_text("trusted-proxy 10.128.0.0/9 192.0.2.1 2001:db8:8000::/33\n" TOP SITE END, &d);

	(void)state;
	assert_non_null(c);
	assert_true(trusts(c, "10.128.0.1"));
	assert_true(trusts(c, "10.255.255.255"));
	assert_false(trusts(c, "10.127.255.255"));
	assert_true(trusts(c, "192.0.2.1"));
	assert_false(trusts(c, "192.0.2.2"));
	assert_true(trusts(c, "::ffff:10.200.0.1"));
	assert_true(trusts(c, "2001:db8:ffff::1"));
	assert_false(trusts(c, "2001:db8:7fff::1"));
	config_free(c);
	diagnostics_free(&d);
	c = read_text(TOP SITE END, &d);
	assert_false(trusts(c, "10.128.0.1"));
	config_free(c);
	diagnostics_free(&d);
	c = read_text("trusted-proxy 0.0.0.0/0\n" TOP SITE END, &d);
	assert_true(trusts(c, "10.128.0.1"));
	assert_false(trusts(c, "2001:db8::1"));
	config_free(c);
	diagnostics_free(&d);
}

static void the_system_resolves(void **state)
{
	const struct config_resolver *r = &config_resolver_system;
	struct config_address *a;
	struct arena arena;
	const char *why = NULL;
	size_t n = 0;

	(void)state;
	arena_init(&arena, 0, 65536);
	assert_true(r->resolve(r->arg, "127.0.0.1", 8080, &arena, &a, &n, &why));
	assert_int_equal(n, 1);
	assert_slice(a[0].text, "127.0.0.1:8080");
	assert_true(r->resolve(r->arg, "::1", 80, &arena, &a, &n, &why));
	assert_slice(a[0].text, "[::1]:80");
	assert_false(r->resolve(r->arg, "no such host", 80, &arena, &a, &n, &why));
	assert_non_null(why);
	arena_free(&arena);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct diagnostics d;
		struct config *c = read_text("limits {\n    head 128k\n}\ntrusted-proxy ::1\n" TOP SITE END, &d);
		bool failed = alloc_fault_end();

		assert_true(c ? diagnostics_ok(&d) : failed && !diagnostics_ok(&d));
		config_free(c);
		diagnostics_free(&d);
	}
	assert_in_range(alloc_fault_total(), 6, SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_understood),
		cmocka_unit_test(every_setting_can_be_written),
		cmocka_unit_test(defaults_are_as_documented),
		cmocka_unit_test(sites_with_the_same_rules_share_them),
		cmocka_unit_test(errors_are_explained),
		cmocka_unit_test(doubts_are_warnings),
		cmocka_unit_test(all_errors_come_at_once_and_in_order),
		cmocka_unit_test(missing_lines_are_shown),
		cmocka_unit_test(a_missing_file_is_said),
		cmocka_unit_test(sites_are_found),
		cmocka_unit_test(websockets_are_allowed),
		cmocka_unit_test(proxies_are_trusted),
		cmocka_unit_test(the_system_resolves),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
