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

/* The text of an embedded file, empty if there is none of that name. */
struct slice demo_site_file(const char *name);

/* {{name}} becomes its value; values are not looked at again. Empty if the arena refused. */
struct demo_variable {
	struct slice name;
	struct slice value;
};
struct slice demo_expand(struct arena *a, struct slice template, const struct demo_variable *vars, size_t n);

#endif
