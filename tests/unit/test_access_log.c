/* The access log: what a line says and does not say, and what happens when it cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/observe/access_log.h"
#include "rules/language/ruleset.h"
#include "tests/support/alloc_fault.h"

#define RULES "purpose preferences\npurpose analytics\ncookie x is analytics\n"

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = SLICE(RULES);
	return LOAD_OK;
}

static struct ruleset *rules(void)
{
	const struct loader loader = {.load = load};
	struct diagnostics d;
	struct ruleset *rs;

	diagnostics_init(&d);
	rs = ruleset_load(&loader, SLICE("site.rules"), &d);
	diagnostics_free(&d);
	assert_non_null(rs);
	return rs;
}

/* A file without a name. */
static int scratch(void)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
	fclose(f);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	return fd;
}

static const char *content(int fd)
{
	static char text[128 * 1024];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage out = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&out, &in, sizeof in);
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&out, &in6, sizeof in6);
	else
		fail();
	return out;
}

#define TIME_MS INT64_C(1795464900123) /* 2026-11-23T20:15:00.123Z */

static struct access_entry entry(void)
{
	return (struct access_entry){
		.time_ms = TIME_MS, .method = SLICE("GET"), .target = SLICE("/"), .status = 200, .duration_us = 17};
}

static const char *written(const struct access_entry *e, bool full)
{
	int fd = scratch();
	struct access_log *log = access_log_new(NULL, fd, full);
	const char *text;

	assert_non_null(log);
	access_log_write(log, e);
	access_log_free(log);
	text = content(fd);
	close(fd);
	return text;
}

static void test_line(void **state)
{
	struct ruleset *rs = rules();
	struct sockaddr_storage peer = address("203.0.113.77");
	struct decision d = {.consent = {.granted = 1 | 4,
					 .decided = true,
					 .source = CONSENT_SIGNED,
					 .token = CONSENT_TOKEN_GOOD,
					 .denied_by_opt_out = 2,
					 .denied_by_signal = 2},
			     .action = DECIDE_BLOCK,
			     .observe = true,
			     .counts = {[VERDICT_KEEP] = 2, [VERDICT_DROP] = 1}};
	struct rule rule = {.file = SLICE("site.rules"), .line = 12};
	struct verdict would[] = {
		{.kind = VERDICT_DROP, .subject = SUBJECT_REQUEST_COOKIE, .name = SLICE("_ga"), .rule = &rule},
		{.kind = VERDICT_DROP, .subject = SUBJECT_PARAM, .name = SLICE("x\"y")},
		{.kind = VERDICT_INERT, .subject = SUBJECT_BEACON, .name = SLICE("https://t.example/i?uid=7")},
	};
	struct access_entry e = entry();

	(void)state;
	e.peer = (struct sockaddr *)&peer;
	e.site = SLICE("www.example.com");
	e.target = SLICE("/a\"b?secret=1");
	e.received = 12;
	e.sent = UINT64_MAX;
	e.tls = "TLSv1.3";
	e.resumed = true;
	e.upstream = SLICE("127.0.0.1:8080");
	e.decision = &d;
	e.rules = rs;
	e.error = "the origin\nwent away";
	e.would = would;
	e.n_would = 3;
	e.page = "observed";
	e.page_before = (const unsigned[VERDICT_KINDS]){[VERDICT_KEEP] = 2};
	assert_string_equal(
		written(&e, false),
		"{\"time\":\"2026-11-23T20:15:00.123Z\",\"peer\":\"203.0.113.0\",\"site\":\"www.example.com\","
		"\"method\":\"GET\",\"target\":\"/a\\\"b\",\"status\":200,\"received\":12,"
		"\"sent\":18446744073709551615,\"us\":17,\"tls\":\"TLSv1.3\",\"resumed\":true,"
		"\"upstream\":\"127.0.0.1:8080\",\"granted\":[\"analytics\"],\"consent\":\"signed cookie\","
		"\"token\":\"good\",\"optout\":true,\"signal\":true,\"action\":\"block\",\"mode\":\"observe\","
		"\"verdicts\":{\"keep\":2,\"drop\":1},\"page\":\"observed\",\"within\":{\"drop\":1},"
		"\"would\":[{\"verdict\":\"drop\",\"subject\":\"cookie to the origin\",\"name\":\"_ga\","
		"\"file\":\"site.rules\",\"line\":12},{\"verdict\":\"drop\",\"subject\":\"parameter\","
		"\"name\":\"x\\\"y\"},{\"verdict\":\"inert\",\"subject\":\"beacon\","
		"\"name\":\"https://t.example/i\"}],\"error\":\"the origin\\nwent away\"}\n");
	ruleset_free(rs);
}

