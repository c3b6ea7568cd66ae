#include "proxy/process/parent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/config/disk_loader.h"
#include "proxy/config/report.h"
#include "proxy/observe/log.h"
#include "proxy/process/generation.h"

#define READY_SECONDS	      60  /* a generation that is not ready by then is given up */
#define COUNTS_SECONDS	      60  /* what is unusual is told at most so often */
#define SAME_WISH_MS	      250 /* signals closer than this are one */
#define DRAIN_REPORT_SECONDS  5
#define TICKET_ROTATE_SECONDS (12 * 3600)

static const int watched_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};

struct parent {
	const struct parent_options *options;
	struct event_base *base;
	struct event *signals[CG_COUNT(watched_signals)];
	struct event *rotate;	   /* ticket keys */
	struct event *ready_limit; /* of the starting generation */
	struct event *report;	   /* how a stop goes on */
	struct event *counts;	   /* time to look for what is unusual */
	struct generation_env env;
	struct listener_table listeners;
	struct tls_ticket_keys ticket_keys;
	struct counter_board counters;
	struct counts told; /* to the operator */
	char consent_key[CONSENT_KEY_TEXT];
	struct generation *generations; /* newest first */
	unsigned last_number;
	bool announced; /* served once */
	bool stopping;
	int64_t stopped_ms; /* when a signal began the stop */
	bool reload_again;  /* SIGHUP came while a generation was starting */
	int status;
};

static struct generation *in_state(const struct parent *p, enum generation_state state)
{
	for (struct generation *g = p->generations; g; g = g->next)
		if (g->state == state)
			return g;
	return NULL;
}

/* -- loading ------------------------------------------------------------------------------------------------------- */

/* Those that know no more than the line are given its text, as crumbgate check does. */
static void report(const struct parent *p, struct diagnostics *d)
{
	struct slice path = slice_str(p->options->config_file), text = {0};
	struct disk_loader *disk = d->n ? disk_loader_new() : NULL;

	if (disk && disk->loader.load(disk->loader.arg, path, &text) == LOAD_OK)
		report_order(d, path, text);
	log_diagnostics(d);
	disk_loader_free(disk);
}

/* Loads and starts; false after saying why. */
static bool start_generation(struct parent *p)
{
	struct timeval limit = {.tv_sec = READY_SECONDS};
	struct diagnostics d;
	struct generation *g;

	diagnostics_init(&d);
	g = generation_load(&p->env, p->last_number + 1, slice_str(p->options->config_file), p->consent_key, &d);
	report(p, &d);
	if (!g && d.failed)
		log_error("there is no memory to load the configuration");
	diagnostics_free(&d);
	if (!g)
		return false;
	p->last_number++;
	g->next = p->generations;
	p->generations = g;
	(void)event_add(p->ready_limit, &limit);
	if (!generation_start(g)) {
		g->failed = true;
		generation_drain(g);
		generation_kill(g);
	}
	return !g->failed;
}

static void reload(struct parent *p)
{
	if (p->stopping)
		return;
	if (in_state(p, GENERATION_STARTING)) {
		p->reload_again = true;
		return;
	}
	log_info("loading %s again", p->options->config_file);
	if (!start_generation(p))
		log_error("the new configuration is not used; the one before goes on serving");
}

static void describe(const struct config *c, struct buffer *out)
{
	for (size_t i = 0; i < c->n_listens; i++) {
		const struct config_listen *l = &c->listens[i];

		buffer_printf(out, "%s%s://%.*s%s", i ? ", " : "", l->tls ? "https" : "http",
			      SLICE_ARG(l->address.text), l->redirect ? " (redirects to https)" : "");
	}
}

/* Before the log is filled with anything else: what is served, and what an operator should know. */
static void announce(struct parent *p, const struct generation *g)
{
	const struct config *c = g->loaded.config;
	struct buffer listens;

	buffer_init(&listens, 4096);
	describe(c, &listens);
	log_info("serving %.*s with %u worker%s", SLICE_ARG(buffer_slice(&listens)), c->workers,
		 c->workers == 1 ? "" : "s");
	buffer_free(&listens);
	if (!p->announced && p->options->ready)
		p->options->ready(p->options->arg, c);
	p->announced = true;
}

