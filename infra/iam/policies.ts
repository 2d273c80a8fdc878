// Defines every role's permissions in one table, from which the policies are generated and against which they are
// tested. Builds the ARNs of resources with fixed names, so that a policy can name resources that the program does not
// create itself.
import type { iam } from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  type FunctionActor,
  METRIC_NAMESPACE,
  type ParameterName,
  REGION,
  type Names,
} from '../../core/config/names.ts';

/** `reader`: another bot of the operator, with a role or user that the program does not create. */
export type Actor = FunctionActor | 'schedule' | 'harvester' | 'reader';

/** A resource by its purpose; {@link Arns} has its ARN. */
type Target =
  | `parameter ${ParameterName}`
  | 'claims'
  | 'pin'
  | 'key'
  | `${FunctionActor} log streams`
  | 'undelivered queue'
  | 'topic'
  | 'refresh function'
  | 'watch function'
  | 'artifacts'
  | 'folders of its shard'
  | 'recordings of its shard'
  | 'anything';

export interface Permission {
  readonly actor: Actor;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly on: readonly Target[] | { readonly allBut: readonly Target[] };
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** For permissions on the key: limited to requests by this service, for ciphertexts of these resources. */
  readonly through?: { readonly service: KeyUser; readonly of: readonly Target[] };
}

/** SNS accepts messages with no subscribers, so we also list subscriptions. */
const NOTIFY_ACTIONS = ['sns:Publish', 'sns:ListSubscriptionsByTopic'] as const;

const LOGIN_READS: readonly Target[] = [
  'parameter FYERS_CLIENT_ID',
  'parameter FYERS_SECRET_KEY',
  'parameter FYERS_ACCESS_TOKEN',
  'parameter FYERS_TOKEN_STATE',
  'parameter FYERS_LOGIN_STATE',
  'parameter FYERS_LINK_KEY',
  'parameter FYERS_LOGIN_URL',
  'parameter FYERS_TELEGRAM',
  'claims',
];

const WATCH_READS: readonly Target[] = [
  'parameter FYERS_CLIENT_ID',
  'parameter FYERS_SECRET_KEY',
  'parameter FYERS_ACCESS_TOKEN',
  'parameter FYERS_TOKEN_STATE',
  'parameter FYERS_LOGIN_STATE',
  'parameter FYERS_LINK_KEY',
  'parameter FYERS_TELEGRAM',
];