/* However much there is to tell, the line is whole and short enough for a pipe. */
static void test_would_is_bounded(void **state)
{
	static struct verdict would[200];
	static char name[100];
	struct rule rule = {.line = 12};
	struct access_entry e = entry();
	const char *line;

	(void)state;
	memset(name, 1, sizeof name);
	rule.file = slice_of(name, sizeof name);
	for (size_t i = 0; i < 200; i++)
		would[i] = (struct verdict){.kind = VERDICT_DROP, .name = slice_of(name, sizeof name), .rule = &rule};
	e.would = would;
	e.n_would = 200;
	e.error = "it ended badly";
	line = written(&e, false);
	assert_true(strlen(line) > 2000 && strlen(line) <= ACCESS_LINE_MAX);
	assert_non_null(strstr(line, "}],\"error\":\"it ended badly\"}\n"));
}

static void test_sparse(void **state)
{
	struct access_entry e = {.time_ms = TIME_MS, .duration_us = -1};

	(void)state;
	assert_string_equal(written(&e, false), "{\"time\":\"2026-11-23T20:15:00.123Z\",\"status\":0,\"received\":0,"
						"\"sent\":0,\"us\":0}\n");
}

static void test_addresses(void **state)
{
	static const struct {
		const char *peer, *truncated, *full;
	} cases[] = {
		{"192.0.2.255", "192.0.2.0", "192.0.2.255"},
		{"10.200.3.4", "10.200.3.0", "10.200.3.4"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1::", "2001:db8:1:2:3:4:5:6"},
		{"::ffff:198.51.100.9", "198.51.100.0", "198.51.100.9"},
		{"::1", "::", "::1"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct sockaddr_storage peer = address(cases[i].peer);
		struct access_entry e = entry();
		char wanted[128];

		e.peer = (struct sockaddr *)&peer;
		(void)snprintf(wanted, sizeof wanted, "\"peer\":\"%s\",", cases[i].truncated);
		assert_non_null(strstr(written(&e, false), wanted));
		(void)snprintf(wanted, sizeof wanted, "\"peer\":\"%s\",", cases[i].full);
		assert_non_null(strstr(written(&e, true), wanted));
	}
}

static void test_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-5, "1970-01-01T00:00:00.000Z"},
		{999, "1970-01-01T00:00:00.999Z"},
		{INT64_C(951827696007), "2000-02-29T12:34:56.007Z"},
		{INT64_C(4102444799999), "2099-12-31T23:59:59.999Z"},
	};
	int fd = scratch();
	struct access_log *log = access_log_new(NULL, fd, false);
	const char *at;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++)
		access_log_write(log, &(struct access_entry){.time_ms = cases[i].ms});
	at = content(fd);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		at = strstr(at, "\"time\":\"");
		assert_non_null(at);
		at += 8;
		assert_memory_equal(at, cases[i].text, strlen(cases[i].text));
	}
	access_log_free(log);
	close(fd);
}

/* However long the parts are, a line is whole and fits. */
static void test_long(void **state)
{
	static char target[20000];
	static const char octets[] = {'a', 0x01, (char)0xFF, '"'};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(octets); i++) {
		struct access_entry e = entry();
		const char *text;

		memset(target, octets[i], sizeof target);
		e.target = slice_of(target, sizeof target);
		e.method = slice_of(target, sizeof target);
		e.error = "why";
		text = written(&e, false);
		assert_true(strlen(text) <= ACCESS_LINE_MAX);
		assert_non_null(strstr(text, ",\"error\":\"why\"}\n"));
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	}
}

