/*
 * The access log: one JSON object a line, whole lines per write(2), so that several workers may share the file
 * (O_APPEND). No cookie value, no query string, and addresses truncated to /24 and /48 unless the operator asked for
 * more. A line is at most ACCESS_LINE_MAX octets (that of a pipe's atomic write): a longer target is cut. Lines are
 * gathered in a bounded buffer and written when it fills or a short time after the first; a log that cannot be written
 * never holds up an exchange: lines are dropped and counted, and the count is logged later.
 */
#ifndef CG_PROXY_OBSERVE_ACCESS_LOG_H
#define CG_PROXY_OBSERVE_ACCESS_LOG_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"
#include "rules/decide/decide.h"

struct access_entry {
	int64_t time_ms;	     /* Unix time of the request's head, milliseconds */
	const struct sockaddr *peer; /* the visitor */
	struct slice site;	     /* site name; empty if none was found */
	struct slice method;	     /* empty if the head could not be parsed */
	struct slice target;	     /* as received; the log cuts the query */
	unsigned status;	     /* sent to the visitor; 0 if the visitor left before */
	uint64_t received;	     /* octets of the request's body */
	uint64_t sent;		     /* octets of the response's body */
	int64_t duration_us;
	const char *http; /* "1.0", "1.1" or "2" */
	const char *tls;  /* "TLSv1.3" or NULL */
	bool resumed;
	struct slice upstream;		 /* address text of the origin used; empty if none */
	const struct decision *decision; /* NULL if it never came to one */
	const struct ruleset *rules;	 /* for the names of granted purposes; NULL with decision */
	const char *error;		 /* why it ended badly; NULL if it did not */
	const struct verdict *would;	 /* observe mode: what would have been changed; as many as fit are written */
	size_t n_would;
	const char *page; /* what became of a page: "rewritten", "observed", "unread", "passed", "withheld", "cut";
			     NULL: it was none */
	const unsigned *page_before; /* VERDICT_KINDS counts of the decision before the page; NULL: it was not read */
};

struct access_log;

#define ACCESS_LINE_MAX 4096

/*
 * {"time":"2026-11-23T20:15:00.123Z","peer":"203.0.113.0","site":"www.example.com","method":"GET","target":"/",
 *  "status":200,"received":0,"sent":5120,"us":1830,"http":"2","tls":"TLSv1.3","resumed":true,"upstream":"127.0.0.1:8080",
 *  "granted":["analytics"],"region":"US-CA","consent":"signed
 * cookie","token":"good","optout":true,"signal":true,"action":"block",
 *  "mode":"observe","verdicts":{"keep":2,"drop":1},"unsealed":{"altered":1},"page":"rewritten","within":{"inert":3},"error":"..."}
 * in one line. What does not apply is left out; "us" is the duration in microseconds. Lines that were lost are
 * announced by {"time":...,"dropped":N}.
 *
 * Writes to fd, which stays the caller's; fd -1 makes a log that writes nothing. full_addresses: do not truncate.
 * base: for the flush timer; NULL: every line is written at once.
 */
CG_WARN_UNUSED struct access_log *access_log_new(struct event_base *base, int fd, bool full_addresses);
void access_log_write(struct access_log *log, const struct access_entry *e);
void access_log_flush(struct access_log *log);
/* From now on to this fd (after a rotation); what is gathered goes to the old one first. Nothing happens to an "off"
 * log. */
void access_log_set_fd(struct access_log *log, int fd);
/* Lines lost so far that could not be announced in the log yet. */
uint64_t access_log_dropped(const struct access_log *log);
void access_log_free(struct access_log *log); /* flushes; NULL is fine */
/* False for an "off" log: callers may skip making an entry. */
bool access_log_enabled(const struct access_log *log);

#endif
