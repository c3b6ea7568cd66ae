/*
 * Who may be there. How many connections each address has: an IPv4 address, or an IPv6 network of 64 bits, which is
 * what one subscriber gets. A table with linear probing, twice as large as the worker may have connections, so it never
 * fills up. How many connections there are at all, and who makes room for others: those that have no request in flight.
 */
#include "proxy/exchange/internal.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

/* -- of each address ----------------------------------------------------------------------------------------------- */

struct admitted {
	uint64_t key;
	uint64_t n; /* 0: the slot is free */
};

bool admission_init(struct admission *a, const struct config *c, size_t most_visitors)
{
	size_t slots = 8;

	*a = (struct admission){.most = c->limits.connections_per_address};
	if (a->most == 0)
		return true;
	while (slots < 2 * most_visitors)
		slots *= 2;
	tls_random(NULL, (unsigned char *)&a->seed, sizeof a->seed);
	a->slots = calloc(slots, sizeof *a->slots);
	a->mask = slots - 1;
	return a->slots != NULL;
}

void admission_free(struct admission *a)
{
	free(a->slots);
	a->slots = NULL;
}

static uint64_t ipv4_key(const void *octets)
{
	uint32_t v4;

	memcpy(&v4, octets, sizeof v4);
	return UINT64_C(0xFFFF00000000) | ntohl(v4); /* as ::/8, where no visitor comes from */
}

static uint64_t key_of(const struct visitor *v)
{
	static const unsigned char nat64[12] = {0, 0x64, 0xFF, 0x9B}; /* RFC 6052: all of IPv4 in one network */
	const unsigned char *a = v->peer.v6.sin6_addr.s6_addr;
	uint64_t key;

	if (v->peer.any.sa_family != AF_INET6)
		return ipv4_key(&v->peer.v4.sin_addr);
	if (memcmp(a, nat64, sizeof nat64) == 0)
		return ipv4_key(a + 12);
	memcpy(&key, a, sizeof key);
	return be64toh(key);
}

/* Visitors choose addresses, but cannot know the seed. */
static size_t home(const struct admission *a, uint64_t key)
{
	key = (key ^ a->seed) * UINT64_C(0x9E3779B97F4A7C15);
	key = (key ^ key >> 32) * UINT64_C(0xD6E8FEB86659FD93);
	return (size_t)(key ^ key >> 32) & a->mask;
}

static struct admitted *find(const struct admission *a, uint64_t key)
{
	size_t at = home(a, key);

	while (a->slots[at].n && a->slots[at].key != key)
		at = (at + 1) & a->mask;
	return &a->slots[at];
}

/* Whoever stands behind the gap, and could not be found across it, moves into it. */
static void close_gap(struct admission *a, size_t gap)
{
	for (size_t at = (gap + 1) & a->mask; a->slots[at].n; at = (at + 1) & a->mask) {
		size_t distance = (at - home(a, a->slots[at].key)) & a->mask;

		if (distance < ((at - gap) & a->mask))
			continue;
		a->slots[gap] = a->slots[at];
		a->slots[at].n = 0;
		gap = at;
	}
}

/* Never a full address in this log. */
static void complain(const struct visitor *v)
{
	struct admission *a = &v->server->admission;
	struct in_addr v4 = v->peer.v4.sin_addr;
	struct in6_addr v6 = v->peer.v6.sin6_addr;
	bool is_v6 = v->peer.any.sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN] = "", others[48] = "";
	unsigned more = 0;

	if (!log_allowed(&a->complaints, &more))
		return;
	v4.s_addr &= htonl(0xFFFFFF00);
	memset(v6.s6_addr + 6, 0, sizeof v6.s6_addr - 6);
	(void)inet_ntop(is_v6 ? AF_INET6 : AF_INET, is_v6 ? (const void *)&v6 : &v4, text, sizeof text);
	if (more)
		(void)snprintf(others, sizeof others, " (and %u more times)", more);
	log_warning("a connection is refused, as its address in %s/%d has %zu already%s; if that is a load balancer, "
		    "make it a trusted-proxy",
		    text, is_v6 ? 48 : 24, a->most, others);
}

bool admission_enter(struct visitor *v)
{
	struct admission *a = &v->server->admission;
	uint64_t key = key_of(v);
	struct admitted *x;

	if (a->most == 0 || a->used > a->mask / 2 || config_trusts(v->server->parts.config, &v->peer.any))
		return true;
	x = find(a, key);
	if (x->n >= a->most) {
		counter_add(COUNTER_ADDRESS_FULL);
		complain(v);
		return false;
	}
	a->used += x->n == 0;
	x->key = key;
	x->n++;
	v->admitted = true;
	return true;
}

void admission_leave(struct visitor *v)
{
	struct admission *a = &v->server->admission;
	struct admitted *x;

	if (!v->admitted)
		return;
	v->admitted = false;
	x = find(a, key_of(v));
	if (--x->n > 0)
		return;
	a->used--;
	close_gap(a, (size_t)(x - a->slots));
}

/* -- at all -------------------------------------------------------------------------------------------------------- */

/* As long as there is room, or somebody who can make room. */
void room_look(struct server *s)
{
	bool room = s->n_visitors < s->most_visitors || s->idle.n || s->waiting.n >= s->most_waiting;

	if (!room && !s->draining && s->n_listenings && s->listenings[0]->listener.enabled)
		counter_add(COUNTER_ACCEPT_PAUSED);
	for (size_t i = 0; !s->draining && i < s->n_listenings; i++)
		listener_enable(&s->listenings[i]->listener, room);
}

static void leave_list(struct visitor *v)
{
	struct visitor_list *l = v->list;

	*(v->list_prev ? &v->list_prev->list_next : &l->newest) = v->list_next;
	*(v->list_next ? &v->list_next->list_prev : &l->oldest) = v->list_prev;
	l->n--;
}

static void enter_list(struct visitor *v, struct visitor_list *l)
{
	v->list_prev = NULL;
	v->list_next = l->newest;
	*(l->newest ? &l->newest->list_prev : &l->oldest) = v;
	l->newest = v;
	l->n++;
}

void room_set(struct visitor *v, struct visitor_list *list)
{
	struct server *s = v->server;

	if (v->list == list)
		return;
	if (v->list)
		leave_list(v);
	v->list = list;
	if (list)
		enter_list(v, list);
	if (s->n_visitors >= s->most_visitors)
		room_look(s);
}

static void evict(struct visitor *v, enum counter why)
{
	counter_add(why);
	if (v->h2)
		visitor_h2_say_goodbye(v);
	stream_shutdown(&v->stream);
	visitor_destroy(v);
}

/*
 * Whoever connects and says nothing, or never ends its head, must not keep others out: of those that wait, at most half
 * of the places, the newest stay. So it takes a flood to drive away somebody whose request is on its way.
 */
void room_make(struct server *s)
{
	if (s->n_visitors > s->most_visitors && s->idle.oldest)
		evict(s->idle.oldest, COUNTER_MADE_ROOM);
	if (s->waiting.n > s->most_waiting)
		evict(s->waiting.oldest, COUNTER_WAITING_FULL);
	if (s->n_visitors >= s->most_visitors)
		room_look(s);
}
