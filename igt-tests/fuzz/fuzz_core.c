/* SPDX-License-Identifier: MIT */
/* What the DRM core offers on the same file: syncobjs, handles, dma-bufs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "drm.h"

#include "fuzz.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))


#define WAIT_NS_MAX	2000000u
#define SYNCOBJS_MAX	4u

/* --- handles and dma-bufs --- */

static const struct fuzz_field gem_close_fields[] = {
	FUZZ_FIELD(struct drm_gem_close, handle, TAKE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_gem_close, pad, IGNORED),
};

static const struct fuzz_struct gem_close_struct =
	FUZZ_STRUCT(struct drm_gem_close, gem_close_fields, NULL);

static const struct fuzz_field prime_fields[] = {
	FUZZ_FIELD(struct drm_prime_handle, handle, HANDLE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_prime_handle, flags, FLAGS, .arg = DRM_RDWR),
	FUZZ_FIELD(struct drm_prime_handle, fd, NEW_FD, .arg = FUZZ_DMABUF),
};

static const struct fuzz_struct export_struct =
	FUZZ_STRUCT(struct drm_prime_handle, prime_fields, NULL);

/* What the fields mean the other way round. */
static const struct fuzz_field import_fields[] = {
	FUZZ_FIELD(struct drm_prime_handle, handle, NEW, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_prime_handle, flags, IGNORED),
	FUZZ_FIELD(struct drm_prime_handle, fd, SET),
};

static const struct fuzz_struct import_struct =
	FUZZ_STRUCT(struct drm_prime_handle, import_fields, NULL);

static void prepare_export(struct fuzz_op *op, void *data)
{
	struct drm_prime_handle *args = data;

	(void)op;
	args->flags |= DRM_CLOEXEC;
}

static void prepare_import(struct fuzz_op *op, void *data)
{
	struct drm_prime_handle *args = data;

	args->fd = fuzz_fd(op, FUZZ_DMABUF);
}

/* --- syncobjs --- */

static const struct fuzz_field syncobj_create_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_create, handle, NEW, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_create, flags, FLAGS, .arg = DRM_SYNCOBJ_CREATE_SIGNALED),
};

static const struct fuzz_struct syncobj_create_struct =
	FUZZ_STRUCT(struct drm_syncobj_create, syncobj_create_fields, NULL);

static const struct fuzz_field syncobj_destroy_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_destroy, handle, TAKE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_destroy, pad, ZERO),
};

static const struct fuzz_struct syncobj_destroy_struct =
	FUZZ_STRUCT(struct drm_syncobj_destroy, syncobj_destroy_fields, NULL);

/* What follows in newer headers is not used: the kernel takes it as zero. */
static const struct fuzz_field syncobj_handle_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_handle, handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_handle, flags, ZERO),
	FUZZ_FIELD(struct drm_syncobj_handle, fd, NEW_FD, .arg = FUZZ_SYNCOBJ_FILE),
	FUZZ_FIELD(struct drm_syncobj_handle, pad, ZERO),
};

static const struct fuzz_struct to_file_struct =
	FUZZ_STRUCT(struct drm_syncobj_handle, syncobj_handle_fields, NULL);

static const struct fuzz_field to_sync_file_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_handle, handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_handle, flags, SET),
	FUZZ_FIELD(struct drm_syncobj_handle, fd, NEW_FD, .arg = FUZZ_SYNC_FILE),
	FUZZ_FIELD(struct drm_syncobj_handle, pad, ZERO),
};

static const struct fuzz_struct to_sync_file_struct =
	FUZZ_STRUCT(struct drm_syncobj_handle, to_sync_file_fields, NULL);

static void prepare_to_sync_file(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_handle *args = data;

	(void)op;
	args->flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
}

static const struct fuzz_field from_file_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_handle, handle, NEW, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_handle, flags, ZERO),
	FUZZ_FIELD(struct drm_syncobj_handle, fd, SET),
	FUZZ_FIELD(struct drm_syncobj_handle, pad, ZERO),
};

static const struct fuzz_struct from_file_struct =
	FUZZ_STRUCT(struct drm_syncobj_handle, from_file_fields, NULL);

static void prepare_from_file(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_handle *args = data;

	args->fd = fuzz_fd(op, FUZZ_SYNCOBJ_FILE);
}

static const struct fuzz_field from_sync_file_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_handle, handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_handle, flags, SET),
	FUZZ_FIELD(struct drm_syncobj_handle, fd, SET),
	FUZZ_FIELD(struct drm_syncobj_handle, pad, ZERO),
};

