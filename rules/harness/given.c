/* given ...: what holds before the exchange. */
#include "rules/harness/parse.h"
#include "rules/language/statement.h"

/* Days from 1970-01-01 of a date of the Gregorian calendar, for years from 1970 on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Exactly n digits at *s, at most max. */
static bool digits(struct slice *s, size_t n, uint64_t min, uint64_t max, int64_t *value)
{
	uint64_t v;

	if (s->n < n || !slice_to_u64(slice_head(*s, n), max, &v) || v < min)
		return false;
	*value = (int64_t)v;
	*s = slice_from(*s, n);
	return true;
}

static bool literal(struct slice *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool date_parse(struct slice *s, int64_t *days)
{
	static const unsigned char length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t year, month, day, last;
	bool leap;

	if (!digits(s, 4, 1970, 9999, &year) || !literal(s, '-') || !digits(s, 2, 1, 12, &month) || !literal(s, '-') ||
	    !digits(s, 2, 1, 31, &day))
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	last = length[month - 1] + (month == 2 && leap ? 1 : 0);
	*days = days_of(year, month, day);
	return day <= last;
}

bool time_parse(struct slice s, int64_t *unix_time)
{
	int64_t days, hour = 0, minute = 0, second = 0;

	if (!date_parse(&s, &days))
		return false;
	if (s.n) {
		if (!literal(&s, 'T') || !digits(&s, 2, 0, 23, &hour) || !literal(&s, ':') ||
		    !digits(&s, 2, 0, 59, &minute))
			return false;
		if (literal(&s, ':') && !digits(&s, 2, 0, 59, &second))
			return false;
		(void)literal(&s, 'Z');
	}
	*unix_time = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return s.n == 0;
}

/* "already given in this case" unless it is the first; file-level givens may be given anew in a case. */
static bool once(struct parser *p, bool *seen, const char *what)
{
	if (*seen)
		parse_error(p, slice_of(NULL, 0), "keep one of them", "the %s is given twice", what);
	if (*seen)
		return false;
	*seen = true;
	return true;
}

static const struct {
	const char *word;
	enum given_consent kind;
} kinds[] = {
	{"undecided", GIVEN_UNDECIDED},	  {"forged", GIVEN_FORGED},	    {"expired", GIVEN_EXPIRED},
	{"old-policy", GIVEN_OLD_POLICY}, {"other-site", GIVEN_OTHER_SITE}, {"malformed", GIVEN_MALFORMED},
};

static void given_consent(struct parser *p, struct slice rest)
{
	struct given *g = &p->test->given;
	struct slice word = peek_word(rest);

	if (!once(p, &p->given_consent, "consent"))
		return;
	g->consent = GIVEN_VALID;
	for (size_t i = 0; i < CG_COUNT(kinds); i++)
		if (slice_eq(word, slice_str(kinds[i].word))) {
			g->consent = kinds[i].kind;
			(void)next_word(&rest, &word);
		}
	g->granted = (struct purpose_list){.all = true};
	if (g->consent == GIVEN_UNDECIDED || (g->consent != GIVEN_VALID && rest.n == 0)) {
		(void)expect_end(p, rest);
		return;
	}
	if (next_purposes(p, &rest, &g->granted))
		(void)expect_end(p, rest);
}

static bool is_region(struct slice s)
{
	bool upper = true;

	for (size_t i = 0; i < s.n; i++)
		upper = upper &&
			((s.p[i] >= 'A' && s.p[i] <= 'Z') || (i >= 2 && (s.p[i] == '-' || ascii_is_digit(s.p[i]))));
	return upper && s.n >= 2 && s.n <= 6 && (s.n == 2 || (s.n > 3 && s.p[2] == '-'));
}

static void given_region(struct parser *p, struct slice rest)
{
	struct slice word;

	if (!once(p, &p->given_region, "region"))
		return;
	if (!next_word(&rest, &word) || !is_region(word)) {
		parse_error(p, word.n ? word : slice_of(NULL, 0),
			    "write an ISO 3166 code in upper case, like: given region US, or US-CA",
			    "the region is missing or is none");
		return;
	}
	p->test->given.region = word;
	(void)expect_end(p, rest);
}

static void given_time(struct parser *p, struct slice rest)
{
	struct slice word = slice_trim(rest);

	if (!once(p, &p->given_time, "time"))
		return;
	if (!time_parse(word, &p->test->given.time))
		parse_error(p, word.n ? word : slice_of(NULL, 0),
			    "write a date, like 2026-03-01, or 2026-03-01T12:00:00Z (times are UTC)",
			    "the time is missing or is none");
	p->test->given.has_time = true;
}

static void given_site(struct parser *p, struct slice rest)
{
	struct slice word;

	if (!once(p, &p->given_site, "site"))
		return;
	if (!next_word(&rest, &word)) {
		parse_error(p, slice_of(NULL, 0), "write the first name of its site statement", "the site is missing");
		return;
	}
	p->test->given.site = word;
	(void)expect_end(p, rest);
}

void parse_given(struct parser *p, struct slice rest)
{
	static const char *const words[] = {"consent", "region", "time", "site"};
	static void (*const handlers[])(struct parser *, struct slice) = {given_consent, given_region, given_time,
									  given_site};
	struct slice word;
	const char *near;

	if (!next_word(&rest, &word)) {
		parse_error(p, slice_of(NULL, 0), "write one of: given consent, given region, given time, given site",
			    "nothing is given");
		return;
	}
	for (size_t i = 0; i < CG_COUNT(words); i++)
		if (slice_eq(word, slice_str(words[i]))) {
			handlers[i](p, rest);
			return;
		}
	near = suggest(word, words, CG_COUNT(words));
	parse_error(p, word, "write one of: given consent, given region, given time, given site",
		    near ? "\"%.*s\" cannot be given; did you mean \"%s\"?" : "\"%.*s\" cannot be given%s",
		    SLICE_ARG(word), near ? near : "");
}
