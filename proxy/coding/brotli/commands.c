#include "proxy/coding/brotli/commands.h"

#include <string.h>

#include "proxy/coding/brotli/bits.h"

/* A range of lengths that share a code: the least, and the extra bits that say how much more. */
struct range {
	uint32_t least;
	uint8_t bits;
};

/* RFC 7932 5 */
static const struct range inserts[] = {{0, 0},	 {1, 0},   {2, 0},     {3, 0},	   {4, 0},     {5, 0},
				       {6, 1},	 {8, 1},   {10, 2},    {14, 2},	   {18, 3},    {26, 3},
				       {34, 4},	 {50, 4},  {66, 5},    {98, 5},	   {130, 6},   {194, 7},
				       {322, 8}, {578, 9}, {1090, 10}, {2114, 12}, {6210, 14}, {22594, 24}};
static const struct range copies[] = {{2, 0},	{3, 0},	  {4, 0},   {5, 0},   {6, 0},	  {7, 0},
				      {8, 0},	{9, 0},	  {10, 1},  {12, 1},  {14, 2},	  {18, 2},
				      {22, 3},	{30, 3},  {38, 4},  {54, 4},  {70, 5},	  {102, 5},
				      {134, 6}, {198, 7}, {326, 8}, {582, 9}, {1094, 10}, {2118, 24}};

/* The index in inserts: most ranges come in pairs of one size. */
static unsigned insert_code(uint32_t n)
{
	if (n < 6)
		return n;
	if (n < 130)
		return 2 * (log2_of(n - 2) - 1) + ((n - 2) >> (log2_of(n - 2) - 1)) + 2;
	if (n < 2114)
		return log2_of(n - 66) + 10;
	return n < 6210 ? 21 : n < 22594 ? 22 : 23;
}

static unsigned copy_code(uint32_t n)
{
	if (n < 10)
		return n - 2;
	if (n < 134)
		return 2 * (log2_of(n - 6) - 1) + ((n - 6) >> (log2_of(n - 6) - 1)) + 4;
	return n < 2118 ? log2_of(n - 70) + 12 : 23;
}

/* Of both codes the three lowest bits; above them a cell of the table in RFC 7932 5. */
static uint16_t length_symbol(unsigned insert, unsigned copy, bool latest)
{
	static const uint16_t cells[3][3] = {{128, 192, 384}, {256, 320, 512}, {448, 576, 640}};
	unsigned low = (insert & 7) << 3 | (copy & 7);

	if (latest && insert < 8 && copy < 16)
		return (uint16_t)((copy < 8 ? 0 : 64) | low);
	return (uint16_t)(cells[insert >> 3][copy >> 3] | low);
}

void commands_begin(struct commands *c)
{
	static const uint32_t latest[DISTANCES_KEPT] = {4, 11, 15, 16};

	memcpy(c->latest, latest, sizeof c->latest);
	commands_next_block(c);
}

void commands_next_block(struct commands *c)
{
	c->n = 0;
	memcpy(c->latest_before, c->latest, sizeof c->latest);
}

void commands_take_back(struct commands *c)
{
	c->n = 0;
	memcpy(c->latest, c->latest_before, sizeof c->latest);
}

/* One of the kept distances, or one near the latest two (RFC 7932 4); 16 if it is none of them. */
static uint8_t short_code(const uint32_t *latest, uint32_t distance)
{
	uint32_t near_first = distance + 3 - latest[0], near_second = distance + 3 - latest[1];
	/* From three below to three above; what is 0 away is found before. */
	static const uint8_t first[] = {8, 6, 4, 0, 5, 7, 9}, second[] = {14, 12, 10, 1, 11, 13, 15};

	for (uint8_t i = 0; i < DISTANCES_KEPT; i++) {
		if (latest[i] == distance)
			return i;
	}
	if (near_first < CG_COUNT(first))
		return first[near_first];
	return near_second < CG_COUNT(second) ? second[near_second] : 16;
}

/* copy is 0 if there is none: any code of a length that needs no bits will do. */
static void set_lengths(struct command *v, uint32_t insert, uint32_t copy, bool latest)
{
	unsigned insert_by = insert_code(insert), copy_by = copy ? copy_code(copy) : 0;

	v->insert = insert;
	v->copy = copy;
	v->symbol = length_symbol(insert_by, copy_by, latest);
	v->extra = insert - inserts[insert_by].least;
	v->extra_bits = inserts[insert_by].bits;
	if (copy) {
		v->extra |= (uint64_t)(copy - copies[copy_by].least) << v->extra_bits;
		v->extra_bits = (uint8_t)(v->extra_bits + copies[copy_by].bits);
	}
}

/* RFC 7932 4: ranges come in pairs of one size, which doubles. */
static void set_distance(struct command *v, uint32_t distance)
{
	uint32_t x = distance + 3;
	unsigned bits = log2_of(x) - 1, upper = x >> bits & 1;

	v->distance = (uint8_t)(16 + 2 * (bits - 1) + upper);
	v->distance_extra = x - ((2 + upper) << bits);
}

void commands_add(struct commands *c, uint32_t insert, uint32_t copy, uint32_t distance)
{
	struct command *v = &c->v[c->n++];

	v->distance = short_code(c->latest, distance);
	v->distance_extra = 0;
	set_lengths(v, insert, copy, v->distance == 0);
	if (v->distance == 0)
		return;
	if (v->distance == 16)
		set_distance(v, distance);
	memmove(c->latest + 1, c->latest, sizeof c->latest - sizeof c->latest[0]);
	c->latest[0] = distance;
}

void commands_add_end(struct commands *c, uint32_t insert)
{
	set_lengths(&c->v[c->n++], insert, 0, false);
}
