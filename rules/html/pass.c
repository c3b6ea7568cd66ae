/*
 * Passing over tags that nobody wants and that change nothing: most of a page.
 *
 * Where the next '<' stands is found first, and then that the tag ends before it: so the processor can begin with the
 * next tag before it has come to the end of this one, which is worth more than reading few octets twice. What is not
 * written as nearly all tags are is left to the states.
 */
#include "rules/html/block.h"
#include "rules/html/internal.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Octets that must be there behind what is looked at: a block from the second of two on, with what is in front of it.
 */
#define AHEAD (3 * BLOCK)

/* Text other than white space in a body, so that no frameset may follow (13.2.6.4.7, the frameset-ok flag). */
void html_see_text(struct html_tokenizer *t, const char *from, const char *to)
{
	while (from < to && (is_space(*from) || !*from))
		from++;
	if (from < to)
		t->frameset = FRAMESET_NONE;
}

/* The first '<' in p..end, or end; a block can be read at p. */
static inline const char *next_less(const char *p, const char *end)
{
	unsigned bits = block_bits(block_is(block_at(p), '<'));

	if (bits)
		return p + block_first(bits);
	for (p += BLOCK; end - p >= 4 * BLOCK; p += 4 * BLOCK) {
		block a = block_is(block_at(p), '<'), b = block_is(block_at(p + BLOCK), '<');
		block c = block_is(block_at(p + 2 * BLOCK), '<'), d = block_is(block_at(p + 3 * BLOCK), '<');

		if (block_bits(block_or(block_or(a, b), block_or(c, d))))
			return p + __builtin_ctzll(block_bits(a) | (uint64_t)block_bits(b) << BLOCK |
						   (uint64_t)block_bits(c) << 2 * BLOCK |
						   (uint64_t)block_bits(d) << 3 * BLOCK);
	}
	return find_char(p, end, '<');
}

/* -- attributes ------------------------------------------------------------------------------------------------------
 */

/* Those that may end a name: white space (and whatever else is below '!'), '/', '=', '>'. */
static inline unsigned name_ends(const char *p)
{
	block b = block_at(p);

	return block_bits(block_or(block_or(block_up_to(b, ' '), block_is(b, '/')),
				   block_or(block_is(b, '='), block_is(b, '>'))));
}

static inline const char *behind_quote(const char *p, const char *stop, char quote)
{
	for (; p < stop; p += 2 * BLOCK) {
		unsigned bits = block_bits(block_is(block_at(p), quote)) |
				block_bits(block_is(block_at(p + BLOCK), quote)) << BLOCK;

		if (LIKELY(bits))
			return p + block_first(bits) + 1;
	}
	return NULL;
}

static inline const char *behind_unquoted(const char *p, const char *stop)
{
	for (; p < stop; p += BLOCK) {
		block b = block_at(p);
		unsigned bits = block_bits(block_or(block_up_to(b, ' '), block_is(b, '>')));

		if (bits)
			return p + block_first(bits);
	}
	return NULL;
}

/* p: behind the '='. The octet behind the value. */
static inline const char *skip_value(const char *p, const char *stop)
{
	if (LIKELY(*p == '"'))
		return behind_quote(p + 1, stop, '"');
	if (*p == '\'')
		return behind_quote(p + 1, stop, '\'');
	return is_space(*p) ? NULL : behind_unquoted(p, stop);
}

/* What ends the name that has none of its ends before p, in a block of which bits were found. */
static inline const char *skip_name(const char *p, const char *stop, unsigned bits)
{
	while (!LIKELY(bits)) {
		if (p >= stop)
			return NULL;
		bits = name_ends(p);
		p += bits ? block_first(bits) : BLOCK;
	}
	return p;
}

/*
 * The octet behind the '>' of the tag whose name ends at p. NULL: it is not there before stop, the tag is written in
 * some unusual way, or, with looks, an attribute may carry something.
 */
