#include "proxy/io/deadline.h"

#include <time.h>

int64_t io_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void arm(struct deadline *d, int64_t now)
{
	int64_t ms = d->at > now ? d->at - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	d->armed = event_add(&d->timer, &tv) == 0 ? d->at : 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct deadline *d = arg;
	int64_t now = io_now_ms();

	(void)fd;
	(void)what;
	d->armed = 0;
	if (d->at == 0)
		return;
	if (d->at > now) {
		arm(d, now);
		return;
	}
	d->at = 0;
	d->expired(d->arg);
}

void deadline_init(struct deadline *d, struct event_base *base, void (*expired)(void *arg), void *arg)
{
	*d = (struct deadline){.expired = expired, .arg = arg};
	evtimer_assign(&d->timer, base, on_timer, d);
}

void deadline_set(struct deadline *d, int64_t ms)
{
	int64_t now = io_now_ms();

	d->at = now + ms;
	if (d->armed == 0 || d->at < d->armed)
		arm(d, now);
}

void deadline_clear(struct deadline *d)
{
	d->at = 0;
}

void deadline_free(struct deadline *d)
{
	if (d->expired)
		event_del(&d->timer);
	d->expired = NULL;
	d->at = d->armed = 0;
}
