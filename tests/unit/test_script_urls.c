#include "rules/html/script_urls.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/slice_assert.h"

static const struct {
	const char *text, *urls; /* joined by blanks */
} rows[] = {
	{"", ""},
	{"a.src='https://t.example/a.js';", "https://t.example/a.js"},
	{"a=\"//t.example/a?b=1&c=2\"", "//t.example/a?b=1&c=2"},
	{"`//t.example/`+`wss://t.example/s`", "//t.example/ wss://t.example/s"},
	{"HTTP://t.example", "HTTP://t.example"},
	{"ws://a/ ftp://b/ http://c/ https://d/", "ws://a/ ftp://b/ http://c/ https://d/"},
	{"// a comment\nx()//another\n/////\n;//x", ""},
	{"x=1;// see https://t.example/doc for more", "https://t.example/doc"},
	{"'//'+host+'/'", ""},
	{"'// no URL'", ""},
	{"\"https:\\/\\/t.example\\/a.js\"", "https://t.example/a.js"},
	{"{\"u\":\"\\/\\/t.example\\/a\"}", "//t.example/a"},
	{"'\\x2f\\x2ft.example\\x2Fa'", "//t.example/a"},
	{"'\\u002F\\u002ft.example/a'", "//t.example/a"},
	{"'https\\u003a\\u002f\\u002ft.example/?a=1\\u0026b=2\\x26c'", "https://t.example/?a=1&b=2&c"},
	{"'https:/\\/t.example' 'https:\\//t.example'", "https://t.example https://t.example"},
	{"document.write('<script src=//t.example/a.js><\\/script>')", "//t.example/a.js"},
	{"document.write(\"<img src=\\\"//t.example/p\\\">\")", "//t.example/p"},
	{"'\\u003cimg src=\\u0022//t.example/p\\u0022\\u003e'", "//t.example/p"},
	{"&quot;//t.example/p&quot; &#39;//u.example", "//t.example/p&quot; //u.example"},
	{"a{background:url(//t.example/p.png)}", "//t.example/p.png"},
	{"url(https://t.example/p.png),x", "https://t.example/p.png"},
	{"'https://t.example/p(1)'", "https://t.example/p(1)"},
	{"\"https://a.example/1,https://b.example/2,3\"", "https://a.example/1 https://b.example/2,3"},
	{"'https://a.example/?u=https://b.example/'", "https://a.example/?u=https://b.example/"},
	{"'https://a.example/\\n'", "https://a.example/"},
	{"'https://a.example/\\", "https://a.example/"},
	{"'https://a.example/\\u00", "https://a.example/"},
	{"'https://a.example/\\u0020b\\x27", "https://a.example/"},
	{"'https://a.example/\\x5cb", "https://a.example/"},
	{"/^https?:\\/\\/[^\\/]+/.test(u)", ""},
	{"/^https:\\/\\/www\\.t\\.example/", "https://www"},
	{"'////t.example/a'", "////t.example/a"},
	{"'https:///t.example/a'", "https:///t.example/a"},
	{"'//[::1]/' '//\xc3\xa9.example/' '//%74/'", "//[::1]/ //\xc3\xa9.example/ //%74/"},
	{"'//$x' '//.a' '//-a'", ""},
	{"'//a'//b", "//a //b"},
	{"2f 2f/ /2f 2f2f '2f2f", ""},
	{"//2fa '//2f '/2f/2f", "//2f"}, /* nothing is looked at again and again */
	{"\\x2f\\x2fa '\\x2f", ""},
	{"javascript://a mailto://b data://c xhttps://d", "https://d"},
	{"`https://${host}/a` `https://a${x}.example/`", "https://a${x}.example/"},
};

static void join(struct slice text, char *urls, size_t size)
{
	struct script_url found;
	struct buffer scratch;
	size_t n = 0;

	buffer_init(&scratch, 1024);
	urls[0] = '\0';
	while (script_urls_next(&text, &scratch, &found))
		n += (size_t)snprintf(urls + n, size - n, "%s%.*s", n ? " " : "", SLICE_ARG(found.url));
	assert_int_equal(text.n, 0);
	buffer_free(&scratch);
}

/* Also with so much in front of it that the wide search sees each place. */
static void table(void **state)
{
	char urls[512], text[512];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		for (size_t shift = 0; shift < 40; shift++) {
			memset(text, ' ', sizeof text);
			snprintf(text + shift, sizeof text - shift, "%s", rows[i].text);
			join(slice_str(text), urls, sizeof urls);
			assert_string_equal(urls, rows[i].urls);
			text[shift + strlen(rows[i].text)] = ' ';
			join(slice_of(text, sizeof text), urls, sizeof urls);
			assert_string_equal(urls, rows[i].urls);
		}
}

static void raw(void **state)
{
	struct slice text = SLICE("x='https://a.example/';y='\\/\\/b.example\\/'"), rest = text;
	struct script_url found;
	struct buffer scratch;

	(void)state;
	buffer_init(&scratch, 8);
	assert_true(script_urls_next(&rest, &scratch, &found));
	assert_same_slice(found.url, found.raw);
	assert_ptr_equal(found.raw.p, text.p + 3);
	assert_true(script_urls_next(&rest, &scratch, &found)); /* does not fit into scratch */
	assert_true(scratch.failed);
	assert_same_slice(found.url, found.raw);
	assert_slice(found.raw, "\\/\\/b.example\\/");
	assert_false(script_urls_next(&rest, &scratch, &found));
	buffer_free(&scratch);
}

static void memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct slice rest = SLICE("'\\/\\/b.example\\/'");
		struct script_url found;
		struct buffer scratch;

		buffer_init(&scratch, 100);
		assert_true(script_urls_next(&rest, &scratch, &found));
		assert_int_equal(scratch.failed, alloc_fault_end());
		assert_slice(found.url, scratch.failed ? "\\/\\/b.example\\/" : "//b.example/");
		buffer_free(&scratch);
	}
	assert_true(alloc_fault_total() > 0);
}

/* Names of modules, each with a blank behind it. */
static void imports(void **state)
{
	static const struct {
		const char *text, *names;
	} named[] = {
		{"import'/a';import x from \"/b\";export*from`/c`", "/a /b /c "},
		{"import\n(\n'/a')", "/a "},
		{"Array.from('/a'); important('/b'); import(x); fromm '/c'", ""},
		{"import 'a\\'b'", "a\\'b "},
		{"import 'a", "a "},
		{"import '\\", "\\ "},
		{"import", ""},
		{"from", ""},
		{"m", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(named); i++) {
		struct slice rest = slice_str(named[i].text), name;
		struct buffer names;

		buffer_init(&names, 100);
		while (script_imports_next(&rest, &name)) {
			buffer_add(&names, name);
			buffer_add(&names, SLICE(" "));
		}
		assert_slice(buffer_slice(&names), named[i].names);
		buffer_free(&names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(raw),
		cmocka_unit_test(memory),
		cmocka_unit_test(imports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
