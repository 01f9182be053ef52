/* SPDX-License-Identifier: MIT */
#ifndef VFIO_USER_SOCKET_H
#define VFIO_USER_SOCKET_H

#include "emu.h"

/*
 * Serves one client after the other on the non-blocking @listener until @stop
 * becomes readable. A second client at the same time is turned away. 0 or -errno.
 */
int vfio_user_serve(struct emu *emu, int listener, int stop);

#endif /* VFIO_USER_SOCKET_H */
