#include "proxy/observe/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DIAGNOSTICS_TEXT_MAX (1024 * 1024)
#define LIMIT_MS	     10000

static const char *process_name;

void log_process_name(const char *name)
{
	process_name = name;
}

static void write_all(struct slice s)
{
	while (s.n) {
		ssize_t n = write(STDERR_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* there is nobody to tell */
		s = slice_from(s, (size_t)n);
	}
}

/* Time, program, process and level; returns the length. */
static size_t head(char *line, size_t size, const char *level)
{
	struct timespec now = {0};
	struct tm tm;
	char stamp[32] = "";
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm))
		(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, size, "%s.%03dZ crumbgate[%d]%s%s: %s", stamp, (int)(now.tv_nsec / 1000000), (int)getpid(),
		     process_name ? " " : "", process_name ? process_name : "", level);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

CG_PRINTF(2, 0) static void log_line(const char *level, const char *fmt, va_list ap)
{
	int saved = errno; /* callers report what went wrong and then act on it */
	char line[LOG_LINE_MAX];
	size_t n = head(line, sizeof line - 1, level);
	int more = vsnprintf(line + n, sizeof line - 1 - n, fmt, ap);

	if (more > 0)
		n = (size_t)more < sizeof line - 1 - n ? n + (size_t)more : sizeof line - 2;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?';
	line[n++] = '\n';
	write_all(slice_of(line, n));
	errno = saved;
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("", fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning: ", fmt, ap);
	va_end(ap);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("error: ", fmt, ap);
	va_end(ap);
}

bool log_allowed(struct log_limit *limit, unsigned *suppressed)
{
	struct timespec now = {0};
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	if (limit->next_ms && ms < limit->next_ms) {
		limit->suppressed++;
		return false;
	}
	*suppressed = limit->suppressed;
	limit->next_ms = ms + LIMIT_MS;
	limit->suppressed = 0;
	return true;
}

void log_diagnostics(const struct diagnostics *d)
{
	const char *term = getenv("TERM");
	bool colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	struct buffer text;

	buffer_init(&text, DIAGNOSTICS_TEXT_MAX);
	if (!diagnostics_render(d, colour, &text))
		log_error("there is no memory for the messages");
	write_all(buffer_slice(&text));
	buffer_free(&text);
}
