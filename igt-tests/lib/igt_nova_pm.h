/* SPDX-License-Identifier: MIT */
/* Sleep: the device's own, and the machine's. */
#ifndef IGT_NOVA_PM_H
#define IGT_NOVA_PM_H

#include <stdbool.h>

#include "igt_nova_sysfs.h"

/* Has the driver wake it, if it is bound. Asserts nothing. */
void igt_nova_dev_wake(const struct igt_nova_dev *dev);
/* An attribute of its power directory, without the newline, into @value; false when there is none. */
bool igt_nova_dev_power(const struct igt_nova_dev *dev, const char *name, char value[32]);
int igt_nova_dev_set_power(const struct igt_nova_dev *dev, const char *name, const char *value);
/* Sleeps when nobody has needed it for that time. */
void igt_nova_dev_set_delay(const struct igt_nova_dev *dev, unsigned int ms);
/* Is it in runtime suspend? */
bool igt_nova_dev_is_asleep(const struct igt_nova_dev *dev);
/* Waits until it is. */
void igt_nova_dev_wait_asleep(const struct igt_nova_dev *dev);

/* Skips where the machine cannot be told to go through all the steps but the last. */
void igt_nova_sleep_require(void);
/* The running test expects the kernel to log that a device stays awake, and why. */
void igt_nova_sleep_expect_refused(void);
/* Goes through them, so that devices sleep, and back: 0 or -errno. */
int igt_nova_sleep(void);
/* The same, but only drivers sleep: the devices stay in D0 and lose nothing. */
int igt_nova_sleep_drivers(void);

#endif /* IGT_NOVA_PM_H */
