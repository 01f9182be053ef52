// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What the device wrote is little-endian.
 *
 * check: sparse
 * expect: restricted __le32 degrades to integer
 */
#include "abi/nova_fw.h"

static bool __maybe_unused wrong(const struct nova_fw_msg *msg)
{
	return msg->magic == NOVA_FW_MSG_MAGIC;
}