static inline const char *skip_attributes(const char *p, const char *stop, bool looks, size_t *count)
{
	while (LIKELY(p != NULL) && p < stop) {
		unsigned bits = name_ends(p);
		size_t n;

		if (*p == '>')
			return p + 1;
		if (!LIKELY(*p == ' ') && !is_space(*p) && *p != '/')
			return NULL;
		bits &= bits - 1; /* of the name that begins behind it */
		n = LIKELY(bits) ? block_first(bits) : BLOCK;
		if (n == 1) {
			p++;
			continue;
		}
		if (looks && may_carry(p[1], p[2]))
			return NULL;
		++*count;
		p = skip_name(p + n, stop, bits);
		if (LIKELY(p != NULL) && LIKELY(*p == '='))
			p = skip_value(p + 1, stop);
	}
	return NULL;
}

/* -- tags ------------------------------------------------------------------------------------------------------------
 */

/* The slot of the name that begins at p, of *n octets. NULL: it is longer than those that are found by their octets. */
static inline const struct html_names_slot *slot_at(const struct html_names *names, const char *p, size_t *n)
{
	block b = block_at(p);

	*n = block_first(block_bits(block_or(block_up_to(b, '/'), block_is(b, '>'))) | 1u << BLOCK);
	if (*n > HTML_QUICK_MAX)
		return NULL;
	/* An octet above '/' becomes a letter or a digit by that only if it means one. */
	return names_in(names->quick, (block_number(b) | UINT64_C(0x2020202020202020)) << (64 - 8 * *n));
}

/* Whether a tag passed over would be an oversized one if it were looked at. */
static bool exceeds(const struct html_tokenizer *t, size_t length, size_t attributes)
{
	return length > t->options.max_tag || attributes > t->options.max_attributes;
}

/*
 * The octet behind the tag at lt, whose name begins at p; next: the '<' behind it. NULL: it is wanted, changes
 * something, or is not known to end before next.
 */
static inline const char *behind_tag(struct html_tokenizer *t, const char *lt, const char *p, const char *next,
				     uint32_t matters)
{
	const struct html_names *names = t->options.names;
	const char *stop = t->end - AHEAD;
	bool close = lt[1] == '/';
	size_t n, count = 0;
	const struct html_names_slot *slot = slot_at(names, p, &n);

	if (!slot || (slot->bits & matters))
		return NULL;
	p += n;
	if (*p == '>') {
		p++;
	} else {
		p = skip_attributes(p, next < stop ? next : stop, names->attributes && !close, &count);
		if (!p || (names->attributes && !close && exceeds(t, (size_t)(p - lt), count)))
			return NULL;
	}
	if (p > next)
		return NULL;
	count_open(t, slot->counted, close);
	return p;
}

/*
 * Passes over tags that nobody wants and that change nothing, as long as they are whole. The '<' it stops at is read
 * by the states, as is everything when text is wanted; what is read here the states would read the same.
 */
const char *html_pass_over(struct html_tokenizer *t)
{
	uint32_t starts = HTML_WANT_START | NAME_MATTERS;
	const char *lt = find_char(t->p, t->end, '<'), *next, *behind;

	if (t->frameset == FRAMESET_POSSIBLE) {
		html_see_text(t, t->p, lt);
		starts |= NAME_FRAMESET | NAME_NO_FRAMESET;
	}
	for (; t->end - lt >= AHEAD; lt = next) {
		bool close = lt[1] == '/';
		const char *p = lt + 1 + close;

		next = next_less(lt + 1, t->end);
		if (LIKELY(ascii_is_alpha(*p)))
			behind = behind_tag(t, lt, p, next, close ? HTML_WANT_END | NAME_TEMPLATE : starts);
		else
			behind = close || *p == '!' || *p == '?' ? NULL : lt;
		if (!behind)
			return lt;
		if (t->frameset == FRAMESET_POSSIBLE)
			html_see_text(t, behind, next);
	}
	return lt;
}
