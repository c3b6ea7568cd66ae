/* Codes of regions; the database itself is tried over sockets (tests/e2e/test_region.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/region/region.h"

static void test_codes(void **state)
{
	static const struct {
		const char *country, *subdivision, *region;
	} rows[] = {
		{"US", "", "US"},	 {"us", "ca", "US-CA"}, {"US", "US-CA", "US-CA"}, {"us", "US-ca", "US-CA"},
		{"GB", "ENG", "GB-ENG"}, {"FR", "75", "FR-75"}, {"US", "DE-BY", "US"},	  {"US", "ABCD", "US"},
		{"US", "C A", "US"},	 {"US", "-", "US"},	{"", "CA", ""},		  {"U", "", ""},
		{"USA", "", ""},	 {"T1", "", ""},	{"\xC3\xA4", "", ""},	  {"US", "US-", "US"},
		{"US", "US-ABCD", "US"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		char out[REGION_MAX];

		assert_true(slice_eq(region_of_codes(slice_str(rows[i].country), slice_str(rows[i].subdivision), out),
				     slice_str(rows[i].region)));
	}
}

static void test_files(void **state)
{
	const char *why = NULL;
	int fd;

	(void)state;
	assert_int_equal(regions_copy("/nowhere/at.all", &why), -1);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(regions_copy("/", &why), -1);
	fd = regions_copy("/dev/null", &why);
	assert_true(fd >= 0);
	why = NULL;
	assert_null(regions_open(fd, &why));
	assert_non_null(why);
	assert_int_equal(write(fd, "x", 1), -1); /* it is sealed */
	close(fd);
	regions_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes), cmocka_unit_test(test_files)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
