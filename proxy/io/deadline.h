/*
 * Absolute deadlines that cost nothing to move: the timer is armed only when the new deadline is earlier than what is
 * armed; a timer that fires early looks at the real deadline and goes back to sleep.
 */
#ifndef CG_PROXY_IO_DEADLINE_H
#define CG_PROXY_IO_DEADLINE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

struct deadline {
	struct event timer;
	int64_t at;    /* monotonic milliseconds; 0: none */
	int64_t armed; /* when the timer fires; 0: not armed */
	void (*expired)(void *arg);
	void *arg;
};

/* Monotonic milliseconds, from the coarse clock: cheap, and 4 ms are near enough for deadlines. */
int64_t io_now_ms(void);

void deadline_init(struct deadline *d, struct event_base *base, void (*expired)(void *arg), void *arg);
/* Moves the deadline to ms from now. */
void deadline_set(struct deadline *d, int64_t ms);
/* No deadline; the timer may stay armed and fire into nothing. */
void deadline_clear(struct deadline *d);
/* Must be called before the memory goes away; harmless on zeroed memory. */
void deadline_free(struct deadline *d);

#endif
