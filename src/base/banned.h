/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that are too easy to get wrong do not compile.  Included before
 * every file by the build; the system headers come first, so that only our
 * own uses are caught. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) sorry_##name##_is_banned_see_base_banned_h

#undef strcpy
#define strcpy BANNED(strcpy)
#undef strcat
#define strcat BANNED(strcat)
#undef strncpy
#define strncpy BANNED(strncpy)
#undef strncat
#define strncat BANNED(strncat)
#undef strtok
#define strtok BANNED(strtok)
#undef sprintf
#define sprintf BANNED(sprintf)
#undef vsprintf
#define vsprintf BANNED(vsprintf)
#undef gets
#define gets BANNED(gets)
#undef atoi
#define atoi BANNED(atoi)
#undef atol
#define atol BANNED(atol)
#undef atoll
#define atoll BANNED(atoll)
#undef gmtime
#define gmtime BANNED(gmtime)
#undef localtime
#define localtime BANNED(localtime)
#undef ctime
#define ctime BANNED(ctime)
#undef asctime
#define asctime BANNED(asctime)
#undef mktemp
#define mktemp BANNED(mktemp)
#undef tmpnam
#define tmpnam BANNED(tmpnam)
#undef rand
#define rand BANNED(rand)
#undef strerror
#define strerror BANNED(strerror)

#endif
