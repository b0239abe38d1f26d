/* SPDX-License-Identifier: ISC */
/* sandbox_asan: options for the AddressSanitizer of sanitizer builds. */

#include "sandbox_enter.h"

const int	 sandbox_asan = 1;

#ifdef SANITIZE
const char	*__asan_default_options(void);

/* LeakSanitizer clones and traces the process that ends; the sandbox kills a
 * process that tries. */
const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif
