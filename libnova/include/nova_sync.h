/* SPDX-License-Identifier: MIT */
#ifndef NOVA_SYNC_H
#define NOVA_SYNC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sync objects: what a job waits for or signals. See nova.h. */

struct nova_device;
struct nova_sync;

#define NOVA_SYNC_SIGNALED	(1u << 0)	/* born signalled */

/**
 * nova_sync_create() - make a sync object
 * @dev: the device
 * @flags: NOVA_SYNC_SIGNALED
 * @sync: out; nova_sync_destroy() it
 *
 * Used with point 0 it is binary: it holds the last fence put in. With points
 * from 1 up it is a timeline. One object should be used in one way only.
 */
int nova_sync_create(struct nova_device *dev, uint32_t flags, struct nova_sync **sync);

/** nova_sync_destroy() - free a sync object, or NULL; jobs that use it are not affected */
void nova_sync_destroy(struct nova_sync *sync);

/** nova_sync_handle() - the syncobj handle, for raw ioctls */
uint32_t nova_sync_handle(const struct nova_sync *sync);

/**
 * nova_sync_deadline() - a deadline some time from now
 * @ns: nanoseconds; UINT64_MAX: never
 *
 * Returns the time on CLOCK_MONOTONIC, at most INT64_MAX, which means never.
 */
int64_t nova_sync_deadline(uint64_t ns);

#define NOVA_WAIT_ALL		(1u << 0)	/* wait for all, not for any */
#define NOVA_WAIT_FOR_SUBMIT	(1u << 1)	/* wait for a fence to be put in, too; else -EINVAL without one */

/**
 * nova_sync_wait() - wait until a point is signalled
 * @sync: the sync object
 * @point: timeline point, or 0
 * @deadline_ns: absolute, CLOCK_MONOTONIC; in the past: only look
 * @flags: NOVA_WAIT_FOR_SUBMIT
 *
 * A job that failed signals too: nova_sync_get_status() tells. Returns 0; -ETIME; -EINVAL; -ENODEV.
 */
int nova_sync_wait(struct nova_sync *sync, uint64_t point, int64_t deadline_ns, uint32_t flags);

/**
 * nova_sync_wait_many() - wait for any or all of several
 * @syncs: sync objects of one device
 * @points: a point for each, or NULL for 0
 * @count: number of them, not 0
 * @deadline_ns: absolute, CLOCK_MONOTONIC
 * @flags: NOVA_WAIT_*
 * @first: out, without NOVA_WAIT_ALL: one that is signalled; may be NULL
 */
int nova_sync_wait_many(struct nova_sync *const *syncs, const uint64_t *points, uint32_t count,
			int64_t deadline_ns, uint32_t flags, uint32_t *first);

/** nova_sync_query() - the highest point of a timeline that is signalled */
int nova_sync_query(struct nova_sync *sync, uint64_t *point);

/** nova_sync_signal() - signal from the CPU; point 0 for a binary one */
int nova_sync_signal(struct nova_sync *sync, uint64_t point);

/** nova_sync_reset() - take the fence out of a binary one */
int nova_sync_reset(struct nova_sync *sync);

/**
 * nova_sync_get_status() - how the job behind a point ended
 * @sync: the sync object
 * @point: timeline point, or 0
 * @status: out, 0: not ended; 1: ended well; negative errno: ended with this error
 *
 * Needs the device. To learn of jobs that are in flight when it goes away, export a sync file in time.
 * The same for timelines: the kernel keeps no error of an ended point below the last one, it reads as 1.
 */
int nova_sync_get_status(struct nova_sync *sync, uint64_t point, int *status);

/**
 * nova_sync_export_sync_file() - the fence of a point as a sync file
 * @sync: the sync object
 * @point: timeline point, or 0; it must have a fence already, or -EINVAL
 * @fd: out, close-on-exec descriptor, the caller's; poll(2) it for POLLIN
 *
 * The sync file lives on its own: it can be waited for and asked when the device is gone.
 */
int nova_sync_export_sync_file(struct nova_sync *sync, uint64_t point, int *fd);

/**
 * nova_sync_import_sync_file() - put the fence of a sync file in a binary sync object
 * @sync: the sync object
 * @fd: sync file; stays the caller's
 */
int nova_sync_import_sync_file(struct nova_sync *sync, int fd);

/** nova_sync_export_fd() - share the sync object itself; *fd is the caller's, close-on-exec */
int nova_sync_export_fd(struct nova_sync *sync, int *fd);

/** nova_sync_import_fd() - take a shared sync object; @fd stays the caller's; nova_sync_destroy() it */
int nova_sync_import_fd(struct nova_device *dev, int fd, struct nova_sync **sync);

/** nova_sync_file_wait() - wait for a sync file until an absolute deadline; 0 or -ETIME; needs no device */
int nova_sync_file_wait(int fd, int64_t deadline_ns);

/** nova_sync_file_status() - as nova_sync_get_status(), of a sync file; needs no device */
int nova_sync_file_status(int fd, int *status);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_SYNC_H */
