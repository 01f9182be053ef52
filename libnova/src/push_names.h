/* SPDX-License-Identifier: MIT */
/* Names of methods, of their fields and of the fields' values. */
#ifndef PUSH_NAMES_H
#define PUSH_NAMES_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct push_field - a part of a method's value that says something by name
 * @name: of the field; NULL ends a list
 * @mask: where it is; one bit is a flag, which is named if it is set
 * @values: names of the values 0 .. @value_count - 1, or NULL where there are none
 * @value_count: of @values
 */
struct push_field {
	const char *name;
	uint32_t mask;
	const char *const *values;
	uint32_t value_count;
};

/**
 * struct push_method_info - a method
 * @method: byte address
 * @name: as the class's header has it
 * @fields: or NULL where the value is a number
 */
struct push_method_info {
	uint32_t method;
	const char *name;
	const struct push_field *fields;
};

/* NULL for a method that is not known; methods below NV_HOST_METHOD_END are Host's in any class. */
const struct push_method_info *push_method_find(uint32_t class_id, uint32_t method);

/* push_names_twod.c: of class 902D, in the order of the methods. */
extern const struct push_method_info push_twod_methods[];
extern const size_t push_twod_method_count;
/* Of an array of methods the first, which has the name; any other method is what it is. */
uint32_t push_twod_first(uint32_t method);

#endif /* PUSH_NAMES_H */
