#include "tests/support/h1_naive.h"

#include <stdlib.h>
#include <strings.h>

#include "rules/http/host.h"

static bool equal(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

static bool starts(struct slice s, const char *word)
{
	return s.n >= strlen(word) && strncasecmp(s.p, word, strlen(word)) == 0;
}

static bool one_of(struct slice s, const char *const *words)
{
	for (; *words; words++)
		if (equal(s, *words))
			return true;
	return false;
}

static struct slice cut(struct slice s, size_t from, size_t to)
{
	return slice_of(s.p + from, to - from);
}

static bool token_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!token_octet(s.p[i]))
			return false;
	return s.n > 0;
}

static bool text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\t' && ((unsigned char)s.p[i] < 32 || s.p[i] == 127))
			return false;
	return true;
}

static struct slice strip(struct slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = cut(s, 1, s.n);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s = cut(s, 0, s.n - 1);
	return s;
}

/* A line that ends with CRLF at offset from; its octets without CRLF. */
static bool line_at(struct slice in, size_t from, struct slice *line, size_t *next)
{
	for (size_t i = from; i < in.n; i++) {
		if (in.p[i] != '\n')
			continue;
		if (i == from || in.p[i - 1] != '\r')
			return false;
		*line = cut(in, from, i - 1);
		*next = i + 1;
		return true;
	}
	return false;
}

size_t naive_head_length(struct slice in, const struct h1_limits *limits, bool request)
{
	size_t at = 0, lines = 0;
	struct slice line;

	for (int i = 0; request && i < 4 && line_at(in, at, &line, &at); i++) {
		if (line.n) {
			at -= line.n + 2;
			break;
		}
	}
	/* CR alone is found out by the parser, not before */
	if (at < in.n && in.p[at] != '\r' && !(request ? token_octet(in.p[at]) : in.p[at] == 'H'))
		return 0;
	while (line_at(in, at, &line, &at)) {
		if (line.n == 0)
			return lines && at <= limits->head ? at : 0;
		if (line.n > (lines ? limits->field : limits->line) || lines > limits->fields)
			return 0;
		lines++;
	}
	return 0;
}

/* -- heads --------------------------------------------------------------------------------------------------------- */

static bool split_fields(struct slice head, size_t at, struct naive_head *out)
{
	struct slice line;

	while (line_at(head, at, &line, &at)) {
		const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;

		if (line.n == 0)
			return at == head.n;
		if (!colon || out->fields == NAIVE_FIELDS_MAX)
			return false;
		out->names[out->fields] = cut(line, 0, (size_t)(colon - line.p));
		out->values[out->fields] = strip(cut(line, (size_t)(colon - line.p) + 1, line.n));
		if (!token(out->names[out->fields]) || !text(out->values[out->fields]))
			return false;
		out->fields++;
	}
	return false;
}

static size_t count(const struct naive_head *h, const char *name, struct slice *last)
{
	size_t n = 0;

	for (size_t i = 0; i < h->fields; i++)
		if (equal(h->names[i], name)) {
			n++;
			*last = h->values[i];
		}
	return n;
}

/* Calls do_option for each option of each Connection field. */
static bool each_option(const struct naive_head *h, bool (*do_option)(void *arg, struct slice option), void *arg)
{
	for (size_t i = 0; i < h->fields; i++) {
		struct slice value = h->values[i];
		size_t from = 0;

		if (!equal(h->names[i], "Connection"))
			continue;
		for (size_t at = 0; at <= value.n; at++) {
			struct slice option;

			if (at < value.n && value.p[at] != ',')
				continue;
			option = value.n ? strip(cut(value, from, at)) : value;
			from = at + 1;
			if (option.n && !do_option(arg, option))
				return false;
		}
	}
	return true;
}

static const char *const hop_by_hop[] = {"Connection",
					 "Keep-Alive",
					 "Proxy-Connection",
					 "TE",
					 "Trailer",
					 "Transfer-Encoding",
					 "Upgrade",
					 "HTTP2-Settings",
					 "Proxy-Authenticate",
					 "Proxy-Authorization",
					 "Proxy-Authentication-Info",
					 NULL};
