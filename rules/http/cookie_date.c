/* Dates of cookies: the forgiving reader of RFC 6265bis 5.1.1 and the exact writer of RFC 9110 5.6.7. */
#include "rules/http/set_cookie.h"

#define DAY	    INT64_C(86400)
#define YEAR_FIRST  1601		  /* RFC 6265bis 5.1.1, step 5 */
#define DATE_FIRST  INT64_C(-11644473600) /* 1601-01-01 */
#define DATE_LAST   INT64_C(253402300799) /* 9999-12-31 23:59:59 */
#define DATE_LENGTH 29

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "SunMonTueWedThuFriSat";

struct date {
	int year, month, day; /* month and day count from 1; 0: not found yet */
	int hour, minute, second;
	bool has_time, has_year;
};

/* RFC 6265bis 5.1.1: what separates the tokens; everything else, even a control octet, belongs to one. */
static bool is_delimiter(char c)
{
	unsigned char u = (unsigned char)c;

	return u == 0x09 || (u >= 0x20 && u <= 0x2F) || (u >= 0x3B && u <= 0x40) || (u >= 0x5B && u <= 0x60) ||
	       (u >= 0x7B && u <= 0x7E);
}

static bool next_token(struct slice *rest, struct slice *token)
{
	size_t from = 0, to;

	while (from < rest->n && is_delimiter(rest->p[from]))
		from++;
	for (to = from; to < rest->n && !is_delimiter(rest->p[to]);)
		to++;
	if (from == to)
		return false;
	*token = slice_of(rest->p + from, to - from);
	*rest = slice_from(*rest, to);
	return true;
}

/* Takes between least and most digits off the front; false if there are fewer, or more. */
static bool take_number(struct slice *s, size_t least, size_t most, int *value)
{
	size_t n = 0;
	int v = 0;

	while (n < s->n && n <= most && ascii_is_digit(s->p[n]))
		n++;
	if (n < least || n > most)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (s->p[i] - '0');
	*value = v;
	*s = slice_from(*s, n);
	return true;
}

static bool take_colon(struct slice *s)
{
	if (s->n == 0 || s->p[0] != ':')
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool read_time(struct slice token, struct date *d)
{
	int h, m, s;

	if (!take_number(&token, 1, 2, &h) || !take_colon(&token) || !take_number(&token, 1, 2, &m) ||
	    !take_colon(&token) || !take_number(&token, 1, 2, &s))
		return false;
	d->hour = h;
	d->minute = m;
	d->second = s;
	d->has_time = true;
	return true;
}

static int month_of(struct slice token)
{
	for (int i = 0; i < 12; i++)
		if (slice_istarts_with(token, slice_of(months + 3 * i, 3)))
			return i + 1;
	return 0;
}

static void read_token(struct slice token, struct date *d)
{
	struct slice s = token;

	if (!d->has_time && read_time(token, d))
		return;
	if (!d->day && take_number(&s, 1, 2, &d->day)) {
		if (d->day == 0) /* found, and wrong: must not be taken from a later token */
			d->day = -1;
		return;
	}
	if (!d->month) {
		d->month = month_of(token);
		if (d->month)
			return;
	}
	s = token;
	if (!d->has_year)
		d->has_year = take_number(&s, 2, 4, &d->year);
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static bool is_valid(const struct date *d)
{
	return d->has_time && d->has_year && d->month && d->year >= YEAR_FIRST && d->hour <= 23 && d->minute <= 59 &&
	       d->second <= 59 && d->day >= 1 && d->day <= days_in(d->year, d->month);
}

/* Days from 1970-01-01 to the 1st of January of a year. */
static int64_t days_to_year(int year)
{
	int y = year - 1;

	return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

static int64_t unix_time_of(const struct date *d)
{
	int64_t days = days_to_year(d->year) + d->day - 1;

	for (int m = 1; m < d->month; m++)
		days += days_in(d->year, m);
	return days * DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

bool cookie_date_parse(struct slice s, int64_t *unix_time)
{
	struct date d = {0};
	struct slice token;

	while (next_token(&s, &token))
		read_token(token, &d);
	if (d.has_year && d.year >= 70 && d.year <= 99)
		d.year += 1900;
	else if (d.has_year && d.year <= 69)
		d.year += 2000;
	if (!is_valid(&d))
		return false;
	*unix_time = unix_time_of(&d);
	return true;
}

/* t lies between DATE_FIRST and DATE_LAST. */
static struct date date_of(int64_t t)
{
	int64_t days = (t - DATE_FIRST) / DAY, left = (t - DATE_FIRST) % DAY;
	struct date d = {.year = YEAR_FIRST + (int)(days / 366), .month = 1};

	d.hour = (int)(left / 3600);
	d.minute = (int)(left / 60 % 60);
	d.second = (int)(left % 60);
	days += DATE_FIRST / DAY; /* since 1970 again */
	while (days_to_year(d.year + 1) <= days)
		d.year++;
	days -= days_to_year(d.year);
	while (days >= days_in(d.year, d.month))
		days -= days_in(d.year, d.month++);
	d.day = (int)days + 1;
	return d;
}

struct slice imf_fixdate(struct arena *arena, int64_t unix_time)
{
	int64_t t = unix_time < DATE_FIRST ? DATE_FIRST : unix_time > DATE_LAST ? DATE_LAST : unix_time;
	struct date d = date_of(t);
	int weekday = (int)(((t - DATE_FIRST) / DAY + 1) % 7); /* 1601-01-01 was a Monday */

	return arena_printf(arena, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", weekdays + 3 * weekday, d.day,
			    months + 3 * (d.month - 1), d.year, d.hour, d.minute, d.second);
}
