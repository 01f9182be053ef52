/* SPDX-License-Identifier: MIT */
/* Error-notifier codes (the ROBUST_CHANNEL_* names). Source: OGKM nverror.h. */
#ifndef NV_ERROR_H
#define NV_ERROR_H

#define NV_ERROR_GR_EXCEPTION			13
#define NV_ERROR_MMU_FAULT			31	/* FIFO_ERROR_MMU_ERR_FLT */
#define NV_ERROR_PBDMA				32
#define NV_ERROR_CE0				39
#define NV_ERROR_CE1				40
#define NV_ERROR_CE2				41
#define NV_ERROR_RESETCHANNEL			43	/* RESETCHANNEL_VERIF_ERROR */
#define NV_ERROR_PREEMPTIVE_REMOVAL		45
#define NV_ERROR_GR_CLASS			69
#define NV_ERROR_CE3				70
#define NV_ERROR_FALLEN_OFF_BUS			79

#endif /* NV_ERROR_H */
