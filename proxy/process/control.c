#include "proxy/process/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool control_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;
}

/* Room for one descriptor, aligned for its header. */
union ancillary {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static void attach(struct msghdr *h, union ancillary *a, int fd)
{
	struct cmsghdr *c;

	h->msg_control = a->room;
	h->msg_controllen = sizeof a->room;
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
}

bool control_send(int channel, const struct control_message *m, int fd)
{
	struct control_message copy = *m;
	struct iovec iov = {.iov_base = &copy, .iov_len = sizeof copy};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
	union ancillary a = {0};
	ssize_t n;

	if (fd >= 0)
		attach(&h, &a, fd);
	do
		n = sendmsg(channel, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	explicit_bzero(&copy, sizeof copy);
	return n == (ssize_t)sizeof copy;
}

bool control_send_type(int channel, enum control_type type)
{
	struct control_message m;

	memset(&m, 0, sizeof m);
	m.type = type;
	return control_send(channel, &m, -1);
}

/* The kernel closes what does not fit, so there is at most one. */
static int detach(struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static bool valid(const struct control_message *m, int fd)
{
	if (m->type == 0 || m->type >= CONTROL_TYPES)
		return false;
	if (m->type == CONTROL_TICKET_KEYS && m->u.keys.n > TLS_TICKET_KEYS_MAX)
		return false;
	return (fd >= 0) == (m->type == CONTROL_ACCESS_LOG);
}

enum control_result control_receive(int channel, struct control_message *m, int *fd)
{
	struct iovec iov = {.iov_base = m, .iov_len = sizeof *m};
	union ancillary a;
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = a.room, .msg_controllen = sizeof a.room};
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(channel, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return CONTROL_EMPTY;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return CONTROL_GONE;
	if (n < 0)
		return CONTROL_BAD;
	*fd = detach(&h);
	if (n == (ssize_t)sizeof *m && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) && valid(m, *fd))
		return CONTROL_OK;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return CONTROL_BAD;
}
