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

static enum h1_error gather_field(struct h1_gathered *g, const struct field *f)
{
	switch (f->id) {
	case FIELD_HOST:
		g->host = f->value;
		g->hosts++;
		break;
	case FIELD_CONTENT_LENGTH:
		g->length = f->value;
		g->lengths++;
		break;
	case FIELD_TRANSFER_ENCODING:
		g->coding = f->value;
		g->codings++;
		break;
	case FIELD_UPGRADE:
		g->upgrade = f->value;
		g->upgrades++;
		break;
	case FIELD_EXPECT:
		g->expect = true;
		g->expect_other = g->expect_other || !slice_ieq(f->value, SLICE("100-continue"));
		break;
	case FIELD_TE:
		gather_te(g, f->value);
		break;
	case FIELD_CONNECTION:
		return gather_connection(g, f->value);
	default:
		break;
	}
	return H1_OK;
}

static void remove_hop_by_hop(struct fields *fields)
{
	size_t kept = 0;

	for (size_t i = 0; i < fields->n; i++) {
		enum field_id id = fields->v[i].id;

		if (id == FIELD_HOST || id == FIELD_CONTENT_LENGTH || (id && (field_flags(id) & FIELD_FLAG_HOP)))
			continue;
		if (kept < i)
			fields->v[kept] = fields->v[i];
		kept++;
	}
	fields->n = kept;
}

enum h1_error h1_gather(struct fields *fields, struct h1_gathered *g)
{
	*g = (struct h1_gathered){0};
	for (size_t i = 0; i < fields->n; i++) {
		enum h1_error error = fields->v[i].id ? gather_field(g, &fields->v[i]) : H1_OK;

		if (error)
			return error;
	}
	if (g->close) /* the one keyword that a field could be named after; the others are hop-by-hop fields */
		fields_remove_name(fields, SLICE("close"));
	for (size_t i = 0; i < g->nominations; i++)
		fields_remove_name(fields, g->nominated[i]);
	remove_hop_by_hop(fields);
	return H1_OK;
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