static const char *const plain_options[] = {"close", "keep-alive", "upgrade", "te", NULL};
static const char *const end_to_end[] = {"Host",
					 "Cookie",
					 "Set-Cookie",
					 "Content-Length",
					 "Content-Type",
					 "Content-Encoding",
					 "Content-Range",
					 "Expect",
					 "Max-Forwards",
					 "Forwarded",
					 "X-Real-IP",
					 "Via",
					 "Authorization",
					 "WWW-Authenticate",
					 "Cache-Control",
					 "Vary",
					 "Age",
					 "Expires",
					 "Pragma",
					 "ETag",
					 "If-None-Match",
					 "If-Match",
					 "If-Modified-Since",
					 "If-Range",
					 "Range",
					 "Location",
					 "Date",
					 "Retry-After",
					 "User-Agent",
					 "Referer",
					 "DNT",
					 "Origin",
					 NULL};

static bool is_end_to_end(struct slice name)
{
	return one_of(name, end_to_end) || starts(name, "Sec-") || starts(name, "X-Forwarded-") ||
	       starts(name, "Crumbgate-");
}

static bool check_option(void *arg, struct slice option)
{
	size_t *unknown = arg;

	if (!token(option))
		return false;
	if (one_of(option, plain_options) || one_of(option, hop_by_hop))
		return true;
	return !is_end_to_end(option) && ++*unknown <= 16;
}

struct sought {
	struct slice word;
	bool found;
};

static bool seek_option(void *arg, struct slice option)
{
	struct sought *s = arg;

	if (option.n == s->word.n && strncasecmp(option.p, s->word.p, option.n) == 0)
		s->found = true;
	return true;
}

static bool nominated(const struct naive_head *h, struct slice word)
{
	struct sought s = {word, false};

	each_option(h, seek_option, &s);
	return s.found;
}

static bool read_length(struct naive_head *out, struct slice value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		unsigned digit = (unsigned)(value.p[i] - '0');

		if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	out->kind = H1_BODY_LENGTH;
	out->has_length = true;
	out->length = n;
	return value.n > 0;
}

static bool read_framing(struct naive_head *out, bool old)
{
	struct slice coding = {0}, length = {0};
	size_t codings = count(out, "Transfer-Encoding", &coding), lengths = count(out, "Content-Length", &length);
	size_t unknown = 0;

	if (!each_option(out, check_option, &unknown))
		return false;
	out->keep_alive = !nominated(out, SLICE("close")) && (!old || nominated(out, SLICE("keep-alive")));
	if (codings + lengths > 1)
		return false;
	if (lengths)
		return read_length(out, length);
	if (codings) {
		out->kind = H1_BODY_CHUNKED;
		return !old && equal(coding, "chunked");
	}
	return true;
}

static void count_forwarded(struct naive_head *out)
{
	for (size_t i = 0; i < out->fields; i++)
		out->forwarded += !one_of(out->names[i], hop_by_hop) && !nominated(out, out->names[i]) &&
				  !equal(out->names[i], "Host") && !equal(out->names[i], "Content-Length");
}

/* "HTTP/1.x": 0, 1, or -1 */
static int version(struct slice s)
{
	if (s.n != 8 || memcmp(s.p, "HTTP/1.", 7) != 0 || s.p[7] < '0' || s.p[7] > '9')
		return -1;
	return s.p[7] > '0';
}

static bool upgrades(const struct naive_head *h, bool old)
{
	struct slice protocol = {0};

	return !old && count(h, "Upgrade", &protocol) == 1 && protocol.n && nominated(h, SLICE("upgrade"));
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static bool target_octets(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 32 || s.p[i] == 127 || s.p[i] == '#')
			return false;
	return s.n > 0;
}

static bool same_site(struct slice a, struct slice b, bool secure)
{
	struct slice host_a, host_b;
	uint16_t port_a, port_b, standard = secure ? 443 : 80;
	struct arena arena;
	bool same;

	arena_init(&arena, 0, 1 << 20);
	same = authority_parse(a, &arena, &host_a, &port_a) && authority_parse(b, &arena, &host_b, &port_b) &&
	       slice_eq(host_a, host_b) && (port_a ? port_a : standard) == (port_b ? port_b : standard);
	arena_free(&arena);
	return same;
}

static bool check_target(struct naive_head *out, struct slice host, bool secure)
{
	const char *scheme = secure ? "https://" : "http://";
	struct slice target = out->second, site;
	size_t end;

	if (target.p[0] == '/')
		return same_site(host, host, secure);
	if (equal(target, "*"))
		return slice_eq(out->first, SLICE("OPTIONS")) && same_site(host, host, secure);
	if (!starts(target, scheme))
		return false;
	site = cut(target, strlen(scheme), target.n);
	for (end = 0; end < site.n && site.p[end] != '/' && site.p[end] != '?'; end++)
		;
	return same_site(cut(site, 0, end), host, secure);
}

