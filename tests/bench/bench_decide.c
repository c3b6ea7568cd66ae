/*
 * Deciding about the cookies of an exchange, as the proxy does it between parsing and writing; the result is cookies
 * dropped, expired or changed.
 */
#include "proxy/h1/h1.h"
#include "proxy/tls/tls.h"
#include "tests/bench/bench.h"
#include "tests/support/page_run.h"

#define NOW INT64_C(1780000000)

static const char rules[] = "policy 1 {\nundecided grants analytics\n}\npurpose analytics\npurpose advertising\n"
			    "opt-out cookie optout=1 denies analytics\nsignal gpc denies advertising\n"
			    "cookie PHPSESSID csrftoken is necessary\ncookie /^_ga(_|$)/ _gid is analytics\n"
			    "cookie _fbp _fbc is advertising\ncookie * is necessary\nparam gclid is advertising\n";

#define REQUEST                                                                                  \
	"GET /products/telephony?id=7 HTTP/1.1\r\nHost: www.example.com\r\n"                     \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" \
	"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-US,en;q=0.5\r\n"         \
	"Accept-Encoding: gzip, deflate, br, zstd\r\nReferer: https://www.example.com/\r\n"      \
	"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n"
#define RESPONSE                                                                                                  \
	"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 23 Nov 2026 20:00:00 GMT\r\nContent-Type: text/plain\r\n" \
	"Last-Modified: Mon, 23 Nov 2026 19:00:00 GMT\r\nETag: \"6741d5f0-2800\"\r\n"

#define SESSION	 "PHPSESSID=6f1c0a9be2d94d3f8a"
#define TRACKING "_ga=GA1.1.1717171717.1700000000; _fbp=fb.1.1700000000000.987654321"

struct exchange {
	struct page_run *run;
	struct arena kept, arena; /* of the messages as parsed; of one operation */
	struct request request;
	struct response response;
	struct decision decided; /* of the request, for operations on the response */
};

/* The fields as they were parsed, for one operation to edit. */
static void copy_fields(struct fields *f, struct arena *arena)
{
	struct field *v = arena_alloc(arena, (f->n + 8) * sizeof *v);

	CG_CHECK(v);
	memcpy(v, f->v, f->n * sizeof *v);
	f->v = v;
	f->cap = f->n + 8;
	f->arena = arena;
}

static size_t changed(const struct decision *d)
{
	return d->counts[VERDICT_DROP] + d->counts[VERDICT_EXPIRE] + d->counts[VERDICT_REWRITE];
}

static size_t do_request(void *arg)
{
	struct exchange *x = arg;
	struct request req = x->request;
	struct decision d;

	arena_reset(&x->arena);
	copy_fields(&req.fields, &x->arena);
	CG_CHECK(decide_request(&x->run->env, &req, slice_of(NULL, 0), NOW, &x->arena, &d) == DECIDE_OK);
	return changed(&d);
}

static size_t do_response(void *arg)
{
	struct exchange *x = arg;
	struct response resp = x->response;
	struct decision d = x->decided;

	arena_reset(&x->arena);
	copy_fields(&resp.fields, &x->arena);
	CG_CHECK(decide_response(&x->run->env, &resp, false, &x->arena, &d) == DECIDE_OK);
	return changed(&d) - changed(&x->decided);
}

static struct slice head_of(struct arena *arena, const char *fixed, const char *more)
{
	return arena_printf(arena, "%s%s\r\n", fixed, more);
}

static struct exchange *new_exchange(struct page_run *run, const char *request, const char *response)
{
	struct exchange *x = bench_keep(&(struct exchange){.run = run}, sizeof *x);
	struct h1_framing framing;
	struct request req;

	arena_init(&x->kept, 0, 1 << 20);
	arena_init(&x->arena, 16384, 1 << 20);
	CG_CHECK(!h1_parse_request(head_of(&x->kept, REQUEST, request), &H1_LIMITS_DEFAULT, true, &x->kept, &x->request,
				   &framing));
	CG_CHECK(!h1_parse_response(head_of(&x->kept, RESPONSE, response), &H1_LIMITS_DEFAULT, SLICE("GET"), false,
				    &x->kept, &x->response, &framing));
	req = x->request;
	copy_fields(&req.fields, &x->kept);
	CG_CHECK(decide_request(&run->env, &req, slice_of(NULL, 0), NOW, &x->kept, &x->decided) == DECIDE_OK);
	return x;
}

static void add_request(struct page_run *run, const char *what, const char *fields)
{
	bench_add(do_request, new_exchange(run, fields, ""), 0, "request: %s", what);
}

static void add_response(struct page_run *run, const char *what, const char *request, const char *fields)
{
	bench_add(do_response, new_exchange(run, request, fields), 0, "response: %s", what);
}

static enum load_result load_nothing(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	(void)content;
	return LOAD_MISSING;
}

/* A Cookie field with the session, both tracking cookies and a signed yes to all. */
static const char *signed_cookies(const struct page_run *run, struct arena *arena)
{
	static const unsigned char id[16] = {1};
	const struct consent_query q = {
		.rules = run->rules, .mac = run->env.mac, .site = run->env.site, .secure = true, .now = NOW - 3600};
	struct slice token = consent_token_make(&q, 7, id, arena);

	return arena_cstr(arena, arena_printf(arena, "Cookie: " SESSION "; " TRACKING "; %.*s=%.*s\r\n",
					      SLICE_ARG(consent_cookie_name(true)), SLICE_ARG(token)));
}

int main(int argc, char **argv)
{
	static const struct loader none = {.load = load_nothing};
	static struct page_run run;
	static struct arena arena;
	struct diagnostics d;

	(void)bench_begin(argc, argv);
	diagnostics_init(&d);
	arena_init(&arena, 0, 65536);
	CG_CHECK(page_run_open(&run, rules));
	run.env.mac = tls_consent_mac(tls_consent_keys_load(&none, SLICE(""), NULL, &d));
	add_request(&run, "no cookies", "");
	add_request(&run, "a session", "Cookie: " SESSION "\r\n");
	add_request(&run, "four kept", "Cookie: " SESSION "; _ga=1; _gid=2; lang=en\r\n");
	add_request(&run, "opted out, two dropped", "Cookie: " SESSION "; " TRACKING "; optout=1\r\n");
	add_request(&run, "signed consent, all kept", signed_cookies(&run, &arena));
	add_request(&run, "twenty cookies, two dropped",
		    "Cookie: a=1; b=2; c=3; d=4; e=5; f=6; g=7; h=8; i=9; j=10; k=11; l=12; m=13; n=14; o=15; p=16; "
		    "q=17; optout=1; " TRACKING "\r\n");
	add_response(&run, "no cookies", "", "");
	add_response(&run, "a session set", "", "Set-Cookie: " SESSION "; Path=/; HttpOnly; Secure; SameSite=Lax\r\n");
	add_response(&run, "three set, opted out, two dropped", "Cookie: " SESSION "; optout=1\r\n",
		     "Set-Cookie: " SESSION "; Path=/; HttpOnly; Secure; SameSite=Lax\r\n"
		     "Set-Cookie: _ga=GA1.1.2.3; Path=/; Max-Age=63072000\r\n"
		     "Set-Cookie: _fbp=fb.1.2; Path=/; Max-Age=7776000\r\n");
	add_response(&run, "two leftovers expired", "Cookie: " SESSION "; " TRACKING "; optout=1\r\n", "");
	return bench_end();
}
