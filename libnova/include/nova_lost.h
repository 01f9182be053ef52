/* SPDX-License-Identifier: MIT */
#ifndef NOVA_LOST_H
#define NOVA_LOST_H

#ifdef __cplusplus
extern "C" {
#endif

/* To be told when a device is found gone. See nova.h. */

struct nova_device;

/**
 * nova_device_set_lost_callback() - have a function called when a device is found gone
 * @dev: the device
 * @lost: the function; NULL: none
 * @data: handed to it
 *
 * It is called once, by the thread whose call on the device or an object of it is the first to get
 * -ENODEV from the kernel, inside that call. Calls that fail in other threads meanwhile return when it has
 * returned; so who has seen -ENODEV knows that it ran. When the device was found gone already, it
 * is called at once, by nova_device_set_lost_callback() itself. Nothing looks for the device
 * without a call: nova_monitor_create() tells of devices nobody uses.
 *
 * The function must not call libnova on the device or any object of it, destroy functions
 * included, because locks are held: set a flag, write to an eventfd, wake a thread. A later call
 * replaces the function; when it returns, the function before is not running any more.
 *
 * Returns 0; -EINVAL.
 */
int nova_device_set_lost_callback(struct nova_device *dev,
				  void (*lost)(struct nova_device *dev, void *data), void *data);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_LOST_H */
