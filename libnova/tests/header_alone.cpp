// SPDX-License-Identifier: MIT
// The header from C++: names keep C linkage, structures are usable with empty braces.
#include "nova.h"

int nova_header_alone(nova_queue *queue);

int nova_header_alone(nova_queue *queue)
{
	nova_job job = {};

	return nova_queue_submit(queue, &job, 1);
}
