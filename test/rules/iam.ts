// Who may do what, and who may become whom.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { granting, withAnother } from './flaws.ts';
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
const POLICIED = [ROLE, ROLE_POLICY, USER_POLICY];

const HARVESTER = `${ROLE_POLICY}::fyers-harvester`;
const SCHEDULE = `${ROLE}::fyers-schedule`;

/** CT.IAM.PR.5's own pattern: `*`, `s3:*`, but not `ssm:Get*`. */
const WHOLE_SERVICE = /^\w*:*\*$/;

/** They lead out of a role's own rights, or around what its statements name (SSM's recursion by path). */
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

/** Roles and policies with a statement that allows too much. */
function unlessEach(isSound: (statement: Statement) => boolean): Rule['breakers'] {
  return (graph: Graph) =>
    POLICIED.flatMap((type) => allOf(graph, type))
      .filter(({ inputs }) => !allows(inputs).every(isSound))
      .map(address);
}

/** As IAM matches: `*` any text, letters of either case. */
function matches(pattern: string, action: string): boolean {
  const text = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${text}$`, 'i').test(action);
}

const allowing = (...actions: readonly string[]) => ({ Effect: 'Allow', Action: actions });
const ON_ALL = { Resource: ['*'] };

export const IAM_RULES: readonly Rule[] = [
  {
    id: 'CT.IAM.PR.1',
    asks: 'no policy allows every action on every resource',
    breakers: unlessEach(
      ({ actions, resources }) => !(actions.includes('*') && resources.includes('*')),
    ),
    flaws: { 'an administrator': granting(HARVESTER, { ...allowing('*'), ...ON_ALL }) },
  },
  {
    id: 'CT.IAM.PR.4',
    asks: 'no policy is attached to a user',
    breakers: (graph) =>
      graph.resources.filter(({ type }) => type.startsWith('aws:iam/userPolicy')).map(address),
    flaws: { 'one that is': withAnother(USER_POLICY) },
  },
  {
    id: 'CT.IAM.PR.5',
    asks: 'no policy allows a whole service, nor all but something',
    breakers: unlessEach(
      ({ actions, whole }) =>
        !actions.some((action) => WHOLE_SERVICE.test(action)) && whole['NotAction'] === undefined,
    ),
    flaws: {
      'all of S3': granting(HARVESTER, { ...allowing('s3:*'), Resource: 'arn:aws:s3:::x' }),
      'all but IAM': granting(HARVESTER, {
        Effect: 'Allow',
        NotAction: 'iam:*',
        Resource: 'arn:aws:s3:::x',
      }),
    },
  },
  {
    id: 'FY.IAM.1',
    asks: 'every resource is named, or a condition stands beside the star',
    breakers: unlessEach(
      ({ resources, condition, whole }) =>
        whole['NotResource'] === undefined &&
        resources.length > 0 &&
        (condition !== undefined || !resources.some(isBroad)),
    ),
    flaws: {
      'a star': granting(HARVESTER, { ...allowing('ssm:GetParameter'), ...ON_ALL }),
      'a star in an address': granting(HARVESTER, {
        ...allowing('ssm:GetParameter'),
        Resource: 'arn:aws:ssm:ap-south-1:123456789012:parameter/*',
      }),
      'every account': granting(HARVESTER, {
        ...allowing('s3:GetObject'),
        Resource: 'arn:aws:ssm:ap-south-1:*:parameter/x',
      }),
      'all but one': granting(HARVESTER, { ...allowing('s3:GetObject'), NotResource: 'arn:x' }),
    },
  },
  {
    id: 'FY.IAM.2',
    asks: 'a policy allows actions by name',
    breakers: unlessEach(({ actions }) => actions.every((action) => !action.includes('*'))),
    flaws: {
      'all that reads': granting(HARVESTER, { ...allowing('ssm:Get*'), Resource: 'arn:aws:ssm:x' }),
    },
  },
  {
    id: 'FY.IAM.3',
    asks: 'no role may change rights or code, or read parameters by path, history or command',
    breakers: unlessEach(({ actions }) =>
      actions.every(
        (action) => !NEVER.some((never) => matches(action, never) || matches(never, action)),
      ),
    ),
    flaws: {
      'another role’s rights': granting(HARVESTER, {
        ...allowing('iam:PassRole'),
        Resource: 'arn:aws:iam::123456789012:role/x',
      }),
      'all parameters of a path': granting(HARVESTER, {
        ...allowing('ssm:GetParametersBy*'),
        Resource: 'arn:aws:ssm:ap-south-1:123456789012:parameter/x',
      }),
    },
  },
  {
    id: 'FY.IAM.4',
    asks: 'the program makes no users, and uses none of AWS’ policies',
    breakers: (graph) =>
      graph.resources
        .filter(
          ({ type, inputs }) =>
            (type.startsWith('aws:iam/') &&
              ![...POLICIED, 'aws:iam/instanceProfile:InstanceProfile'].includes(type)) ||
            list(inputs['managedPolicyArns']).length > 0,
        )
        .map(address),
    flaws: {
      'a user': withAnother('aws:iam/user:User'),
      'the usual policy of Session Manager, which reads every parameter': withAnother(
        'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
        { policyArn: 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore' },
      ),
    },
  },
  {
    id: 'FY.IAM.5',
    asks: 'a role is taken on by one service alone',
    breakers: unless(ROLE, (inputs) =>
      statements(inputs['assumeRolePolicy']).every(
        ({ whole, actions }) =>
          isText(at(whole, 'Principal.Service')) &&
          actions.every((action) => action === 'sts:AssumeRole'),
      ),
    ),
    flaws: {
      'another account': granting(SCHEDULE, {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: '210987654321' },
      }),
    },
  },
  {
    // Lambda and EC2 take a role on only for who may pass it; the Scheduler takes it on for whoever names it.
    id: 'FY.IAM.6',
    asks: 'the Scheduler takes a role on only for this account’s schedules',
    breakers: unless(ROLE, (inputs) =>
      statements(inputs['assumeRolePolicy'])
        .filter(({ whole }) => String(at(whole, 'Principal.Service')).includes('scheduler.'))
        .every(({ condition }) =>
          ['aws:SourceAccount', 'aws:SourceArn'].every((key) =>
            isText(at(condition, `StringEquals.${key}`)),
          ),
        ),
    ),
    flaws: {
      'for anybody': granting(SCHEDULE, {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'scheduler.amazonaws.com' },
      }),
    },
  },
];

/** Every resource, every one of a kind (`parameter/*`), or one in every account. */
function isBroad(resource: string): boolean {
  const [, , , region = '', account = '', ...rest] = resource.split(':');
  return (
    resource === '*' ||
    `${region}${account}`.includes('*') ||
    /^(?:[a-z-]+[/:])?\*$/.test(rest.join(':'))
  );
}
