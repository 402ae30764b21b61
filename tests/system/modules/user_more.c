/* The second file of user.ko. */
#include <linux/module.h>

int provider_gpl(void);
int user_more(int n);

int user_more(int n) { return n * 10 + provider_gpl(); }
