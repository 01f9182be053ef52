/* SPDX-License-Identifier: MIT */
/* The nova UAPI for tests: open, ioctl wrappers, buffers, address spaces, queues, syncobjs. */
#ifndef IGT_NOVA_H
#define IGT_NOVA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nova_drm.h"

#define IGT_NOVA_DRIVER		"nova-drm"
#define IGT_NOVA_PAGE		4096ull
/* An id or handle that no test ever gets. */
#define IGT_NOVA_BAD_ID		0x7fff1234u
/* Never mapped: below vm.mmap_min_addr. */
#define IGT_NOVA_BAD_POINTER	8ull
/* Guard against hangs only: no test's result depends on how long something takes. */
#define IGT_NOVA_PATIENCE_S	60

/**
 * struct igt_nova_test - one subtest of a table
 * @name: subtest name
 * @describe: what it shows
 * @run: body; @fd is the one given to igt_nova_run_tests()
 */
struct igt_nova_test {
	const char *name;
	const char *describe;
	void (*run)(int fd);
};

void igt_nova_run_tests(const int *fd, const struct igt_nova_test *tests, size_t count);

/*
 * This subtest makes the driver log errors: libigt's runner shall not mind what
 * the driver says of channels and hangs. Kernel splats count all the same.
 */
void igt_nova_expect_errors_logged(void);

/* --- the device --- */

bool igt_nova_is_nova(int fd);
int igt_nova_try_open(void);		/* first nova render node: fd, or -errno (-ENODEV: none) */
int igt_nova_open(void);		/* the same, skips without one */
int igt_nova_open_node(const char *node);	/* fd or -errno */
int igt_nova_ioctl(int fd, unsigned long request, void *arg);	/* 0 or -errno; restarts */

/* Does the device have an ioctl of this number, whoever may call it? */
bool igt_nova_ioctl_exists(int fd, unsigned int number);

/* Fails the test unless the ioctl returns @error (0: success, else a positive errno). */
#define igt_nova_expect(fd, request, arg, error) \
	igt_nova_expect_at(fd, request, arg, error, #request, __FILE__, __LINE__)
void igt_nova_expect_at(int fd, unsigned long request, void *arg, int error,
			const char *what, const char *file, int line);

/* --- refusals: one field of valid arguments at a time made invalid --- */

/**
 * struct igt_nova_refusal - one wrong value
 * @what: the field and the value, for the log
 * @offset: of the field in the nest of arguments
 * @size: of the field, 4 or 8
 * @value: what to write there
 * @error: the errno to expect
 */
struct igt_nova_refusal {
	const char *what;
	uint32_t offset;
	uint32_t size;
	uint64_t value;
	int error;
};

#define IGT_NOVA_REFUSE(type, field, value, error) \
	{ #field " = " #value, offsetof(type, field), sizeof(((type *)0)->field), value, error }

/**
 * struct igt_nova_refusals - the refusals of one ioctl
 * @request: the ioctl
 * @name: its name
 * @size: of the nest: the ioctl's structure first, then what its pointers lead to
 * @link: sets the pointers inside a copy of the nest; may be NULL
 * @table: the rows
 * @count: of rows
 */
struct igt_nova_refusals {
	unsigned long request;
	const char *name;
	size_t size;
	void (*link)(void *nest);
	const struct igt_nova_refusal *table;
	size_t count;
};

/* Tries every row on a copy of @valid, and the ioctl with a bad argument pointer. */
void igt_nova_refuse(int fd, const struct igt_nova_refusals *refusals, const void *valid);

/* --- ioctls: what they return on success, nothing special on an expected error --- */

uint32_t igt_nova_gem_create(int fd, uint64_t size, uint32_t flags, uint32_t placement,
			     uint32_t vm_id, int error);
void igt_nova_gem_info(int fd, uint32_t handle, struct drm_nova_gem_info *info, int error);
uint64_t igt_nova_gem_mmap_offset(int fd, uint32_t handle, int error);
void *igt_nova_gem_mmap(int fd, uint32_t handle, uint64_t size);
void igt_nova_gem_close(int fd, uint32_t handle);
void igt_nova_query(int fd, uint32_t type, void *buffer, uint32_t size);
void igt_nova_limits(int fd, struct drm_nova_query_limits *limits);
uint32_t igt_nova_vm_create(int fd, struct drm_nova_vm_create *out);
void igt_nova_vm_destroy(int fd, uint32_t vm_id, int error);
int igt_nova_vm_bind_ops(int fd, uint32_t vm_id, struct drm_nova_vm_bind_op *ops, uint32_t count);
/* The same behind fences. */
int igt_nova_vm_bind_async(int fd, uint32_t vm_id, struct drm_nova_vm_bind_op *ops, uint32_t count,
			   struct drm_nova_sync *syncs, uint32_t sync_count);
void igt_nova_vm_map(int fd, uint32_t vm_id, uint32_t handle, uint64_t offset, uint64_t va,
		     uint64_t size, uint32_t flags, int error);
void igt_nova_vm_unmap(int fd, uint32_t vm_id, uint64_t va, uint64_t size, int error);
/* Faults of the VM, up to @room of them; returns how many. @state may be NULL. */
uint32_t igt_nova_vm_state(int fd, uint32_t vm_id, struct drm_nova_vm_get_state *state,
			   struct drm_nova_vm_fault *faults, uint32_t room);
uint32_t igt_nova_queue_create(int fd, uint32_t vm_id, uint32_t engine, int error);
void igt_nova_queue_destroy(int fd, uint32_t queue_id, int error);
void igt_nova_queue_state(int fd, uint32_t queue_id, struct drm_nova_queue_get_state *state);

/* --- buffers --- */

/**
 * struct igt_nova_bo - a buffer with what a test usually wants of it
 * @handle: GEM handle
 * @size: bytes
 * @va: where it is bound, 0 if it is not
 * @map: CPU mapping
 */
struct igt_nova_bo {
	uint32_t handle;
	uint64_t size;
	uint64_t va;
	uint32_t *map;
};

void igt_nova_bo_create(int fd, struct igt_nova_bo *bo, uint64_t size, uint32_t placement);
void igt_nova_bo_fill(struct igt_nova_bo *bo, uint32_t value);
/* Index of the first dword that is not @value, or the number of dwords. */
size_t igt_nova_bo_check(const struct igt_nova_bo *bo, uint32_t value);
void igt_nova_bo_destroy(int fd, struct igt_nova_bo *bo);

/* --- syncobjs and sync files --- */

uint32_t igt_nova_syncobj_create(int fd);
void igt_nova_syncobj_destroy(int fd, uint32_t handle);
/* 0, -ETIME after IGT_NOVA_PATIENCE_S seconds, or another -errno. point 0: binary. */
int igt_nova_syncobj_wait(int fd, uint32_t handle, uint64_t point);
bool igt_nova_syncobj_busy(int fd, uint32_t handle);
int igt_nova_sync_file(int fd, uint32_t handle);
int igt_nova_sync_file_status(int sync_file);	/* 0 pending, 1 signalled, negative: error */
int igt_nova_sync_file_wait(int sync_file);	/* poll(); 0 or -ETIME */
/* Waits for the fence of a binary syncobj: 1, or its negative error. */
int igt_nova_fence_result(int fd, uint32_t handle);

/* --- memory that may be gone, and threads --- */

/* Copy through a mapping that must not raise SIGBUS; false if it did. */
bool igt_nova_safe_read(const void *from, void *to, size_t size);
bool igt_nova_safe_write(void *to, const void *from, size_t size);
/* A thread that leaves signals to the main thread; it must not assert. */
void igt_nova_thread_start(pthread_t *thread, void *(*run)(void *data), void *data);
/* Returns when the thread sleeps in the kernel (or has ended). */
void igt_nova_thread_wait_asleep(pid_t tid);
uint64_t igt_nova_now_ns(void);
/* The time that the device tells, in ns. */
uint64_t igt_nova_gpu_time(int fd);

#endif /* IGT_NOVA_H */
