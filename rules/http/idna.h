/*
 * Internationalised host names (UTS #46, non-transitional, as the WHATWG URL Standard 3.5 asks) by libidn2; idna.c is
 * the one file that includes idn2.h.
 */
#ifndef CG_RULES_HTTP_IDNA_H
#define CG_RULES_HTTP_IDNA_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

/*
 * The A-label form of a host in valid UTF-8 with at least one octet beyond ASCII, without control characters. libidn2
 * knows fewer characters than browsers and follows IDNA2008, which refuses emoji and some hyphens; the labels that it
 * refuses are encoded in Punycode (RFC 3492) with ASCII letters lowered and nothing else mapped. The result may hold
 * any ASCII character: the mapping turns a full-width solidus into '/'. Empty if s is too long for a host. False if
 * memory ran out.
 */
bool idna_to_ascii(struct slice s, struct arena *arena, struct slice *out);

#endif
