/* Counters: each process counts in a page of its own, nothing is lost with it, and the text tells what is new. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/observe/counters.h"
#include "tests/support/slice_assert.h"

/* A process that counts n times and then dies without a word. */
static void count_and_die(const struct counter_board *b, int page, enum counter c, int n)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0 && page >= 0);
	if (pid == 0) {
		if (!counters_use(b->fd, (unsigned)page))
			_exit(1);
		for (int i = 0; i < n; i++)
			counter_add(c);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void nothing_is_lost(void **state)
{
	struct counter_board b;
	struct counts sum;
	int one, two;

	(void)state;
	assert_true(counter_board_init(&b));
	counter_board_sum(&b, &sum);
	for (size_t i = 0; i < COUNTERS; i++)
		assert_int_equal(sum.n[i], 0);
	one = counter_board_take(&b);
	two = counter_board_take(&b);
	assert_int_not_equal(one, two);
	count_and_die(&b, one, COUNTER_HEAD_SLOW, 3);
	count_and_die(&b, two, COUNTER_HEAD_SLOW, 4);
	counter_board_give(&b, one);
	assert_int_equal(counter_board_take(&b), one);
	count_and_die(&b, one, COUNTER_HEAD_SLOW, 5);
	counter_board_sum(&b, &sum);
	assert_int_equal(sum.n[COUNTER_HEAD_SLOW], 12);
	assert_int_equal(sum.n[COUNTER_MALFORMED], 0);
	counter_board_free(&b);
}

static void pages_run_out(void **state)
{
	struct counter_board b;

	(void)state;
	assert_true(counter_board_init(&b));
	for (int i = 0; i < COUNTER_PAGES; i++)
		assert_int_equal(counter_board_take(&b), i);
	assert_int_equal(counter_board_take(&b), -1);
	counter_board_give(&b, -1);
	counter_board_give(&b, 17);
	assert_int_equal(counter_board_take(&b), 17);
	counter_board_free(&b);
}

/* A worker that was taken over cannot make the memory smaller under the parent. */
static void size_is_sealed(void **state)
{
	struct counter_board b;

	(void)state;
	assert_true(counter_board_init(&b));
	assert_int_equal(ftruncate(b.fd, 0), -1);
	assert_int_equal(fcntl(b.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	counter_board_free(&b);
}

static void assert_described(const struct counts *before, const struct counts *now, const char *text)
{
	struct buffer out;

	buffer_init(&out, 4096);
	counts_describe(before, now, &out);
	assert_slice(buffer_slice(&out), text);
	buffer_free(&out);
}

static void text_tells_what_is_new(void **state)
{
	struct counts before = {0}, now = {0};

	(void)state;
	assert_described(&before, &now, "nothing");
	assert_false(counts_unusual(&before, &now));
	now.n[COUNTER_MALFORMED] = 5;
	assert_false(counts_unusual(&before, &now));
	assert_described(&before, &now, "malformed 5 (+5)");
	before = now;
	now.n[COUNTER_HEAD_SLOW] = 12;
	assert_true(counts_unusual(&before, &now));
	assert_described(&before, &now, "head-slow 12 (+12), malformed 5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(pages_run_out),
		cmocka_unit_test(size_is_sealed),
		cmocka_unit_test(text_tells_what_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
