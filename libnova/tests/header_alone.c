// SPDX-License-Identifier: MIT
/* Nothing before the header: it must bring all it needs. Twice: it must not mind. */
#include HEADER
#include HEADER
