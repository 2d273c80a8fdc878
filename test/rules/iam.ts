// Defines the rules for permissions and for roles.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { addStatement, addResource } from './flaws.ts';
import {
  type Rule,
  type Statement,
  address,
  at,
  isText,
  list,
  statements,
  unless,
} from './rule.ts';

const ROLE = 'aws:iam/role:Role';
const ROLE_POLICY = 'aws:iam/rolePolicy:RolePolicy';
const USER_POLICY = 'aws:iam/userPolicy:UserPolicy';
const POLICY_TYPES = [ROLE, ROLE_POLICY, USER_POLICY];

const HARVESTER = `${ROLE_POLICY}::fyers-harvester`;
const SCHEDULE = `${ROLE}::fyers-schedule`;

/** CT.IAM.PR.5's own pattern: `*`, `s3:*`, but not `ssm:Get*`. */
const WHOLE_SERVICE = /^\w*:*\*$/;

/**
 * Actions that extend a role's own permissions, or bypass the names in its statements (SSM's
 * recursion by path).
 */
const NEVER = [
  'iam:*',
  'sts:AssumeRole',
  'ssm:GetParametersByPath',
  'ssm:GetParameterHistory',
  'ssm:SendCommand',
  'lambda:UpdateFunctionCode',
  'lambda:AddPermission',
  's3:PutBucketPolicy',
  'kms:CreateGrant',
];

const allows = (inputs: Registered['inputs']) =>
  [
    ...statements(inputs['policy']),
    ...list(inputs['inlinePolicies']).flatMap((each) => statements(at(each, 'policy'))),
  ].filter(({ effect }) => effect === 'Allow');

/** Finds roles and policies with a statement that fails the condition. */
function unlessEach(isSound: (statement: Statement) => boolean): Rule['findViolations'] {
  return (graph: Graph) =>
    POLICY_TYPES.flatMap((type) => allOf(graph, type))
      .filter(({ inputs }) => !allows(inputs).every(isSound))
      .map(address);
}

