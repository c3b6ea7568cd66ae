#include "proxy/exchange/internal.h"

/* Who speaks to us through other proxies is told only by those we trust (design: promises about HTTP). */
static const enum field_id claimed[] = {FIELD_FORWARDED,
					FIELD_X_FORWARDED_FOR,
					FIELD_X_FORWARDED_PROTO,
					FIELD_X_FORWARDED_HOST,
					FIELD_X_FORWARDED_PORT,
					FIELD_X_REAL_IP,
					FIELD_VIA};

/* RFC 9110 7.6.3: the version in which the request came. */
static struct slice via(const struct exchange *e)
{
	return e->visitor->h2 ? SLICE("2.0 crumbgate") : SLICE("1.1 crumbgate");
}

/* What trusted proxies told, in the order of the wire, with our own word behind it. */
static struct slice joined(struct exchange *e, enum field_id id, struct slice own)
{
	const struct fields *f = &e->request.fields;
	struct slice all = slice_of(NULL, 0);

	for (size_t i = 0; fields_may_have(f, id) && i < f->n; i++) {
		const struct slice parts[] = {all, f->v[i].value, SLICE(", ")};

		if (f->v[i].id == id)
			all = arena_concat(&e->arena, parts, CG_COUNT(parts));
	}
	return all.n ? arena_concat(&e->arena, (struct slice[]){all, own}, 2) : own;
}

/* RFC 7239: an IPv6 address is quoted and in brackets; so is a host with a port quoted. */
static struct slice forwarded_value(struct exchange *e)
{
	const struct visitor *v = e->visitor;
	struct slice address = slice_str(v->address);
	bool v6 = slice_find_char(address, ':') < address.n;
	const struct slice parts[] = {
		v6 ? SLICE("for=\"[") : SLICE("for="),
		address,
		v6 ? SLICE("]\";host=\"") : SLICE(";host=\""),
		e->request.authority,
		e->request.secure ? SLICE("\";proto=https") : SLICE("\";proto=http"),
	};

	return arena_concat(&e->arena, parts, CG_COUNT(parts));
}

bool forward_request_fields(struct exchange *e)
{
	struct fields *f = &e->request.fields;
	struct slice address = slice_str(e->visitor->address);
	bool trusted = config_trusts(e->server->parts.config, &e->visitor->peer.any);

	if (!trusted)
		for (size_t i = 0; i < CG_COUNT(claimed); i++)
			fields_remove(f, claimed[i]);
	fields_set(f, FIELD_X_FORWARDED_FOR, joined(e, FIELD_X_FORWARDED_FOR, address));
	fields_set(f, FIELD_FORWARDED, joined(e, FIELD_FORWARDED, forwarded_value(e)));
	fields_set(f, FIELD_VIA, joined(e, FIELD_VIA, via(e)));
	if (!trusted || !fields_find(f, FIELD_X_FORWARDED_PROTO))
		fields_set(f, FIELD_X_FORWARDED_PROTO, e->request.secure ? SLICE("https") : SLICE("http"));
	if (!trusted || !fields_find(f, FIELD_X_FORWARDED_HOST))
		fields_set(f, FIELD_X_FORWARDED_HOST, e->request.authority);
	if (!e->site->config->preserve_host)
		e->request.authority = e->site->config->origins[0].authority;
	return !arena_failed(&e->arena);
}
