/* SPDX-License-Identifier: MIT */
/* vfio-user messages out of a fuzz input: nearly right more often than not. */
#ifndef FUZZ_MESSAGE_H
#define FUZZ_MESSAGE_H

#include "../vfio_user.h"
#include "fuzz_input.h"

#define FUZZ_MESSAGE_DATA	2048u
#define FUZZ_FILE_SIZE		(16u * 4096)	/* of the files offered for DMA_MAP */
#define FUZZ_IOVA		0x10000000ull	/* most mappings lie around it */

/* The kinds of descriptors a client may send along. */
enum fuzz_fd {
	FUZZ_FD_RAM,		/* two files that can be read and written */
	FUZZ_FD_RAM2,
	FUZZ_FD_READ_ONLY,
	FUZZ_FD_SHRINKING,	/* cut short and extended again by the target */
	FUZZ_FD_EVENTFD,
	FUZZ_FD_EVENTFD_FULL,	/* blocking, and its counter at the limit */
	FUZZ_FD_PIPE_FULL,	/* blocking, no room, nobody reads */
	FUZZ_FD_PIPE_BROKEN,	/* no reader */
	FUZZ_FD_NULL,
	FUZZ_FD_DIRECTORY,
	FUZZ_FDS
};

struct fuzz_message {
	size_t len;
	unsigned int nfds;
	enum fuzz_fd fds[VFIO_USER_MAX_FDS + 2];
	uint8_t bytes[sizeof(struct vfio_user_header) + FUZZ_MESSAGE_DATA];
};

void fuzz_message_take(struct fuzz_message *message, struct fuzz_input *in);
/* The VERSION message a client begins with. */
void fuzz_message_version(struct fuzz_message *message);

/* The descriptors, opened once. Each input starts with the files as they were. */
const int *fuzz_fds(void);
void fuzz_fds_reset(void);
/* Cuts the file of FUZZ_FD_SHRINKING to @pages pages. */
void fuzz_fds_shrink(unsigned int pages);

#endif /* FUZZ_MESSAGE_H */