static const struct fuzz_struct from_sync_file_struct =
	FUZZ_STRUCT(struct drm_syncobj_handle, from_sync_file_fields, NULL);

static void prepare_from_sync_file(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_handle *args = data;

	args->flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
	args->fd = fuzz_fd(op, FUZZ_SYNC_FILE);
}

/* Never the flag that waits for a fence to appear: that takes seconds. */
static const struct fuzz_field transfer_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_transfer, src_handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_transfer, dst_handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_syncobj_transfer, src_point, SET),
	FUZZ_FIELD(struct drm_syncobj_transfer, dst_point, SET),
	FUZZ_FIELD(struct drm_syncobj_transfer, flags, SET),
	FUZZ_FIELD(struct drm_syncobj_transfer, pad, ZERO),
};

static const struct fuzz_struct transfer_struct =
	FUZZ_STRUCT(struct drm_syncobj_transfer, transfer_fields, NULL);

static void prepare_transfer(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_transfer *args = data;

	args->flags = 0;
	args->src_point = fuzz_chance(&op->random, 2) ? fuzz_point(op) : 0;
	args->dst_point = fuzz_chance(&op->random, 2) ? fuzz_point(op) : 0;
}

/* The core asks for as much memory as it is told: not for all there is. */
static uint64_t handles(struct fuzz_op *op, uint32_t *count)
{
	uint32_t wrong = fuzz_below(&op->random, 3), *memory;

	*count = 1 + fuzz_below(&op->random, SYNCOBJS_MAX);
	memory = fuzz_alloc(op, *count * sizeof(*memory));
	if (!memory) {
		*count = 0;
		return 0;
	}
	for (uint32_t i = 0; i < *count; i++)
		memory[i] = fuzz_handle(op, FUZZ_SYNCOBJ);
	if (fuzz_broken(op)) {
		*count = wrong == 0 ? 0 : *count + wrong * 100;
		op->bad_pointer = true;
	}
	return fuzz_pointer(op, memory, *count * sizeof(*memory));
}

static uint64_t points(struct fuzz_op *op, uint32_t count)
{
	uint64_t *memory = count <= SYNCOBJS_MAX ? fuzz_alloc(op, count * sizeof(*memory)) : NULL;

	for (uint32_t i = 0; memory && i < count; i++)
		memory[i] = fuzz_point(op);
	return fuzz_pointer(op, memory, count * sizeof(*memory));
}

static int64_t deadline(struct fuzz_op *op)
{
	uint32_t ns = fuzz_below(&op->random, WAIT_NS_MAX);
	struct timespec now;

	if (fuzz_chance(&op->random, 3))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec + ns;
}

static const struct fuzz_field wait_arg_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_wait, handles, SET),
	FUZZ_FIELD(struct drm_syncobj_wait, timeout_nsec, SET),
	FUZZ_FIELD(struct drm_syncobj_wait, count_handles, SET),
	FUZZ_FIELD(struct drm_syncobj_wait, flags, FLAGS,
		   .arg = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
		   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT),
	FUZZ_FIELD(struct drm_syncobj_wait, first_signaled, INOUT),
	FUZZ_FIELD(struct drm_syncobj_wait, pad, IGNORED),
};

static const struct fuzz_struct wait_struct =
	FUZZ_STRUCT(struct drm_syncobj_wait, wait_arg_fields, NULL);

static void prepare_wait(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_wait *args = data;

	args->handles = handles(op, &args->count_handles);
	args->timeout_nsec = deadline(op);
}

static const struct fuzz_field timeline_wait_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, handles, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, points, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, timeout_nsec, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, count_handles, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, flags, FLAGS,
		   .arg = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
		   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT |
		   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, first_signaled, INOUT),
	FUZZ_FIELD(struct drm_syncobj_timeline_wait, pad, IGNORED),
};

static const struct fuzz_struct timeline_wait_struct =
	FUZZ_STRUCT(struct drm_syncobj_timeline_wait, timeline_wait_fields, NULL);

static void prepare_timeline_wait(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_timeline_wait *args = data;

	args->handles = handles(op, &args->count_handles);
	args->points = points(op, args->count_handles);
	args->timeout_nsec = deadline(op);
}

static const struct fuzz_field syncobj_array_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_array, handles, SET),
	FUZZ_FIELD(struct drm_syncobj_array, count_handles, SET),
	FUZZ_FIELD(struct drm_syncobj_array, pad, ZERO),
};

