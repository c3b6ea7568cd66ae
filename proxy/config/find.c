/* Questions that are asked for each connection and request. */
#include "proxy/config/internal.h"

#define HOST_MAX 255

static struct config_name *slot_of(const struct config *c, struct slice name)
{
	size_t mask = c->n_name_slots - 1, at = slice_hash(name) & mask;

	while (c->name_slots[at].site && !slice_eq(c->name_slots[at].name, name))
		at = (at + 1) & mask;
	return &c->name_slots[at];
}

void config_index_names(struct loading *l)
{
	struct config *c = l->config;
	size_t names = 0, slots = 8;

	for (size_t i = 0; i < c->n_sites; i++)
		names += c->sites[i].n_names;
	while (slots < names * 2)
		slots *= 2;
	c->name_slots = arena_calloc(&c->arena, slots, sizeof *c->name_slots);
	if (!c->name_slots)
		return;
	c->n_name_slots = slots;
	for (size_t i = 0; i < c->n_sites; i++)
		for (size_t j = 0; j < c->sites[i].n_names; j++)
			*slot_of(c, c->sites[i].names[j]) =
				(struct config_name){.name = c->sites[i].names[j], .site = &c->sites[i]};
}

/* "www.example.com" -> "*.example.com", in buf. */
static struct slice wildcard_of(struct slice host, char *buf)
{
	struct slice rest = slice_from(host, slice_find_char(host, '.'));

	if (rest.n < 2 || rest.n >= HOST_MAX)
		return slice_of(NULL, 0);
	buf[0] = '*';
	memcpy(buf + 1, rest.p, rest.n);
	return slice_of(buf, rest.n + 1);
}

const struct config_site *config_site_find(const struct config *c, struct slice host)
{
	char buf[HOST_MAX + 1];
	const struct config_site *site = slot_of(c, host)->site;
	struct slice wildcard;

	if (site)
		return site;
	wildcard = wildcard_of(host, buf);
	site = wildcard.n ? slot_of(c, wildcard)->site : NULL;
	return site ? site : slot_of(c, SLICE("*"))->site;
}

/* "/a" covers itself and what is below it, as in rules; "/a/" is the latter alone. */
static bool covers(struct slice prefix, struct slice path)
{
	if (!slice_starts_with(path, prefix))
		return false;
	return path.n == prefix.n || prefix.p[prefix.n - 1] == '/' || path.p[prefix.n] == '/';
}

bool config_websocket(const struct config_site *site, struct slice path)
{
	if (!site->websocket || site->n_websocket_paths == 0)
		return site->websocket;
	for (size_t i = 0; i < site->n_websocket_paths; i++)
		if (covers(site->websocket_paths[i], path))
			return true;
	return false;
}

static bool mapped_address(const struct sockaddr *sa, unsigned char out[16])
{
	static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

	if (sa->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
		return true;
	}
	memcpy(out, prefix, sizeof prefix);
	memcpy(out + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	return sa->sa_family == AF_INET;
}

static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned octets = bits / 8, rest = bits % 8;

	if (memcmp(a, b, octets) != 0)
		return false;
	return rest == 0 || ((a[octets] ^ b[octets]) & (0xFF00 >> rest) & 0xFF) == 0;
}

bool config_trusts(const struct config *c, const struct sockaddr *sa)
{
	unsigned char addr[16];

	if (c->n_trusted == 0 || !mapped_address(sa, addr))
		return false;
	for (size_t i = 0; i < c->n_trusted; i++)
		if (same_prefix(addr, c->trusted[i].addr, c->trusted[i].bits))
			return true;
	return false;
}
