/*
 * A head of HTTP/2 said in HTTP/1.1. nghttp2 has checked what RFC 9113 8.2 and 8.3 demand: which pseudo-header fields
 * there must be, lower case, octets of names and values, no connection-specific field. What would split a line is
 * looked for once more here, as everything behind relies on it.
 */
#include "proxy/h2/internal.h"

#define AROUND	      3 /* octets of a line beside its name and value, at least */
#define PSEUDO_FIELDS 5

void h2_head_init(struct h2_head *h, const struct h1_limits *limits)
{
	*h = (struct h2_head){0};
	buffer_init(&h->pseudo, limits->head + 1);
	/* Names and values are bounded by the head's limit; what is written around each of them is not in that sum. */
	buffer_init(&h->text, 2 * limits->head + 8 * limits->fields + 512);
	buffer_init(&h->cookie, 2 * limits->head + 1);
}

void h2_head_free(struct h2_head *h)
{
	buffer_free(&h->pseudo);
	buffer_free(&h->text);
	buffer_free(&h->cookie);
}

void h2_head_clear(struct h2_head *h)
{
	const struct h2_head old = *h;

	*h = (struct h2_head){.pseudo = old.pseudo, .text = old.text, .cookie = old.cookie};
	buffer_clear(&h->pseudo);
	buffer_clear(&h->text);
	buffer_clear(&h->cookie);
}

static void refuse(struct h2_head *h, enum h1_error error)
{
	if (!h->error)
		h->error = error;
}

/*
 * What the parser of HTTP/1.1 could not see: everything else that does not belong into a line it refuses. (nghttp2 has
 * looked for it, too.)
 */
static bool splits_lines(struct slice s)
{
	return s.n && memchr(s.p, '\r', s.n);
}

#define KEEP(h, member, value)                                       \
	do {                                                         \
		(h)->member.at = (h)->pseudo.n;                      \
		(h)->member.there = buffer_add(&(h)->pseudo, value); \
		(h)->member.n = (h)->member.there ? (value).n : 0;   \
	} while (0)

static void add_pseudo(struct h2_head *h, struct slice name, struct slice value)
{
	/* A blank would end the target, and what follows be read as the version. */
	if (value.n && memchr(value.p, ' ', value.n))
		refuse(h, H1_E_TARGET_OCTET);
	if (slice_eq(name, SLICE(":method")))
		KEEP(h, method, value);
	else if (slice_eq(name, SLICE(":path")))
		KEEP(h, path, value);
	else if (slice_eq(name, SLICE(":scheme")))
		KEEP(h, scheme, value);
	else if (slice_eq(name, SLICE(":authority")))
		KEEP(h, authority, value);
	else if (slice_eq(name, SLICE(":protocol")))
		KEEP(h, protocol, value);
	else
		refuse(h, H1_E_FIELD_NAME);
}

static void add_line(struct h2_head *h, struct slice name, struct slice value)
{
	char *p = buffer_reserve(&h->text, name.n + value.n + 4);

	if (!p)
		return;
	memcpy(p, name.p, name.n);
	memcpy(p + name.n, ": ", 2);
	if (value.n)
		memcpy(p + name.n + 2, value.p, value.n);
	memcpy(p + name.n + 2 + value.n, "\r\n", 2);
	buffer_commit(&h->text, name.n + value.n + 4);
}

static struct slice pseudo(const struct h2_head *h, size_t at, size_t n)
{
	return slice_head(slice_from(buffer_slice(&h->pseudo), at), n);
}

/* Once the pseudo-header fields are complete, as they come first (RFC 9113 8.3). RFC 8441 4: CONNECT becomes GET. */
static void begin_text(struct h2_head *h)
{
	struct slice method = pseudo(h, h->method.at, h->method.n), path = pseudo(h, h->path.at, h->path.n);

	h->begun = true;
	buffer_add(&h->text, h->protocol.there ? SLICE("GET") : method);
	buffer_add(&h->text, SLICE(" "));
	buffer_add(&h->text, path);
	buffer_add(&h->text, SLICE(" HTTP/1.1\r\n"));
	if (h->authority.there)
		add_line(h, SLICE("Host"), pseudo(h, h->authority.at, h->authority.n));
}

