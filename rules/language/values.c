#include "rules/language/statement.h"

#include <inttypes.h>
#include <stdio.h>

#define DURATION_MAX_DAYS 36500

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit duration_units[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 86400 * 1000LL}, {"w", 7 * 86400 * 1000LL},
};
static const struct unit size_units[] = {{"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {"g", 1024 * 1024 * 1024}};

static void complain(const struct statement *s, const struct word *w, struct diagnostics *d, const char *hint,
		     const char *message)
{
	struct position at = word_position(s->source, w);

	diagnostics_add(d, SEVERITY_ERROR, &at, hint, "%s", message);
}

/* Digits at the front of a bare or quoted word; *rest: what follows them. */
static bool leading_number(const struct word *w, struct slice *digits, struct slice *rest)
{
	size_t n = 0;

	if (w->kind != WORD_BARE && w->kind != WORD_STRING)
		return false;
	while (n < w->text.n && ascii_is_digit(w->text.p[n]))
		n++;
	*digits = slice_head(w->text, n);
	*rest = slice_from(w->text, n);
	return n > 0;
}

static const struct unit *unit_find(const struct unit *units, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(name, slice_str(units[i].name)))
			return &units[i];
	return NULL;
}

/* What the operator may have meant by digits without a unit that is known: "10" or "10sec". */
static void duration_unit_error(const struct statement *s, const struct word *w, struct diagnostics *d,
				struct slice digits, struct slice unit)
{
	char hint[160], first = unit.n ? ascii_lower(unit.p[0]) : '\0';
	struct slice number = slice_head(digits, 20);

	if (unit.n && unit_find(duration_units, CG_COUNT(duration_units), slice_of(&first, 1)))
		snprintf(hint, sizeof hint, "write %.*s%c", SLICE_ARG(number), first);
	else
		snprintf(hint, sizeof hint,
			 "write %.*ss for seconds, %.*sm for minutes, %.*sh for hours, %.*sd for days",
			 SLICE_ARG(number), SLICE_ARG(number), SLICE_ARG(number), SLICE_ARG(number));
	complain(s, w, d, hint, unit.n ? "unknown unit of time" : "a duration needs a unit");
}

static bool duration_parse(const struct statement *s, const struct word *w, struct diagnostics *d, size_t first_unit,
			   int64_t *ms)
{
	const struct unit *units = duration_units + first_unit, *unit;
	struct slice digits, rest;
	uint64_t n;

	if (!leading_number(w, &digits, &rest)) {
		complain(s, w, d,
			 first_unit ? "write a number and a unit: 30s, 5m, 2h, 180d or 4w"
				    : "write a number and a unit: 500ms, 30s, 5m or 2h",
			 "this is not a duration");
		return false;
	}
	unit = unit_find(units, CG_COUNT(duration_units) - first_unit, rest);
	if (!unit) {
		duration_unit_error(s, w, d, digits, rest);
		return false;
	}
	if (!slice_to_u64(digits, (uint64_t)(DURATION_MAX_DAYS * 86400000LL / unit->factor), &n)) {
		complain(s, w, d, "the longest is 36500d, a hundred years", "the duration is too long");
		return false;
	}
	*ms = (int64_t)n * unit->factor;
	return true;
}

bool word_duration(const struct statement *s, const struct word *w, struct diagnostics *d, int64_t *seconds)
{
	int64_t ms;

	if (!duration_parse(s, w, d, 1, &ms))
		return false;
	*seconds = ms / 1000;
	return true;
}

bool word_milliseconds(const struct statement *s, const struct word *w, struct diagnostics *d, int64_t *ms)
{
	return duration_parse(s, w, d, 0, ms);
}

bool word_size(const struct statement *s, const struct word *w, struct diagnostics *d, uint64_t max, uint64_t *octets)
{
	const struct unit *unit;
	struct slice digits, rest;
	char hint[64];
	uint64_t n;

	if (!leading_number(w, &digits, &rest) || !(unit = unit_find(size_units, CG_COUNT(size_units), rest))) {
		complain(s, w, d, "write a number of octets, or one with a unit: 512, 64k, 4m or 1g",
			 "this is not a size");
		return false;
	}
	if (!slice_to_u64(digits, max / (uint64_t)unit->factor, &n)) {
		snprintf(hint, sizeof hint, "the largest is %" PRIu64, max);
		complain(s, w, d, hint, "the size is too large");
		return false;
	}
	*octets = n * (uint64_t)unit->factor;
	return true;
}

bool word_number(const struct statement *s, const struct word *w, struct diagnostics *d, uint64_t min, uint64_t max,
		 uint64_t *value)
{
	struct slice digits, rest;
	char hint[96];

	snprintf(hint, sizeof hint, "write a number from %" PRIu64 " to %" PRIu64, min, max);
	if (!leading_number(w, &digits, &rest) || rest.n) {
		complain(s, w, d, hint, "this is not a number");
		return false;
	}
	if (!slice_to_u64(digits, max, value) || *value < min) {
		complain(s, w, d, hint, "the number is out of range");
		return false;
	}
	return true;
}
