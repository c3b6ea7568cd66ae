/*
 * A visitor that speaks HTTP/2 by libnghttp2, without a network: what it and a session (tests/support/h2_model.h) say
 * is passed on in memory. It writes down what it is told.
 */
#ifndef CG_TESTS_SUPPORT_H2_CLIENT_H
#define CG_TESTS_SUPPORT_H2_CLIENT_H

#include <nghttp2/nghttp2.h>

#include "tests/support/h2_model.h"

struct h2_client {
	nghttp2_session *ng;
	/* Lines: "1 :status: 200", "1 name: value", "1 content abc" (as one if nothing is between), "1 end",
	 * "reset 1 8", "goaway 1 0". */
	struct buffer events;
	struct buffer sent; /* all octets */
	int32_t content_of;
	size_t left; /* octets of content that requests still have */
	bool holds;  /* content is said only when that is cleared and resumed */
	bool keeps;  /* does not use up what comes: windows do not grow */
};

void h2_client_init(struct h2_client *c);
void h2_client_free(struct h2_client *c);

/* fields: lines of "name: value\n". The content is so many letters 'q', with none the request ends with its head. */
int32_t h2_client_request(struct h2_client *c, const char *fields, size_t content);
/* Passes on what either says until both are silent. False once the session is beyond repair. */
bool h2_client_talk(struct h2_client *c, struct h2_model *m);

#endif
