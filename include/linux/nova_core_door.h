/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _LINUX_NOVA_CORE_DOOR_H_
#define _LINUX_NOVA_CORE_DOOR_H_

#include <linux/bug.h>
#include <linux/debug_locks.h>
#include <linux/instruction_pointer.h>
#include <linux/lockdep.h>

/*
 * The door: the right to touch the hardware, and to use what exists only while the driver is
 * bound. Held shared, both may be used; held exclusively, they may be set up and taken down.
 *
 * For the compiler it is a context lock, checked by clang's context analysis: a function that
 * must hold it cannot be called without, and who acquires it must release it on each path. In
 * builds with NOVA_DEBUG_LIFETIME lockdep knows who holds it, and accessors warn who does not.
 * It is not a lock: what keeps remove() away differs (Documentation/enforcement.rst).
 */
token_context_lock(nova_core_door);

extern struct lockdep_map nova_core_door_map;
extern struct lockdep_map nova_core_pin_map;

/*
 * For the client, once it is inside its own guard against remove(). Lockdep sees a lock that its
 * holder may not take twice, so it knows the order to other locks, too.
 */
static inline void nova_core_door_enter(void)
	__acquires_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		lock_acquire(&nova_core_door_map, 0, 0, 1, 1, NULL, _THIS_IP_);
	__acquire_shared(nova_core_door);
}

/* The same for who may already be inside. */
static inline void nova_core_door_enter_nested(void)
	__acquires_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		lock_acquire(&nova_core_door_map, 0, 0, 2, 1, NULL, _THIS_IP_);
	__acquire_shared(nova_core_door);
}

static inline void nova_core_door_exit(void)
	__releases_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		lock_release(&nova_core_door_map, _THIS_IP_);
	__release_shared(nova_core_door);
}

/*
 * For contexts that remove() waits for, or is. Only a mark, without an order to locks. Not to be
 * called but by those who can assert a reason: nova_core_access.h, nova_bound_pin().
 */
static inline void nova_core_pin(void)
	__acquires_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		lock_acquire(&nova_core_pin_map, 0, 0, 2, 0, NULL, _THIS_IP_);
	__acquire_shared(nova_core_door);
}

static inline void nova_core_unpin(void)
	__releases_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		lock_release(&nova_core_pin_map, _THIS_IP_);
	__release_shared(nova_core_door);
}

/* May the caller touch the hardware, as far as lockdep knows? */
static inline bool nova_core_door_held(void)
{
	return !IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME) || !IS_ENABLED(CONFIG_LOCKDEP) ||
	       !debug_locks || lock_is_held(&nova_core_door_map) ||
	       lock_is_held(&nova_core_pin_map);
}

/* For callbacks that others call, on behalf of a caller of theirs who holds the door. */
static inline void nova_core_assert_door(void)
	__assumes_shared_ctx_lock(nova_core_door)
{
	WARN_ON_ONCE(!nova_core_door_held());
}

#endif /* _LINUX_NOVA_CORE_DOOR_H_ */
