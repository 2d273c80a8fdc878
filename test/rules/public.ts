// What anybody on the internet can reach.
import type { Graph, Registered } from '../support/graph.ts';
import { edited, granting, withAnother } from './flaws.ts';
import { type Rule, address, at, list, statements } from './rule.ts';

/** Types that open something by being there. */
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
  const letsIn = list(inputs['ingress']).some((rule) =>
    /0\.0\.0\.0\/0|::\/0/.test(JSON.stringify(rule)),
  );
  return opens || letsIn || letsAnybody(inputs);
}

function letsAnybody(inputs: Registered['inputs']): boolean {
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
    asks: 'nothing is public',
    breakers: ({ resources }: Graph) => resources.filter(isPublic).map(address),
    flaws: {
      'a second function with an address': withAnother('aws:lambda/functionUrl:FunctionUrl', {
        authorizationType: 'NONE',
      }),
      'a topic for everybody': granting('aws:sns/topicPolicy:TopicPolicy::fyers-messages', {
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 'sns:Publish',
      }),
      'a port': edited('aws:ec2/securityGroup:SecurityGroup::fyers-harvester', {
        ingress: [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrBlocks: ['0.0.0.0/0'] }],
      }),
      'a load balancer': withAnother('aws:lb/loadBalancer:LoadBalancer'),
    },
  },
];
