#include "rules/base/octets.h"
#include "proxy/h1/internal.h"

/* Classes of each octet. B: value alone; V: value and target; T: token too; A: of a plain name too. */
#define X 0
#define B H1_VALUE
#define V (H1_VALUE | H1_TARGET)
#define T (H1_VALUE | H1_TARGET | H1_TCHAR)
#define A (H1_VALUE | H1_TARGET | H1_TCHAR | H1_PLAIN)
#define H (H1_VALUE | H1_TCHAR) /* '#': starts a fragment, which is never sent */

// clang-format off
const unsigned char h1_octets[256] = {
	X, X, X, X, X, X, X, X, X, B, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/*   ! " # $ % & ' ( ) * + , - . / */
	B, T, V, H, T, T, T, T, V, V, T, T, V, A, T, V,
	/* 0 1 2 3 4 5 6 7 8 9 : ; < = > ? */
	A, A, A, A, A, A, A, A, A, A, V, V, V, V, V, V,
	/* @ A ... O */
	V, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	/* P ... Z [ \ ] ^ _ */
	A, A, A, A, A, A, A, A, A, A, A, V, V, V, T, T,
	/* ` a ... o */
	T, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A,
	/* p ... z { | } ~ DEL */
	A, A, A, A, A, A, A, A, A, A, A, V, T, V, T, X,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};
// clang-format on

static octets not_plain(octets v)
{
	return (octets) ~(((v | 0x20) - 'a' < 26) | (v - '0' < 10) | (v == '-'));
}

static octets not_target(octets v)
{
	return (octets)((v <= 0x20) | (v == '#') | (v == 0x7f));
}

/* others: those of sixteen that are not of the class. */
static inline __attribute__((always_inline)) size_t span(struct slice s, enum h1_class class, octets (*others)(octets))
{
	size_t i = 0;

	for (; i + OCTETS <= s.n; i += OCTETS) {
		size_t at = octets_first(others(octets_load(s.p + i)));

		if (at < OCTETS)
			return i + at;
	}
	while (i < s.n && h1_is(class, s.p[i]))
		i++;
	return i;
}

size_t h1_plain_span(struct slice s)
{
	return span(s, H1_PLAIN, not_plain);
}

size_t h1_target_span(struct slice s)
{
	return span(s, H1_TARGET, not_target);
}
