#include "rules/base/slice.h"

#include "rules/base/octets.h"

int ascii_hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_eq(slice_head(s, prefix.n), prefix);
}

bool slice_istarts_with(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_ieq(slice_head(s, prefix.n), prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
	return s.n >= suffix.n && slice_eq(slice_from(s, s.n - suffix.n), suffix);
}

size_t slice_find(struct slice s, struct slice needle)
{
	if (needle.n == 0)
		return 0;
	for (size_t i = 0; i + needle.n <= s.n; i++) {
		i += slice_find_char(slice_from(s, i), needle.p[0]);
		if (i + needle.n > s.n)
			break;
		if (memcmp(s.p + i, needle.p, needle.n) == 0)
			return i;
	}
	return s.n;
}

struct slice slice_of_u64(char buf[20], uint64_t n)
{
	size_t at = 20;

	do {
		buf[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return slice_of(buf + at, 20 - at);
}

bool slice_to_u64(struct slice s, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]) || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v) || v > max)
			return false;
	}
	*value = v;
	return true;
}

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

uint64_t slice_hash(struct slice s)
{
	uint64_t h = FNV_OFFSET;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * FNV_PRIME;
	return h;
}

uint64_t slice_ihash(struct slice s)
{
	uint64_t h = FNV_OFFSET;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)ascii_lower(s.p[i])) * FNV_PRIME;
	return h;
}

/* -- many octets at once ------------------------------------------------------------------------------------------- */

#define ONES UINT64_C(0x0101010101010101)

static uint64_t load32(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

/* Eight octets: where they differ it is by the bit of case, and they are letters. No sum carries into the next octet.
 */
static bool words_ieq(uint64_t a, uint64_t b)
{
	uint64_t differ = a ^ b, low = (a | ONES * 0x20) & ONES * 0x7f;
	uint64_t from_a = low + ONES * (0x80 - 'a'), above_z = low + ONES * (0x80 - 'z' - 1);

	return differ == 0 || ((differ & ~(ONES * 0x20)) == 0 && (differ << 2 & ~(from_a & ~above_z & ~a)) == 0);
}

/* The last eight or four octets may overlap those before them. */
bool octets_ieq(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	if (n >= 8) {
		for (; i + 8 < n; i += 8)
			if (!words_ieq(octets_load_word(a + i), octets_load_word(b + i)))
				return false;
		return words_ieq(octets_load_word(a + n - 8), octets_load_word(b + n - 8));
	}
	if (n >= 4)
		return words_ieq(load32(a) << 32 | load32(a + n - 4), load32(b) << 32 | load32(b + n - 4));
	while (i < n && ascii_lower(a[i]) == ascii_lower(b[i]))
		i++;
	return i == n;
}

static octets controls(octets v)
{
	return (octets)(((v < 0x20) & (v != '\t')) | (v == 0x7f));
}

size_t slice_find_control(struct slice s)
{
	return octets_span(s.p, s.n, controls);
}

/* As much of the front as lanes of an octet can count; what is not 0 in a comparison is -1. */
static size_t count_blocks(struct slice s)
{
	octets found = {0};

	for (size_t i = 0; i < s.n; i += OCTETS)
		found -= controls(octets_load(s.p + i));
	return octets_sum(found);
}

size_t slice_count_controls(struct slice s)
{
	const size_t most = 255 * OCTETS;
	size_t n = 0;

	for (; s.n >= most; s = slice_from(s, most))
		n += count_blocks(slice_head(s, most));
	n += count_blocks(slice_head(s, s.n / OCTETS * OCTETS));
	s = slice_from(s, s.n / OCTETS * OCTETS);
	/* The zeros behind are counted as well. */
	return n + octets_sum(-controls(octets_load_short(s.p, s.n))) - (OCTETS - s.n);
}