static void promote(struct parent *p, struct generation *g)
{
	struct generation *before = in_state(p, GENERATION_SERVING);

	(void)event_del(p->ready_limit);
	g->state = GENERATION_SERVING;
	announce(p, g);
	if (before)
		generation_drain(before);
}

/* A generation that did not come up; the first one takes the program with it. */
static void give_up(struct parent *p, struct generation *g)
{
	(void)event_del(p->ready_limit);
	generation_drain(g);
	generation_kill(g);
	if (in_state(p, GENERATION_SERVING)) {
		log_error("the new workers could not start; the ones before go on serving");
		return;
	}
	log_error("the workers could not start");
	p->stopping = true;
	p->status = 2;
}

/* Frees generations that ended; ends the loop once the last one of a stop is gone. */
static void sweep(struct parent *p)
{
	struct generation **link = &p->generations;

	while (*link) {
		struct generation *g = *link;

		if (g->state == GENERATION_DRAINING && generation_running(g) == 0) {
			*link = g->next;
			generation_free(g);
		} else {
			link = &g->next;
		}
	}
	if (p->stopping && !p->generations)
		(void)event_base_loopbreak(p->base);
}

static void on_changed(void *arg, struct generation *g)
{
	struct parent *p = arg;

	if (g->state != GENERATION_STARTING)
		return;
	if (g->failed)
		give_up(p, g);
	else if (generation_ready(g))
		promote(p, g);
	if (p->reload_again && !in_state(p, GENERATION_STARTING)) {
		p->reload_again = false;
		reload(p);
	}
}

static void on_ready_limit(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	struct generation *g = in_state(p, GENERATION_STARTING);

	(void)fd;
	(void)what;
	if (!g)
		return;
	log_error("generation %u was not ready within %d seconds", g->number, READY_SECONDS);
	give_up(p, g);
	sweep(p);
}

/* -- stopping ------------------------------------------------------------------------------------------------------ */

static void kill_all(struct parent *p)
{
	for (struct generation *g = p->generations; g; g = g->next)
		generation_kill(g);
}

static void on_report(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	uint64_t n = 0;

	(void)fd;
	(void)what;
	for (struct generation *g = p->generations; g; g = g->next) {
		n += generation_connections(g); /* as told since the last time */
		generation_ask_stats(g);
	}
	if (n)
		log_info("waiting for %llu connections to end", (unsigned long long)n);
}

