/* Decoders of what other consent managers store: limits, codings, and the edges of IAB's formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/base/attributes.h"
#include "rules/consent/foreign/foreign.h"

/* ---- Bits, to write strings of IAB with. ---- */

struct maker {
	char text[8192];
	size_t bits;
};

static void put_bits(struct maker *m, uint64_t value, unsigned n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (unsigned i = 0; i < n; i++, m->bits++) {
		size_t at = m->bits / 6;
		size_t before = m->bits % 6 ? (size_t)(strchr(digits, m->text[at]) - digits) : 0;

		m->text[at] = digits[before | (value >> (n - 1 - i) & 1) << (5 - m->bits % 6)];
		m->text[at + 1] = '\0';
	}
}

static void put_text(struct maker *m, const char *text)
{
	m->bits = (m->bits + 5) / 6 * 6 + 6 * strlen(text);
	(void)strcat(m->text, text);
}

/* Purposes are bits, 1 << (n - 1). */
static uint64_t reversed(unsigned purposes)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < 24; i++)
		out |= (uint64_t)(purposes >> i & 1) << (23 - i);
	return out;
}

struct core {
	unsigned version, policy, specific, purposes, interests;
};

static void put_core(struct maker *m, const struct core *c)
{
	put_bits(m, c->version, 6);
	put_bits(m, 17000000000, 36);
	put_bits(m, 17000000000, 36);
	put_bits(m, 7, 12);
	put_bits(m, 1, 12);
	put_bits(m, 1, 6);
	put_bits(m, 4 << 6 | 13, 12);
	put_bits(m, 300, 12);
	put_bits(m, c->policy, 6);
	put_bits(m, c->specific, 1);
	put_bits(m, 0, 1);
	put_bits(m, 0xFFF, 12);
	put_bits(m, reversed(c->purposes), 24);
	put_bits(m, reversed(c->interests), 24);
	put_bits(m, 0, 1);
	put_bits(m, 3 << 6 | 4, 12);
}

/* ---- What was said. ---- */

static const char *state_text(enum foreign_state s)
{
	return s == FOREIGN_GRANTED ? "yes" : s == FOREIGN_DENIED ? "no" : "?";
}

static void describe(const struct foreign_findings *f, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < f->n && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%.*s=%s", i ? " " : "", SLICE_ARG(f->v[i].category),
				      state_text(f->v[i].state));
	if (f->all && n < size)
		n += (size_t)snprintf(out + n, size - n, "%sall=%s", n ? " " : "", state_text(f->all));
	if (f->rest_denied && n < size)
		n += (size_t)snprintf(out + n, size - n, "%srest=no", n ? " " : "");
	if (f->act && n < size)
		n += (size_t)snprintf(out + n, size - n, "%s", f->act == FOREIGN_DEFAULT ? " default" : " acted");
	if (f->overflow && n < size)
		n += (size_t)snprintf(out + n, size - n, " overflow");
	if (f->unreadable && n < size)
		(void)snprintf(out + n, size - n, "unreadable");
}

static void check(const char *manager, const char *cookie, const char *value, const char *expected)
{
	const struct foreign_manager *m = foreign_manager_find(slice_str(manager));
	struct foreign_findings f = {0};
	struct arena arena;
	char got[1024];
	int which;

	assert_non_null(m);
	which = foreign_carries(m, slice_str(cookie));
	assert_true(which >= 0);
	arena_init(&arena, 0, 1024 * 1024);
	f.arena = &arena;
	foreign_read(m, (size_t)which, slice_str(cookie), slice_str(value), &f);
	describe(&f, got, sizeof got);
	arena_free(&arena);
	if (strcmp(got, expected) != 0)
		fail_msg("%s %s=%s\n  got      %s\n  expected %s", manager, cookie, value, got, expected);
}

/* ---- Tables. ---- */

