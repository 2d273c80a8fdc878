import {
  BudgetType,
  ComparisonOperator,
  CreateBudgetCommand,
  CreateNotificationCommand,
  DeleteBudgetCommand,
  DeleteNotificationCommand,
  DescribeBudgetCommand,
  DescribeNotificationsForBudgetCommand,
  NotificationType,
  ThresholdType,
  TimeUnit,
  UpdateBudgetCommand,
} from '@aws-sdk/client-budgets';
import * as z from 'zod/mini';
import { budgets, callerIdentity } from './clients.ts';
import { type ResourceType, resourceType, tags, text, texts, unlessGone } from './type.ts';

const notification = z.strictObject({
  notificationType: z.enum(NotificationType),
  comparisonOperator: z.enum(ComparisonOperator),
  threshold: z.number(),
  thresholdType: z.enum(ThresholdType),
  subscriberEmailAddresses: texts,
  subscriberSnsTopicArns: texts,
});

const inputs = z.strictObject({
  name: z.string(),
  budgetType: z.enum(BudgetType),
  timeUnit: z.enum(TimeUnit),
  limitAmount: z.string(),
  limitUnit: text,
  notifications: z.array(notification),
  tags,
});

type Inputs = z.output<typeof inputs>;

const budget = resourceType({
  inputs,
  autoname: 'name',
  // budgets/budget.go: account_id, name, name_prefix ForceNew.
  replaceOn: ['name'],
  async create(given) {
    const { account } = await callerIdentity();
    await budgets.send(new CreateBudgetCommand({ AccountId: account, Budget: budgetOf(given) }));
    await notify(account, given);
    return {
      id: `${account}:${given.name}`,
      outputs: { accountId: account, arn: arnOf(account, given.name) },
    };
  },
  async read(id) {
    const answer = await unlessGone(
      budgets.send(new DescribeBudgetCommand(partsOf(id))),
      'NotFoundException',
    );
    return answer === null ? null : {};
  },
  // As upstream: the budget is replaced by the new one, then every notification is made afresh.
  async update(id, given) {
    const { AccountId, BudgetName } = partsOf(id);
    await budgets.send(new UpdateBudgetCommand({ AccountId, NewBudget: budgetOf(given) }));
    const { Notifications = [] } = await budgets.send(
      new DescribeNotificationsForBudgetCommand({ AccountId, BudgetName }),
    );
    for (const Notification of Notifications) {
      await budgets.send(new DeleteNotificationCommand({ AccountId, BudgetName, Notification }));
    }
    await notify(AccountId, given);
    return {};
  },
  async delete(id) {
    await unlessGone(budgets.send(new DeleteBudgetCommand(partsOf(id))), 'NotFoundException');
  },
});

function budgetOf({ name, budgetType, timeUnit, limitAmount, limitUnit }: Inputs) {
  return {
    BudgetName: name,
    BudgetType: budgetType,
    TimeUnit: timeUnit,
    BudgetLimit: { Amount: limitAmount, Unit: limitUnit ?? 'USD' },
  };
}

async function notify(AccountId: string, { name, notifications }: Inputs): Promise<void> {
  for (const each of notifications) {
    const subscribers = (SubscriptionType: 'EMAIL' | 'SNS', addresses: readonly string[] = []) =>
      addresses.map((Address) => ({ SubscriptionType, Address }));
    await budgets.send(
      new CreateNotificationCommand({
        AccountId,
        BudgetName: name,
        Notification: {
          NotificationType: each.notificationType,
          ComparisonOperator: each.comparisonOperator,
          Threshold: each.threshold,
          ThresholdType: each.thresholdType,
        },
        Subscribers: [
          ...subscribers('EMAIL', each.subscriberEmailAddresses),
          ...subscribers('SNS', each.subscriberSnsTopicArns),
        ],
      }),
    );
  }
}

function arnOf(account: string, name: string): string {
  return `arn:aws:budgets::${account}:budget/${name}`;
}

/** `<account>:<name>`, as upstream's. */
function partsOf(id: string) {
  const colon = id.indexOf(':');
  return { AccountId: id.slice(0, colon), BudgetName: id.slice(colon + 1) };
}

export const BUDGET_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:budgets/budget:Budget': budget,
};