static bool check_expect(const struct naive_head *h, bool old, size_t *dropped)
{
	bool void_here = old || (h->kind != H1_BODY_CHUNKED && h->length == 0);

	for (size_t i = 0; i < h->fields; i++) {
		if (!equal(h->names[i], "Expect"))
			continue;
		if (!equal(h->values[i], "100-continue"))
			return false;
		*dropped += void_here;
	}
	return true;
}

/* The name with its odd octets as '-' is one that matters. */
static bool lookalike(struct slice name)
{
	char plain[4096];
	struct slice s = slice_of(plain, name.n);

	if (name.n > sizeof plain)
		return false;
	for (size_t i = 0; i < name.n; i++)
		plain[i] = (char)(strchr("!#$%&'*+.^_`|~", name.p[i]) ? '-' : name.p[i]);
	return !slice_eq(s, name) && (is_end_to_end(s) || one_of(s, hop_by_hop));
}

static bool check_names(const struct naive_head *h)
{
	for (size_t i = 0; i < h->fields; i++)
		if (lookalike(h->names[i]) && !nominated(h, h->names[i]))
			return false;
	return true;
}

bool naive_request(struct slice head, bool secure, struct naive_head *out)
{
	struct slice line = {0}, host = {0};
	size_t at = 0, dropped = 0;
	const char *space;
	int minor;

	*out = (struct naive_head){0};
	while (line_at(head, at, &line, &at) && line.n == 0)
		;
	space = line.n ? memchr(line.p, ' ', line.n) : NULL;
	if (!space || line.n < 9)
		return false;
	out->first = cut(line, 0, (size_t)(space - line.p));
	out->third = cut(line, line.n - 8, line.n);
	minor = version(out->third);
	if (minor < 0 || out->first.n + 10 > line.n || line.p[line.n - 9] != ' ')
		return false;
	out->second = cut(line, out->first.n + 1, line.n - 9);
	if (!token(out->first) || out->first.n > 32 || equal(out->first, "CONNECT") || equal(out->first, "TRACE") ||
	    !target_octets(out->second) || !split_fields(head, at, out) || !read_framing(out, minor == 0))
		return false;
	if (count(out, "Host", &host) != 1 || !check_target(out, host, secure) ||
	    !check_expect(out, minor == 0, &dropped) || !check_names(out))
		return false;
	count_forwarded(out);
	out->forwarded -= dropped;
	return true;
}

/* -- responses ----------------------------------------------------------------------------------------------------- */

static bool frame_response(struct naive_head *out, unsigned status, struct slice method)
{
	bool announced = out->kind == H1_BODY_CHUNKED || out->length > 0;

	if (status < 200 || status == 204) {
		out->kind = H1_BODY_NONE;
		out->has_length = false;
		out->length = 0;
		out->keep_alive = out->keep_alive && !announced;
		return !announced || status == 204;
	}
	if (status == 304 || slice_eq(method, SLICE("HEAD"))) {
		out->kind = H1_BODY_NONE;
	} else if (out->kind == H1_BODY_NONE) {
		out->kind = H1_BODY_CLOSE;
		out->keep_alive = false;
	}
	return true;
}

bool naive_response(struct slice head, struct slice method, bool upgrade_asked, struct naive_head *out)
{
	struct slice line;
	size_t at = 0;
	unsigned status = 0;
	int minor;

	*out = (struct naive_head){0};
	if (!line_at(head, 0, &line, &at) || line.n < 12 || line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' '))
		return false;
	out->first = cut(line, 0, 8);
	out->second = cut(line, 9, 12);
	out->third = line.n > 12 ? cut(line, 13, line.n) : cut(line, 12, 12);
	minor = version(out->first);
	for (size_t i = 0; i < 3; i++) {
		if (out->second.p[i] < '0' || out->second.p[i] > '9')
			return false;
		status = status * 10 + (unsigned)(out->second.p[i] - '0');
	}
	if (minor < 0 || status < 100 || status > 599 || !text(out->third) || !split_fields(head, at, out) ||
	    !read_framing(out, minor == 0) || (status == 101 && !(upgrade_asked && upgrades(out, minor == 0))))
		return false;
	count_forwarded(out);
	return frame_response(out, status, method);
}

/* -- chunked ------------------------------------------------------------------------------------------------------- */

