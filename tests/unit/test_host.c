/* Authorities, addresses, and domains by the public suffix list. */
#include "tests/support/slice_assert.h"

#include "rules/http/host.h"

#define ARENA_CAP 4096

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"
#define N253                    \
	L63 "." L63 "." L63 "." \
	    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1"

static void authorities(void **state)
{
	static const struct {
		const char *in, *host;
		unsigned port;
	} t[] = {
		{"example.com", "example.com", 0},
		{"EXAMPLE.com:8443", "example.com", 8443},
		{"example.com.", "example.com", 0},
		{"example.com.:80", "example.com", 80},
		{"example.com:", "example.com", 0},
		{"example.com:65535", "example.com", 65535},
		{"example.com:00080", "example.com", 80},
		{"localhost", "localhost", 0},
		{"a_b-c.x", "a_b-c.x", 0},
		{"-", "-", 0},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", 0},
		{"127.0.0.1:1", "127.0.0.1", 1},
		{"[::1]", "::1", 0},
		{"[::1]:443", "::1", 443},
		{"[::1]:", "::1", 0},
		{"[2001:DB8::A]", "2001:db8::a", 0},
		{"[::ffff:1.2.3.4]:5", "::ffff:1.2.3.4", 5},
		{L63, L63, 0},
		{N253, N253, 0},
		{N253 ".", N253, 0},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice in = slice_str(t[i].in), host;
		uint16_t port;

		assert_true(authority_parse(in, &arena, &host, &port));
		assert_slice(host, t[i].host);
		assert_int_equal(port, t[i].port);
		if (slice_starts_with(in, host))
			assert_ptr_equal(host.p, in.p); /* copied only if needed */
	}
	arena_free(&arena);
}

static void refused_authorities(void **state)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		".a",
		"a..",
		"a..b",
		":80",
		"a:b",
		"a:-1",
		"a:65536",
		"a:0",
		"a:1:2",
		"a: 1",
		" a",
		"a ",
		"a b",
		"a\tb",
		"u@a",
		"u:p@a",
		"a/b",
		"a?b",
		"a#b",
		"a,b",
		"a\\b",
		"a%41",
		"\xC3\xA4",
		"a\x7F",
		"[",
		"[]",
		"[::1",
		"::1",
		"[::1]x",
		"[::1]80",
		"[::1%25e]",
		"[v1.a]",
		"[1.2.3.4]",
		"[a.b]",
		"a[::1]",
		L63 "4",
		"x." L63 "4",
		N253 "2",
		N253 "2.",
		"a:99999999999999999999",
		"*.example.com",
		"a\"b",
		"a<b>",
		"[::1]:x",
	};
	struct arena arena;
	struct slice host;
	uint16_t port;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (authority_parse(slice_str(bad[i]), &arena, &host, &port))
			fail_msg("\"%s\" was accepted", bad[i]);
	assert_false(authority_parse(SLICE("a\0b"), &arena, &host, &port));
	assert_false(arena_failed(&arena));
	arena_free(&arena);
	arena_init(&arena, 0, 0);
	assert_true(authority_parse(SLICE("lower"), &arena, &host, &port));
	assert_false(authority_parse(SLICE("Upper"), &arena, &host, &port));
	arena_free(&arena);
}

static void addresses(void **state)
{
	static const char *const good[] = {
		"0.0.0.0",
		"127.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"1::",
		"1:2:3:4:5:6:7:8",
		"1::8",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"fe80::ABCD",
		"::1.2.3.4",
		"::ffff:255.255.255.255",
		"1:2:3:4:5:6:1.2.3.4",
		"0000:0000:0000:0000:0000:ffff:255.255.255.255",
	};
	static const char *const bad[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.4.5",
		"256.1.1.1",
		"1.2.3.4.",
		"01.2.3.4",
		"1..2.3",
		"1.2.3.x",
		"1.2.3.-4",
		"0x7f.0.0.1",
		"a.b.c.d",
		":",
		":::",
		"1:",
		":1",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1::2::3",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"12345::",
		"g::",
		"1:::2",
		"::1.2.3",
		"::1.2.3.4.5",
		"::1.2.3.4:1",
		"1.2.3.4::",
		"[::1]",
		"::1%1",
		"1:2:3:4:5:6:7:1.2.3.4",
		"localhost",
		"::256.1.1.1",
		"::12345.1.1.1",
		"1::2 ",
		" ::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!host_is_address(slice_str(good[i])))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (host_is_address(slice_str(bad[i])))
			fail_msg("\"%s\" was accepted", bad[i]);
}

static void registrable_domains(void **state)
{
	static const char *const t[][2] = {
		{"example.com", "example.com"},
		{"www.example.com", "example.com"},
		{"a.b.c.example.com", "example.com"},
		{"com", ""},
		{"example.co.uk", "example.co.uk"},
		{"www.example.co.uk", "example.co.uk"},
		{"co.uk", ""},
		{"uk", ""},
		{"user.github.io", "user.github.io"},
		{"a.user.github.io", "user.github.io"},
		{"github.io", ""},
		{"localhost", ""},
		{"a.localhost", "a.localhost"}, /* an unknown suffix counts as one label */
		{"printer.local", "printer.local"},
		{"127.0.0.1", ""},
		{"1.2.3.4", ""},
		{"::1", ""},
		{"2001:db8::1", ""},
		{"WWW.Example.COM", "Example.COM"},
		{"WWW.EXAMPLE.CO.UK", "EXAMPLE.CO.UK"},
		{"www.example.com.", ""},
		{".example.com", ""},
		{"www..example.com", ""},
		{".", ""},
		{"", ""},
		{"www.ck", "www.ck"}, /* an exception in the list */
		{"a.b.ck", "a.b.ck"}, /* a wildcard in the list */
		{"b.ck", ""},
		{"a_b.example.com", "example.com"},
		{"x.xn--55qx5d.cn", "x.xn--55qx5d.cn"}, /* an A-label of the list */
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice host = slice_str(t[i][0]), domain = host_registrable(host);

		assert_slice(domain, t[i][1]);
		if (domain.n)
			assert_ptr_equal(domain.p + domain.n, host.p + host.n);
	}
	assert_int_not_equal(host_registrable(SLICE(N253)).n, 0);
	assert_int_equal(host_registrable(SLICE(N253 "x")).n, 0);
	assert_int_equal(host_registrable(SLICE("a\0b.com")).n, 0);
}

static void domain_match(void **state)
{
	static const struct {
		const char *host, *domain;
		bool match;
	} t[] = {
		{"example.com", "example.com", true},
		{"www.example.com", "example.com", true},
		{"a.b.example.com", "example.com", true},
		{"example.com", "www.example.com", false},
		{"badexample.com", "example.com", false},
		{"www.example.com", ".example.com", false},
		{"www.example.com", "WWW.EXAMPLE.com", true},
		{"www.example.com", "Example.Com", true},
		{"www.example.com", "", false},
		{"", "", false},
		{"", "a", false},
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "3.4", false},
		{"1.2.3.4", "4", false},
		{"::1", "::1", true},
		{"::1.2.3.4", "2.3.4", false},
		{"localhost", "localhost", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_int_equal(host_domain_match(slice_str(t[i].host), slice_str(t[i].domain)), t[i].match);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(authorities),	cmocka_unit_test(refused_authorities),
		cmocka_unit_test(addresses),	cmocka_unit_test(registrable_domains),
		cmocka_unit_test(domain_match),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
