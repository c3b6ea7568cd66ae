#include "rules/http/host.h"

#include <libpsl.h>

#define HOST_MAX  253 /* RFC 1035 2.3.4, as text without the final dot */
#define LABEL_MAX 63

static bool is_name_octet(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

/* Labels of 1..63 octets joined by dots; no trailing dot. */
static bool is_name(struct slice s)
{
	size_t label = 0;

	if (s.n > HOST_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && label > 0)
			label = 0;
		else if (!is_name_octet(s.p[i]) || ++label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

/* Four numbers of 0..255 without leading zeros (RFC 3986 3.2.2). */
static bool is_ipv4(struct slice s)
{
	struct slice number;
	uint64_t v;
	int count = 0;

	do {
		slice_cut(s, '.', &number, &s);
		if (++count > 4 || number.n > 3 || !slice_to_u64(number, 255, &v) ||
		    (number.n > 1 && number.p[0] == '0'))
			return false;
	} while (s.p);
	return count == 4;
}

/* The pieces of an IPv6 address seen so far. */
struct ipv6 {
	int groups; /* of 16 bits */
	bool gap;   /* "::" was seen */
};

/* Takes one group of hexadecimal digits, or a final IPv4 address, off the front. */
static bool take_group(struct slice *s, struct ipv6 *a)
{
	size_t n = 0;

	while (n < s->n && n < 5 && ascii_hex_value(s->p[n]) >= 0)
		n++;
	if (n < s->n && s->p[n] == '.') {
		a->groups += 2;
		n = is_ipv4(*s) ? s->n : 0;
	} else {
		a->groups++;
	}
	*s = slice_from(*s, n);
	return n > 0 && (n <= 4 || s->n == 0) && a->groups <= 8;
}

/* RFC 4291 2.2; no zone. */
static bool is_ipv6(struct slice s)
{
	struct ipv6 a = {0};

	if (s.n > 45)
		return false;
	if (slice_starts_with(s, SLICE("::"))) {
		a.gap = true;
		s = slice_from(s, 2);
	}
	while (s.n) {
		if (!take_group(&s, &a))
			return false;
		if (s.n == 0)
			break;
		if (s.p[0] != ':' || s.n == 1)
			return false;
		s = slice_from(s, 1);
		if (s.p[0] == ':') {
			if (a.gap)
				return false;
			a.gap = true;
			s = slice_from(s, 1);
		}
	}
	return a.gap ? a.groups < 8 : a.groups == 8;
}

bool host_is_address(struct slice host)
{
	return is_ipv4(host) || is_ipv6(host);
}

/* *rest: what follows the host, "" or ":port". */
static bool split_host(struct slice authority, struct slice *host, struct slice *rest)
{
	size_t end;

	if (authority.n && authority.p[0] == '[') {
		end = slice_find_char(authority, ']');
		*host = slice_from(slice_head(authority, end), 1);
		*rest = slice_from(authority, end + 1);
		return end < authority.n && is_ipv6(*host);
	}
	end = slice_find_char(authority, ':');
	*host = slice_head(authority, end);
	*rest = slice_from(authority, end);
	if (host->n && host->p[host->n - 1] == '.')
		host->n--;
	return is_name(*host);
}

bool authority_split(struct slice authority, struct slice *host, uint16_t *port)
{
	struct slice rest;
	uint64_t value = 0;

	*port = 0;
	if (!split_host(authority, host, &rest))
		return false;
	if (rest.n == 0)
		return true;
	if (rest.p[0] != ':')
		return false;
	if (rest.n > 1 && (!slice_to_u64(slice_from(rest, 1), UINT16_MAX, &value) || value == 0))
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool has_upper(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

bool authority_parse(struct slice authority, struct arena *arena, struct slice *host, uint16_t *port)
{
	char *lower;

	if (!authority_split(authority, host, port))
		return false;
	if (!has_upper(*host))
		return true;
	lower = arena_alloc(arena, host->n);
	if (!lower)
		return false;
	for (size_t i = 0; i < host->n; i++)
		lower[i] = ascii_lower(host->p[i]);
	host->p = lower;
	return true;
}

struct slice host_registrable(struct slice host)
{
	char text[HOST_MAX + 1]; /* libpsl wants lower case and a NUL */
	const char *domain;

	if (!is_name(host) || is_ipv4(host))
		return slice_of(NULL, 0);
	for (size_t i = 0; i < host.n; i++)
		text[i] = ascii_lower(host.p[i]);
	text[host.n] = '\0';
	domain = psl_registrable_domain(psl_builtin(), text);
	return domain ? slice_from(host, (size_t)(domain - text)) : slice_of(NULL, 0);
}

bool host_domain_match(struct slice host, struct slice domain)
{
	size_t before;

	if (slice_ieq(host, domain))
		return host.n > 0;
	if (domain.n == 0 || host.n <= domain.n || host_is_address(host))
		return false;
	before = host.n - domain.n;
	return host.p[before - 1] == '.' && slice_ieq(slice_from(host, before), domain);
}
