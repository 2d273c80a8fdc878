// EventBridge's rules and targets, and the permission that lets a rule start a function.
import {
  DeleteRuleCommand,
  DescribeRuleCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  RuleState,
} from '@aws-sdk/client-eventbridge';
import {
  AddPermissionCommand,
  GetPolicyCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { events, lambda } from './clients.ts';
import { given, resourceType, tags, text, textOf, unlessGone, type ResourceType } from './type.ts';

const GONE = 'ResourceNotFoundException';

const ruleInputs = z.strictObject({
  name: z.string(),
  description: text,
  eventPattern: z.string(),
  state: z.optional(z.enum(RuleState)),
  tags,
});

const rule = resourceType({
  inputs: ruleInputs,
  autoname: 'name',
  // events/rule.go: event_bus_name, name, name_prefix ForceNew (the default bus is the only one here).
  replaceOn: ['name'],
  async create(inputs) {
    // events/rule.go ruleCreateResourceID: on the default bus the rule's name.
    return { id: inputs.name, outputs: await putRule(inputs) };
  },
  async read(id) {
    const answer = await unlessGone(events.send(new DescribeRuleCommand({ Name: id })), GONE);
    return answer === null ? null : { arn: answer.Arn, state: answer.State };
  },
  update: async (_id, inputs) => await putRule(inputs),
  async delete(id) {
    await unlessGone(events.send(new DeleteRuleCommand({ Name: id })), GONE);
  },
});

async function putRule({ name, description, eventPattern, state }: z.output<typeof ruleInputs>) {
  const { RuleArn } = await events.send(
    new PutRuleCommand({
      Name: name,
      Description: description,
      EventPattern: eventPattern,
      State: state,
    }),
  );
  return { arn: given(RuleArn, 'rule ARN') };
}

const targetInputs = z.strictObject({ rule: z.string(), targetId: z.string(), arn: z.string() });

const target = resourceType({
  inputs: targetInputs,
  // events/target.go: event_bus_name, rule, target_id ForceNew (the default bus is the only one here).
  replaceOn: ['rule', 'targetId'],
  async create(inputs) {
    await putTarget(inputs);
    // events/target.go targetCreateResourceID.
    return { id: `${inputs.rule}-${inputs.targetId}` };
  },
  async read(_id, state) {
    const command = new ListTargetsByRuleCommand({ Rule: textOf(state, 'rule') });
    const answer = await unlessGone(events.send(command), GONE);
    const found = answer?.Targets?.find(({ Id }) => Id === state['targetId']);
    return found === undefined ? null : { arn: found.Arn };
  },
  async update(_id, inputs) {
    await putTarget(inputs);
    return {};
  },
  async delete(_id, state) {
    const command = new RemoveTargetsCommand({
      Rule: textOf(state, 'rule'),
      Ids: [textOf(state, 'targetId')],
    });
    await unlessGone(events.send(command), GONE);
  },
});

async function putTarget({ rule, targetId, arn }: z.output<typeof targetInputs>): Promise<void> {
  const { FailedEntries = [] } = await events.send(
    new PutTargetsCommand({ Rule: rule, Targets: [{ Id: targetId, Arn: arn }] }),
  );
  const [failed] = FailedEntries;
  if (failed !== undefined) throw new Error(`${targetId}: ${failed.ErrorMessage ?? ''}`);
}

const permission = resourceType({
  inputs: z.strictObject({
    statementId: z.string(),
    action: z.string(),
    function: z.string(),
    principal: z.string(),
    sourceArn: text,
  }),
  // lambda/permission.go: every property ForceNew, and no update.
  replaceOn: ['statementId', 'action', 'function', 'principal', 'sourceArn'],
  async create(inputs) {
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: inputs.function,
        StatementId: inputs.statementId,
        Action: inputs.action,
        Principal: inputs.principal,
        SourceArn: inputs.sourceArn,
      }),
    );
    return { id: inputs.statementId };
  },
  async read(id, state) {
    const command = new GetPolicyCommand({ FunctionName: textOf(state, 'function') });
    const answer = await unlessGone(lambda.send(command), GONE);
    return answer?.Policy?.includes(`"${id}"`) === true ? {} : null;
  },
  async delete(id, state) {
    const command = new RemovePermissionCommand({
      FunctionName: textOf(state, 'function'),
      StatementId: id,
    });
    await unlessGone(lambda.send(command), GONE);
  },
});

export const EVENT_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:cloudwatch/eventRule:EventRule': rule,
  'aws:cloudwatch/eventTarget:EventTarget': target,
  'aws:lambda/permission:Permission': permission,
};
