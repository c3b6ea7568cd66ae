#include "rules/base/octets.h"
#include "proxy/h1/internal.h"

/* Classes of each octet. V: value alone; T: token too; A: of a plain name too. */
#define X 0
#define V H1_VALUE
#define T (H1_VALUE | H1_TCHAR)
#define A (H1_VALUE | H1_TCHAR | H1_PLAIN)

// clang-format off
const unsigned char h1_octets[256] = {
	X, X, X, X, X, X, X, X, X, V, X, X, X, X, X, X,
	X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/*   ! " # $ % & ' ( ) * + , - . / */
	V, T, V, T, T, T, T, T, V, V, T, T, V, A, T, V,
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

/* '#' starts a fragment, which is never sent. */
static octets not_target(octets v)
{
	return (octets)((v <= 0x20) | (v == '#') | (v == 0x7f));
}

size_t h1_plain_span(struct slice s)
{
	return octets_span(s.p, s.n, not_plain);
}

size_t h1_target_span(struct slice s)
{
	return octets_span(s.p, s.n, not_target);
}
