// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Limits per file on what is not memory of the system's, and so not in the
 * account of its memory controller.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "nova_account.h"

/**
 * nova_account_create() - an account with nothing on it
 * @max: the limits
 *
 * Return: the account with one reference, or NULL without memory.
 */
struct nova_account *nova_account_create(const u64 max[NOVA_ACCOUNT_KINDS])
{
	struct nova_account *account = kzalloc_obj(*account, GFP_KERNEL_ACCOUNT);

	if (!account)
		return NULL;
	kref_init(&account->ref);
	memcpy(account->max, max, sizeof(account->max));
	return account;
}

/**
 * nova_account_get() - take a reference
 * @account: the account
 *
 * Return: @account.
 */
struct nova_account *nova_account_get(struct nova_account *account)
{
	kref_get(&account->ref);
	return account;
}

static void nova_account_release(struct kref *ref)
{
	kfree(container_of(ref, struct nova_account, ref));
}

/**
 * nova_account_put() - drop a reference
 * @account: the account
 */
void nova_account_put(struct nova_account *account)
{
	kref_put(&account->ref, nova_account_release);
}

/**
 * nova_account_charge() - take something
 * @account: whose
 * @kind: of what
 * @amount: how much
 *
 * Return: 0, or -ENOSPC when it would be more than the limit; then nothing is taken.
 */
int nova_account_charge(struct nova_account *account, enum nova_account_kind kind, u64 amount)
{
	s64 used = atomic64_read(&account->used[kind]);

	do {
		if (amount > account->max[kind] - used)
			return -ENOSPC;
	} while (!atomic64_try_cmpxchg(&account->used[kind], &used, used + amount));
	return 0;
}

/**
 * nova_account_uncharge() - give it back
 * @account: whose
 * @kind: of what
 * @amount: how much
 */
void nova_account_uncharge(struct nova_account *account, enum nova_account_kind kind, u64 amount)
{
	atomic64_sub(amount, &account->used[kind]);
}
