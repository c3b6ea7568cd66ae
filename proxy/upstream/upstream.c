#include "proxy/upstream/upstream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOWN_FIRST_MS 500
#define DOWN_MAX_MS   30000
#define PRESSED_MS    1000 /* before somebody has to make room for who waits */

/* What is known of one address of an origin. */
struct target {
	int64_t down_until; /* monotonic ms; not chosen before, unless there is no other */
	int64_t back_off;   /* how long the next failure counts */
};

struct upstream_list {
	struct upstream *first, *last;
	size_t n;
};

struct upstream_pool {
	struct upstream_set *set;
	const struct config_origin *origin;
	struct target *targets; /* one per address */
	size_t next_target;
	struct upstream_list idle;     /* newest first */
	struct upstream_list busy;     /* lent, or on their way to be */
	struct upstream_user *waiting; /* oldest first */
	struct upstream_user *waiting_last;
	struct deadline pressed;
};

struct upstream_set {
	struct io *io;
	const struct config *config;
	struct tls_client *tls;
	size_t n_pools;
	size_t next_pool;
	struct upstream_pool pools[];
};

static bool begin_connect(struct upstream_pool *p, struct upstream_user *u);
static void serve_waiting(struct upstream_pool *p);

/* -- lists --------------------------------------------------------------------------------------------------------- */

/* At the front. */
static void list_push(struct upstream_list *l, struct upstream *c)
{
	c->prev = NULL;
	c->next = l->first;
	*(l->first ? &l->first->prev : &l->last) = c;
	l->first = c;
	l->n++;
}

static void list_remove(struct upstream_list *l, struct upstream *c)
{
	*(c->prev ? &c->prev->next : &l->first) = c->next;
	*(c->next ? &c->next->prev : &l->last) = c->prev;
	c->next = c->prev = NULL;
	l->n--;
}

static void be_idle(struct upstream *c)
{
	list_remove(&c->pool->busy, c);
	list_push(&c->pool->idle, c);
	c->idle = true;
}

static void be_busy(struct upstream *c)
{
	list_remove(&c->pool->idle, c);
	list_push(&c->pool->busy, c);
	c->idle = false;
}

static bool is_full(const struct upstream_pool *p)
{
	return p->idle.n + p->busy.n >= p->set->config->limits.upstream;
}

static void waiting_push(struct upstream_pool *p, struct upstream_user *u)
{
	u->waiting_in = p;
	u->next = NULL;
	u->prev = p->waiting_last;
	*(p->waiting_last ? &p->waiting_last->next : &p->waiting) = u;
	p->waiting_last = u;
}

static void waiting_remove(struct upstream_user *u)
{
	struct upstream_pool *p = u->waiting_in;

	*(u->prev ? &u->prev->next : &p->waiting) = u->next;
	*(u->next ? &u->next->prev : &p->waiting_last) = u->prev;
	u->waiting_in = NULL;
	u->next = u->prev = NULL;
}

/* -- life of a connection ------------------------------------------------------------------------------------------ */

static void free_upstream(struct io_reap *r)
{
	struct upstream *c = (struct upstream *)r;

	deadline_free(&c->deadline);
	free(c);
}

static void close_upstream(struct upstream *c)
{
	struct upstream_pool *p = c->pool;

	list_remove(c->idle ? &p->idle : &p->busy, c);
	if (c->user)
		c->user->conn = NULL;
	c->user = NULL;
	deadline_clear(&c->deadline);
	stream_close(&c->stream, false);
	io_reap(p->set->io, &c->reap, free_upstream);
}

static void note_failure(struct upstream *c)
{
	struct target *t = &c->pool->targets[c->address];

	t->back_off = t->back_off ? t->back_off * 2 : DOWN_FIRST_MS;
	if (t->back_off > DOWN_MAX_MS)
		t->back_off = DOWN_MAX_MS;
	t->down_until = io_now_ms() + t->back_off;
}

