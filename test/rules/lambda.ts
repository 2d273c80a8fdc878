// Defines the rules for the functions.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { editInputs, addStatement, addResource, removeResource } from './flaws.ts';
import { type Rule, address, at, isText, list, statements, texts, unless } from './rule.ts';

const FUNCTION = 'aws:lambda/function:Function';
const URL = 'aws:lambda/functionUrl:FunctionUrl';
const PERMISSION = 'aws:lambda/permission:Permission';
const ON_EVENTS = 'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const ROLE_POLICY = 'aws:iam/rolePolicy:RolePolicy';
const SCHEDULE = 'aws:scheduler/schedule:Schedule';

/** The longest time that an event may wait for its function: after that the next slot is near. */
const MAXIMUM_EVENT_AGE_SECONDS = 3_600;

/** Returns the functions that a schedule starts, which are invoked asynchronously. */
function findScheduledFunctions(graph: Graph): readonly Registered[] {
  const targets = allOf(graph, SCHEDULE).map(({ inputs }) => at(inputs, 'target.arn'));
  return allOf(graph, FUNCTION).filter(({ name }) =>
    targets.includes(`arn:aws:mock:::Function/${name}`),
  );
}

function hasFailureDestination({ inputs }: Registered, graph: Graph): boolean {
  return allOf(graph, ON_EVENTS).some(
    (config) =>
      config.inputs['functionName'] === inputs['name'] &&
      config.inputs['maximumRetryAttempts'] === 0 &&
      Number(config.inputs['maximumEventAgeInSeconds']) <= MAXIMUM_EVENT_AGE_SECONDS &&
      isText(at(config.inputs, 'destinationConfig.onFailure.destination')),
  );
}

export const LAMBDA_RULES: readonly Rule[] = [
  {
    id: 'CT.LAMBDA.PR.2',
    requirement:
      'a permission names the source on whose behalf a service or account may invoke a function',
    findViolations: unless(
      PERMISSION,
      (inputs) =>
        inputs['functionUrlAuthType'] !== 'NONE' &&
        (/^(?:\d{12}$|arn:)/.test(String(inputs['principal'])) ||
          ['sourceArn', 'sourceAccount', 'principalOrgId'].some((key) => isText(inputs[key]))),
    ),
    flaws: {
      'every principal': addResource(PERMISSION, { principal: '*' }),
      'a service without a source': addResource(PERMISSION, {
        principal: 's3.amazonaws.com',
      }),
      'a public function URL': addResource(PERMISSION, {
        principal: '1',
        functionUrlAuthType: 'NONE',
      }),
    },
  },
  {
    id: 'CT.LAMBDA.PR.3',
    requirement: 'a function runs in a VPC',
    findViolations: unless(
      FUNCTION,
      (inputs) => list(at(inputs, 'vpcConfig.subnetIds')).length > 0,
    ),
    flaws: { 'another function': addResource(FUNCTION) },
  },
  {
    id: 'CT.LAMBDA.PR.5',
    requirement: 'a function URL requires AWS credentials',
    findViolations: unless(URL, (inputs) => inputs['authorizationType'] === 'AWS_IAM'),
    flaws: { 'another function URL': addResource(URL, { authorizationType: 'NONE' }) },
  },
  {
    id: 'CT.LAMBDA.PR.6',
    requirement: 'a function URL rejects scripts of other origins',
    findViolations: unless(URL, (inputs) =>
      texts(at(inputs, 'cors.allowOrigins')).every((origin) => !origin.includes('*')),
    ),
    flaws: { 'every origin': editInputs(`${URL}::login`, { cors: { allowOrigins: ['*'] } }) },
  },
  {
    id: 'FY.LAMBDA.1',
    requirement:
      'a scheduled function has no retries, a maximum event age, and a failure destination',
    findViolations: (graph) =>
      findScheduledFunctions(graph)
        .filter((each) => !hasFailureDestination(each, graph))
        .map(address),
    flaws: {
      'Lambda’s defaults': removeResource(`${ON_EVENTS}::watch`),
      'a retry': editInputs(`${ON_EVENTS}::refresh`, { maximumRetryAttempts: 1 }),
      'an event age of six hours': editInputs(`${ON_EVENTS}::refresh`, {
        maximumEventAgeInSeconds: 21_600,
      }),
      'no failure destination': editInputs(`${ON_EVENTS}::watch`, { destinationConfig: {} }),
    },
  },
  {
    id: 'FY.LAMBDA.2',
    requirement: 'a function logs into a log group of the program',
    findViolations: unless(FUNCTION, (inputs, graph) =>
      allOf(graph, LOG_GROUP).some(
        (group) => group.inputs['name'] === at(inputs, 'loggingConfig.logGroup'),
      ),
    ),
    flaws: {
      'the log group that Lambda creates': editInputs(`${FUNCTION}::login`, {
        loggingConfig: undefined,
      }),
    },
  },
  {
    id: 'FY.LAMBDA.3',
    requirement: 'no role may create log groups, which would never expire',
    findViolations: unless(ROLE_POLICY, (inputs) =>
      statements(inputs['policy']).every(
        ({ effect, actions }) => effect === 'Deny' || !actions.includes('logs:CreateLogGroup'),
      ),
    ),
    flaws: {
      'a role that may': addStatement(`${ROLE_POLICY}::fyers-watch`, {
        Effect: 'Allow',
        Action: 'logs:CreateLogGroup',
        Resource: 'arn:aws:logs:ap-south-1:123456789012:log-group:x',
      }),
    },
  },
  {
    id: 'FY.LAMBDA.4',
    requirement: 'a function runs on Node 24, a supported runtime',
    findViolations: unless(FUNCTION, (inputs) => inputs['runtime'] === 'nodejs24.x'),
    flaws: { 'a deprecated runtime': editInputs(`${FUNCTION}::watch`, { runtime: 'nodejs18.x' }) },
  },
];
