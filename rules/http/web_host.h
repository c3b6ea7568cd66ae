/* The host parser of the WHATWG URL Standard (3.5) for special schemes: part of web_url.h. */
#ifndef CG_RULES_HTTP_WEB_HOST_H
#define CG_RULES_HTTP_WEB_HOST_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/*
 * raw is a host as written, without port: percent-encoded, internationalised, any spelling of an address. *host gets
 * its one normal form (IPv6 in brackets; no trailing dot), or the empty slice if it is none. False if the arena
 * refused.
 */
bool web_host_parse(struct slice raw, struct arena *arena, struct slice *host);

#endif