static void add_host(struct h2_head *h, struct slice value)
{
	struct slice authority = pseudo(h, h->authority.at, h->authority.n);

	/* RFC 9113 8.3.1: it must not differ; the same once more says nothing. */
	if (!h->authority.there)
		add_line(h, SLICE("Host"), value);
	else if (!slice_ieq(authority, value))
		refuse(h, H1_E_HOST_DISAGREES);
}

static void add_cookie(struct h2_head *h, struct slice value)
{
	if (h->cookies)
		buffer_add(&h->cookie, SLICE("; "));
	h->cookies = true;
	buffer_add(&h->cookie, value);
}

static void add_field(struct h2_head *h, struct slice name, struct slice value)
{
	if (!h->begun)
		begin_text(h);
	if (slice_eq(name, SLICE("host"))) {
		add_host(h, value);
		return;
	}
	/* A tunnel's is ours: ask_upgrade(). */
	if (h->protocol.there && slice_eq(name, SLICE("sec-websocket-key")))
		return;
	h->length = h->length || slice_eq(name, SLICE("content-length"));
	h->te = h->te || slice_eq(name, SLICE("te"));
	add_line(h, name, value);
}

void h2_head_add(struct h2_head *h, const struct h1_limits *limits, struct slice name, struct slice value)
{
	bool crumb = slice_eq(name, SLICE("cookie"));

	h->n += !crumb; /* all crumbs together are one field */
	h->octets += name.n + value.n + AROUND;
	if (h->error)
		return;
	if (h->octets > limits->head)
		refuse(h, H1_E_HEAD_TOO_LONG);
	else if (h->n > limits->fields + PSEUDO_FIELDS)
		refuse(h, H1_E_TOO_MANY_FIELDS);
	else if (splits_lines(value))
		refuse(h, H1_E_BARE_CR);
	if (h->error)
		return;
	if (name.n && name.p[0] == ':')
		add_pseudo(h, name, value);
	else if (crumb)
		add_cookie(h, value);
	else
		add_field(h, name, value);
}

/* -- the end ------------------------------------------------------------------------------------------------------- */

/* RFC 8441 4: what a request to switch protocols says in HTTP/1.1. The key is of no use there, but origins want one. */
static void ask_upgrade(struct h2_head *h, struct slice protocol)
{
	if (!slice_ieq(protocol, SLICE("websocket")))
		refuse(h, H1_E_PROTOCOL);
	/* RFC 9110 9.3.6: what comes is no content. */
	if (h->length)
		refuse(h, H1_E_TUNNEL_LENGTH);
	add_line(h, SLICE("Connection"), SLICE("upgrade"));
	add_line(h, SLICE("Upgrade"), protocol);
	add_line(h, SLICE("Sec-WebSocket-Key"), SLICE("Y3J1bWJnYXRlIG92ZXIgaA=="));
}

static void check_path(struct h2_head *h, struct slice method, struct slice path)
{
	bool asterisk = slice_eq(path, SLICE("*")) && slice_eq(method, SLICE("OPTIONS"));

	if (slice_eq(method, SLICE("CONNECT")) && !h->protocol.there)
		refuse(h, H1_E_METHOD_NOT_ALLOWED);
	if ((path.n == 0 || path.p[0] != '/') && !asterisk)
		refuse(h, H1_E_TARGET);
}

bool h2_head_finish(struct h2_head *h, bool end, struct h2_request *r)
{
	struct slice method = pseudo(h, h->method.at, h->method.n), path = pseudo(h, h->path.at, h->path.n);
	struct slice scheme = pseudo(h, h->scheme.at, h->scheme.n);

	r->end = end;
	r->tunnel = h->protocol.there;
	if (!h->begun)
		begin_text(h);
	check_path(h, method, path);
	if (!slice_ieq(scheme, SLICE("https")))
		refuse(h, H1_E_SCHEME);
	if (h->cookies)
		add_line(h, SLICE("Cookie"), buffer_slice(&h->cookie));
	if (r->tunnel)
		ask_upgrade(h, pseudo(h, h->protocol.at, h->protocol.n));
	else if (!end && !h->length)
		add_line(h, SLICE("Transfer-Encoding"), SLICE("chunked"));
	if (h->te)
		add_line(h, SLICE("Connection"), SLICE("TE"));
	buffer_add(&h->text, SLICE("\r\n"));
	r->error = h->error;
	r->method = method;
	if (!h->error)
		r->head = buffer_slice(&h->text);
	return h->error || !(h->text.failed || h->pseudo.failed || h->cookie.failed);
}
