#include "tests/support/h2_client.h"
#include "tests/support/h2_text.h"

static void event(struct h2_client *c, int32_t id, const char *what, const char *end)
{
	c->content_of = 0;
	buffer_printf(&c->events, "%d %s%s", (int)id, what, end);
}

static void code_event(struct h2_client *c, const char *what, int32_t id, uint32_t code)
{
	c->content_of = 0;
	buffer_printf(&c->events, "%s %d %u\n", what, (int)id, (unsigned)code);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_n,
		     const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
	struct h2_client *c = arg;

	(void)ng, (void)flags;
	c->content_of = 0;
	buffer_printf(&c->events, "%d %.*s: %.*s\n", (int)frame->hd.stream_id, (int)name_n, (const char *)name,
		      (int)value_n, (const char *)value);
	return 0;
}

static int on_content(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
	struct h2_client *c = arg;

	(void)flags;
	if (c->content_of == id)
		c->events.n--;
	else
		event(c, id, "content ", "");
	buffer_add(&c->events, slice_of((const char *)data, n));
	buffer_add_char(&c->events, '\n');
	c->content_of = id;
	if (!c->keeps)
		CG_CHECK(nghttp2_session_consume(ng, id, n) == 0);
	return 0;
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_client *c = arg;

	(void)ng;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		code_event(c, "reset", frame->hd.stream_id, frame->rst_stream.error_code);
	else if (frame->hd.type == NGHTTP2_GOAWAY)
		code_event(c, "goaway", frame->goaway.last_stream_id, frame->goaway.error_code);
	else if (frame->hd.type <= NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		event(c, frame->hd.stream_id, "end", "\n");
	return 0;
}

static ssize_t read_content(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length, uint32_t *flags,
			    nghttp2_data_source *source, void *arg)
{
	struct h2_client *c = arg;
	size_t n = c->left < length ? c->left : length;

	(void)ng, (void)id, (void)source;
	if (c->holds)
		return NGHTTP2_ERR_DEFERRED;
	memset(buf, 'q', n);
	c->left -= n;
	if (c->left == 0)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

void h2_client_init(struct h2_client *c)
{
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;

	*c = (struct h2_client){0};
	buffer_init(&c->events, H2_MODEL_TEXT * 8);
	buffer_init(&c->sent, H2_MODEL_TEXT * 8);
	CG_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_content);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_http_messaging(option, 1); /* so that it says what it is told to */
	CG_CHECK(nghttp2_session_client_new2(&c->ng, callbacks, c, option) == 0);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	CG_CHECK(nghttp2_submit_settings(c->ng, NGHTTP2_FLAG_NONE, NULL, 0) == 0);
}

void h2_client_free(struct h2_client *c)
{
	nghttp2_session_del(c->ng);
	buffer_free(&c->events);
	buffer_free(&c->sent);
}

int32_t h2_client_request(struct h2_client *c, const char *fields, size_t content)
{
	nghttp2_data_provider provider = {.read_callback = read_content};
	nghttp2_nv list[64];
	size_t n = h2_text_list(slice_str(fields), list, CG_COUNT(list));

	c->left += content;
	return nghttp2_submit_request(c->ng, NULL, list, n, content ? &provider : NULL, NULL);
}

static bool say(struct h2_client *c, struct h2_model *m, bool *some)
{
	const uint8_t *octets;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(c->ng, &octets)) > 0) {
		struct slice piece = slice_of((const char *)octets, (size_t)n);

		*some = true;
		CG_CHECK(buffer_add(&c->sent, piece));
		if (!h2_model_receive(m, piece))
			return false;
	}
	CG_CHECK(n == 0);
	return true;
}

static bool hear(struct h2_client *c, struct h2_model *m, bool *some)
{
	bool ok;

	do {
		ok = h2_model_send(m);
		*some = *some || m->out.n;
		CG_CHECK(nghttp2_session_mem_recv(c->ng, (const uint8_t *)m->out.p, m->out.n) == (ssize_t)m->out.n);
		if (m->out.n == 0)
			break;
		m->out.n = 0;
	} while (ok);
	return ok;
}

bool h2_client_talk(struct h2_client *c, struct h2_model *m)
{
	bool ok, some;

	do {
		some = false;
		ok = say(c, m, &some);
		ok = hear(c, m, &some) && ok;
	} while (ok && some);
	return ok;
}
