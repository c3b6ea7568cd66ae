/*
 * The internal message: what HTTP/1.1 and HTTP/2 are parsed to, what the rules edit, and what is written out again.
 *
 * It holds no framing: Content-Length and Transfer-Encoding are decided once by the codec that read the message, told
 * beside it, removed from the field list, and chosen afresh by the codec that writes it.
 * All slices belong to the exchange's arena.
 */
#ifndef CG_RULES_HTTP_MESSAGE_H
#define CG_RULES_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/slice.h"
#include "rules/http/field.h"

struct request {
	struct slice method;	/* a token, case-sensitive */
	struct slice target;	/* origin-form: absolute path with its query, or "*" for OPTIONS; never a fragment */
	struct slice authority; /* host[:port] as sent, validated; from the Host field or an absolute-form target */
	struct slice host;	/* the host alone: lower case, no port, no trailing dot, IPv6 without brackets */
	uint16_t port;		/* of the authority; 0 if it names none */
	bool secure;		/* the visitor came over TLS */
	unsigned minor;		/* of HTTP/1.minor: 0 or 1; HTTP/2 counts as 1 */
	struct fields fields;	/* without Host */
};

struct response {
	unsigned status; /* 100..999 */
	struct slice reason;
	struct fields fields;
};

#endif
