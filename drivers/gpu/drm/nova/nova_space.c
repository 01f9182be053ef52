// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Room in video memory for who needs many buffers at once.
 *
 * Such a one holds the reservations of the buffers it has made resident, and nobody else can
 * turn them out. So two can fail where each alone would not: then one is alone for its second
 * attempt.
 *
 * Locks order: nova_vm.lock -> nova_device.space -> reservations.
 */
#include "nova_device.h"
#include "nova_space.h"

/**
 * nova_space_run() - make buffers resident, alone if need be
 * @ndev: the device
 * @run: does it
 * @data: for @run
 *
 * Return: what @run returns, the second time if it was -ENOSPC; -EINTR when interrupted before.
 */
int nova_space_run(struct nova_device *ndev, nova_space_fn run, void *data)
{
	int ret;

	ret = down_read_interruptible(&ndev->space);
	if (ret)
		return ret;
	ret = run(data);
	up_read(&ndev->space);
	if (ret != -ENOSPC)
		return ret;

	ret = down_write_killable(&ndev->space);
	if (ret)
		return ret;
	ret = run(data);
	up_write(&ndev->space);
	return ret;
}
