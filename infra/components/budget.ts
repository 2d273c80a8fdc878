// A monthly budget: the one fault that shows on the bill alone.
import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import type { Names } from '../../core/names.ts';

export interface BudgetArgs {
  readonly names: Names;
  /** Zero: no budget. */
  readonly budgetDollars: number;
  readonly email: string | null;
  readonly topicArn: pulumi.Input<string>;
}

/** Spent, and on the way to it: AWS foretells a month after some weeks of history. */
const NOTIFIED_OF = ['ACTUAL', 'FORECASTED'] as const;

/** Of the whole account: costs by tag would need tags that somebody has activated for billing. */
export function budget(
  parent: pulumi.Resource,
  { names, budgetDollars, email, topicArn }: BudgetArgs,
): aws.budgets.Budget | null {
  if (budgetDollars === 0) return null;
  // The address itself where there is one: it needs no confirmation, and no topic's policy.
  const subscribers =
    email === null ? { subscriberSnsTopicArns: [topicArn] } : { subscriberEmailAddresses: [email] };
  return new aws.budgets.Budget(
    'monthly',
    {
      name: names.budget,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      limitAmount: String(budgetDollars),
      limitUnit: 'USD',
      notifications: NOTIFIED_OF.map((notificationType) => ({
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold: 100,
        thresholdType: 'PERCENTAGE',
        ...subscribers,
      })),
    },
    { parent },
  );
}