static int64_t now_ms(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void stop_at_once(struct parent *p)
{
	/* timeout(1) and some supervisors signal the process and then its group: that is one wish. */
	if (p->stopped_ms && now_ms() - p->stopped_ms < SAME_WISH_MS)
		return;
	log_warning("ending at once");
	kill_all(p);
}

static void stop(struct parent *p)
{
	static const struct timeval report = {.tv_sec = DRAIN_REPORT_SECONDS};

	if (p->stopping) {
		stop_at_once(p);
		return;
	}
	log_info("finishing what is in flight; a second signal ends at once");
	p->stopping = true;
	p->stopped_ms = now_ms();
	for (struct generation *g = p->generations; g; g = g->next) {
		generation_ask_stats(g);
		generation_drain(g);
	}
	(void)event_add(p->report, &report);
	sweep(p);
}

/* -- keys ---------------------------------------------------------------------------------------------------------- */

/* A new key in front; the oldest falls out. */
static void rotate_ticket_keys(struct tls_ticket_keys *k)
{
	memmove(k->secret[1], k->secret[0], sizeof k->secret - sizeof k->secret[0]);
	tls_random(NULL, k->secret[0], sizeof k->secret[0]);
	if (k->n < TLS_TICKET_KEYS_MAX)
		k->n++;
}

static void on_rotate(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;

	(void)fd;
	(void)what;
	rotate_ticket_keys(&p->ticket_keys);
	for (struct generation *g = p->generations; g; g = g->next)
		generation_send_ticket_keys(g);
}

/* -- counters ------------------------------------------------------------------------------------------------------ */

static void tell_counts(struct parent *p)
{
	struct counts now;
	struct buffer text;

	counter_board_sum(&p->counters, &now);
	buffer_init(&text, LOG_LINE_MAX);
	counts_describe(&p->told, &now, &text);
	log_info("refused or cut: %.*s", SLICE_ARG(buffer_slice(&text)));
	buffer_free(&text);
	p->told = now;
}

static void on_counts(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	struct counts now;

	(void)fd;
	(void)what;
	counter_board_sum(&p->counters, &now);
	if (counts_unusual(&p->told, &now))
		tell_counts(p);
}

static void tell_last_counts(struct parent *p)
{
	struct counts now;

	counter_board_sum(&p->counters, &now);
	if (memcmp(&p->told, &now, sizeof now) != 0)
		tell_counts(p);
}

/* -- signals and life ---------------------------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct parent *p = arg;

	(void)what;
	if (sig == SIGHUP)
		reload(p);
	else if (sig == SIGTERM || sig == SIGINT)
		stop(p);
	else if (sig == SIGUSR2)
		tell_counts(p);
	for (struct generation *g = p->generations; g; g = g->next) {
		if (sig == SIGUSR1)
			generation_reopen_log(g);
		if (sig == SIGCHLD)
			generation_reap(g);
	}
	sweep(p);
}

static bool make_events(struct parent *p)
{
	static const struct timeval rotate = {.tv_sec = TICKET_ROTATE_SECONDS}, counts = {.tv_sec = COUNTS_SECONDS};

	p->base = event_base_new();
	if (!p->base)
		return false;
	for (size_t i = 0; i < CG_COUNT(watched_signals); i++) {
		p->signals[i] = evsignal_new(p->base, watched_signals[i], on_signal, p);
		if (!p->signals[i] || event_add(p->signals[i], NULL) != 0)
			return false;
	}
	p->rotate = event_new(p->base, -1, EV_PERSIST, on_rotate, p);
	p->report = event_new(p->base, -1, EV_PERSIST, on_report, p);
	p->counts = event_new(p->base, -1, EV_PERSIST, on_counts, p);
	p->ready_limit = evtimer_new(p->base, on_ready_limit, p);
	return p->rotate && p->report && p->counts && p->ready_limit && event_add(p->rotate, &rotate) == 0 &&
	       event_add(p->counts, &counts) == 0;
}

static void free_event(struct event *e)
{
	if (e)
		event_free(e);
}

static void tear_down(struct parent *p)
{
	while (p->generations) {
		struct generation *g = p->generations;

		p->generations = g->next;
		generation_free(g);
	}
	for (size_t i = 0; i < CG_COUNT(watched_signals); i++)
		free_event(p->signals[i]);
	free_event(p->rotate);
	free_event(p->report);
	free_event(p->counts);
	free_event(p->ready_limit);
	listener_table_free(&p->listeners);
	counter_board_free(&p->counters);
	if (p->base)
		event_base_free(p->base);
	explicit_bzero(&p->ticket_keys, sizeof p->ticket_keys);
	explicit_bzero(p->consent_key, sizeof p->consent_key);
}

int parent_run(const struct parent_options *options)
{
	struct parent p = {.options = options, .counters = {.fd = -1}};

	(void)signal(SIGPIPE, SIG_IGN);
	p.env = (struct generation_env){.listeners = &p.listeners,
					.ticket_keys = &p.ticket_keys,
					.counters = &p.counters,
					.changed = on_changed,
					.arg = &p};
	rotate_ticket_keys(&p.ticket_keys);
	load_make_consent_key(p.consent_key);
	if (!counter_board_init(&p.counters) || !make_events(&p)) {
		log_error("there is no memory to start");
		p.status = 2;
	} else {
		p.env.base = p.base;
		if (!start_generation(&p))
			p.status = 2;
		else
			(void)event_base_dispatch(p.base);
		tell_last_counts(&p);
	}
	tear_down(&p);
	return p.status;
}
