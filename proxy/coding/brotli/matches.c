#include "proxy/coding/brotli/matches.h"

#include <endian.h>
#include <string.h>

#include "proxy/coding/brotli/bits.h"

enum {
	LOOK_AHEAD = 18,  /* octets at a block's end where nothing is looked for: hashing reads eight, one further on */
	TABLE_MIN = 4,	  /* octets of a match that a table finds */
	LONG_ENOUGH = 32, /* octets of a match that is taken without a look at the next place */

	/*
	 * What a match is worth, in units of which 30 are about a bit; after the encoder of libbrotli. A literal saved
	 * is 4.5 bits, a distance costs a bit for each time it doubles, and a match must be worth more than its
	 * command.
	 */
	WORTH_OCTET = 135,
	COST_DISTANCE_BIT = 30,
	COST_LATEST = -15, /* less than that of any other distance */
	WORTH_MIN = 100,
	WORTH_WAITING = 174, /* by how much the next place must be better */
};

struct match {
	uint32_t length, distance; /* length is 0 if there is none */
	int worth;
};

void matcher_begin(struct matcher *m)
{
	memset(m, 0xff, sizeof *m);
}

static void move_table(uint32_t *places, uint32_t n)
{
	for (size_t i = 0; i < 1 << MATCH_TABLE_BITS; i++) {
		uint32_t moved = places[i] - n; /* beyond zero what was below n; and there is none as before */

		places[i] = moved < UINT32_MAX / 2 ? moved : UINT32_MAX;
	}
}

void matcher_move(struct matcher *m, uint32_t n)
{
	move_table(m->longer, n);
	move_table(m->shorter, n);
}

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return le64toh(v);
}

static inline uint32_t *place_longer(struct matcher *m, uint64_t octets)
{
	return &m->longer[octets * 0xCF1BBCDCB7A56463u >> (64 - MATCH_TABLE_BITS)];
}

static inline uint32_t *place_shorter(struct matcher *m, uint64_t octets)
{
	return &m->shorter[(octets << 32) * 0x9E3779B185EBCA87u >> (64 - MATCH_TABLE_BITS)];
}

/* How many octets a and b have in common, n at most; both have n. */
static inline uint32_t in_common(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	for (; n - i >= 8; i += 8) {
		uint64_t differ = load(a + i) ^ load(b + i);

		if (differ)
			return i + (uint32_t)__builtin_ctzll(differ) / 8;
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* Takes what is at `distance` before p, where n octets are left, if it is worth more than *best. */
static inline void try_match(const uint8_t *p, uint32_t n, uint32_t distance, uint32_t least, int cost,
			     struct match *best)
{
	uint32_t length = in_common(p, p - distance, n);
	int worth = WORTH_OCTET * (int)length - cost;

	if (length >= least && worth > best->worth)
		*best = (struct match){length, distance, worth};
}

static inline int cost_of(uint32_t distance)
{
	return COST_DISTANCE_BIT * (int)log2_of(distance);
}

/* The text that is searched, and how far the search is. */
struct search {
	struct matcher *m;
	const uint8_t *text;
	uint32_t at, to;
	uint32_t known; /* places from here on are not in the tables */
};

/* Looks at s->at for a match that is worth more than *best, and remembers the place. */
static inline __attribute__((always_inline)) void find(struct search *s, uint32_t latest, struct match *best)
{
	const uint8_t *p = s->text + s->at;
	uint64_t octets = load(p);
	uint32_t *longer = place_longer(s->m, octets), *shorter = place_shorter(s->m, octets);
	uint32_t far = *longer, near = *shorter, n = s->to - s->at;

	*longer = *shorter = s->at;
	s->known = s->at + 1;
	if (latest <= s->at)
		try_match(p, n, latest, COPY_MIN, COST_LATEST, best);
	if (far < s->at && load(s->text + far) == octets)
		try_match(p, n, s->at - far, TABLE_MIN, cost_of(s->at - far), best);
	else if (near < s->at)
		try_match(p, n, s->at - near, TABLE_MIN, cost_of(s->at - near), best);
}

/* Takes a match at the next place if it is better. Octets in front of a match that it has as well are part of it. */
static void improve(struct search *s, uint32_t done, uint32_t latest, struct match *best)
{
	struct match next = {.worth = best->worth + WORTH_WAITING};

	if (best->length < LONG_ENOUGH) {
		s->at++;
		find(s, latest, &next);
		if (next.length)
			*best = next;
		else
			s->at--;
	}
	for (; s->at > done && s->at > best->distance && s->text[s->at - 1] == s->text[s->at - 1 - best->distance];
	     s->at--)
		best->length++;
}

/* Every second place: all of them would take a quarter longer, and make half a percent less of a page. */
static void remember(struct search *s, uint32_t end)
{
	for (; s->known < end; s->known += 2) {
		uint64_t octets = load(s->text + s->known);

		*place_longer(s->m, octets) = *place_shorter(s->m, octets) = s->known;
	}
}

void matcher_run(struct matcher *m, const uint8_t *text, uint32_t from, uint32_t to, struct commands *commands)
{
	struct search s = {.m = m, .text = text, .at = from, .to = to};
	uint32_t end = to - from > LOOK_AHEAD ? to - LOOK_AHEAD : from;
	uint32_t done = from; /* [done..at) are literals of the next command */

	while (s.at < end) {
		struct match best = {.worth = WORTH_MIN};

		find(&s, commands->latest[0], &best);
		if (best.length == 0) {
			/* What does not compress is passed over ever faster. */
			s.at += 1 + (s.at - done) / 256;
			continue;
		}
		improve(&s, done, commands->latest[0], &best);
		commands_add(commands, s.at - done, best.length, best.distance);
		done = s.at + best.length;
		remember(&s, done < end ? done : end);
		s.at = done;
	}
	if (done < to)
		commands_add_end(commands, to - done);
}
