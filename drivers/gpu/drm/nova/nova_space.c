// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Room in video memory for who needs many buffers at once.
 *
 * Such a one holds the reservations of the buffers it has made resident, and nobody else can
 * turn them out. So two can fail where each alone would not: then one is alone for its second
 * attempt. Who is at a limit of its own gets none, as all others wait for it.
 *
 * Locks order: nova_vm.lock -> nova_device.space -> reservations.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>

#include "nova_device.h"
#include "nova_space.h"

/**
 * nova_space_run() - make buffers resident, alone if need be
 * @ndev: the device
 * @run: does it
 * @data: for @run
 *
 * Return: what @run returns, the second time if it was -ENOSPC, and -ENOSPC for
 * -NOVA_SPACE_LIMIT; -EINTR when interrupted before.
 */
int nova_space_run(struct nova_device *ndev, nova_space_fn run, void *data)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(nova_space_run, ndev, run, data);
	ret = down_read_interruptible(&ndev->space);
	if (ret)
		return ret;
	ret = run(data);
	up_read(&ndev->space);
	if (ret != -ENOSPC)
		return ret == -NOVA_SPACE_LIMIT ? -ENOSPC : ret;

	ret = down_write_killable(&ndev->space);
	if (ret)
		return ret;
	ret = run(data);
	up_write(&ndev->space);
	return ret == -NOVA_SPACE_LIMIT ? -ENOSPC : ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_space_run);
