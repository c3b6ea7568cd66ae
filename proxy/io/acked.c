/* Apart from stream.c: <linux/tcp.h>, which alone knows the field, and <netinet/tcp.h> do not go together. */
#include "proxy/io/acked.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

bool acked(int fd, uint64_t *octets)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
		return false;
	*octets = info.tcpi_bytes_acked;
	return true;
}

size_t not_acked(int fd)
{
	int n;

	return ioctl(fd, SIOCOUTQ, &n) == -1 || n < 0 ? 0 : (size_t)n;
}
