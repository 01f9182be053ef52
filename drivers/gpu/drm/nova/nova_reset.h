/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_RESET_H_
#define _NOVA_RESET_H_

#include <linux/types.h>

struct nova_device;
struct work_struct;

void nova_reset_work(struct work_struct *work);
u32 nova_reset_count(const struct nova_device *ndev);
bool nova_reset_wedged(const struct nova_device *ndev);

#endif /* _NOVA_RESET_H_ */