/** Matches as IAM does: `*` is any text, and the case of letters does not matter. */
function matches(pattern: string, action: string): boolean {
  const text = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${text}$`, 'i').test(action);
}

const allowActions = (...actions: readonly string[]) => ({ Effect: 'Allow', Action: actions });
const ON_ALL = { Resource: ['*'] };

export const IAM_RULES: readonly Rule[] = [
  {
    id: 'CT.IAM.PR.1',
    requirement: 'no policy allows every action on every resource',
    findViolations: unlessEach(
      ({ actions, resources }) => !(actions.includes('*') && resources.includes('*')),
    ),
    flaws: { 'an administrator': addStatement(HARVESTER, { ...allowActions('*'), ...ON_ALL }) },
  },
  {
    id: 'CT.IAM.PR.4',
    requirement: 'no policy is attached to a user',
    findViolations: (graph) =>
      graph.resources.filter(({ type }) => type.startsWith('aws:iam/userPolicy')).map(address),
    flaws: { 'a policy of a user': addResource(USER_POLICY) },
  },
  {
    id: 'CT.IAM.PR.5',
    requirement: 'no policy allows a whole service or uses NotAction',
    findViolations: unlessEach(
      ({ actions, whole }) =>
        !actions.some((action) => WHOLE_SERVICE.test(action)) && whole['NotAction'] === undefined,
    ),
    flaws: {
      'all of S3': addStatement(HARVESTER, { ...allowActions('s3:*'), Resource: 'arn:aws:s3:::x' }),
      'everything except IAM': addStatement(HARVESTER, {
        Effect: 'Allow',
        NotAction: 'iam:*',
        Resource: 'arn:aws:s3:::x',
      }),
    },
  },
  {
    id: 'FY.IAM.1',
    requirement: 'each statement names its resources, or has a condition if it uses a wildcard',
    findViolations: unlessEach(
      ({ resources, condition, whole }) =>
        whole['NotResource'] === undefined &&
        resources.length > 0 &&
        (condition !== undefined || !resources.some(isBroad)),
    ),
    flaws: {
      'a wildcard': addStatement(HARVESTER, { ...allowActions('ssm:GetParameter'), ...ON_ALL }),
      'a wildcard in an ARN': addStatement(HARVESTER, {
        ...allowActions('ssm:GetParameter'),
        Resource: 'arn:aws:ssm:ap-south-1:123456789012:parameter/*',
      }),
      'every account': addStatement(HARVESTER, {
        ...allowActions('s3:GetObject'),
        Resource: 'arn:aws:ssm:ap-south-1:*:parameter/x',
      }),
      NotResource: addStatement(HARVESTER, {
        ...allowActions('s3:GetObject'),
        NotResource: 'arn:x',
      }),
    },
  },
  {
    id: 'FY.IAM.2',
    requirement: 'a policy names each action',
    findViolations: unlessEach(({ actions }) => actions.every((action) => !action.includes('*'))),
    flaws: {
      'an action with a wildcard': addStatement(HARVESTER, {
        ...allowActions('ssm:Get*'),
        Resource: 'arn:aws:ssm:x',
      }),
    },
  },
  {
    id: 'FY.IAM.3',
    requirement:
      'no role may change permissions or code, or read parameters by path, history or command',
    findViolations: unlessEach(({ actions }) =>
      actions.every(
        (action) => !NEVER.some((never) => matches(action, never) || matches(never, action)),
      ),
    ),
    flaws: {
      'the permissions of another role': addStatement(HARVESTER, {
        ...allowActions('iam:PassRole'),
        Resource: 'arn:aws:iam::123456789012:role/x',
      }),
      'all parameters of a path': addStatement(HARVESTER, {
        ...allowActions('ssm:GetParametersBy*'),
        Resource: 'arn:aws:ssm:ap-south-1:123456789012:parameter/x',
      }),
    },
  },
  {
    id: 'FY.IAM.4',
    requirement: 'the program creates no users and attaches no managed policies',
    findViolations: (graph) =>
      graph.resources
        .filter(
          ({ type, inputs }) =>
            (type.startsWith('aws:iam/') &&
              ![...POLICY_TYPES, 'aws:iam/instanceProfile:InstanceProfile'].includes(type)) ||
            list(inputs['managedPolicyArns']).length > 0,
        )
        .map(address),
    flaws: {
      'a user': addResource('aws:iam/user:User'),
      'the managed policy of Session Manager, which reads every parameter': addResource(
        'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
        { policyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore' },
      ),
    },
  },
  {
    id: 'FY.IAM.5',
    requirement: 'only one service may assume a role',
    findViolations: unless(ROLE, (inputs) =>
      statements(inputs['assumeRolePolicy']).every(
        ({ whole, actions }) =>
          isText(at(whole, 'Principal.Service')) &&
          actions.every((action) => action === 'sts:AssumeRole'),
      ),
    ),
    flaws: {
      'another account': addStatement(SCHEDULE, {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: '210987654321' },
      }),
    },
  },
  {
    // Lambda and EC2 assume a role only for callers with iam:PassRole; the Scheduler assumes it for
    // every schedule that names it.
    id: 'FY.IAM.6',
    requirement: 'the Scheduler may assume a role only for this account’s schedules',
    findViolations: unless(ROLE, (inputs) =>
      statements(inputs['assumeRolePolicy'])
        .filter(({ whole }) => String(at(whole, 'Principal.Service')).includes('scheduler.'))
        .every(({ condition }) =>
          ['aws:SourceAccount', 'aws:SourceArn'].every((key) =>
            isText(at(condition, `StringEquals.${key}`)),
          ),
        ),
    ),
    flaws: {
      'a service without a condition': addStatement(SCHEDULE, {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'scheduler.amazonaws.com' },
      }),
    },
  },
];

/**
 * Recognises every resource, every resource of a kind (`parameter/*`), and a resource in every
 * account.
 */
function isBroad(resource: string): boolean {
  const [, , , region = '', account = '', ...rest] = resource.split(':');
  return (
    resource === '*' ||
    `${region}${account}`.includes('*') ||
    /^(?:[a-z-]+[/:])?\*$/.test(rest.join(':'))
  );
}
