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

#define ONES UINT64_C(0x0101010101010101)
#define HIGH UINT64_C(0x8080808080808080)

/* True if one of the eight octets is below 0x20 or is DEL; exact, only which octet it was is not told. */
static bool has_control(const char *p)
{
	uint64_t w, del;

	memcpy(&w, p, sizeof w);
	del = w ^ (ONES * 0x7f);
	return ((((w - ONES * 0x20) & ~w) | ((del - ONES) & ~del)) & HIGH) != 0;
}

size_t h1_value_span(struct slice s)
{
	size_t i = 0;

	for (;;) {
		while (s.n - i >= 8 && !has_control(s.p + i))
			i += 8;
		for (size_t end = s.n - i < 8 ? s.n : i + 8; i < end; i++)
			if (!h1_is(H1_VALUE, s.p[i]))
				return i;
		if (i == s.n)
			return i;
	}
}
