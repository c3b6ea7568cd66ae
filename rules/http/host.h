/*
 * Hosts: validation of the authority (RFC 9110 7.2, RFC 3986 3.2.2), and the registrable domain by the public suffix
 * list (libpsl's built-in list; the one file that includes libpsl.h is host.c).
 */
#ifndef CG_RULES_HTTP_HOST_H
#define CG_RULES_HTTP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/*
 * Splits and validates "host[:port]". host: 1..253 octets of letters, digits, '-', '_', '.', no empty label except a
 * trailing dot, labels of at most 63; or an IPv4 address; or "[IPv6]". Percent-encoding, userinfo, blanks and anything
 * else are refused. *host gets lower case (copied to the arena only if needed), no trailing dot, no brackets; *port 0
 * if absent ("host:" counts as absent); port 0 is refused. False if invalid or if the arena refused.
 */
bool authority_parse(struct slice authority, struct arena *arena, struct slice *host, uint16_t *port);

/* The same without changing case, so without memory: *host is a part of authority, without trailing dot and brackets.
 */
bool authority_split(struct slice authority, struct slice *host, uint16_t *port);

/* True for an IPv4 or IPv6 address (without brackets). */
bool host_is_address(struct slice host);

/*
 * The registrable domain (public suffix plus one label) of a lower-case host without trailing dot; the empty slice if
 * it has none: an address, a public suffix itself, a single label, or no valid name (a trailing dot counts as invalid).
 * The result is a tail of host. host is looked up as it stands (A-labels), ignoring case.
 */
struct slice host_registrable(struct slice host);

/* True if domain equals host or is a parent of it on a label boundary (RFC 6265bis 5.1.3), ignoring case; addresses
 * match only exactly. */
bool host_domain_match(struct slice host, struct slice domain);

#endif
