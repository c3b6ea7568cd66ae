#include "proxy/process/worker.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proxy/exchange/server.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/log.h"
#include "proxy/process/control.h"
#include "proxy/process/load.h"
#include "proxy/tls/slab.h"

struct worker_process {
	const struct worker_args *args;
	struct loaded loaded;
	struct event_base *base;
	struct event *control;
	struct event *terminate;
	struct access_log *log;
	int log_fd; /* what the log writes to now */
	struct server *server;
	bool draining;
};

static void drained(void *arg)
{
	struct worker_process *w = arg;

	(void)event_base_loopbreak(w->base);
}

static void drain(struct worker_process *w)
{
	if (w->draining)
		return;
	w->draining = true;
	server_drain(w->server, drained, w);
}

/* -- messages of the parent ---------------------------------------------------------------------------------------- */

static void take_access_log(struct worker_process *w, int fd)
{
	access_log_set_fd(w->log, fd);
	if (w->log_fd > STDERR_FILENO)
		close(w->log_fd);
	w->log_fd = fd;
}

static void send_stats(const struct worker_process *w)
{
	struct control_message m;

	memset(&m, 0, sizeof m);
	m.type = CONTROL_STATS;
	m.u.stats.connections = server_connections(w->server);
	m.u.stats.log_dropped = access_log_dropped(w->log);
	(void)control_send(w->args->control, &m, -1);
}

static void handle(struct worker_process *w, struct control_message *m, int fd)
{
	switch ((enum control_type)m->type) {
	case CONTROL_TICKET_KEYS:
		if (w->loaded.tls)
			tls_server_set_ticket_keys(w->loaded.tls, &m->u.keys);
		break;
	case CONTROL_ACCESS_LOG:
		take_access_log(w, fd);
		break;
	case CONTROL_DRAIN:
		drain(w);
		break;
	case CONTROL_ASK_STATS:
		send_stats(w);
		break;
	default:
		break;
	}
	explicit_bzero(m, sizeof *m);
}

static void on_control(evutil_socket_t channel, short what, void *arg)
{
	struct worker_process *w = arg;
	struct control_message m;
	int fd;

	(void)what;
	for (;;) {
		switch (control_receive(channel, &m, &fd)) {
		case CONTROL_OK:
			handle(w, &m, fd);
			continue;
		case CONTROL_EMPTY:
			return;
		case CONTROL_GONE:
			log_warning("the parent is gone; finishing what is in flight");
			break;
		case CONTROL_BAD:
			log_error("unreadable message from the parent; finishing what is in flight");
			break;
		}
		event_del(w->control);
		drain(w);
		return;
	}
}

static void on_terminate(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	drain(arg);
}

/* -- start --------------------------------------------------------------------------------------------------------- */

/* What the terminal or a service manager sends to the whole group is the parent's business. */
static void ignore_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < CG_COUNT(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
}

static bool load(struct worker_process *w)
{
	struct diagnostics d;
	bool ok;

	diagnostics_init(&d);
	ok = load_from_bundle(w->args->bundle, w->args->regions, &w->loaded, &d);
	if (!ok)
		log_diagnostics(&d);
	diagnostics_free(&d);
	if (ok && w->loaded.config->n_listens != w->args->n_listens) {
		log_error("%zu listeners were handed over, the configuration has %zu", w->args->n_listens,
			  w->loaded.config->n_listens);
		ok = false;
	}
	return ok;
}

/* More workers of earlier loads are still draining than there are pages, or the machine has no memory to map one. */
static void take_counters(const struct worker_args *a)
{
	if (a->counters < 0 || !counters_use(a->counters, a->counter_page))
		log_warning("what this worker refuses or cuts is not counted");
	if (a->counters >= 0)
		close(a->counters);
}

/* The parent queued the ticket keys before this process existed. */
static bool take_first_keys(struct worker_process *w)
{
	struct control_message m;
	int fd;

	if (control_receive(w->args->control, &m, &fd) != CONTROL_OK || m.type != CONTROL_TICKET_KEYS) {
		log_error("no ticket keys from the parent");
		return false;
	}
	handle(w, &m, fd);
	return true;
}

static bool listen_on_all(struct worker_process *w)
{
	struct server_parts parts = {
		.base = w->base,
		.config = w->loaded.config,
		.mac = tls_consent_mac(w->loaded.consent_keys),
		.seal = tls_seal_ops(w->loaded.consent_keys),
		.regions = w->loaded.regions,
		.tls = w->loaded.tls,
		.tls_client = w->loaded.tls_client,
		.log = w->log,
	};

	w->server = server_new(&parts);
	if (!w->server)
		return false;
	for (size_t i = 0; i < w->args->n_listens; i++)
		if (!server_listen(w->server, w->args->listens[i], &w->loaded.config->listens[i]))
			return false;
	return true;
}

static bool set_up(struct worker_process *w)
{
	w->base = event_base_new();
	if (!w->base)
		return false;
	w->log = access_log_new(w->base, w->args->access_log, w->loaded.config->log_full_addresses);
	w->log_fd = w->args->access_log;
	if (!w->log || !listen_on_all(w))
		return false;
	w->control = event_new(w->base, w->args->control, EV_READ | EV_PERSIST, on_control, w);
	w->terminate = evsignal_new(w->base, SIGTERM, on_terminate, w);
	return w->control && w->terminate && event_add(w->control, NULL) == 0 && event_add(w->terminate, NULL) == 0;
}

static bool start(struct worker_process *w)
{
	const char *what;

	if (!load(w) || !take_first_keys(w))
		return false;
	close(w->args->bundle);
	if (w->args->regions >= 0)
		close(w->args->regions);
	take_counters(w->args);
	if (!set_up(w)) {
		log_error("there is no memory to start");
		return false;
	}
	if (!privileges_drop(w->loaded.config->chroot, &w->args->identity, &what)) {
		log_error("%s failed: %m", what);
		return false;
	}
	return control_send_type(w->args->control, CONTROL_READY);
}

static void tear_down(struct worker_process *w)
{
	server_free(w->server);
	access_log_free(w->log);
	if (w->control)
		event_free(w->control);
	if (w->terminate)
		event_free(w->terminate);
	if (w->base)
		event_base_free(w->base);
	loaded_free(&w->loaded);
}

int worker_run(const struct worker_args *args)
{
	struct worker_process w = {.args = args, .loaded = {.bundle = -1, .regions_fd = -1}, .log_fd = -1};
	char name[32];
	bool started;

	(void)snprintf(name, sizeof name, "worker %u", args->index);
	(void)tls_use_slabs();
	log_process_name(name);
	(void)prctl(PR_SET_NAME, "crumbgate", 0, 0, 0); /* else ps and top show how it was started: a number */
	ignore_signals();
	privileges_raise_files();
	started = start(&w);
	if (started)
		(void)event_base_dispatch(w.base);
	tear_down(&w);
	log_process_name(NULL);
	return started ? 0 : 2;
}