const OWN_PERMISSIONS: readonly Permission[] = [
  {
    actor: 'refresh',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: [
      'parameter FYERS_CLIENT_ID',
      'parameter FYERS_SECRET_KEY',
      'parameter FYERS_ACCESS_TOKEN',
      'parameter FYERS_REFRESH_TOKEN',
      'parameter FYERS_TOKEN_STATE',
      'parameter FYERS_LOGIN_STATE',
      'parameter FYERS_LINK_KEY',
      // Only the refresh has this: with the key, a four-digit PIN is quickly found from its fingerprint.
      'parameter FYERS_PIN_KEY',
      'parameter FYERS_TELEGRAM',
      'claims',
    ],
  },
  {
    actor: 'refresh',
    effect: 'Allow',
    actions: ['ssm:PutParameter'],
    on: [
      'parameter FYERS_ACCESS_TOKEN',
      'parameter FYERS_REFRESH_TOKEN',
      'parameter FYERS_TOKEN_STATE',
      'claims',
    ],
  },
  { actor: 'refresh', effect: 'Allow', actions: ['ssm:DeleteParameter'], on: ['claims'] },
  { actor: 'refresh', effect: 'Allow', actions: ['secretsmanager:GetSecretValue'], on: ['pin'] },
  {
    // CreateLogGroup is left out: Lambda would recreate the group, without retention, after the program deleted it.
    actor: 'refresh',
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    on: ['refresh log streams'],
  },
  { actor: 'refresh', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },
  { actor: 'refresh', effect: 'Allow', actions: ['sqs:SendMessage'], on: ['undelivered queue'] },
  { actor: 'login', effect: 'Allow', actions: ['ssm:GetParameter'], on: LOGIN_READS },
  {
    actor: 'login',
    effect: 'Allow',
    actions: ['ssm:PutParameter'],
    on: [
      'parameter FYERS_ACCESS_TOKEN',
      'parameter FYERS_REFRESH_TOKEN',
      'parameter FYERS_LOGIN_STATE',
      'claims',
    ],
  },
  { actor: 'login', effect: 'Allow', actions: ['ssm:DeleteParameter'], on: ['claims'] },
  { actor: 'login', effect: 'Allow', actions: NOTIFY_ACTIONS, on: ['topic'] },
  {
    actor: 'login',
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    on: ['login log streams'],
  },
  {
    // Everyone may call this function, so deny the PIN even if another policy is attached to the role later.
    actor: 'login',
    effect: 'Deny',
    actions: ['secretsmanager:GetSecretValue'],
    on: ['anything'],
  },
  { actor: 'login', effect: 'Deny', actions: ['ssm:GetParameter*'], on: { allBut: LOGIN_READS } },
  { actor: 'watch', effect: 'Allow', actions: ['ssm:GetParameter'], on: WATCH_READS },
  {
    actor: 'watch',
    effect: 'Allow',
    actions: NOTIFY_ACTIONS,
    on: ['topic'],
  },
  {
    actor: 'watch',
    effect: 'Allow',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    on: ['watch log streams'],
  },
  { actor: 'watch', effect: 'Allow', actions: ['sqs:SendMessage'], on: ['undelivered queue'] },
  {
    actor: 'watch',
    effect: 'Deny',
    actions: ['secretsmanager:GetSecretValue'],
    on: ['anything'],
  },
  { actor: 'watch', effect: 'Deny', actions: ['ssm:GetParameter*'], on: { allBut: WATCH_READS } },
  {
    actor: 'schedule',
    effect: 'Allow',
    actions: ['lambda:InvokeFunction'],
    on: ['refresh function', 'watch function'],
  },
  { actor: 'schedule', effect: 'Allow', actions: ['sqs:SendMessage'], on: ['undelivered queue'] },
  {
    actor: 'harvester',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],
  },
  {
    // Deny the app secret to the instance even if another policy is attached to the role later.
    actor: 'harvester',
    effect: 'Deny',
    actions: ['ssm:GetParameter*'],
    on: { allBut: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'] },
  },
  {
    actor: 'harvester',
    effect: 'Allow',
    actions: ['s3:GetObject'],
    on: ['artifacts', 'folders of its shard'],
  },
  {
    actor: 'harvester',
    effect: 'Allow',
    actions: ['s3:PutObject'],
    on: ['recordings of its shard'],
  },
  {
    // CloudWatch has no resource for this action (Service Authorization Reference, Amazon CloudWatch).
    actor: 'harvester',
    effect: 'Allow',
    actions: ['cloudwatch:PutMetricData'],
    on: ['anything'],
    condition: { StringEquals: { 'cloudwatch:namespace': METRIC_NAMESPACE } },
  },
  {
    // Session Manager's channels have no resource either (Systems Manager User Guide, "Create a custom IAM role for
    // Session Manager"). AmazonSSMManagedInstanceCore is not used, because it can read every parameter.
    actor: 'harvester',
    effect: 'Allow',
    actions: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    on: ['anything'],
    condition: { StringEquals: { 'aws:RequestedRegion': REGION } },
  },
  {
    actor: 'reader',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],
  },
];

/**
 * A standard-tier parameter is encrypted directly with the key. GenerateDataKey is only needed for the advanced tier,
 * and for writing a secret, which only the operator does.
 */
const KEY_ACTIONS = [
  { action: 'ssm:GetParameter', service: 'ssm', needs: 'kms:Decrypt' },
  { action: 'ssm:PutParameter', service: 'ssm', needs: 'kms:Encrypt' },
  { action: 'secretsmanager:GetSecretValue', service: 'secretsmanager', needs: 'kms:Decrypt' },
] as const;

/**
 * The account's default key needs no grant for decryption: its key policy admits every principal of the account. Rows
 * for the key apply if the stack has its own, and are derived from the other rows so that none is forgotten.
 */
export const PERMISSIONS: readonly Permission[] = [
  ...OWN_PERMISSIONS,
  ...OWN_PERMISSIONS.flatMap(keyPermissions),
];

/** ARNs of the targets that exist in this stack; a permission without any existing target is left out. */
export type Arns = Readonly<
  Partial<Record<Target, pulumi.Input<string> | readonly pulumi.Input<string>[]>>
>;

export function policyFor(actor: Actor, arns: Arns): iam.PolicyDocument {
  const statements = PERMISSIONS.filter((permission) => permission.actor === actor).flatMap(
    (permission) => statement(permission, arns),
  );
  return { Version: '2012-10-17', Statement: statements };
}

