/* SPDX-License-Identifier: MIT */
#ifndef NOVA_H
#define NOVA_H

#include "nova_bo.h"
#include "nova_device.h"
#include "nova_heap.h"
#include "nova_lost.h"
#include "nova_monitor.h"
#include "nova_push.h"
#include "nova_push_grow.h"
#include "nova_push_twod.h"
#include "nova_queue.h"
#include "nova_sync.h"
#include "nova_timeline.h"
#include "nova_userq.h"
#include "nova_vm.h"

/**
 * DOC: libnova
 *
 * A client's view of a nova GPU, over the render node of the nova-drm driver::
 *
 *     nova_device ─┬─ nova_bo      memory
 *                  ├─ nova_vm      GPU address space; ranges of buffers are mapped in it
 *                  │    ├─ nova_heap    small pieces of large buffers, mapped in it
 *                  │    ├─ nova_queue   runs jobs in that address space, in order
 *                  │    └─ nova_userq   the same without system calls; nova_vm_wait_fence()
 *                  └─ nova_sync    what a job waits for or signals, binary or timeline
 *                       └─ nova_timeline   one with the counter of its points
 *     nova_monitor tells of devices that come and go
 *     nova_push    command words, built by the CPU; needs no device (nova_push.h),
 *                  but to grow in a nova_heap (nova_push_grow.h)
 *
 * Errors: a function that can fail returns 0 or a negative errno value. Results
 * are written through pointers, and only on success, unless stated otherwise. The
 * meaning of an errno is the same everywhere:
 *
 * ==============  =========================================================
 * -EINVAL         an argument is malformed, out of range or misaligned
 * -EFAULT         memory of the process is not there, or may not be written to
 * -ENOENT         no such device; nothing is mapped at an address
 * -EACCES         permission missing (render node, high priority)
 * -EPERM          not allowed for this object
 * -EBUSY          the buffer has to stay where it is for a user-mode queue
 * -ENOSPC         out of video memory, addresses, channels, room in a push, or beyond a limit of
 *                 struct nova_limits
 * -ENOMEM         out of system memory
 * -EBADF          not a descriptor
 * -EMFILE         no descriptor is left to the process
 * -E2BIG          more elements or bytes than struct nova_limits allows in a call
 * -EOPNOTSUPP     not a nova device, or a feature it lacks
 * -ECANCELED      the queue was killed, see nova_queue_get_state(); or the device is wedged
 * -ETIME          the deadline passed
 * -ETIMEDOUT      the device's firmware did not answer in time
 * -EIO            the device's answer makes no sense
 * -EAGAIN         nothing to report now
 * -ENODEV         the device is gone, for good
 * ==============  =========================================================
 *
 * A device that is gone: every call on it returns -ENODEV, jobs end with the error
 * -ENODEV, CPU maps stay readable and writable with undefined content, and every object can
 * still be destroyed. A GPU that is bound again is a new device with a new node.
 *
 * Lifetime: a destroy function never fails and takes NULL. Objects may be
 * destroyed in any order: what an object needs it keeps alive itself. Destroying a buffer
 * or an address space does not wait for jobs; the kernel keeps their memory until they end.
 *
 * Threads: functions may be called from any thread and at the same time, on
 * the same object too, with two exceptions. Nothing else may use an object, or the heaps
 * of an address space, while it is destroyed; and a nova_push belongs to one thread at a time. Interrupted
 * system calls are restarted. After fork() a child must not use the parent's objects.
 *
 * Sizes are in bytes and times in nanoseconds unless the name says otherwise. Deadlines are absolute,
 * on CLOCK_MONOTONIC. Structures given to a function may be zero where a default is wanted.
 */

#endif /* NOVA_H */