static void test_managers(void **state)
{
	size_t n;
	const struct foreign_manager *const *m = foreign_managers(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(foreign_manager_find(slice_str(m[i]->name)), m[i]);
		assert_non_null(m[i]->cookies[0]);
		if (i) /* sorted, so that nothing is there twice */
			assert_true(strcmp(m[i - 1]->name, m[i]->name) < 0);
		for (size_t k = 0; m[i]->cookies[k]; k++)
			assert_true(foreign_carries(m[i], slice_str(m[i]->cookies[k])) <= (int)k);
	}
	assert_null(foreign_manager_find(SLICE("usercentrics")));
	assert_non_null(foreign_manager_hint(SLICE("UserCentrics")));
}

static void test_carriers(void **state)
{
	static const struct {
		const char *manager, *cookie;
		int which;
	} rows[] = {
		{"tcf", "euconsent-v2", 0},	    {"tcf", "pl_euconsent-v2", 0},
		{"tcf", "eupubconsent-v2", 1},	    {"tcf", "euconsent-v21", -1},
		{"tcf", "Euconsent-v2", -1},	    {"tcf", "euconsent", -1},
		{"iubenda", "_iub_cs-1", 2},	    {"iubenda", "_iub_cs-1-granular", 0},
		{"iubenda", "_iub_cs-1-uspr", 1},   {"onetrust", "OptanonConsent", 0},
		{"onetrust", "optanonconsent", -1}, {"complianz", "cmplz_", 0},
		{"complianz", "cmplz", -1},	    {"piwik-pro", "ppms_privacy_x", 0},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		assert_int_equal(
			foreign_carries(foreign_manager_find(slice_str(rows[i].manager)), slice_str(rows[i].cookie)),
			rows[i].which);
}

#define ALL_NO                                                                                                \
	"1=no 2=no 3=no 4=no 5=no 6=no 7=no 8=no 9=no 10=no 11=no 12=no 13=no 14=no 15=no 16=no 17=no 18=no " \
	"19=no 20=no 21=no 22=no 23=no 24=no"

static void check_tcf(const struct core *c, const char *tail, const char *expected)
{
	struct maker m = {.bits = 0};
	char got[2048];

	put_core(&m, c);
	put_bits(&m, 0, 16 + 1 + 16 + 1 + 12);
	put_text(&m, tail);
	(void)snprintf(got, sizeof got, "%s", expected);
	check("tcf", "euconsent-v2", m.text, got);
}

static void test_tcf_cores(void **state)
{
	(void)state;
	check_tcf(&(struct core){2, 5, 1, 0, 0}, "", ALL_NO " acted");
	/* Legitimate interest is no consent. */
	check_tcf(&(struct core){2, 5, 1, 0, 0xFFFFFF}, "", ALL_NO " acted");
	/* The policy's version and the scope make no difference. */
	check_tcf(&(struct core){2, 2, 0, 0, 0}, "", ALL_NO " acted");
	check_tcf(&(struct core){2, 63, 0, 0, 0}, "", ALL_NO " acted");
	/* Segments of any type and order, known or not, well-formed or not. */
	check_tcf(&(struct core){2, 5, 1, 0, 0}, ".YAAAAAAAAAAA", ALL_NO " acted");
	check_tcf(&(struct core){2, 5, 1, 0, 0}, ".f_____________.IF5wAAAA", ALL_NO " acted");
	check_tcf(&(struct core){2, 5, 1, 0, 0}, ".QAAA.____.!..", ALL_NO " acted");
	/* Other versions. */
	check_tcf(&(struct core){1, 5, 1, 0xFFFFFF, 0}, "", "unreadable");
	check_tcf(&(struct core){3, 5, 1, 0xFFFFFF, 0}, "", "unreadable");
	check_tcf(&(struct core){0, 5, 1, 0xFFFFFF, 0}, "", "unreadable");
	/* The first and the last purpose. */
	check_tcf(&(struct core){2, 5, 1, 1 | 1u << 23, 0}, "",
		  "1=yes 2=no 3=no 4=no 5=no 6=no 7=no 8=no 9=no 10=no 11=no 12=no 13=no 14=no 15=no 16=no 17=no 18=no "
		  "19=no 20=no 21=no 22=no 23=no 24=yes acted");
}

static void test_tcf_cut(void **state)
{
	struct maker m = {.bits = 0};

	(void)state;
	put_core(&m, &(struct core){2, 5, 1, 0, 0});
	check("tcf", "euconsent-v2", m.text, ALL_NO " acted"); /* 213 bits and nothing more */
	m.text[35] = '\0';
	check("tcf", "euconsent-v2", m.text, "unreadable");
	m.text[1] = '!';
	check("tcf", "euconsent-v2", m.text, "unreadable");
	check("tcf", "euconsent-v2", "", "unreadable");
	check("tcf", "euconsent-v2", ".", "unreadable");
	check("tcf", "euconsent-v2", "C", "unreadable");
}

/* Vendors 2 and 755 are asked for. */
static void check_vendors(const struct maker *m, const char *expected)
{
	static const unsigned vendors[] = {2, 755};
	const struct foreign_manager *tcf = foreign_manager_find(SLICE("tcf"));
	struct foreign_findings f = {.vendors = vendors, .n_vendors = 2};
	struct arena arena;
	char got[16];

	arena_init(&arena, 0, 65536);
	f.arena = &arena;
	foreign_read(tcf, 0, SLICE("euconsent-v2"), slice_str(m->text), &f);
	(void)snprintf(got, sizeof got, "%s %s", state_text(foreign_said(&f, SLICE("vendor-2"))),
		       state_text(foreign_said(&f, SLICE("vendor-755"))));
	assert_string_equal(got, expected);
	arena_free(&arena);
}

static struct maker vendors_of(unsigned max, unsigned ranges)
{
	struct maker m = {.bits = 0};

	put_core(&m, &(struct core){2, 5, 1, 0xFFFFFF, 0});
	put_bits(&m, max, 16);
	put_bits(&m, ranges, 1);
	return m;
}

static void test_tcf_vendor_bits(void **state)
{
	struct maker m = vendors_of(3, 0);

	(void)state;
	put_bits(&m, 2, 3); /* 010 */
	check_vendors(&m, "yes no");
	m = vendors_of(0, 0);
	check_vendors(&m, "no no");
	m = vendors_of(755, 0);
	for (unsigned i = 1; i <= 755; i++)
		put_bits(&m, i == 755, 1);
	check_vendors(&m, "no yes");
	/* Cut off: what cannot be read to its end grants nothing. */
	m = vendors_of(755, 0);
	put_bits(&m, 0xFFFFFF, 24);
	check_vendors(&m, "no no");
}

static void test_tcf_vendor_ranges(void **state)
{
	struct maker m = vendors_of(1000, 1);

	(void)state;
	put_bits(&m, 2, 12);
	put_bits(&m, 0, 1);
	put_bits(&m, 2, 16);
	put_bits(&m, 1, 1);
	put_bits(&m, 700, 16);
	put_bits(&m, 800, 16);
	check_vendors(&m, "yes yes");
	m = vendors_of(1000, 1); /* backwards */
	put_bits(&m, 1, 12);
	put_bits(&m, 1, 1);
	put_bits(&m, 800, 16);
	put_bits(&m, 700, 16);
	check_vendors(&m, "no no");
	m = vendors_of(100, 1); /* beyond the highest that there is */
	put_bits(&m, 1, 12);
	put_bits(&m, 1, 1);
	put_bits(&m, 1, 16);
	put_bits(&m, 800, 16);
	check_vendors(&m, "yes no");
	m = vendors_of(1000, 1); /* more entries said than there are */
	put_bits(&m, 4095, 12);
	put_bits(&m, 1, 1);
	put_bits(&m, 1, 16);
	put_bits(&m, 800, 16);
	check_vendors(&m, "no no");
}

#define YES_NO_TCF "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"

static void test_gpp(void **state)
{
	static const struct {
		const char *value, *expected;
	} rows[] = {
		/* Headers. */
		{"DBAA", ""},
		{"DBAA~1YNN", "unreadable"},
		{"", "unreadable"},
		{"D", "unreadable"},
		{"DBABTA~1YNN", "sale=yes"},
		{"DBABT~1YNN", "sale=yes"}, /* as the specification writes it, without filling */
		{"DBABTA", "unreadable"},   /* a section is missing */
		{"DBABTA~1YNN~1YNN", "unreadable"},
		{"CBABTA~1YNN", "unreadable"}, /* another type */
		{"DCABTA~1YNN", "unreadable"}, /* another version */
		{"DBABTA~1YYN", "sale=no acted"},
		{"DBABTA~1-Y-", "sale=no acted"},
		{"DBABTA~1---", ""},
		{"DBABTA~2YNN", "unreadable"},
		/* usnat: sale, sharing, targeted. */
		{"DBABLA~BVQqAAAACgA", "sale=yes sharing=yes targeted=yes acted"},
		{"DBABLA~CVQqAAAACgA", "sale=yes sharing=yes targeted=yes acted"}, /* version 2 */
		{"DBABLA~DVQqAAAACgA", "unreadable"},				   /* 3 */
		{"DBABLA~AVQqAAAACgA", "unreadable"},
		{"DBABLA~BVQVAAAAAAGA.YA", "sale=no sharing=no targeted=no gpc=no acted"},
		{"DBABLA~BVQpAAAAAgA.QA", "sale=yes sharing=yes targeted=no acted"},
		{"DBABLA~BAAAAAAAAgA.QA", ""},
		{"DBABLA~BAAAAAAAAgA.YA", "gpc=no acted"},
		{"DBABLA~BAAAAAAAAgA.gA", ""}, /* another segment */
		{"DBABLA~BAAAAAAAAgA..YA", "gpc=no acted"},
		{"DBABLA~BVQ", ""}, /* cut in front of the opt-outs */
		{"DBABLA~", "unreadable"},
		/* usca has no targeted advertising. */
		{"DBABBg~BUoAAAKA.QA", "sale=yes sharing=yes acted"},
		{"DBABBg~BUUAAAGA.YA", "sale=no sharing=no gpc=no acted"},
		/* Percent-encoded. */
		{"DBABLA%7EBVQpAAAAAgA.QA", "sale=yes sharing=yes targeted=no acted"},
		/* Several: two is tcfeuv2. */
		{"DBACNYA~" YES_NO_TCF "~1YNN", ALL_NO " sale=yes acted"},
		{"DBACNY~" YES_NO_TCF "~1YNN", ALL_NO " sale=yes acted"},
		{"DBABMA~CPX", "unreadable"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check("gpp", "gppstring", rows[i].value, rows[i].expected);
}

/* One section, its identifier written as the header has it. */
static void check_section(unsigned id, unsigned bits_before, const char *expected)
{
	static const unsigned fibonacci[] = {1, 2, 3, 5, 8, 13, 21};
	unsigned code[8] = {0}, rest = id, top = 0;
	struct maker m = {.bits = 0};
	char value[16384];

	put_bits(&m, 3, 6);
	put_bits(&m, 1, 6);
	put_bits(&m, 1, 12);
	put_bits(&m, 0, 1);
	for (unsigned i = 7; i-- > 0;)
		if (fibonacci[i] <= rest) {
			rest -= fibonacci[i];
			code[i] = 1;
			top = top ? top : i;
		}
	for (unsigned i = 0; i <= top; i++)
		put_bits(&m, code[i], 1);
	put_bits(&m, 1, 1);
	(void)snprintf(value, sizeof value, "%s~", m.text);
	m = (struct maker){.bits = 0};
	put_bits(&m, 1, 6);
	put_bits(&m, 0, bits_before - 6);
	put_bits(&m, 0x6, 4); /* 01 10: opted out of the first, not of the second */
	put_bits(&m, 0, 40);
	(void)strcat(value, m.text);
	check("gpp", "gppstring", value, expected);
}

static void test_gpp_states(void **state)
{
	(void)state;
	check_section(7, 18, "sale=no sharing=yes acted");
	check_section(8, 12, "sale=no sharing=yes acted");
	check_section(9, 12, "sale=no targeted=yes acted");
	check_section(10, 12, "sale=no targeted=yes acted");
	check_section(11, 14, "sale=no targeted=yes acted");
	check_section(12, 12, "sale=no targeted=yes acted");
	check_section(17, 12, "sale=no targeted=yes acted");
	check_section(18, 14, "sale=no targeted=yes acted");
	check_section(19, 12, "sale=no targeted=yes acted");
	check_section(23, 12, "sale=no targeted=yes acted");
	check_section(24, 16, "sale=no targeted=yes acted");
	check_section(27, 16, "sale=no targeted=yes acted");
	check_section(28, 16, ""); /* of the future */
	check_section(5, 16, "");  /* tcfcav1 */
}

static void test_codings(void **state)
{
	static const struct {
		const char *manager, *cookie, *value, *expected;
	} rows[] = {
		/* Escapes: up to three times; those that are none stay; control characters make it unreadable. */
		{"klaro", "klaro", "{\"a\":true}", "a=yes acted"},
		{"klaro", "klaro", "%7B%22a%22:true}", "a=yes acted"},
		{"klaro", "klaro", "%257B%2522a%2522:true}", "a=yes acted"},
		{"klaro", "klaro", "%25257B%252522a%252522:true}", "a=yes acted"},
		{"klaro", "klaro", "%2525257B%25252522a%25252522:true}", "unreadable"},
		{"klaro", "klaro", "{\"a%zz%\":true}", "a%zz%=yes acted"},
		{"klaro", "klaro", "%7B%22a%00%22:true}", "unreadable"},
		{"klaro", "klaro", "\"{}\"", "unreadable"}, /* nothing is said */
		{"klaro", "klaro", "{\"a\":true", "unreadable"},
		{"klaro", "klaro", "{\"a\":true,\"a\":false}", "unreadable"},
		{"klaro", "klaro", "{\"a\\u0000\":true}", "unreadable"},
		{"klaro", "klaro", "{\"a\":[[[[[[[1]]]]]]],\"b\":false}", "b=no acted"},
		{"klaro", "klaro", "{\"a\":[[[[[[[[1]]]]]]]],\"b\":false}", "unreadable"},
		{"klaro", "klaro", "{\"a\":1,\"b\":0,\"c\":2,\"d\":\"yes\",\"e\":\"no\",\"f\":null,\"g\":1e400}",
		 "unreadable"},
		{"klaro", "klaro",
		 "{\"a\":1,\"b\":0,\"c\":2,\"d\":\"yes\",\"e\":\"no\",\"f\":null,\"g\":99999999999999999999}",
		 "a=yes b=no d=yes e=no acted"},
		/* The same name, other formats. */
		{"cookiebot", "CookieConsent", "1.0.0.0.0", "unreadable"},
		{"cookiebot", "CookieConsent", "mandatory|external", "unreadable"},
		{"cookiebot", "CookieConsent", "{\"a\":true}", "unreadable"},
		{"cookiebot", "CookieConsent", "{stamp:'x,marketing:true',statistics:false}", "statistics=no acted"},
		{"cookiebot", "CookieConsent", "{stamp:'-1',statistics:true}", "statistics=yes default"},
		{"cookiebot", "CookieConsent", "{statistics:true,method:'implied'}", "statistics=yes default"},
		{"onetrust", "OptanonConsent", "groups=C0002%3A1&interactionCount=0", "C0002=yes default"},
		{"onetrust", "OptanonConsent", "groups=C0002%3A1&AwaitingReconsent=true&interactionCount=3",
		 "C0002=yes default"},
		{"onetrust", "OptanonConsent", "groups=C0002:2,C0003,:1,=", "=yes acted"},
		{"trustarc", "notice_preferences", "9:", "unreadable"},
		{"trustarc", "notice_preferences", "100", "unreadable"},
		{"trustarc", "notice_gdpr_prefs", "0,x:", "unreadable"},
		{"trustarc", "cmapi_cookie_privacy", "permit", "unreadable"},
		{"trustarc", "cmapi_cookie_privacy", "permit 0", "unreadable"},
		{"usprivacy", "usprivacy", "1yny", "sale=yes"},
		{"usprivacy", "usprivacy", "1YNNN", "unreadable"},
		{"shopify", "_tracking_consent",
		 "%7B%22con%22%3A%7B%22CMP%22%3A%7B%22a%22%3A%220%22%2C%22m%22%3A%22%22%7D%7D%2C%22purposes%22%3A%7B%"
		 "22a%22"
		 "%3Afalse%2C%22m%22%3Atrue%7D%7D",
		 "a=no a=no m=yes acted"},
		{"shopify", "_tracking_consent", "{\"purposes\":{\"a\":true}}", "a=yes default"},
		{"didomi", "didomi_token", "!!!!", "unreadable"},
		{"didomi", "didomi_token", "e30=", " acted"},
		{"didomi", "didomi_token", "e30%3D", " acted"},
		{"osano", "osano_consentmanager", "anything", ""},
		{"fides", "fides_consent", "eyJjb25zZW50Ijp7ImFuYWx5dGljcyI6dHJ1ZX19", "analytics=yes default"},
		{"fides", "fides_consent",
		 "gzip:H4sIAAAAAAACA6tWSs7PK07NK1GyUqhWSsxLzKksyUwuBvJKikpTdRSUElNAHKX8gpL4/"
		 "NISpVqgUFpmSmpxfG5qSSJYE9QA39SSjPwUkNrixLJUpdpaALuR51NbAAAA",
		 "analytics=yes ads=no acted"},
		{"fides", "fides_consent",
		 "gzip%3AH4sIAAAAAAACA6tWSs7PK07NK1GyUqhWSsxLzKksyUwuBvJKikpTdRSUElNAHKX8gpL4%"
		 "2FNISpVqgUFpmSmpxfG5qSSJYE9QA39SSjPwUkNrixLJUpdpaALuR51NbAAAA",
		 "analytics=yes ads=no acted"},
		{"fides", "fides_consent",
		 "gzip:H4sIAAAAAAACA+3B0QmAIAAFwF3edxO4jYS/"
		 "CmUQiLu3Rh93t3KOfrc+U1Zqyryeto+8KakAAAAAAAAAAAAAAAAAAAAAAAAA/EL2Bxs1Jcc9TgAA",
		 "unreadable"}, /* 20 KB */
		{"fides", "fides_consent", "gzip:H4sIAAAAAAACA6tWSs7PK07NK1GyqlZKVLIqKSpNra0F", "unreadable"}, /* cut */
		{"fides", "fides_consent", "gzip:H4sIAAAAAAACA6tWSs7PK07NK1GyqlZKVLIqKSpNra0FAGSpbzwWAAAA",
		 "unreadable"}, /* a wrong sum */
		{"fides", "fides_consent", "gzip:", "unreadable"},
		{"fides", "fides_consent", "gzip:eyJjb25zZW50Ijp7fX0=", "unreadable"},
		{"c15t", "c15t", "c.measurement:1", "unreadable"}, /* not by c15t */
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check(rows[i].manager, rows[i].cookie, rows[i].value, rows[i].expected);
}

static void test_limits(void **state)
{
	const struct foreign_manager *m = foreign_manager_find(SLICE("tarteaucitron"));
	struct foreign_findings f = {0};
	struct arena arena;
	char value[FOREIGN_VALUE_MAX + 2];

	(void)state;
	arena_init(&arena, 0, 1024 * 1024);
	f.arena = &arena;
	memset(value, 'x', sizeof value);
	memcpy(value, "!a=false!", 9);
	foreign_read(m, 0, SLICE("tarteaucitron"), slice_of(value, FOREIGN_VALUE_MAX + 1), &f);
	assert_int_equal(f.unreadable, 1);
	foreign_read(m, 0, SLICE("tarteaucitron"), slice_of(value, FOREIGN_VALUE_MAX), &f);
	assert_int_equal(f.unreadable, 1);
	assert_int_equal(f.n, 1);
	/* So many categories that they do not fit: what is lost may have been a no. */
	for (size_t i = 0; i < FOREIGN_VALUE_MAX; i++)
		value[i] = "!=false"[i % 7];
	foreign_read(m, 0, SLICE("tarteaucitron"), slice_of(value, FOREIGN_VALUE_MAX), &f);
	foreign_read(m, 0, SLICE("tarteaucitron"), slice_of(value, FOREIGN_VALUE_MAX), &f);
	assert_true(f.overflow);
	assert_int_equal(f.n, FOREIGN_ENTRIES_MAX);
	arena_free(&arena);
}

static void test_copies(void **state)
{
	const struct foreign_manager *m = foreign_manager_find(SLICE("osano"));
	struct foreign_findings f = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1024 * 1024);
	f.arena = &arena;
	for (unsigned i = 0; i < FOREIGN_COOKIES_MAX; i++)
		foreign_read(m, 0, SLICE("cookieconsent_status"), i == 7 ? SLICE("deny") : SLICE("allow"), &f);
	assert_int_equal(f.all, FOREIGN_DENIED);
	assert_false(f.overflow);
	foreign_read(m, 0, SLICE("cookieconsent_status"), SLICE("allow"), &f);
	assert_true(f.overflow);
	arena_free(&arena);
}

static void test_no_memory(void **state)
{
	const struct foreign_manager *m = foreign_manager_find(SLICE("klaro"));

	(void)state;
	for (size_t cap = 0; cap < 400; cap += 8) {
		struct foreign_findings f = {0};
		struct arena arena;

		arena_init(&arena, 64, cap);
		f.arena = &arena;
		foreign_read(m, 0, SLICE("klaro"), SLICE("%7B%22a%22:true,%22b%22:false}"), &f);
		assert_true(f.overflow == arena_failed(&arena));
		arena_free(&arena);
	}
}

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(foreign_word_kind(SLICE("Google-Analytics")), FOREIGN_ANALYTICS);
	assert_int_equal(foreign_word_kind(SLICE("google_ads")), FOREIGN_ADVERTISING);
	assert_int_equal(foreign_word_kind(SLICE("Functional")), FOREIGN_PREFERENCES);
	assert_int_equal(foreign_word_kind(SLICE("adform")), FOREIGN_ADVERTISING);
	assert_int_equal(foreign_word_kind(SLICE("youtube")), FOREIGN_PREFERENCES);
	assert_int_equal(foreign_word_kind(SLICE("ads")), FOREIGN_ADVERTISING);
	assert_int_equal(foreign_word_kind(SLICE("adsense")), FOREIGN_ADVERTISING);
	assert_int_equal(foreign_word_kind(SLICE("adsens")), -1);
	assert_int_equal(foreign_word_kind(SLICE("googletagmanager")), -1);
	assert_int_equal(foreign_word_kind(SLICE("")), -1);
	assert_int_equal(foreign_word_kind(SLICE("--")), -1);
	assert_int_equal(foreign_word_kind(SLICE("necessary")), -1);
	assert_int_equal(foreign_word_kind(SLICE("analyticsanalyticsanalyticsanalyticsanalyticsanalytics")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_managers),
		cmocka_unit_test(test_carriers),
		cmocka_unit_test(test_tcf_cores),
		cmocka_unit_test(test_tcf_cut),
		cmocka_unit_test(test_tcf_vendor_bits),
		cmocka_unit_test(test_tcf_vendor_ranges),
		cmocka_unit_test(test_gpp),
		cmocka_unit_test(test_gpp_states),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
