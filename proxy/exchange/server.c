#include "proxy/exchange/internal.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "rules/decide/guard.h"

/* What a worker has open besides connections, with some room. */
#define OWN_FILES 24
/* Connections that may wait for their request, however few there may be at all. */
#define WAITING_MIN 64
/* Contexts of each codec and direction that wait for the next page. */
#define CODERS_KEPT 16

static void on_drained(void *arg)
{
	struct server *s = arg;
	void (*done)(void *) = s->drained;

	s->drained = NULL;
	if (done)
		done(s->drained_arg);
}

static bool init_site(struct server *s, size_t i)
{
	const struct config_site *c = &s->parts.config->sites[i];

	s->sites[i] = (struct site){
		.config = c,
		.upstreams = upstream_set_new(&s->io, s->parts.config, c, s->parts.tls_client),
		.env = {.rules = c->rules,
			/* Without keys of the operator's nothing that is signed would outlive this worker. */
			.mac = s->parts.config->consent_key_file.n ? s->parts.mac : NULL,
			.seal = s->parts.seal,
			.site = c->names[0],
			.scratch = s->scratch,
			.sha256 = tls_sha256,
			.random = tls_random},
	};
	s->sites[i].guard = guard_new(c->rules, tls_sha256);
	s->sites[i].env.guard = s->sites[i].guard;
	s->sites[i].plan = page_plan_new(c->rules);
	s->sites[i].env.plan = s->sites[i].plan;
	s->sites[i].pages = page_way_rules(&s->sites[i].env);
	return s->sites[i].upstreams && s->sites[i].guard && s->sites[i].plan;
}

/*
 * Each visitor may need a second descriptor, towards the origin: if visitors alone took all of them, nobody could be
 * served.
 */
static size_t most_visitors(const struct config *c)
{
	size_t own = OWN_FILES + c->n_listens, room;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return c->limits.connections;
	room = files.rlim_cur > own + 2 ? (files.rlim_cur - own) / 2 : 1;
	if (room >= c->limits.connections)
		return c->limits.connections;
	if (room < c->limits.connections / 2)
		log_warning("room for %zu connections instead of %zu, because only %llu files may be open; raise the "
			    "limit of open files (ulimit -Hn, LimitNOFILE=)",
			    room, c->limits.connections, (unsigned long long)files.rlim_cur);
	return room;
}

struct server *server_new(const struct server_parts *parts)
{
	struct server *s = calloc(1, sizeof *s);
	struct coder_limits coders = CODER_LIMITS_DEFAULT;

	if (!s)
		return NULL;
	coders.ratio = (uint32_t)parts->config->limits.decoded_ratio;
	s->parts = *parts;
	s->most_visitors = most_visitors(parts->config);
	s->h2_memory = h2_memory_new(s->most_visitors);
	s->most_waiting = s->most_visitors / 2 > WAITING_MIN ? s->most_visitors / 2 : WAITING_MIN;
	deadline_init(&s->drain, parts->base, on_drained, s);
	s->sites = calloc(parts->config->n_sites + 1, sizeof *s->sites);
	s->scratch = pattern_scratch_new();
	if (!chain_pool_init(&s->pages, &coders, CODERS_KEPT) || !io_init(&s->io, parts->base) || !s->sites ||
	    !s->scratch || !admission_init(&s->admission, s->parts.config, s->most_visitors))
		goto fail;
	for (size_t i = 0; i < parts->config->n_sites; i++)
		if (!init_site(s, i))
			goto fail;
	return s;
fail:
	server_free(s);
	return NULL;
}

bool server_listen(struct server *s, int fd, const struct config_listen *config)
{
	struct listening **all = realloc(s->listenings, (s->n_listenings + 1) * sizeof(*all));
	struct listening *l;

	if (!all)
		return false;
	s->listenings = all;
	l = calloc(1, sizeof *l);
	if (!l)
		return false;
	l->config = config;
	l->server = s;
	if (!listener_init(&l->listener, &s->io, fd, visitor_accept, l)) {
		listener_free(&l->listener);
		free(l);
		return false;
	}
	s->listenings[s->n_listenings++] = l;
	return true;
}

void server_drain(struct server *s, void (*done)(void *arg), void *arg)
{
	s->draining = true;
	s->drained = done;
	s->drained_arg = arg;
	for (size_t i = 0; i < s->n_listenings; i++)
		listener_enable(&s->listenings[i]->listener, false);
	for (struct visitor *v = s->visitors, *next; v; v = next) {
		next = v->next;
		visitor_drain(v);
	}
	deadline_set(&s->drain, s->n_visitors ? s->parts.config->timeouts.drain : 0);
}

static void free_listenings(struct server *s)
{
	for (size_t i = 0; i < s->n_listenings; i++) {
		listener_free(&s->listenings[i]->listener);
		free(s->listenings[i]);
	}
	free(s->listenings);
	s->listenings = NULL;
	s->n_listenings = 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	s->draining = true;
	free_listenings(s);
	while (s->visitors)
		visitor_abort(s->visitors, "the worker ends");
	for (size_t i = 0; s->sites && i < s->parts.config->n_sites; i++) {
		upstream_set_free(s->sites[i].upstreams);
		guard_free(s->sites[i].guard);
		page_plan_free(s->sites[i].plan);
	}
	deadline_free(&s->drain);
	io_free(&s->io);
	exchanges_free(s);
	channels_h2_free(s);
	h2_memory_free(s->h2_memory);
	chain_pool_free(&s->pages);
	admission_free(&s->admission);
	pattern_scratch_free(s->scratch);
	free(s->sites);
	free(s);
}

size_t server_connections(const struct server *s)
{
	return s->n_visitors;
}
