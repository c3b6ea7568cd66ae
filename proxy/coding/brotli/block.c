#include "proxy/coding/brotli/block.h"

enum {
	LITERALS = 256,
	CONTEXTS = 64,	       /* of literals: the upper six bits of the octet before */
	CONTEXT_MODE_MSB6 = 1, /* RFC 7932 7.1 */
	LITERALS_MIN = 2000,   /* in a block, from which on several codes save more than they take */
};

/* The context map where there are several codes: behind a digit, an upper-case letter, others from 0x60 on, the rest.
 */
static const uint8_t code_of_context[CONTEXTS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 0, 2, 2, 2, 2, 2, 2,
						  2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
						  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static struct prefix_code *code_behind(struct block_codes *codes, uint8_t before)
{
	return &codes->literal[codes->literals == 1 ? 0 : code_of_context[before >> 2]];
}

static uint8_t octet_before(const uint8_t *text, uint32_t at)
{
	return at ? text[at - 1] : 0;
}

/* -- counting ------------------------------------------------------------------------------------------------------ */

static void begin_codes(struct block_codes *codes, uint32_t literals)
{
	codes->literals = literals < LITERALS_MIN ? 1 : LITERAL_CODES;
	for (size_t i = 0; i < codes->literals; i++)
		prefix_begin(&codes->literal[i], LITERALS);
	prefix_begin(&codes->command, COMMAND_SYMBOLS);
	prefix_begin(&codes->distance, DISTANCE_SYMBOLS);
}

static void count_literals(struct block_codes *codes, const uint8_t *text, uint32_t from, uint32_t n)
{
	uint8_t before = octet_before(text, from);

	for (uint32_t i = from; i < from + n; i++) {
		code_behind(codes, before)->count[text[i]]++;
		before = text[i];
	}
}

/* The extra bits of all commands. */
static uint64_t count_commands(struct block_codes *codes, const uint8_t *text, uint32_t from,
			       const struct commands *commands)
{
	uint64_t extra = 0;

	for (size_t i = 0; i < commands->n; i++) {
		const struct command *c = &commands->v[i];

		codes->command.count[c->symbol]++;
		extra += c->extra_bits;
		count_literals(codes, text, from, c->insert);
		if (command_tells_distance(c)) {
			codes->distance.count[c->distance]++;
			extra += command_distance_bits(c);
		}
		from += c->insert + c->copy;
	}
	return extra;
}

static uint64_t build_codes(struct block_codes *codes)
{
	uint64_t cost;

	for (size_t i = 0; i < codes->literals; i++)
		prefix_build(&codes->literal[i]);
	prefix_build(&codes->command);
	prefix_build(&codes->distance);
	cost = prefix_cost(&codes->command) + prefix_cost(&codes->distance);
	for (size_t i = 0; i < codes->literals; i++)
		cost += prefix_cost(&codes->literal[i]);
	return cost;
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static void put_length(struct bit_writer *w, uint32_t n)
{
	bits_put(w, 2, 0); /* four digits of four bits follow */
	bits_put(w, 16, n - 1);
}

/* The number of literal codes, and which is for what (RFC 7932 7.3). */
static void put_context_map(struct bit_writer *w, size_t literals)
{
	struct prefix_code code;

	if (literals == 1) {
		bits_put(w, 1, 0);
		return;
	}
	_Static_assert(LITERAL_CODES == 4, "the number is written out here");
	bits_put(w, 4, 3); /* 1, then one extra bit in three */
	bits_put(w, 1, 1); /* 3 and that is 4 */
	bits_put(w, 1, 0); /* no runs of zeros */
	prefix_begin(&code, literals);
	for (size_t i = 0; i < CONTEXTS; i++)
		code.count[code_of_context[i]]++;
	prefix_build(&code);
	prefix_put(w, &code);
	for (size_t i = 0; i < CONTEXTS; i++)
		prefix_put_symbol(w, &code, code_of_context[i]);
	bits_put(w, 1, 0); /* not moved to the front */
}

static void put_codes(struct bit_writer *w, const struct block_codes *codes)
{
	bits_put(w, 3, 0); /* one block type for literals, for commands, for distances */
	bits_put(w, 6, 0); /* no postfix bits, no direct distances */
	bits_put(w, 2, CONTEXT_MODE_MSB6);
	put_context_map(w, codes->literals);
	bits_put(w, 1, 0); /* one code for distances */
	for (size_t i = 0; i < codes->literals; i++)
		prefix_put(w, &codes->literal[i]);
	prefix_put(w, &codes->command);
	prefix_put(w, &codes->distance);
}

static void put_literals(struct block_codes *codes, struct bit_writer *w, const uint8_t *text, uint32_t from,
			 uint32_t n)
{
	uint8_t before = octet_before(text, from);

	for (uint32_t i = from; i < from + n; i++) {
		prefix_put_symbol(w, code_behind(codes, before), text[i]);
		before = text[i];
	}
}

static void put_commands(struct block_codes *codes, struct bit_writer *w, const uint8_t *text, uint32_t from,
			 const struct commands *commands)
{
	for (size_t i = 0; i < commands->n; i++) {
		const struct command *c = &commands->v[i];

		prefix_put_symbol(w, &codes->command, c->symbol);
		bits_put(w, c->extra_bits, c->extra);
		put_literals(codes, w, text, from, c->insert);
		if (command_tells_distance(c)) {
			prefix_put_symbol(w, &codes->distance, c->distance);
			bits_put(w, command_distance_bits(c), c->distance_extra);
		}
		from += c->insert + c->copy;
	}
}

static void put_compressed(struct block_codes *codes, struct bit_writer *w, const uint8_t *text, uint32_t from,
			   uint32_t to, const struct commands *commands, bool last)
{
	bits_put(w, 1, last);
	if (last)
		bits_put(w, 1, 0); /* and not empty */
	put_length(w, to - from);
	if (!last)
		bits_put(w, 1, 0); /* compressed */
	put_codes(w, codes);
	put_commands(codes, w, text, from, commands);
	if (last)
		bits_align(w);
}

static void put_raw(struct bit_writer *w, const uint8_t *text, uint32_t from, uint32_t to, bool last)
{
	bits_put(w, 1, 0);
	put_length(w, to - from);
	bits_put(w, 1, 1);
	bits_align(w);
	memcpy(w->p, text + from, to - from);
	w->p += to - from;
	if (last)
		block_put_end(w);
}

void block_put(struct block_codes *codes, struct bit_writer *w, const uint8_t *text, uint32_t from, uint32_t to,
	       struct commands *commands, bool last)
{
	const struct bit_writer before = *w;
	const uint64_t raw = (uint64_t)(to - from) * 8;
	uint32_t literals = to - from;
	uint64_t cost;

	for (size_t i = 0; i < commands->n; i++)
		literals -= commands->v[i].copy;
	begin_codes(codes, literals);
	cost = count_commands(codes, text, from, commands);
	cost += build_codes(codes);
	if (cost < raw) {
		put_compressed(codes, w, text, from, to, commands, last);
		if (w->p - before.p <= (ptrdiff_t)(to - from))
			return;
		*w = before;
	}
	commands_take_back(commands);
	put_raw(w, text, from, to, last);
}

void block_put_end(struct bit_writer *w)
{
	bits_put(w, 2, 3); /* last, empty */
	bits_align(w);
}

void block_put_flush(struct bit_writer *w)
{
	bits_put(w, 6, 6); /* not the last; no data, of no octets (RFC 7932 9.2) */
	bits_align(w);
}
