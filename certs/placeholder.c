int certs_placeholder(void);
int certs_placeholder(void)
{
	return 0;
}
