/* SPDX-License-Identifier: MIT */
/* A device coredump as text. */
#ifndef DUMP_PRINT_H
#define DUMP_PRINT_H

#include <stdio.h>

#include "dump_file.h"

/* NULL, or what is wrong with the section that was printed last, which is @where in the file. */
const char *dump_print(const struct dump_file *file, FILE *out, size_t *where);

#endif /* DUMP_PRINT_H */
