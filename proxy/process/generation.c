#include "proxy/process/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/observe/log.h"
#include "proxy/process/control.h"
#include "proxy/process/spawn.h"

#define USEFUL_LIFE_MS	 500 /* a ready worker that lived longer is started again at once */
#define RESPAWN_FIRST_MS 100
#define KILL_GRACE_MS	 5000 /* workers end by themselves after timeouts drain; this much later they are killed */
#define RESPAWN_MAX_MS	 10000

static int64_t now_ms(void)
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* -- loading ------------------------------------------------------------------------------------------------------- */

/* The descriptor, -1 for "off", -2 after an error with errno. */
static int open_access_log(const struct config *config)
{
	struct arena arena;
	const char *path;
	int fd = -2;

	if (!config->access_log.n || slice_eq(config->access_log, SLICE("off")))
		return -1;
	if (slice_eq(config->access_log, SLICE("stdout")))
		return STDOUT_FILENO;
	if (slice_eq(config->access_log, SLICE("stderr")))
		return STDERR_FILENO;
	arena_init(&arena, 0, 64 * 1024);
	path = arena_cstr(&arena, config->access_log);
	if (path)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	arena_free(&arena);
	return fd < 0 ? -2 : fd;
}

static void close_access_log(int fd)
{
	if (fd > STDERR_FILENO)
		close(fd);
}

static bool open_log(struct generation *g, struct diagnostics *d)
{
	const struct config *c = g->loaded.config;
	struct position at = config_position(c, c->access_log_line);

	g->access_log = open_access_log(c);
	if (g->access_log != -2)
		return true;
	g->access_log = -1;
	diagnostics_add(d, SEVERITY_ERROR, &at,
			"the folder must exist and be writable for the user who starts crumbgate",
			"cannot open the access log %.*s: %s", SLICE_ARG(c->access_log), strerror(errno));
	return false;
}

static bool bind_all(struct generation *g, struct diagnostics *d)
{
	const struct config *c = g->loaded.config;
	struct position at = {.file = c->path};

	if (c->n_listens > WORKER_LISTENS_MAX) {
		diagnostics_add(d, SEVERITY_ERROR, &at, NULL, "more than %d listen statements", WORKER_LISTENS_MAX);
		return false;
	}
	g->listens = calloc(c->n_listens * c->workers, sizeof *g->listens);
	g->holds_sockets = g->listens && listener_table_acquire(g->env->listeners, c, g->listens, d);
	d->failed |= !g->listens;
	return g->holds_sockets;
}

static bool make_workers(struct generation *g)
{
	g->workers = calloc(g->loaded.config->workers, sizeof *g->workers);
	if (!g->workers)
		return false;
	g->n_workers = g->loaded.config->workers;
	for (size_t i = 0; i < g->n_workers; i++)
		g->workers[i] =
			(struct worker){.generation = g, .index = (unsigned)i, .control = -1, .counter_page = -1};
	return true;
}

struct generation *generation_load(const struct generation_env *env, unsigned number, struct slice path,
				   const char consent_key[CONSENT_KEY_TEXT], struct diagnostics *d)
{
	struct generation *g = calloc(1, sizeof *g);
	bool ok;

	if (!g) {
		d->failed = true;
		return NULL;
	}
	g->env = env;
	g->number = number;
	g->access_log = -1;
	g->loaded.bundle = -1;
	g->loaded.regions_fd = -1;
	ok = load_from_disk(path, consent_key, &g->loaded, d);
	if (ok) {
		/* All of them, so that every problem is seen in one go. */
		ok = identity_find(g->loaded.config, &g->identity, d);
		ok &= open_log(g, d);
		ok &= bind_all(g, d);
		ok &= make_workers(g);
	}
	if (ok)
		return g;
	generation_free(g);
	return NULL;
}

/* -- one worker ---------------------------------------------------------------------------------------------------- */

static void close_control(struct worker *w)
{
	if (w->readable)
		event_free(w->readable);
	w->readable = NULL;
	if (w->control >= 0)
		close(w->control);
	w->control = -1;
}

/* What it counted stays; the page goes to the next one that starts. */
static void give_counters(struct worker *w)
{
	counter_board_give(w->generation->env->counters, w->counter_page);
	w->counter_page = -1;
}

static void take_message(struct worker *w, const struct control_message *m)
{
	if (m->type == CONTROL_STATS)
		w->connections = m->u.stats.connections;
	if (m->type != CONTROL_READY || w->ready)
		return;
	w->ready = true;
	if (w->generation->state == GENERATION_SERVING)
		log_info("worker %u was started again (pid %d)", w->index, (int)w->pid);
	w->generation->env->changed(w->generation->env->arg, w->generation);
}

