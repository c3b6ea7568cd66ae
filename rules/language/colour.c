/* Contrast of colours, by WCAG 2.2 "relative luminance" and "contrast ratio". */
#include "rules/language/ruleset_internal.h"

/* The fifth root of x in 0..1, by Newton; the C library's pow() is no part of what rules need. */
static double fifth_root(double x)
{
	double r = 1;

	if (x <= 0)
		return 0;
	for (int i = 0; i < 64; i++)
		r = (4 * r + x / (r * r * r * r)) / 5;
	return r;
}

/* An octet of sRGB as light: ((c + 0.055) / 1.055) ^ 2.4, but for the darkest. */
static double linear(unsigned octet)
{
	double c = octet / 255.0, x = (c + 0.055) / 1.055, root = fifth_root(x);

	return c <= 0.04045 ? c / 12.92 : x * x * root * root;
}

static double luminance(uint32_t c)
{
	return 0.2126 * linear(c >> 16 & 255) + 0.7152 * linear(c >> 8 & 255) + 0.0722 * linear(c & 255);
}

double colour_contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}
