/* SPDX-License-Identifier: ISC */
/* smtp_param: the parameters of MAIL and RCPT. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_int.h"

static bool
is_keyword(char c)
{
	return (isalnum((unsigned char)c) || c == '-');
}

int
smtp_param_next(const char **pp, const char *end, struct smtp_param *param)
{
	const char	*p = *pp;

	if (p == end)
		return (0);
	if (*p != ' ')
		return (-1);
	while (p < end && *p == ' ')
		p++;
	param->name = p;
	while (p < end && is_keyword(*p))
		p++;
	param->namelen = (size_t)(p - param->name);
	if (param->namelen == 0 || param->name[0] == '-')
		return (-1);
	param->value = NULL;
	param->valuelen = 0;
	if (p < end && *p == '=') {
		param->value = ++p;
		while (p < end && *p != ' ' && *p != '=')
			p++;
		param->valuelen = (size_t)(p - param->value);
		if (param->valuelen == 0)
			return (-1);
	}
	if (p < end && *p != ' ')
		return (-1);
	*pp = p;
	return (1);
}

int
smtp_param_size(const struct smtp_param *param, uint64_t *size)
{
	char	 digits[21], *end;

	if (param->valuelen == 0 || param->valuelen >= sizeof(digits) ||
	    !isdigit((unsigned char)param->value[0]))
		return (-1);
	memcpy(digits, param->value, param->valuelen);
	digits[param->valuelen] = '\0';
	*size = strtoull(digits, &end, 10);
	return (*end == '\0' ? 0 : -1);
}

bool
smtp_param_mailbox(const struct smtp_param *param)
{
	const char	*hex = "0123456789ABCDEF", *p = param->value;
	size_t		 i;

	if (param->valuelen == 2 && memcmp(p, "<>", 2) == 0)
		return (true);
	for (i = 0; i < param->valuelen; i++) {
		if (p[i] < '!' || p[i] > '~')
			return (false);
		if (p[i] != '+')
			continue;
		if (i + 2 >= param->valuelen || strchr(hex, p[i + 1]) == NULL ||
		    strchr(hex, p[i + 2]) == NULL)
			return (false);
		i += 2;
	}
	return (param->valuelen > 0);
}