static void on_readable(evutil_socket_t channel, short what, void *arg)
{
	struct worker *w = arg;
	struct control_message m;
	int fd;

	(void)what;
	switch (control_receive(channel, &m, &fd)) {
	case CONTROL_OK:
		if (fd >= 0)
			close(fd); /* workers have none to give */
		take_message(w, &m);
		return;
	case CONTROL_EMPTY:
		return;
	case CONTROL_GONE:
		event_del(w->readable); /* its end is seen by SIGCHLD */
		return;
	case CONTROL_BAD:
		log_error("unreadable message from worker %u (pid %d): it is killed", w->index, (int)w->pid);
		event_del(w->readable);
		if (w->pid > 0)
			(void)kill(w->pid, SIGKILL);
		return;
	}
}

static void send_keys(const struct worker *w)
{
	struct control_message m;

	memset(&m, 0, sizeof m);
	m.type = CONTROL_TICKET_KEYS;
	m.u.keys = *w->generation->env->ticket_keys;
	if (!control_send(w->control, &m, -1))
		log_warning("worker %u (pid %d) did not take the new ticket keys", w->index, (int)w->pid);
	explicit_bzero(&m, sizeof m);
}

static void fill_args(const struct worker *w, int control, struct worker_args *a)
{
	const struct generation *g = w->generation;
	size_t n = g->loaded.config->n_listens;

	memset(a, 0, sizeof *a);
	a->index = w->index;
	a->generation = g->number;
	a->control = control;
	a->bundle = g->loaded.bundle;
	a->regions = g->loaded.regions_fd;
	a->access_log = g->access_log;
	a->counters = w->counter_page >= 0 ? g->env->counters->fd : -1;
	a->counter_page = w->counter_page >= 0 ? (unsigned)w->counter_page : 0;
	a->identity = g->identity;
	a->n_listens = n;
	for (size_t i = 0; i < n; i++)
		a->listens[i] = g->listens[w->index * n + i];
}

static bool start_worker(struct worker *w)
{
	struct worker_args args;
	int pair[2];

	if (!control_pair(pair))
		return false;
	w->control = pair[0];
	send_keys(w); /* waits in the channel before the worker exists */
	w->counter_page = counter_board_take(w->generation->env->counters);
	fill_args(w, pair[1], &args);
	w->readable = event_new(w->generation->env->base, w->control, EV_READ | EV_PERSIST, on_readable, w);
	w->pid = w->readable && event_add(w->readable, NULL) == 0 ? spawn_worker(&args) : -1;
	close(pair[1]);
	w->started_ms = now_ms();
	w->ready = false;
	w->connections = 0;
	if (w->pid > 0)
		return true;
	w->pid = 0;
	give_counters(w);
	close_control(w);
	return false;
}

static void respawn_later(struct worker *w);

static void on_respawn(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	event_free(w->respawn);
	w->respawn = NULL;
	if (w->generation->state != GENERATION_SERVING || start_worker(w))
		return;
	log_error("worker %u cannot be started: %m", w->index);
	w->failures++;
	respawn_later(w);
}

/* The first time at once, then with growing pauses. */
static int64_t respawn_delay(const struct worker *w)
{
	int64_t ms = RESPAWN_FIRST_MS;

	if (w->failures == 0)
		return 0;
	for (unsigned i = 1; i < w->failures && ms < RESPAWN_MAX_MS; i++)
		ms *= 2;
	return ms < RESPAWN_MAX_MS ? ms : RESPAWN_MAX_MS;
}

static void respawn_later(struct worker *w)
{
	int64_t ms = respawn_delay(w);
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	w->respawn = evtimer_new(w->generation->env->base, on_respawn, w);
	if (!w->respawn || event_add(w->respawn, &tv) != 0)
		log_error("worker %u cannot be started again: there is no memory", w->index);
}

static void log_end(const struct worker *w, int status)
{
	unsigned long long n = w->generation->number;

	if (WIFSIGNALED(status))
		log_error("worker %u of generation %llu (pid %d) was killed by signal %d (%s)", w->index, n,
			  (int)w->pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (w->generation->state != GENERATION_DRAINING || WEXITSTATUS(status) != 0)
		log_error("worker %u of generation %llu (pid %d) ended with status %d", w->index, n, (int)w->pid,
			  WEXITSTATUS(status));
}

static void worker_ended(struct worker *w, int status)
{
	struct generation *g = w->generation;
	bool useful = w->ready && now_ms() - w->started_ms >= USEFUL_LIFE_MS;

	log_end(w, status);
	close_control(w);
	give_counters(w);
	w->pid = 0;
	w->connections = 0;
	if (g->state == GENERATION_STARTING)
		g->failed = true;
	if (g->state == GENERATION_SERVING) {
		if (useful)
			w->failures = 0;
		respawn_later(w);
		w->failures++;
	}
	g->env->changed(g->env->arg, g);
}

/* -- all workers --------------------------------------------------------------------------------------------------- */

bool generation_start(struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++)
		if (!start_worker(&g->workers[i])) {
			log_error("worker %zu cannot be started: %m", i);
			return false;
		}
	return true;
}

static void give_up_sockets(struct generation *g)
{
	if (g->holds_sockets)
		listener_table_release(g->env->listeners, g->listens,
				       g->loaded.config->n_listens * g->loaded.config->workers);
	g->holds_sockets = false;
}

static void on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	struct generation *g = arg;

	(void)fd;
	(void)what;
	log_warning("generation %u: ending the connections that are left", g->number);
	generation_kill(g);
}

static void begin_patience(struct generation *g)
{
	int64_t ms = g->loaded.config->timeouts.drain + KILL_GRACE_MS;
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	g->patience = evtimer_new(g->env->base, on_patience_over, g);
	if (!g->patience || event_add(g->patience, &tv) != 0)
		log_error("no memory for a timer: workers that hang will not be killed");
}

void generation_drain(struct generation *g)
{
	if (g->state == GENERATION_DRAINING)
		return;
	g->state = GENERATION_DRAINING;
	for (size_t i = 0; i < g->n_workers; i++) {
		struct worker *w = &g->workers[i];

		if (w->respawn)
			event_free(w->respawn);
		w->respawn = NULL;
		if (w->pid > 0 && !control_send_type(w->control, CONTROL_DRAIN))
			(void)kill(w->pid, SIGTERM);
	}
	give_up_sockets(g);
	begin_patience(g);
}

void generation_kill(struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].pid > 0)
			(void)kill(g->workers[i].pid, SIGKILL);
}

void generation_reap(struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++) {
		struct worker *w = &g->workers[i];
		int status;

		if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid)
			worker_ended(w, status);
	}
}

void generation_send_ticket_keys(struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].control >= 0)
			send_keys(&g->workers[i]);
}

void generation_reopen_log(struct generation *g)
{
	struct control_message m;
	int fd;

	if (g->access_log <= STDERR_FILENO)
		return;
	fd = open_access_log(g->loaded.config);
	if (fd < 0) {
		log_error("cannot open the access log %.*s again: %m; the old file stays in use",
			  SLICE_ARG(g->loaded.config->access_log));
		return;
	}
	close_access_log(g->access_log);
	g->access_log = fd;
	memset(&m, 0, sizeof m);
	m.type = CONTROL_ACCESS_LOG;
	for (size_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].control >= 0)
			(void)control_send(g->workers[i].control, &m, fd);
}

void generation_ask_stats(struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++)
		if (g->workers[i].control >= 0)
			(void)control_send_type(g->workers[i].control, CONTROL_ASK_STATS);
}

size_t generation_running(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_workers; i++)
		n += g->workers[i].pid > 0;
	return n;
}

bool generation_ready(const struct generation *g)
{
	for (size_t i = 0; i < g->n_workers; i++)
		if (!g->workers[i].ready)
			return false;
	return true;
}

uint64_t generation_connections(const struct generation *g)
{
	uint64_t n = 0;

	for (size_t i = 0; i < g->n_workers; i++)
		n += g->workers[i].connections;
	return n;
}

static void wait_for(struct worker *w)
{
	while (w->pid > 0 && waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}

void generation_free(struct generation *g)
{
	if (!g)
		return;
	generation_kill(g);
	if (g->patience)
		event_free(g->patience);
	for (size_t i = 0; i < g->n_workers; i++) {
		wait_for(&g->workers[i]);
		give_counters(&g->workers[i]);
		close_control(&g->workers[i]);
		if (g->workers[i].respawn)
			event_free(g->workers[i].respawn);
	}
	give_up_sockets(g);
	close_access_log(g->access_log);
	free(g->listens);
	free(g->workers);
	loaded_free(&g->loaded);
	free(g);
}