function statement(permission: Permission, arns: Arns): readonly iam.PolicyStatement[] {
  const { effect, actions, on } = permission;
  const addresses = (targets: readonly Target[]) => targets.flatMap((target) => arns[target] ?? []);
  const resources = addresses('allBut' in on ? on.allBut : on);
  const encrypted = permission.through && addresses(permission.through.of);
  if (resources.length === 0 || encrypted?.length === 0) return [];
  const condition = permission.condition ?? keyCondition(permission.through, encrypted ?? []);
  return [
    {
      Effect: effect,
      Action: [...actions],
      ...('allBut' in on ? { NotResource: resources } : { Resource: resources }),
      ...(condition === undefined ? {} : { Condition: condition }),
    },
  ];
}

/** Trust policy; `condition` limits the resources for which the service may assume the role. */
export function trust(
  service: 'lambda' | 'scheduler' | 'ec2',
  condition?: Readonly<Record<string, Readonly<Record<string, pulumi.Input<string>>>>>,
): iam.PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: `${service}.amazonaws.com` },
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    ],
  };
}

/** Encryption context that each service sets (KMS Developer Guide, "Encryption context"). */
const CONTEXT_KEYS = {
  ssm: 'kms:EncryptionContext:PARAMETER_ARN',
  secretsmanager: 'kms:EncryptionContext:SecretARN',
} as const;

/** A service that uses the key on behalf of the caller. */
type KeyUser = keyof typeof CONTEXT_KEYS;

/** Returns the key permissions that follow from a row of the table. */
function keyPermissions({ actor, effect, actions, on }: Permission): readonly Permission[] {
  if (effect === 'Deny' || 'allBut' in on) return [];
  // Claims are not secret and not encrypted.
  const encrypted = on.filter((target) => target !== 'claims');
  return KEY_ACTIONS.filter(({ action }) => actions.includes(action)).map(({ service, needs }) => ({
    actor,
    effect,
    actions: [needs],
    on: ['key'],
    through: { service, of: encrypted },
  }));
}

/** Limits the key to requests by the service, and to ciphertexts of these ARNs. */
function keyCondition(
  through: Permission['through'],
  encrypted: readonly pulumi.Input<string>[],
): Readonly<Record<string, Readonly<Record<string, string | pulumi.Input<string>[]>>>> | undefined {
  if (through === undefined) return undefined;
  return {
    StringEquals: {
      'kms:ViaService': `${through.service}.${REGION}.amazonaws.com`,
      [CONTEXT_KEYS[through.service]]: [...encrypted],
    },
  };
}

/** Telegram's parameter is separate, because it exists only if it is configured. */
export const PARAMETERS: readonly ParameterName[] = [
  'FYERS_CLIENT_ID',
  'FYERS_SECRET_KEY',
  'FYERS_ACCESS_TOKEN',
  'FYERS_REFRESH_TOKEN',
  'FYERS_TOKEN_STATE',
  'FYERS_LOGIN_STATE',
  'FYERS_LINK_KEY',
  'FYERS_PIN_KEY',
  'FYERS_LOGIN_URL',
];

export const FUNCTION_ACTORS: readonly FunctionActor[] = ['refresh', 'login', 'watch'];

interface Optional {
  /** Null: the parameter does not exist, and no role gets access to it. */
  readonly telegram: pulumi.Output<string> | null;
  /** Null without a key of this stack. */
  readonly keyArn: pulumi.Output<string> | null;
}

/** ARNs of parameters, claims, log streams and the key; the components add resources named by AWS or Pulumi. */
export function fixedArns(
  accountId: pulumi.Input<string>,
  names: Names,
  { telegram, keyArn }: Optional,
): Arns {
  const parameter = (name: string) =>
    pulumi.interpolate`arn:aws:ssm:${REGION}:${accountId}:parameter/${name}`;
  return {
    ...Object.fromEntries(
      [...PARAMETERS, ...(telegram === null ? [] : (['FYERS_TELEGRAM'] as const))].map((name) => [
        `parameter ${name}`,
        parameter(names.parameter(name)),
      ]),
    ),
    ...Object.fromEntries(
      FUNCTION_ACTORS.map((actor) => [
        `${actor} log streams`,
        pulumi.interpolate`arn:aws:logs:${REGION}:${accountId}:log-group:${names.logGroup(actor)}:*`,
      ]),
    ),
    // A year begins with 2 and a suffix with a letter, so this excludes another stack's claims.
    claims: parameter(`${names.claimPrefix}2*`),
    ...(keyArn === null ? {} : { key: keyArn }),
    anything: '*',
  };
}
