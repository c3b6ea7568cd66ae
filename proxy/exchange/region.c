/* Which region the visitor is in: what a trusted proxy says, else what the database of networks knows. */
#include <arpa/inet.h>

#include "proxy/exchange/internal.h"
#include "proxy/region/region.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The only field of that name; several, or none, say nothing. */
static struct slice only_value(const struct fields *f, struct slice name)
{
	struct slice value = {0};
	size_t found = 0;

	for (size_t i = 0; i < f->n && name.n; i++)
		if (slice_ieq(f->v[i].name, name) && found++ == 0)
			value = slice_trim(f->v[i].value);
	return found == 1 ? value : slice_of(NULL, 0);
}

/* "US" with "CA" or "US-CA" of the other field, or "US-CA" in one. */
static struct slice told_region(const struct exchange *e, char out[REGION_MAX])
{
	const struct config *c = e->server->parts.config;
	struct slice country = only_value(&e->request.fields, c->region_country);
	struct slice subdivision = only_value(&e->request.fields, c->region_subdivision), rest;

	if (country.n > 2 && slice_cut(country, '-', &country, &rest) && !subdivision.n)
		subdivision = rest;
	return region_of_codes(country, subdivision, out);
}

/* One entry of X-Forwarded-For: an address, perhaps with a port. */
static bool address_parse(struct slice s, union address *out)
{
	char text[INET6_ADDRSTRLEN];
	size_t colon;

	if (s.n && s.p[0] == '[')
		s = slice_head(slice_from(s, 1), slice_find_char(slice_from(s, 1), ']'));
	colon = slice_find_char(s, ':');
	if (colon < s.n && slice_find_char(slice_from(s, colon + 1), ':') == s.n - colon - 1)
		s = slice_head(s, colon); /* 192.0.2.1:443 */
	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	*out = (union address){.v4 = {.sin_family = AF_INET}};
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1)
		return true;
	*out = (union address){.v6 = {.sin6_family = AF_INET6}};
	return inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1;
}

/* Takes the last element off a list. */
static bool last_element(struct slice *list, struct slice *element)
{
	size_t n = list->n;

	if (!list->p || !n)
		return false;
	while (n && list->p[n - 1] != ',')
		n--;
	*element = slice_trim(slice_from(*list, n));
	*list = slice_head(*list, n ? n - 1 : 0);
	return true;
}

/*
 * Behind trusted proxies the visitor is who the last of them that is not itself trusted saw; what stands in front of
 * that in X-Forwarded-For the visitor may have written. False if it does not tell.
 */
static bool told_address(const struct exchange *e, union address *out)
{
	const struct fields *f = &e->request.fields;

	for (size_t i = f->n; i-- > 0;) {
		struct slice rest = f->v[i].id == FIELD_X_FORWARDED_FOR ? f->v[i].value : slice_of(NULL, 0), one;

		while (last_element(&rest, &one)) {
			if (!address_parse(one, out))
				return false;
			if (!config_trusts(e->server->parts.config, &out->any))
				return true;
		}
	}
	return false;
}

static struct slice find_region(const struct exchange *e, char out[REGION_MAX])
{
	const struct server_parts *parts = &e->server->parts;
	const struct sockaddr *peer = &e->visitor->peer.any;
	bool trusted = config_trusts(parts->config, peer);
	struct slice region = {0};
	union address told;

	if (trusted)
		region = told_region(e, out);
	if (region.n || !parts->regions)
		return region;
	if (!trusted)
		return regions_find(parts->regions, peer, out);
	return told_address(e, &told) ? regions_find(parts->regions, &told.any, out) : region;
}

struct slice exchange_region(struct exchange *e)
{
	char text[REGION_MAX];
	struct slice region = find_region(e, text);

	return region.n ? arena_copy(&e->arena, region) : region;
}
