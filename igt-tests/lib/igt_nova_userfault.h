/* SPDX-License-Identifier: MIT */
/* Ioctls that sleep on a page of their arguments which nobody provides, until told to. */
#ifndef IGT_NOVA_USERFAULT_H
#define IGT_NOVA_USERFAULT_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

/**
 * struct igt_nova_userfault - one ioctl in its thread
 * @name: for the log
 * @request: the ioctl
 * @arg: its argument, which points to @page
 * @page: memory without content
 * @uffd: who touches it
 * @also: what the ioctl may return besides ENODEV once the page is there and reads as zeroes:
 *        what is wrong with them is found before the device is missed, an answer may have been ready
 * @fd: the device
 * @thread: runs it
 * @result: what it returned
 */
struct igt_nova_userfault {
	const char *name;
	unsigned long request;
	void *arg;
	void *page;
	int uffd;
	int also;
	int fd;
	pthread_t thread;
	int result;
};

#define IGT_NOVA_USERFAULT_MAX	8

/**
 * struct igt_nova_userfaults - all ioctls that can be stalled so, each stalled
 * @client: whose they are
 * @faults: the ioctls
 * @count: of them
 * @started: of them, whose threads are to be joined
 * @rescuer: gives the pages if nobody else does in time: who waits for them fails, but is not hung
 * @released: posted when the pages have been given
 * @rescued: the rescuer had to
 */
struct igt_nova_userfaults {
	struct igt_nova_client client;
	struct igt_nova_userfault faults[IGT_NOVA_USERFAULT_MAX];
	size_t count;
	size_t started;
	pthread_t rescuer;
	sem_t released;
	bool rescued;
};

/* Returns when each of them waits for its page. Skips without userfaultfd. */
void igt_nova_userfaults_open(struct igt_nova_userfaults *all, const struct igt_nova_dev *dev);
/* Gives the pages to all; no ioctl may have ended before, each must end with ENODEV. */
void igt_nova_userfaults_check(struct igt_nova_userfaults *all);
void igt_nova_userfaults_close(struct igt_nova_userfaults *all);
/* After a failure, whatever state it is in; checks nothing. */
void igt_nova_userfaults_abandon(struct igt_nova_userfaults *all);

#endif /* IGT_NOVA_USERFAULT_H */
