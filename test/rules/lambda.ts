// The functions.
import { type Graph, type Registered, allOf } from '../support/graph.ts';
import { edited, granting, withAnother, without } from './flaws.ts';
import { type Rule, address, at, isText, list, statements, texts, unless } from './rule.ts';

const FUNCTION = 'aws:lambda/function:Function';
const URL = 'aws:lambda/functionUrl:FunctionUrl';
const PERMISSION = 'aws:lambda/permission:Permission';
const ON_EVENTS = 'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig';
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';
const ROLE_POLICY = 'aws:iam/rolePolicy:RolePolicy';
const SCHEDULE = 'aws:scheduler/schedule:Schedule';

/** How long an event may wait for its function: by then the next slot is near. */
const MAXIMUM_EVENT_AGE_SECONDS = 3_600;

/** Functions that a schedule starts, and so asynchronously. */
function scheduled(graph: Graph): readonly Registered[] {
  const targets = allOf(graph, SCHEDULE).map(({ inputs }) => at(inputs, 'target.arn'));
  return allOf(graph, FUNCTION).filter(({ name }) =>
    targets.includes(`arn:aws:mock:::Function/${name}`),
  );
}

function failsLoudly({ inputs }: Registered, graph: Graph): boolean {
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
    asks: 'a permission names for whom a service or everybody may call',
    breakers: unless(
      PERMISSION,
      (inputs) =>
        inputs['functionUrlAuthType'] !== 'NONE' &&
        (/^(?:\d{12}$|arn:)/.test(String(inputs['principal'])) ||
          ['sourceArn', 'sourceAccount', 'principalOrgId'].some((key) => isText(inputs[key]))),
    ),
    flaws: {
      everybody: withAnother(PERMISSION, { principal: '*' }),
      'a service on anybody’s behalf': withAnother(PERMISSION, { principal: 's3.amazonaws.com' }),
      'an open address': withAnother(PERMISSION, { principal: '1', functionUrlAuthType: 'NONE' }),
    },
  },
  {
    id: 'CT.LAMBDA.PR.3',
    asks: 'a function runs in a network of its owner',
    breakers: unless(FUNCTION, (inputs) => list(at(inputs, 'vpcConfig.subnetIds')).length > 0),
    flaws: { 'another function': withAnother(FUNCTION) },
  },
  {
    id: 'CT.LAMBDA.PR.5',
    asks: 'a function’s address asks for AWS credentials',
    breakers: unless(URL, (inputs) => inputs['authorizationType'] === 'AWS_IAM'),
    flaws: { 'another address': withAnother(URL, { authorizationType: 'NONE' }) },
  },
  {
    id: 'CT.LAMBDA.PR.6',
    asks: 'a function’s address answers no other site’s scripts',
    breakers: unless(URL, (inputs) =>
      texts(at(inputs, 'cors.allowOrigins')).every((origin) => !origin.includes('*')),
    ),
    flaws: { 'every site': edited(`${URL}::login`, { cors: { allowOrigins: ['*'] } }) },
  },
  {
    id: 'FY.LAMBDA.1',
    asks: 'a function that a schedule starts is not tried again by Lambda, nor late, and tells of a failure',
    breakers: (graph) =>
      scheduled(graph)
        .filter((each) => !failsLoudly(each, graph))
        .map(address),
    flaws: {
      'Lambda’s defaults': without(`${ON_EVENTS}::watch`),
      'a retry': edited(`${ON_EVENTS}::refresh`, { maximumRetryAttempts: 1 }),
      'six hours': edited(`${ON_EVENTS}::refresh`, { maximumEventAgeInSeconds: 21_600 }),
      'no word of it': edited(`${ON_EVENTS}::watch`, { destinationConfig: {} }),
    },
  },
  {
    id: 'FY.LAMBDA.2',
    asks: 'a function logs into a group that the program made',
    breakers: unless(FUNCTION, (inputs, graph) =>
      allOf(graph, LOG_GROUP).some(
        (group) => group.inputs['name'] === at(inputs, 'loggingConfig.logGroup'),
      ),
    ),
    flaws: {
      'a group that Lambda would make': edited(`${FUNCTION}::login`, { loggingConfig: undefined }),
    },
  },
  {
    id: 'FY.LAMBDA.3',
    asks: 'no role may make log groups, which would then be kept for ever',
    breakers: unless(ROLE_POLICY, (inputs) =>
      statements(inputs['policy']).every(
        ({ effect, actions }) => effect === 'Deny' || !actions.includes('logs:CreateLogGroup'),
      ),
    ),
    flaws: {
      'one that may': granting(`${ROLE_POLICY}::fyers-watch`, {
        Effect: 'Allow',
        Action: 'logs:CreateLogGroup',
        Resource: 'arn:aws:logs:ap-south-1:123456789012:log-group:x',
      }),
    },
  },
  {
    id: 'FY.LAMBDA.4',
    asks: 'a function runs on Node 24, which AWS keeps up',
    breakers: unless(FUNCTION, (inputs) => inputs['runtime'] === 'nodejs24.x'),
    flaws: { 'one that AWS takes away': edited(`${FUNCTION}::watch`, { runtime: 'nodejs18.x' }) },
  },
];
