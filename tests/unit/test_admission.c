/* Connections by address: whose connections count together, and a table that stays right however they come and go. */
#include <arpa/inet.h>

#include "proxy/exchange/internal.h"
#include "tests/support/slice_assert.h"

#define VISITORS 40 /* at a time, of the random test */
#define TURNS	 200000

static struct config config;
static struct server server;

static void begin(size_t most, size_t visitors)
{
	config = (struct config){.limits.connections_per_address = most};
	server = (struct server){.parts.config = &config};
	assert_true(admission_init(&server.admission, &config, visitors));
}

static void end(void)
{
	admission_free(&server.admission);
}

static struct visitor from(const char *address)
{
	struct visitor v = {.server = &server};

	if (inet_pton(AF_INET, address, &v.peer.v4.sin_addr) == 1) {
		v.peer.v4.sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, &v.peer.v6.sin6_addr), 1);
		v.peer.v6.sin6_family = AF_INET6;
	}
	return v;
}

static bool count_together(const char *one, const char *other)
{
	struct visitor a = from(one), b = from(other);
	bool second;

	begin(1, 8);
	assert_true(admission_enter(&a));
	second = admission_enter(&b);
	admission_leave(&a);
	assert_true(second || admission_enter(&b));
	admission_leave(&b);
	admission_leave(&b); /* harmless */
	assert_int_equal(server.admission.used, 0);
	end();
	return !second;
}

static void who_counts_together(void **state)
{
	(void)state;
	assert_true(count_together("192.0.2.1", "192.0.2.1"));
	assert_false(count_together("192.0.2.1", "192.0.2.2"));
	assert_true(count_together("2001:db8:0:7::1", "2001:db8:0:7:ffff::2"));
	assert_false(count_together("2001:db8:0:7::1", "2001:db8:0:8::1"));
	assert_false(count_together("2001:db8:ffff::1", "184.13.1.32")); /* the same octets, the other way round */
	assert_false(count_together("::1", "127.0.0.1"));
	/* Of a network that stands for all of IPv4, each address. */
	assert_true(count_together("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.1"));
	assert_true(count_together("64:ff9b::192.0.2.1", "192.0.2.1"));
	assert_false(count_together("64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2"));
	assert_true(count_together("64:ff9b:1::192.0.2.1", "64:ff9b:1::192.0.2.2"));
}

static void trusted_and_unlimited(void **state)
{
	struct config_cidr proxies = {.addr = {[10] = 0xFF, 0xFF, 10}, .bits = 104};
	struct visitor v[3];

	(void)state;
	begin(1, 8);
	config.trusted = &proxies;
	config.n_trusted = 1;
	for (size_t i = 0; i < 3; i++) {
		v[i] = from("10.1.2.3");
		assert_true(admission_enter(&v[i]));
	}
	assert_int_equal(server.admission.used, 0);
	end();
	begin(0, 8);
	for (size_t i = 0; i < 3; i++) {
		v[i] = from("192.0.2.1");
		assert_true(admission_enter(&v[i]));
		admission_leave(&v[i]);
	}
	end();
}

/* Against a count in an array: in a table this small, most addresses stand beside their place. */
static void random_comings_and_goings(void **state)
{
	struct visitor here[VISITORS];
	size_t n = 0, counts[16] = {0}, at[VISITORS];
	unsigned r = 4711;

	(void)state;
	begin(3, VISITORS);
	for (int turn = 0; turn < TURNS; turn++) {
		size_t who;

		r = r * 1103515245 + 12345;
		who = r >> 16 & 15;
		if (n < VISITORS && (r >> 24 & 1)) {
			char address[32];

			snprintf(address, sizeof address, who & 1 ? "192.0.2.%zu" : "2001:db8:0:%zu::", who);
			here[n] = from(address);
			at[n] = who;
			assert_int_equal(admission_enter(&here[n]), counts[who] < 3);
			n += here[n].admitted;
			counts[who] += counts[who] < 3;
		} else if (n > 0) {
			size_t i = (r >> 12) % n;

			admission_leave(&here[i]);
			counts[at[i]]--;
			here[i] = here[--n];
			at[i] = at[n];
		}
	}
	while (n > 0)
		admission_leave(&here[--n]);
	assert_int_equal(server.admission.used, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_counts_together),
		cmocka_unit_test(trusted_and_unlimited),
		cmocka_unit_test(random_comings_and_goings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
