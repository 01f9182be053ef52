// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Arguments of ioctls that are arrays in user memory. */
#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/nova_drm.h>

#include "nova_uapi.h"

/*
 * Each element has to be read, even the part that must be zero. No structure
 * will ever be this long, so a larger stride only costs time.
 */
#define NOVA_UAPI_STRIDE_MAX	SZ_4K

/**
 * nova_uapi_array_check() - can this be an array argument?
 * @array: the argument
 * @min_size: size of the element's first version
 * @count_max: limit of the number of elements
 *
 * Return: 0, also for an empty one; -EINVAL for a bad stride, -E2BIG for too many elements or a
 * stride that no structure has, -EFAULT for an array that wraps around.
 */
int nova_uapi_array_check(const struct drm_nova_array *array, size_t min_size, u32 count_max)
{
	u64 end;

	if (!array->count)
		return 0;
	if (array->count > count_max)
		return -E2BIG;
	if (array->stride < min_size || array->stride % sizeof(u64))
		return -EINVAL;
	if (array->stride > NOVA_UAPI_STRIDE_MAX)
		return -E2BIG;
	if (check_add_overflow(array->ptr, (u64)array->stride * array->count, &end))
		return -EFAULT;
	return 0;
}

/**
 * nova_uapi_array_read() - copy an array argument into memory of the caller's
 * @array: the argument, checked by nova_uapi_array_check()
 * @to: room for all elements, @elem_size apart
 * @elem_size: size of the element the kernel knows
 *
 * Shorter elements are extended with zeros; of longer ones the part that the kernel does not know
 * must be zero. Touches user memory, so not to be called inside the door.
 *
 * Return: 0, -E2BIG for trailing bytes that are not zero, -EFAULT.
 */
int nova_uapi_array_read(const struct drm_nova_array *array, void *to, size_t elem_size)
{
	const void __user *from = u64_to_user_ptr(array->ptr);
	int ret = 0;

	if (array->stride == elem_size)
		return copy_from_user(to, from, array->count * elem_size) ? -EFAULT : 0;
	for (size_t i = 0; i < array->count && !ret; i++)
		ret = copy_struct_from_user(to + i * elem_size, elem_size,
					    from + i * array->stride, array->stride);
	return ret;
}

/**
 * nova_uapi_array() - copy an array argument into the kernel
 * @array: the argument
 * @min_size: size of the element's first version
 * @elem_size: size of the element the kernel knows
 * @count_max: limit of the number of elements
 *
 * As nova_uapi_array_read().
 *
 * Return: the elements, @elem_size apart, for kvfree(); NULL for an empty
 * array; -EINVAL for a bad stride, -E2BIG for too many elements or trailing
 * bytes that are not zero, -EFAULT, -ENOMEM.
 */
void *nova_uapi_array(const struct drm_nova_array *array, size_t min_size,
		      size_t elem_size, u32 count_max)
{
	void *to;
	int ret;

	if (!array->count)
		return NULL;
	ret = nova_uapi_array_check(array, min_size, count_max);
	if (ret)
		return ERR_PTR(ret);

	to = kvmalloc_array(array->count, elem_size, GFP_KERNEL_ACCOUNT);
	if (!to)
		return ERR_PTR(-ENOMEM);

	ret = nova_uapi_array_read(array, to, elem_size);
	if (ret) {
		kvfree(to);
		return ERR_PTR(ret);
	}
	return to;
}
EXPORT_SYMBOL_IF_KUNIT(nova_uapi_array);

/**
 * nova_uapi_array_write() - fill an array argument
 * @array: the argument, checked by nova_uapi_array_check()
 * @from: the elements
 * @elem_size: their size
 * @count: how many, at most as many as there is room for
 *
 * What the kernel does not know of longer elements becomes zero. Not to be called inside the door.
 *
 * Return: 0 or -EFAULT; then some elements may have been written.
 */
int nova_uapi_array_write(const struct drm_nova_array *array, const void *from, size_t elem_size,
			  u32 count)
{
	void __user *to = u64_to_user_ptr(array->ptr);
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++)
		ret = copy_struct_to_user(to + i * array->stride, array->stride,
					  from + i * elem_size, elem_size, NULL);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_uapi_array_write);
