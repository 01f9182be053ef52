/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PM_H_
#define _NOVA_PM_H_

#include <linux/types.h>

#include <linux/nova_core_door.h>

struct nova_bound;
struct nova_device;

void nova_pm_init(struct nova_device *ndev);

int nova_pm_enter(struct nova_device *ndev)
	__must_not_hold(nova_core_door);
int nova_pm_enter_nested(struct nova_device *ndev);
bool nova_pm_enter_unless(struct nova_device *ndev, const bool *over, int *idx)
	__must_not_hold(nova_core_door);
void nova_pm_call_off(struct nova_device *ndev, bool *over);
bool nova_pm_try_enter(struct nova_device *ndev, int *idx);
void nova_pm_request(struct nova_device *ndev);
void nova_pm_exit(int idx);
bool nova_pm_enter_notified(struct nova_device *ndev, int *idx);
bool nova_pm_is_away(struct nova_device *ndev);
bool nova_pm_is_parked(struct nova_device *ndev);

void nova_pm_hold(struct nova_device *ndev);
void nova_pm_release(struct nova_device *ndev);

void nova_pm_leave(struct nova_device *ndev)
	__must_not_hold(nova_core_door);

/* --- of nova_core_client_ops --- */

int nova_pm_suspend(void *data, bool system)
	__must_hold_shared(nova_core_door);
void nova_pm_resume(void *data)
	__must_hold_shared(nova_core_door);

/* --- nova_pm_image.c, and for it --- */

void nova_pm_go_away(struct nova_device *ndev);
void nova_pm_come_back(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);

int nova_pm_save(void *data)
	__must_hold_shared(nova_core_door);
void nova_pm_restore(void *data)
	__must_hold_shared(nova_core_door);
void nova_pm_image_free(struct nova_device *ndev);

#endif /* _NOVA_PM_H_ */
