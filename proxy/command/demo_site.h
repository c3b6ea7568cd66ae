/*
 * The example site of "crumbgate demo": what its server answers, without sockets. A small telephony company that sets
 * the cookies that real sites set, so that it can be seen which of them pass.
 */
#ifndef CG_PROXY_COMMAND_DEMO_SITE_H
#define CG_PROXY_COMMAND_DEMO_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"
#include "rules/http/message.h"

#define DEMO_SESSIONS 32
#define DEMO_NAME_MAX 60

struct demo_site {
	struct demo_session {
		char token[33]; /* empty: free */
		char name[DEMO_NAME_MAX];
		size_t name_length;
	} sessions[DEMO_SESSIONS];
	unsigned next_session; /* the oldest is overwritten */
};

struct demo_answer {
	struct response head; /* without framing */
	struct slice body;
};

/* Answers a request with its body; everything made lives in the arena. False if that ran out. */
bool demo_site_answer(struct demo_site *site, const struct request *req, struct slice body, int64_t now,
		      struct arena *arena, struct demo_answer *out);

#endif