static void test_off(void **state)
{
	struct access_log *log = access_log_new(NULL, -1, false);
	struct access_entry e = entry();
	int fd = scratch();

	(void)state;
	assert_false(access_log_enabled(log));
	access_log_write(log, &e);
	access_log_flush(log);
	access_log_set_fd(log, fd);
	assert_false(access_log_enabled(log));
	access_log_free(log);
	access_log_free(NULL);
	assert_string_equal(content(fd), "");
	close(fd);
}

/* A pipe that nobody empties takes nothing down: whole lines are dropped, counted, and announced later. */
static void test_full_pipe(void **state)
{
	static char sink[4 * 1024 * 1024];
	struct access_entry e = entry();
	struct access_log *log;
	uint64_t dropped;
	size_t n = 0, lines = 0, written_lines = 0;
	int ends[2];
	char wanted[64];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	log = access_log_new(NULL, ends[1], false);
	while (access_log_dropped(log) < 10 && written_lines++ < 100000)
		access_log_write(log, &e);
	dropped = access_log_dropped(log);
	assert_int_equal(dropped, 10);
	for (ssize_t k; (k = read(ends[0], sink + n, sizeof sink - 1 - n)) > 0; n += (size_t)k)
		;
	access_log_write(log, &e);
	assert_int_equal(access_log_dropped(log), 0);
	access_log_free(log);
	for (ssize_t k; (k = read(ends[0], sink + n, sizeof sink - 1 - n)) > 0; n += (size_t)k)
		;
	sink[n] = '\0';
	(void)snprintf(wanted, sizeof wanted, ",\"dropped\":%llu}\n", (unsigned long long)dropped);
	assert_non_null(strstr(sink, wanted));
	for (size_t i = 0; i < n; i++)
		lines += sink[i] == '\n';
	assert_int_equal(lines, written_lines - dropped + 2); /* the announcement and the last line */
	close(ends[0]);
	close(ends[1]);
}

static void test_timer(void **state)
{
	struct event_base *base = event_base_new();
	int fd = scratch();
	struct access_log *log = access_log_new(base, fd, false);
	struct access_entry e = entry();

	(void)state;
	access_log_write(log, &e);
	access_log_write(log, &e);
	assert_string_equal(content(fd), "");
	event_base_dispatch(base); /* ends once the timer has fired */
	assert_true(strlen(content(fd)) > 100);
	access_log_free(log);
	event_base_free(base);
	close(fd);
}

static void test_rotation(void **state)
{
	int before = scratch(), after = scratch();
	struct event_base *base = event_base_new();
	struct access_log *log = access_log_new(base, before, false);
	struct access_entry e = entry();

	(void)state;
	e.target = SLICE("/old");
	access_log_write(log, &e);
	access_log_set_fd(log, after);
	e.target = SLICE("/new");
	access_log_write(log, &e);
	access_log_free(log);
	event_base_free(base);
	assert_non_null(strstr(content(before), "/old"));
	assert_null(strstr(content(before), "/new"));
	assert_non_null(strstr(content(after), "/new"));
	assert_null(strstr(content(after), "/old"));
	close(before);
	close(after);
}

static void test_no_memory(void **state)
{
	struct access_entry e = entry();
	int fd = scratch();

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct access_log *log = access_log_new(NULL, fd, false);

		if (log)
			access_log_write(log, &e);
		access_log_free(log);
		alloc_fault_end();
	}
	for (const char *at = content(fd); *at; at = strchr(at, '\n') + 1)
		assert_true(*at == '{' && strchr(at, '\n') && strchr(at, '\n')[-1] == '}');
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),	  cmocka_unit_test(test_would_is_bounded),
		cmocka_unit_test(test_sparse),	  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_times),	  cmocka_unit_test(test_long),
		cmocka_unit_test(test_off),	  cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_timer),	  cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
