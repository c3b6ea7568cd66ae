/*
 * Framing and connection, decided once from the fields of a head (RFC 9112 6 and 9.3, RFC 9110 7.6.1 and 7.8).
 *
 * What Connection nominates is removed, as RFC 9110 7.6.1 demands, with one exception: a message that nominates a
 * field which crumbgate or the origin relies on end to end (h1_field_is_end_to_end) is refused. Removing it would let
 * a peer hide it from us and from the origin: an opt-out Cookie, Sec-GPC, Authorization, X-Forwarded-For. Ignoring the
 * nomination would forward what others on the way take out, so two hops would see different messages. No honest
 * sender does it: RFC 9110 7.6.1 forbids to nominate a field that is meant for all recipients.
 * Nominating a hop-by-hop field is harmless ("Connection: Transfer-Encoding" is often seen): it is removed anyway.
 */
#include "proxy/h1/internal.h"

static enum h1_error gather_option(struct h1_gathered *g, struct slice option)
{
	enum field_id id;

	if (h1_token_span(option) != option.n)
		return H1_E_CONNECTION;
	if (slice_ieq(option, SLICE("keep-alive"))) {
		g->keep_alive = true;
	} else if (slice_ieq(option, SLICE("close"))) {
		g->close = true;
	} else if (slice_ieq(option, SLICE("upgrade"))) {
		g->option_upgrade = true;
	} else if (slice_ieq(option, SLICE("te"))) {
		g->option_te = true;
	} else {
		id = field_id_of(option);
		if (h1_field_is_end_to_end(id, option))
			return H1_E_CONNECTION_END_TO_END;
		if (id == FIELD_OTHER && g->nominations == H1_NOMINATED_MAX)
			return H1_E_CONNECTION_TOO_MANY;
		if (id == FIELD_OTHER)
			g->nominated[g->nominations++] = option;
	}
	return H1_OK;
}

static enum h1_error gather_connection(struct h1_gathered *g, struct slice value)
{
	struct slice option;
	enum h1_error error = H1_OK;

	while (!error && list_next(&value, &option))
		error = gather_option(g, option);
	return error;
}

static void gather_te(struct h1_gathered *g, struct slice value)
{
	struct slice coding;

	while (list_next(&value, &coding))
		if (slice_ieq(coding, SLICE("trailers")))
			g->te_trailers = true;
}

/* True: the field is known now, and goes no further. */
static bool gather(struct h1_gathered *g, const struct field *f)
{
	switch (f->id) {
	case FIELD_OTHER:
		return false;
	case FIELD_HOST:
		g->host = f->value;
		g->hosts++;
		return true;
	case FIELD_CONTENT_LENGTH:
		g->length = f->value;
		g->lengths++;
		return true;
	case FIELD_TRANSFER_ENCODING:
		g->coding = f->value;
		g->codings++;
		return true;
	case FIELD_UPGRADE:
		g->upgrade = f->value;
		g->upgrades++;
		return true;
	case FIELD_EXPECT:
		g->expect = true;
		g->expect_other = g->expect_other || !slice_ieq(f->value, SLICE("100-continue"));
		return false;
	case FIELD_TE:
		gather_te(g, f->value);
		return true;
	case FIELD_CONNECTION:
		if (!g->error)
			g->error = gather_connection(g, f->value);
		return true;
	default:
		return (field_flags(f->id) & FIELD_FLAG_CODEC) != 0;
	}
}

static void remove_nominated(struct fields *fields, const struct h1_gathered *g)
{
	if (g->close) /* the one keyword that a field could be named after; the others are hop-by-hop fields */
		fields_remove_name(fields, SLICE("close"));
	for (size_t i = 0; i < g->nominations; i++)
		fields_remove_name(fields, g->nominated[i]);
}

enum h1_error h1_take_fields(struct slice *rest, const struct h1_limits *limits, struct fields *out,
			     struct h1_gathered *g)
{
	size_t lines = 0;
	enum h1_error error;

	memset(g, 0, offsetof(struct h1_gathered, nominated)); /* of which nominations says what counts */
	while (rest->n && rest->p[0] != '\r') {
		struct field f;

		if ((error = h1_take_field(rest, limits, &f, &g->odd)))
			return error;
		if (lines++ == limits->fields)
			return H1_E_TOO_MANY_FIELDS;
		if (!gather(g, &f) && !fields_append(out, &f))
			return H1_E_NO_MEMORY;
	}
	if (rest->n == 0 || (rest->n > 2 && rest->p[1] == '\n'))
		return H1_E_INCOMPLETE;
	if ((error = h1_take_crlf(rest)))
		return error;
	remove_nominated(out, g);
	return g->error;
}

static enum h1_error decide_coding(const struct h1_gathered *g, unsigned minor)
{
	if (minor == 0)
		return H1_E_CODING_IN_1_0;
	if (g->codings > 1)
		return H1_E_CODING_REPEATED;
	return slice_ieq(g->coding, SLICE("chunked")) ? H1_OK : H1_E_CODING;
}

enum h1_error h1_decide_body(const struct h1_gathered *g, unsigned minor, struct h1_framing *framing)
{
	if (g->lengths && g->codings)
		return H1_E_LENGTH_AND_CODING;
	if (g->codings) {
		framing->kind = H1_BODY_CHUNKED;
		return decide_coding(g, minor);
	}
	if (g->lengths == 0)
		return H1_OK;
	/* RFC 9112 6.3 would let equal values pass; nobody honest repeats them, and who reads only one may be fooled.
	 */
	if (g->lengths > 1 || slice_find_char(g->length, ',') < g->length.n)
		return H1_E_LENGTH_REPEATED;
	if (!slice_to_u64(g->length, INT64_MAX, &framing->length))
		return H1_E_LENGTH_INVALID;
	framing->kind = H1_BODY_LENGTH;
	framing->has_length = true;
	return H1_OK;
}

void h1_decide_connection(const struct h1_gathered *g, unsigned minor, struct h1_framing *framing)
{
	framing->keep_alive = !g->close && (minor > 0 || g->keep_alive);
	/* RFC 9110 7.8: ignored in HTTP/1.0. Ignoring it is always allowed, so several Upgrade fields are none. */
	framing->upgrade = minor > 0 && g->option_upgrade && g->upgrades == 1 && g->upgrade.n > 0;
	if (framing->upgrade)
		framing->upgrade_protocol = g->upgrade;
}

enum h1_error h1_take_version(struct slice *rest, unsigned *minor)
{
	const char *p = rest->p;

	if (rest->n < 8 || memcmp(p, "HTTP/", 5) != 0 || !ascii_is_digit(p[5]) || p[6] != '.' || !ascii_is_digit(p[7]))
		return H1_E_VERSION;
	if (p[5] != '1')
		return H1_E_VERSION_OTHER;
	*minor = p[7] != '0'; /* RFC 9110 2.5: a higher minor version is taken as the highest that is known */
	*rest = slice_of(p + 8, rest->n - 8);
	return H1_OK;
}
