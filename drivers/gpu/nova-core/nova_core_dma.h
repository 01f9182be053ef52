/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_DMA_H
#define NOVA_CORE_DMA_H

#include "nova_core_device.h"

int nova_core_dma_init(struct nova_core *core);

#endif /* NOVA_CORE_DMA_H */
