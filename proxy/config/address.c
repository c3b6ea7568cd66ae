/* Addresses as numbers and, by the system's resolver, as names. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#include "proxy/config/internal.h"

#define RESOLVED_MAX 16 /* addresses of one name */

static bool fill(struct arena *arena, const struct sockaddr *sa, socklen_t len, struct config_address *out)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool v6 = sa->sa_family == AF_INET6;

	if (len > sizeof out->addr || (!v6 && sa->sa_family != AF_INET) ||
	    getnameinfo(sa, len, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	*out = (struct config_address){.len = len};
	memcpy(&out->addr, sa, len);
	out->text = arena_printf(arena, v6 ? "[%s]:%s" : "%s:%s", host, port);
	return out->text.n > 0;
}

/* Splits "HOST:PORT" and "[HOST]:PORT". */
static bool split_port(struct slice text, struct slice *host, uint16_t *port)
{
	size_t at = text.n;
	uint64_t n;

	while (at && text.p[at - 1] != ':')
		at--;
	if (at < 2 || !slice_to_u64(slice_from(text, at), UINT16_MAX, &n))
		return false;
	*port = (uint16_t)n;
	*host = slice_head(text, at - 1);
	if (host->p[0] == '[') {
		if (host->n < 3 || host->p[host->n - 1] != ']')
			return false;
		*host = slice_of(host->p + 1, host->n - 2);
		return true;
	}
	return slice_find_char(*host, ':') == host->n; /* an IPv6 address needs its brackets */
}

static bool any_address(struct arena *arena, uint16_t port, struct config_address *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->addr;

	*out = (struct config_address){.len = sizeof *in6, .text = arena_printf(arena, "*:%u", port)};
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return out->text.n > 0;
}

/* An address in numbers. The system's parser knows scopes ("fe80::1%eth0"), which inet_pton() does not. */
static bool numeric(struct arena *arena, const char *host, uint16_t port, struct config_address *out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	char service[8];
	bool good;

	snprintf(service, sizeof service, "%u", port);
	if (getaddrinfo(host, service, &hints, &found) != 0)
		return false;
	good = fill(arena, found->ai_addr, found->ai_addrlen, out);
	freeaddrinfo(found);
	return good;
}

/* getaddrinfo() takes "1", "1.2" and "0x7f.1" for addresses; what is written should be what is meant. */
static bool looks_numeric(struct slice host)
{
	size_t dots = 0;

	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == ':')
			return true;
		if (host.p[i] != '.' && !ascii_is_digit(host.p[i]))
			return false;
		dots += host.p[i] == '.';
	}
	return dots == 3;
}

bool config_address_parse(struct arena *arena, struct slice text, struct config_address *out)
{
	struct slice host;
	uint16_t port;
	char *name;

	if (!split_port(text, &host, &port))
		return false;
	if (slice_eq(host, SLICE("*")))
		return any_address(arena, port, out);
	if (!looks_numeric(host))
		return false;
	name = arena_cstr(arena, host);
	return name && numeric(arena, name, port, out);
}

uint16_t config_address_port(const struct config_address *a)
{
	if (a->addr.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->addr)->sin6_port);
	return ntohs(((const struct sockaddr_in *)&a->addr)->sin_port);
}

bool config_address_eq(const struct config_address *a, const struct config_address *b)
{
	return a->len == b->len && memcmp(&a->addr, &b->addr, a->len) == 0;
}

static int lookup(const char *host, uint16_t port, struct addrinfo **found)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	char service[8];
	int rc;

	snprintf(service, sizeof service, "%u", port);
	rc = getaddrinfo(host, service, &hints, found);
	if (rc == 0)
		return 0;
	hints.ai_flags = AI_NUMERICSERV; /* a machine with nothing but loopback has no "configured" family */
	return getaddrinfo(host, service, &hints, found);
}

static bool resolve_by_system(void *arg, const char *host, uint16_t port, struct arena *arena,
			      struct config_address **addresses, size_t *n, const char **why)
{
	struct addrinfo *found;
	struct config_address *v;
	int rc;

	(void)arg;
	*n = 0;
	rc = lookup(host, port, &found);
	if (rc != 0) {
		*why = gai_strerror(rc);
		return false;
	}
	v = arena_calloc(arena, RESOLVED_MAX, sizeof *v);
	for (const struct addrinfo *a = found; v && a && *n < RESOLVED_MAX; a = a->ai_next)
		if (fill(arena, a->ai_addr, a->ai_addrlen, &v[*n]))
			(*n)++;
	freeaddrinfo(found);
	*addresses = v;
	*why = "it has no IPv4 or IPv6 address";
	return *n > 0;
}

const struct config_resolver config_resolver_system = {.resolve = resolve_by_system};
