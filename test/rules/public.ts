// Defines the rule against public resources.
import type { Graph, Registered } from '../support/graph.ts';
import { editInputs, addStatement, addResource } from './flaws.ts';
import { type Rule, address, at, list, statements } from './rule.ts';

/** Types that are public by their existence. */
const OPENS =
  /^aws:(?:apigateway|apigatewayv2|cloudfront|lb|alb|elb|elasticloadbalancing|globalaccelerator)\/|^aws:ec2\/eip:/;

function isPublic({ type, inputs }: Registered): boolean {
  const opens =
    OPENS.test(type) ||
    inputs['authorizationType'] === 'NONE' ||
    inputs['associatePublicIpAddress'] === true ||
    inputs['mapPublicIpOnLaunch'] === true ||
    inputs['principal'] === '*' ||
    String(inputs['acl']).startsWith('public');
  const allowsInbound = list(inputs['ingress']).some((rule) =>
    /0\.0\.0\.0\/0|::\/0/.test(JSON.stringify(rule)),
  );
  return opens || allowsInbound || allowsEveryPrincipal(inputs);
}

function allowsEveryPrincipal(inputs: Registered['inputs']): boolean {
  return [inputs['policy'], inputs['assumeRolePolicy']]
    .filter((policy) => policy !== undefined)
    .flatMap(statements)
    .some(
      ({ effect, whole }) =>
        effect === 'Allow' &&
        [whole['Principal'], at(whole, 'Principal.AWS')].flatMap(list).includes('*'),
    );
}

export const PUBLIC_RULES: readonly Rule[] = [
  {
    id: 'FY.PUBLIC.1',
    requirement: 'nothing is public',
    findViolations: ({ resources }: Graph) => resources.filter(isPublic).map(address),
    flaws: {
      'a second public function URL': addResource('aws:lambda/functionUrl:FunctionUrl', {
        authorizationType: 'NONE',
      }),
      'a public topic': addStatement('aws:sns/topicPolicy:TopicPolicy::fyers-messages', {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 'sns:Publish',
      }),
      'an open port': editInputs('aws:ec2/securityGroup:SecurityGroup::fyers-harvester', {
        ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: ['0.0.0.0/0'] }],
      }),
      'a load balancer': addResource('aws:lb/loadBalancer:LoadBalancer'),
    },
  },
];