static const struct fuzz_struct array_struct =
	FUZZ_STRUCT(struct drm_syncobj_array, syncobj_array_fields, NULL);

static void prepare_array(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_array *args = data;

	args->handles = handles(op, &args->count_handles);
}

static const struct fuzz_field timeline_array_fields[] = {
	FUZZ_FIELD(struct drm_syncobj_timeline_array, handles, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_array, points, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_array, count_handles, SET),
	FUZZ_FIELD(struct drm_syncobj_timeline_array, flags, ZERO),
};

static const struct fuzz_struct timeline_array_struct =
	FUZZ_STRUCT(struct drm_syncobj_timeline_array, timeline_array_fields, NULL);

static void prepare_timeline_signal(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_timeline_array *args = data;

	args->handles = handles(op, &args->count_handles);
	args->points = points(op, args->count_handles);
}

/* The points are written: not in the arena. */
static void prepare_query(struct fuzz_op *op, void *data)
{
	struct drm_syncobj_timeline_array *args = data;

	args->handles = handles(op, &args->count_handles);
	args->points = fuzz_pointer(op, op->thread->memory.answer,
				    args->count_handles * sizeof(uint64_t));
}

const struct fuzz_ioctl fuzz_core_ioctls[] = {
	{ "GEM_CLOSE", DRM_IOCTL_GEM_CLOSE, 6, &gem_close_struct, { EINVAL }, NULL, NULL },
	{ "PRIME_HANDLE_TO_FD", DRM_IOCTL_PRIME_HANDLE_TO_FD, 3, &export_struct,
	  { EINVAL, ENOENT, EPERM, ENOMEM, EMFILE }, prepare_export, NULL },
	{ "PRIME_FD_TO_HANDLE", DRM_IOCTL_PRIME_FD_TO_HANDLE, 3, &import_struct,
	  { EINVAL, EBADF, EBUSY, ENOMEM, ENOSPC, EOPNOTSUPP }, prepare_import, NULL },
	{ "SYNCOBJ_CREATE", DRM_IOCTL_SYNCOBJ_CREATE, 5, &syncobj_create_struct,
	  { EINVAL, ENOMEM }, NULL, NULL },
	{ "SYNCOBJ_DESTROY", DRM_IOCTL_SYNCOBJ_DESTROY, 2, &syncobj_destroy_struct,
	  { EINVAL }, NULL, NULL },
	{ "SYNCOBJ_HANDLE_TO_FD", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, 1, &to_file_struct,
	  { EINVAL, ENOENT, ENOMEM, EMFILE }, NULL, NULL },
	{ "SYNCOBJ_TO_SYNC_FILE", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, 1, &to_sync_file_struct,
	  { EINVAL, ENOENT, ENOMEM, EMFILE }, prepare_to_sync_file, NULL },
	{ "SYNCOBJ_FD_TO_HANDLE", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, 1, &from_file_struct,
	  { EINVAL, EBADF, ENOMEM }, prepare_from_file, NULL },
	{ "SYNCOBJ_FROM_SYNC_FILE", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, 1, &from_sync_file_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_from_sync_file, NULL },
	{ "SYNCOBJ_TRANSFER", DRM_IOCTL_SYNCOBJ_TRANSFER, 1, &transfer_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_transfer, NULL },
	{ "SYNCOBJ_WAIT", DRM_IOCTL_SYNCOBJ_WAIT, 3, &wait_struct,
	  { EINVAL, ENOENT, ENOMEM, ETIME }, prepare_wait, NULL },
	{ "SYNCOBJ_TIMELINE_WAIT", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, 3, &timeline_wait_struct,
	  { EINVAL, ENOENT, ENOMEM, ETIME }, prepare_timeline_wait, NULL },
	{ "SYNCOBJ_RESET", DRM_IOCTL_SYNCOBJ_RESET, 1, &array_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_array, NULL },
	{ "SYNCOBJ_SIGNAL", DRM_IOCTL_SYNCOBJ_SIGNAL, 2, &array_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_array, NULL },
	{ "SYNCOBJ_TIMELINE_SIGNAL", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, 2, &timeline_array_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_timeline_signal, NULL },
	{ "SYNCOBJ_QUERY", DRM_IOCTL_SYNCOBJ_QUERY, 1, &timeline_array_struct,
	  { EINVAL, ENOENT, ENOMEM }, prepare_query, NULL },
};

const size_t fuzz_core_ioctl_count = COUNT(fuzz_core_ioctls);