static void say(struct upstream_user *u, const char *what, const char *why)
{
	snprintf(u->error, sizeof u->error, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

static void connect_failed(struct upstream *c, const char *why, bool timed_out)
{
	struct upstream_user *u = c->user;
	struct upstream_pool *p = c->pool;

	note_failure(c);
	if (u) {
		say(u, why, c->stream.state == STREAM_CLOSED || timed_out ? NULL : stream_error(&c->stream));
		u->timed_out = timed_out;
	}
	close_upstream(c);
	if (u)
		u->handler(u->arg, UPSTREAM_FAILED);
	serve_waiting(p);
}

static void connect_done(struct upstream *c)
{
	c->pool->targets[c->address] = (struct target){0};
	deadline_clear(&c->deadline);
	if (c->user)
		c->user->handler(c->user->arg, UPSTREAM_READY);
}

static void start_tls(struct upstream *c)
{
	SSL *ssl = tls_client_connect(c->pool->set->tls, c->pool->origin, c->stream.fd);

	if (!ssl)
		connect_failed(c, "out of memory for TLS", false);
	else
		stream_handshake(&c->stream, ssl, true);
}

/* An idle connection speaks only to say that it ends. */
static void idle_event(struct upstream *c)
{
	struct upstream_pool *p = c->pool;

	close_upstream(c);
	serve_waiting(p);
}

static void on_stream(void *arg, enum stream_event event)
{
	static const enum upstream_event passed[] = {
		[STREAM_READABLE] = UPSTREAM_READABLE,
		[STREAM_DRAINED] = UPSTREAM_DRAINED,
		[STREAM_WRITE_FAILED] = UPSTREAM_WRITE_FAILED,
	};
	struct upstream *c = arg;

	switch (event) {
	case STREAM_CONNECTED:
		if (c->pool->origin->tls)
			start_tls(c);
		else
			connect_done(c);
		break;
	case STREAM_SECURED:
		connect_done(c);
		break;
	case STREAM_FAILED:
		connect_failed(c, c->stream.ssl ? "TLS with the origin failed" : "no connection to the origin", false);
		break;
	case STREAM_READABLE:
	case STREAM_DRAINED:
	case STREAM_WRITE_FAILED:
		if (c->user)
			c->user->handler(c->user->arg, passed[event]);
		else
			idle_event(c);
		break;
	}
}

static void on_deadline(void *arg)
{
	struct upstream *c = arg;

	if (c->idle)
		idle_event(c);
	else
		connect_failed(c, "connecting took too long", true);
}

/* The next address that is not down, else the one that will be up first. */
static size_t choose_target(struct upstream_pool *p)
{
	size_t n = p->origin->n_addresses, best = p->next_target % n;
	int64_t now = io_now_ms();

	for (size_t i = 0; i < n; i++) {
		size_t t = (p->next_target + i) % n;

		if (p->targets[t].down_until <= now) {
			best = t;
			break;
		}
		if (p->targets[t].down_until < p->targets[best].down_until)
			best = t;
	}
	/* Names with several addresses: stay with one that works, as clients do. */
	p->next_target = best;
	return best;
}

static bool begin_connect(struct upstream_pool *p, struct upstream_user *u)
{
	struct upstream *c = calloc(1, sizeof *c);
	const struct config_address *a;

	say(u, "out of memory", NULL);
	if (!c)
		return false;
	c->pool = p;
	c->user = u;
	c->address = choose_target(p);
	a = &p->origin->addresses[c->address];
	u->address = a->text;
	list_push(&p->busy, c);
	u->conn = c;
	deadline_init(&c->deadline, p->set->io->base, on_deadline, c);
	if (!stream_connect(&c->stream, p->set->io, (const struct sockaddr *)&a->addr, a->len, on_stream, c)) {
		note_failure(c);
		say(u, "the connection could not be begun", stream_error(&c->stream));
		close_upstream(c);
		return false;
	}
	deadline_set(&c->deadline, p->set->config->timeouts.connect);
	return true;
}

/* -- lending ------------------------------------------------------------------------------------------------------- */

static void lend(struct upstream *c, struct upstream_user *u)
{
	deadline_clear(&c->deadline);
	c->user = u;
	c->reused = true;
	u->conn = c;
	u->address = c->pool->origin->addresses[c->address].text;
}

/* One that has something to say before it is asked has ended, or lies; its event waits in this turn of the loop. */
static bool lend_idle(struct upstream_pool *p, struct upstream_user *u)
{
	while (p->idle.first && stream_has_input(&p->idle.first->stream))
		close_upstream(p->idle.first);
	if (!p->idle.first)
		return false;
	u->conn = p->idle.first;
	be_busy(u->conn);
	lend(u->conn, u);
	return true;
}

/* Someone left: the oldest waiting user may connect. */
static void serve_waiting(struct upstream_pool *p)
{
	while (p->waiting && !is_full(p)) {
		struct upstream_user *u = p->waiting;

		waiting_remove(u);
		if (!begin_connect(p, u))
			u->handler(u->arg, UPSTREAM_FAILED);
	}
}

static struct upstream_user *best_to_spare(struct upstream_pool *p)
{
	struct upstream_user *best = NULL;
	int64_t most = 0;

	for (struct upstream *c = p->busy.first; c; c = c->next) {
		int64_t n = c->user && c->user->spare ? c->user->spare(c->user->arg) : 0;

		if (n > most) {
			most = n;
			best = c->user;
		}
	}
	return best;
}

/* For each that waits one has to go, as long as there is one that may. */
static void on_pressed(void *arg)
{
	struct upstream_pool *p = arg;
	struct upstream_user *u;

	for (size_t n = p->busy.n; n > 0 && p->waiting && (u = best_to_spare(p)); n--)
		u->handler(u->arg, UPSTREAM_WANTED);
	if (p->waiting)
		deadline_set(&p->pressed, PRESSED_MS);
}

/* Origins in turn, those with an address that is up first. */
static struct upstream_pool *choose_pool(struct upstream_set *set)
{
	int64_t now = io_now_ms(), best_at = INT64_MAX;
	size_t first = set->next_pool, best = first;

	if (set->n_pools == 1)
		return &set->pools[0];
	for (size_t i = 0; i < set->n_pools; i++) {
		struct upstream_pool *p = &set->pools[(first + i) % set->n_pools];
		int64_t at = INT64_MAX;

		for (size_t t = 0; t < p->origin->n_addresses; t++)
			at = p->targets[t].down_until < at ? p->targets[t].down_until : at;
		at = at <= now ? 0 : at;
		if (at < best_at) {
			best_at = at;
			best = (first + i) % set->n_pools;
		}
	}
	set->next_pool = (best + 1) % set->n_pools;
	return &set->pools[best];
}

bool upstream_get(struct upstream_set *set, struct upstream_user *u, bool fresh)
{
	struct upstream_pool *p = choose_pool(set);

	u->error[0] = '\0';
	u->timed_out = false;
	if (!fresh && lend_idle(p, u))
		return true;
	if (is_full(p) && p->idle.last)
		close_upstream(p->idle.last);
	waiting_push(p, u);
	if (p->waiting != u || is_full(p)) {
		if (p->pressed.at == 0)
			deadline_set(&p->pressed, PRESSED_MS);
		return false; /* there is a queue: it is served in turn */
	}
	waiting_remove(u);
	if (!begin_connect(p, u))
		u->handler(u->arg, UPSTREAM_FAILED);
	return false;
}

void upstream_cancel(struct upstream_user *u)
{
	struct upstream_pool *p;

	if (u->waiting_in) {
		waiting_remove(u);
		return;
	}
	if (!u->conn)
		return;
	p = u->conn->pool;
	close_upstream(u->conn);
	serve_waiting(p);
}

void upstream_release(struct upstream_user *u)
{
	struct upstream *c = u->conn;
	struct upstream_pool *p = c->pool;

	u->conn = NULL;
	c->user = NULL;
	if (p->waiting) {
		struct upstream_user *w = p->waiting;

		waiting_remove(w);
		lend(c, w);
		w->handler(w->arg, UPSTREAM_READY);
		return;
	}
	stream_resume(&c->stream);
	be_idle(c);
	deadline_set(&c->deadline, p->set->config->timeouts.upstream_idle);
	if (p->idle.n > p->set->config->limits.upstream_idle)
		close_upstream(p->idle.last);
}

/* -- sets ---------------------------------------------------------------------------------------------------------- */

struct upstream_set *upstream_set_new(struct io *io, const struct config *config, const struct config_site *site,
				      struct tls_client *tls)
{
	struct upstream_set *set = calloc(1, sizeof *set + site->n_origins * sizeof set->pools[0]);

	if (!set)
		return NULL;
	*set = (struct upstream_set){.io = io, .config = config, .tls = tls, .n_pools = site->n_origins};
	for (size_t i = 0; i < site->n_origins; i++) {
		struct upstream_pool *p = &set->pools[i];

		p->set = set;
		p->origin = &site->origins[i];
		deadline_init(&p->pressed, io->base, on_pressed, p);
		p->targets = calloc(p->origin->n_addresses, sizeof *p->targets);
		if (!p->targets) {
			upstream_set_free(set);
			return NULL;
		}
	}
	return set;
}

void upstream_set_free(struct upstream_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n_pools; i++) {
		struct upstream_pool *p = &set->pools[i];

		while (p->idle.first)
			close_upstream(p->idle.first);
		deadline_free(&p->pressed);
		free(p->targets);
	}
	free(set);
}

size_t upstream_set_targets(const struct upstream_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n_pools; i++)
		n += set->pools[i].origin->n_addresses;
	return n;
}
