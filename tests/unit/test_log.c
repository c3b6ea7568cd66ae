/* The operator's log: one whole, printable line at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proxy/observe/log.h"

static char seen[64 * 1024];

/* What f() writes to standard error. */
static const char *captured(void (*f)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_non_null(file);
	assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
	f();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	n = pread(fileno(file), seen, sizeof seen - 1, 0);
	assert_true(n >= 0);
	seen[n] = '\0';
	fclose(file);
	close(saved);
	return seen;
}

static void say_things(void)
{
	log_info("one %d", 1);
	log_process_name("worker 3");
	log_warning("two\nlines\x1b[2J\x7f");
	errno = ENOENT;
	log_error("three: %m");
	log_process_name(NULL);
}

static void test_lines(void **state)
{
	char wanted[256];
	const char *text = captured(say_things), *line = text;

	(void)state;
	(void)snprintf(wanted, sizeof wanted, "Z crumbgate[%d]: one 1\n", (int)getpid());
	assert_non_null(strstr(text, wanted));
	assert_true(text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[23] == 'Z');
	(void)snprintf(wanted, sizeof wanted, "Z crumbgate[%d] worker 3: warning: two?lines?[2J?\n", (int)getpid());
	assert_non_null(strstr(text, wanted));
	(void)snprintf(wanted, sizeof wanted, "] worker 3: error: three: %s\n", strerror(ENOENT));
	assert_non_null(strstr(text, wanted));
	for (int i = 0; i < 3; i++)
		line = strchr(line, '\n') + 1;
	assert_string_equal(line, "");
}

static void say_much(void)
{
	static char text[3 * LOG_LINE_MAX];

	memset(text, 'x', sizeof text - 1);
	log_info("%s", text);
	text[LOG_LINE_MAX - 200] = '\0';
	log_info("%s", text);
}

static void test_long(void **state)
{
	const char *text = captured(say_much), *second = strchr(text, '\n') + 1;

	(void)state;
	assert_true(second - text <= LOG_LINE_MAX);
	assert_true(second - text > LOG_LINE_MAX - 10);
	assert_int_equal(strspn(strchr(second, 'x'), "x"), LOG_LINE_MAX - 200);
	assert_ptr_equal(strchr(second, '\n'), second + strlen(second) - 1);
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	errno = EBADF;
	(void)captured(say_much);
	errno = EBADF;
	log_process_name(NULL);
	log_info("errno is %s", "kept");
	assert_int_equal(errno, EBADF);
}

static void test_limit(void **state)
{
	struct log_limit limit = {0};
	unsigned suppressed = 99;

	(void)state;
	assert_true(log_allowed(&limit, &suppressed));
	assert_int_equal(suppressed, 0);
	for (int i = 0; i < 5; i++)
		assert_false(log_allowed(&limit, &suppressed));
	limit.next_ms = 1; /* long ago */
	assert_true(log_allowed(&limit, &suppressed));
	assert_int_equal(suppressed, 5);
	assert_false(log_allowed(&limit, &suppressed));
}

static void say_diagnostics(void)
{
	struct diagnostics d;
	struct position at = {.file = SLICE("a.conf"), .line = 3, .column = 1};

	diagnostics_init(&d);
	log_diagnostics(&d);
	diagnostics_add(&d, SEVERITY_ERROR, &at, "do this", "that is wrong");
	log_diagnostics(&d);
	diagnostics_free(&d);
}

static void test_diagnostics(void **state)
{
	(void)state;
	assert_string_equal(captured(say_diagnostics), "a.conf:3:1: error: that is wrong\n       do this\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines), cmocka_unit_test(test_long),	  cmocka_unit_test(test_errno_is_kept),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_diagnostics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
