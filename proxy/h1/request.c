#include "proxy/h1/internal.h"
#include "rules/http/host.h"

#define METHOD_MAX	32
#define EMPTY_LINES_MAX 4

/* A target in absolute-form, taken apart. */
struct absolute {
	struct slice authority; /* empty: the target was not in absolute-form */
	struct slice path;	/* with query; empty, or starting with '/' or '?' */
};

static enum h1_error skip_empty_lines(struct slice *rest)
{
	for (int i = 0; i < EMPTY_LINES_MAX && rest->n && rest->p[0] == '\r'; i++) {
		enum h1_error error = h1_take_crlf(rest);

		if (error)
			return error;
	}
	return rest->n && rest->p[0] == '\r' ? H1_E_EMPTY_LINES : H1_OK;
}

static enum h1_error take_method(struct slice *rest, struct slice *method)
{
	size_t n = h1_token_span(*rest);

	*method = slice_head(*rest, n);
	if (n == rest->n)
		return H1_E_INCOMPLETE;
	if (n == 0 || rest->p[n] != ' ')
		return H1_E_METHOD;
	if (n > METHOD_MAX)
		return H1_E_METHOD_TOO_LONG;
	/* Methods are case-sensitive, but an origin may not know that. */
	if (slice_ieq(*method, SLICE("CONNECT")) || slice_ieq(*method, SLICE("TRACE")))
		return H1_E_METHOD_NOT_ALLOWED;
	*rest = slice_from(*rest, n + 1);
	return H1_OK;
}

static enum h1_error take_target(struct slice *rest, struct slice *target)
{
	size_t n = h1_target_span(*rest);

	*target = slice_head(*rest, n);
	if (n == rest->n)
		return H1_E_INCOMPLETE;
	if (rest->p[n] == '#')
		return H1_E_FRAGMENT;
	if (rest->p[n] == '\r')
		return H1_E_VERSION;
	if (rest->p[n] != ' ')
		return H1_E_TARGET_OCTET;
	*rest = slice_from(*rest, n + 1);
	return n ? H1_OK : H1_E_TARGET;
}

static enum h1_error take_request_line(struct slice *rest, const struct h1_limits *limits, struct request *out)
{
	const char *start = rest->p;
	enum h1_error error;

	if ((error = take_method(rest, &out->method)) || (error = take_target(rest, &out->target)) ||
	    (error = h1_take_version(rest, &out->minor)))
		return error;
	if ((size_t)(rest->p - start) > limits->line)
		return H1_E_LINE_TOO_LONG;
	return rest->n && h1_is(H1_VALUE, rest->p[0]) ? H1_E_START_LINE : h1_take_crlf(rest);
}

/* RFC 9112 3.2.2. The scheme must be the connection's own: the URL of a request is one, not two (RFC 9110 7.4). */
static enum h1_error split_absolute(struct slice target, bool secure, struct absolute *out)
{
	bool https = slice_istarts_with(target, SLICE("https://"));
	struct slice rest;
	size_t n = 0;

	if (!https && !slice_istarts_with(target, SLICE("http://")))
		return H1_E_TARGET;
	if (https != secure)
		return H1_E_SCHEME;
	rest = slice_from(target, https ? 8 : 7);
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	out->authority = slice_head(rest, n);
	out->path = slice_from(rest, n);
	return n ? H1_OK : H1_E_HOST_INVALID;
}

/* Brings the target to origin-form or "*"; *absolute tells what else it said. */
static enum h1_error resolve_target(struct request *out, struct arena *arena, struct absolute *absolute)
{
	bool options = slice_eq(out->method, SLICE("OPTIONS"));
	enum h1_error error;

	if (out->target.p[0] == '/')
		return H1_OK;
	if (slice_eq(out->target, SLICE("*")))
		return options ? H1_OK : H1_E_ASTERISK;
	error = split_absolute(out->target, out->secure, absolute);
	if (error)
		return error;
	out->target = absolute->path;
	if (out->target.n == 0)
		out->target = options ? SLICE("*") : SLICE("/"); /* RFC 9112 3.2.4 */
	else if (out->target.p[0] == '?')
		out->target = arena_concat(arena, (struct slice[]){SLICE("/"), out->target}, 2);
	return out->target.n ? H1_OK : H1_E_NO_MEMORY;
}

static enum h1_error parse_authority(struct slice authority, struct arena *arena, struct slice *host, uint16_t *port)
{
	if (authority_parse(authority, arena, host, port))
		return H1_OK;
	return arena_failed(arena) ? H1_E_NO_MEMORY : H1_E_HOST_INVALID;
}

/* RFC 9112 3.2: exactly one Host, valid, and the same site as an absolute-form target, which then is the one taken. */
static enum h1_error resolve_authority(struct request *out, const struct h1_gathered *g, struct slice absolute,
				       struct arena *arena)
{
	unsigned standard = out->secure ? 443 : 80;
	struct slice host;
	uint16_t port;
	enum h1_error error;

	if (g->hosts != 1)
		return g->hosts ? H1_E_HOST_REPEATED : H1_E_HOST_MISSING;
	out->authority = g->host;
	error = parse_authority(g->host, arena, &out->host, &out->port);
	if (error || absolute.n == 0)
		return error;
	error = parse_authority(absolute, arena, &host, &port);
	if (error)
		return error;
	if (!slice_eq(host, out->host) || (port ? port : standard) != (out->port ? out->port : standard))
		return H1_E_HOST_DISAGREES;
	out->authority = absolute;
	out->port = port;
	return H1_OK;
}

/* What an origin could take for a field of ours, or for one that was taken out, must not reach it. */
static enum h1_error check_lookalikes(const struct fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		if (fields->v[i].id == FIELD_OTHER && h1_field_is_lookalike(fields->v[i].name))
			return H1_E_FIELD_LOOKALIKE;
	return H1_OK;
}

/* RFC 9110 10.1.1: an expectation without content, or in HTTP/1.0, is ignored, and so must not be passed on. */
static enum h1_error decide_expect(const struct h1_gathered *g, struct request *out, struct h1_framing *framing)
{
	if (g->expect_other)
		return H1_E_EXPECTATION;
	framing->expect_continue =
		g->expect && out->minor > 0 && (framing->kind == H1_BODY_CHUNKED || framing->length > 0);
	if (g->expect && !framing->expect_continue)
		fields_remove(&out->fields, FIELD_EXPECT);
	return H1_OK;
}

enum h1_error h1_parse_request(struct slice head, const struct h1_limits *limits, bool secure, struct arena *arena,
			       struct request *out, struct h1_framing *framing)
{
	struct absolute absolute = {0};
	struct h1_gathered g;
	enum h1_error error;

	*out = (struct request){.secure = secure};
	*framing = (struct h1_framing){.kind = H1_BODY_NONE};
	fields_init(&out->fields, arena);
	if (head.n > limits->head)
		return H1_E_HEAD_TOO_LONG;
	if ((error = skip_empty_lines(&head)) || (error = take_request_line(&head, limits, out)) ||
	    (error = resolve_target(out, arena, &absolute)) ||
	    (error = h1_take_fields(&head, limits, &out->fields, &g)) ||
	    (g.odd && (error = check_lookalikes(&out->fields))) ||
	    (error = resolve_authority(out, &g, absolute.authority, arena)) ||
	    (error = h1_decide_body(&g, out->minor, framing)) || (error = decide_expect(&g, out, framing)))
		return error;
	h1_decide_connection(&g, out->minor, framing);
	framing->te_trailers = g.option_te && g.te_trailers;
	return H1_OK;
}
