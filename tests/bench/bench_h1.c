/* Heads of HTTP/1.1: scan, copy, parse and write, as an exchange does it, and each part alone. */
#include "proxy/h1/h1.h"
#include "tests/bench/bench.h"

/* What a browser sends: 14 fields, about 700 octets. */
static const struct slice request =
	SLICE_INIT("GET /products/telephony?utm_source=newsletter HTTP/1.1\r\n"
		   "Host: www.example.com\r\n"
		   "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
		   "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
		   "Accept-Language: en-US,en;q=0.5\r\n"
		   "Accept-Encoding: gzip, deflate, br, zstd\r\n"
		   "Referer: https://www.example.com/\r\n"
		   "Connection: keep-alive\r\n"
		   "Cookie: PHPSESSID=3b1f2c; _ga=GA1.2.1234567890.1234567890; _fbp=fb.1.1234567890; optout=1\r\n"
		   "Upgrade-Insecure-Requests: 1\r\n"
		   "Sec-Fetch-Dest: document\r\n"
		   "Sec-Fetch-Mode: navigate\r\n"
		   "Sec-Fetch-Site: same-origin\r\n"
		   "Sec-GPC: 1\r\n"
		   "Priority: u=0, i\r\n"
		   "\r\n");
static const struct slice response = SLICE_INIT("HTTP/1.1 200 OK\r\n"
						"Server: nginx/1.22.1\r\n"
						"Date: Mon, 23 Nov 2026 20:00:00 GMT\r\n"
						"Content-Type: text/html; charset=utf-8\r\n"
						"Content-Length: 10240\r\n"
						"Last-Modified: Mon, 23 Nov 2026 19:00:00 GMT\r\n"
						"Connection: keep-alive\r\n"
						"ETag: \"6741d5f0-2800\"\r\n"
						"Set-Cookie: _ga=GA1.2.3; Path=/; Max-Age=63072000\r\n"
						"Cache-Control: no-cache\r\n"
						"Accept-Ranges: bytes\r\n"
						"\r\n");

struct bench {
	struct h1_limits limits;
	struct arena arena;
	struct buffer out;
	struct request req;
	struct response resp;
	struct h1_framing framing;
};

static size_t do_scan(void *arg)
{
	struct bench *b = arg;
	struct h1_scan s = {0};
	size_t length;

	CG_CHECK(h1_scan(&s, &b->limits, true, request, &length) == H1_SCAN_END);
	return length;
}

static size_t do_parse(void *arg)
{
	struct bench *b = arg;

	arena_reset(&b->arena);
	CG_CHECK(!h1_parse_request(request, &b->limits, true, &b->arena, &b->req, &b->framing));
	return b->req.fields.n;
}

static size_t do_write(void *arg)
{
	struct bench *b = arg;

	buffer_clear(&b->out);
	CG_CHECK(h1_write_request(&b->out, &b->req, &b->framing));
	return b->out.n;
}

static size_t do_request(void *arg)
{
	struct bench *b = arg;
	struct slice head;

	(void)do_scan(b);
	arena_reset(&b->arena);
	head = arena_copy(&b->arena, request);
	CG_CHECK(!h1_parse_request(head, &b->limits, true, &b->arena, &b->req, &b->framing));
	return do_write(b);
}

static size_t do_response(void *arg)
{
	struct bench *b = arg;
	struct h1_scan s = {0};
	size_t length;

	CG_CHECK(h1_scan(&s, &b->limits, false, response, &length) == H1_SCAN_END);
	arena_reset(&b->arena);
	CG_CHECK(!h1_parse_response(arena_copy(&b->arena, response), &b->limits, SLICE("GET"), false, &b->arena,
				    &b->resp, &b->framing));
	buffer_clear(&b->out);
	CG_CHECK(h1_write_response(&b->out, &b->resp, &b->framing, 1));
	return b->out.n;
}

int main(int argc, char **argv)
{
	static struct bench b = {.limits = H1_LIMITS_DEFAULT};

	(void)bench_begin(argc, argv);
	arena_init(&b.arena, 16384, 1 << 20);
	buffer_init(&b.out, 16384);
	(void)do_parse(&b);
	bench_add(do_scan, &b, request.n, "request: scan");
	bench_add(do_parse, &b, request.n, "request: parse");
	bench_add(do_write, &b, 0, "request: write");
	bench_add(do_request, &b, request.n, "request: scan, copy, parse, write");
	bench_add(do_response, &b, response.n, "response: scan, copy, parse, write");
	return bench_end();
}
