/* SPDX-License-Identifier: MIT */
/* Names of what a dump has numbers for. None of them returns NULL. */
#ifndef DUMP_NAMES_H
#define DUMP_NAMES_H

#include <stdint.h>
#include <stdio.h>

/* A name of a register in BAR0, of a word in RAMFC or in USERD; "" if it has none. @buffer holds one with a number. */
const char *dump_register_name(uint32_t offset, char buffer[32]);
const char *dump_ramfc_name(uint32_t offset);
const char *dump_userd_name(uint32_t offset);

const char *dump_error_name(uint32_t code);
/* What the exception of an error of that code is called. */
const char *dump_exception_name(uint32_t code, uint32_t exception);
const char *dump_fault_type_name(uint32_t type);
const char *dump_fault_access_name(uint32_t access);

/* " GUILTY TIMEDOUT", with what is not known as a number. */
void dump_print_state(FILE *out, uint32_t flags);

/* The entry of a page table of that level, decoded. */
void dump_print_entry(FILE *out, uint32_t level, const uint64_t entry[2]);

#endif /* DUMP_NAMES_H */
