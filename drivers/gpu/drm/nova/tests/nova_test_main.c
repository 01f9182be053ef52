// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/test.h>
#include <linux/module.h>

MODULE_DESCRIPTION("KUnit tests for nova-drm");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_IMPORT_NS("NOVA_CORE");
MODULE_LICENSE("Dual MIT/GPL");