/* The size line of a chunk. Distinguishes what is not complete yet from what can never be good. */
static enum naive_result chunk_line(struct slice in, size_t from, struct slice *line, size_t *next)
{
	for (size_t i = from; i < in.n; i++) {
		if (in.p[i] == '\r') {
			if (i + 1 == in.n)
				return NAIVE_INCOMPLETE;
			*line = cut(in, from, i);
			*next = i + 2;
			return in.p[i + 1] == '\n' ? NAIVE_COMPLETE : NAIVE_REFUSED;
		}
		if (in.p[i] != '\t' && ((unsigned char)in.p[i] < 32 || in.p[i] == 127))
			return NAIVE_REFUSED;
	}
	return NAIVE_INCOMPLETE;
}

/* The size line, complete or as far as it came: could it be good? */
static bool size_line(struct slice line, bool complete, uint64_t *size, size_t *extensions)
{
	size_t digits = 0, at;

	*size = 0;
	while (digits < line.n && strchr("0123456789abcdefABCDEF", line.p[digits]) && line.p[digits])
		digits++;
	if (digits > 16 || (digits == 0 && (complete || line.n)))
		return false;
	for (size_t i = 0; i < digits; i++)
		*size = *size * 16 + (uint64_t)strtoul((char[]){line.p[i], 0}, NULL, 16);
	*extensions += line.n - digits;
	if (*extensions > 4096)
		return false;
	for (at = digits; at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'); at++)
		;
	if (at < line.n)
		return line.p[at] == ';';
	return at == digits || !complete;
}

/* The trailer line at offset from, or what there is of it without a CR that may belong to its end. */
static enum naive_result trailer_line(struct slice in, size_t from, struct slice *line, size_t *next)
{
	size_t lf;

	for (lf = from; lf < in.n && in.p[lf] != '\n'; lf++)
		;
	*line = cut(in, from, lf > from && in.p[lf - 1] == '\r' ? lf - 1 : lf);
	if (lf == in.n)
		return NAIVE_INCOMPLETE;
	*next = lf + 1;
	return line->n < lf - from ? NAIVE_COMPLETE : NAIVE_REFUSED;
}

static enum naive_result read_trailers(struct slice in, size_t at, const struct h1_limits *limits, size_t *used,
				       size_t *trailers)
{
	size_t start = at, lines = 0;

	for (;;) {
		struct slice line, name;
		enum naive_result result = trailer_line(in, at, &line, &at);
		size_t end = result == NAIVE_COMPLETE ? at : in.n;
		const char *colon;

		if (result == NAIVE_REFUSED || line.n > limits->field || end - start > limits->head)
			return NAIVE_REFUSED;
		if (result == NAIVE_INCOMPLETE)
			return NAIVE_INCOMPLETE;
		*used = at;
		if (line.n == 0)
			return NAIVE_COMPLETE;
		colon = memchr(line.p, ':', line.n);
		if (!colon || lines++ == limits->fields)
			return NAIVE_REFUSED;
		name = cut(line, 0, (size_t)(colon - line.p));
		if (!token(name) || !text(cut(line, name.n, line.n)))
			return NAIVE_REFUSED;
		*trailers += !is_end_to_end(name) && !one_of(name, hop_by_hop);
	}
}

enum naive_result naive_chunked(struct slice in, const struct h1_limits *limits, char *content, size_t *content_length,
				size_t *used, size_t *trailers)
{
	size_t at = 0, extensions = 0;

	*content_length = *trailers = 0;
	for (;;) {
		struct slice line = {0};
		size_t from = at;
		enum naive_result result = chunk_line(in, from, &line, &at);
		uint64_t size;

		if (result == NAIVE_INCOMPLETE)
			line = cut(in, from, in.n > from && in.p[in.n - 1] == '\r' ? in.n - 1 : in.n);
		if (result == NAIVE_REFUSED)
			return NAIVE_REFUSED;
		if (!size_line(line, result == NAIVE_COMPLETE || line.n < in.n - from, &size, &extensions))
			return NAIVE_REFUSED;
		if (result == NAIVE_INCOMPLETE)
			return NAIVE_INCOMPLETE;
		if (size == 0)
			return read_trailers(in, at, limits, used, trailers);
		if (size > (uint64_t)INT64_MAX - *content_length)
			return NAIVE_REFUSED;
		for (; size && at < in.n; size--)
			content[(*content_length)++] = in.p[at++];
		if (size || at == in.n)
			return NAIVE_INCOMPLETE;
		if (in.p[at] != '\r' || (at + 1 < in.n && in.p[at + 1] != '\n'))
			return NAIVE_REFUSED;
		if (at + 1 == in.n)
			return NAIVE_INCOMPLETE;
		at += 2;
	}
}
