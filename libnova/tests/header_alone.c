// SPDX-License-Identifier: MIT
/* Nothing before the header: it must bring all it needs. */
#include "nova.h"

int nova_header_alone(struct nova_queue *queue);

int nova_header_alone(struct nova_queue *queue)
{
	struct nova_job job = { 0 };

	return nova_queue_submit(queue, &job, 1);
}
