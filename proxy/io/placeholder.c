int proxy_placeholder(void);
int proxy_placeholder(void)
{
	return 0;
}
