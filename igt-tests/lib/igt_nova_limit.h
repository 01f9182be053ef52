/* SPDX-License-Identifier: MIT */
/*
 * How long the driver lets a job run (its parameter job_timeout_ms). A queue keeps what it was made
 * with. Tests begin with so much time that a job is not killed because the machine is slow; the
 * queue that is to be killed gets less, and it alone.
 */
#ifndef IGT_NOVA_LIMIT_H
#define IGT_NOVA_LIMIT_H

#define IGT_NOVA_LIMIT_PATIENT	600000u	/* ms, the most there is */
#define IGT_NOVA_LIMIT_SHORT	2000u	/* ms, for a job that does not end */

/*
 * The limit of queues that are made from now on is IGT_NOVA_LIMIT_PATIENT. What it was when this
 * was first called is put back when the program ends. Without the driver, or the right to do so,
 * nothing changes.
 */
void igt_nova_limit_begin(void);
void igt_nova_limit_set(unsigned int ms);

#endif /* IGT_NOVA_LIMIT_H */
