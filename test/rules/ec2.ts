// The instance and its network.
import type { Graph } from '../support/graph.ts';
import { edited, withAnother } from './flaws.ts';
import { type Rule, at, list, texts, unless } from './rule.ts';

const INSTANCE = 'aws:ec2/instance:Instance';
const GROUP = 'aws:ec2/securityGroup:SecurityGroup';
const SUBNET = 'aws:ec2/subnet:Subnet';

const instance = (inputs: Readonly<Record<string, unknown>>) =>
  edited(`${INSTANCE}::harvester`, inputs);
const group = (inputs: Readonly<Record<string, unknown>>) =>
  edited(`${GROUP}::fyers-harvester`, inputs);
const letsIn = (fromPort: number, toPort: number, protocol = 'tcp', cidr = '0.0.0.0/0') =>
  group({
    ingress: [
      {
        protocol,
        fromPort,
        toPort,
        [cidr.includes(':') ? 'ipv6CidrBlocks' : 'cidrBlocks']: [cidr],
      },
    ],
  });

/** Ports that CT.EC2.PR.4 counts as high-risk. */
const HIGH_RISK = [
  20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500,
  5601, 8080, 8088, 8888, 9200, 9300,
];

/** Arm families whose hardware encrypts between instances, by CT.EC2.PR.19. */
const ENCRYPTS_IN_TRANSIT = /^(?:c6gn|c7gn?|c7gd|hpc7g|i4g|im4gn|is4gen|m7gd?|r7gd?)\./;

interface Opening {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
}

/** What a group lets in from the whole internet. */
function openings(inputs: Readonly<Record<string, unknown>>): readonly Opening[] {
  return list(inputs['ingress'])
    .filter((rule) => {
      const sources = [...texts(at(rule, 'cidrBlocks')), ...texts(at(rule, 'ipv6CidrBlocks'))];
      return sources.includes('0.0.0.0/0') || sources.includes('::/0');
    })
    .map((rule) => ({
      protocol: String(at(rule, 'protocol')),
      from: Number(at(rule, 'fromPort')),
      to: Number(at(rule, 'toPort')),
    }));
}

const ofInstances = (isSound: (inputs: Readonly<Record<string, unknown>>) => boolean) =>
  unless(INSTANCE, isSound);

export const EC2_RULES: readonly Rule[] = [
  {
    id: 'CT.EC2.PR.3',
    asks: 'a security group lets the internet in at most at ports 80 and 443',
    breakers: unless(GROUP, (inputs) =>
      openings(inputs).every(({ from, to }) => from === to && [80, 443].includes(from)),
    ),
    flaws: { 'a port of all comers': letsIn(8443, 8443) },
  },
  {
    id: 'CT.EC2.PR.4',
    asks: 'a security group lets the internet in at no high-risk port',
    breakers: unless(GROUP, (inputs) =>
      openings(inputs).every(
        ({ protocol, from, to }) =>
          protocol !== '-1' && !HIGH_RISK.some((port) => from <= port && port <= to),
      ),
    ),
    flaws: {
      'SSH from anywhere': letsIn(22, 22),
      'a range of ports with SSH in it': letsIn(1, 1_024, 'tcp', '::/0'),
      'every protocol': letsIn(0, 0, '-1'),
    },
  },
  {
    id: 'CT.EC2.PR.7',
    asks: 'every volume is encrypted',
    breakers: ofInstances((inputs) =>
      [inputs['rootBlockDevice'], ...list(inputs['ebsBlockDevices'])].every(
        (volume) => at(volume, 'encrypted') === true,
      ),
    ),
    flaws: {
      'a root volume in clear': instance({ rootBlockDevice: { volumeType: 'gp3' } }),
      'a second volume in clear': instance({ ebsBlockDevices: [{ deviceName: '/dev/sdf' }] }),
    },
  },
  {
    id: 'CT.EC2.PR.8',
    asks: 'an instance has no public address',
    breakers: ofInstances((inputs) => inputs['associatePublicIpAddress'] === false),
    flaws: { 'another instance': withAnother(INSTANCE, { associatePublicIpAddress: true }) },
  },
  {
    id: 'CT.EC2.PR.11',
    asks: 'a subnet gives no public addresses by itself',
    breakers: unless(SUBNET, (inputs) => inputs['mapPublicIpOnLaunch'] !== true),
    flaws: { 'a subnet that does': edited(`${SUBNET}::fyers`, { mapPublicIpOnLaunch: true }) },
  },
  {
    id: 'CT.EC2.PR.12',
    asks: 'an instance has one network interface',
    breakers: ofInstances((inputs) => list(inputs['networkInterfaces']).length <= 1),
    flaws: { 'a second one': instance({ networkInterfaces: [{}, {}] }) },
  },
  {
    id: 'CT.EC2.PR.13',
    asks: 'an instance is monitored in detail',
    breakers: ofInstances((inputs) => inputs['monitoring'] === true),
    flaws: { 'another instance': withAnother(INSTANCE) },
  },
  {
    id: 'CT.EC2.PR.16',
    asks: 'an instance is of a Nitro type, as every Graviton one from the second generation on is',
    breakers: ofInstances((inputs) => /^[a-z]+[4-9]g[a-z]*\./.test(String(inputs['instanceType']))),
    flaws: { 'a Xen type': instance({ instanceType: 't2.micro' }) },
  },
  {
    id: 'CT.EC2.PR.19',
    asks: 'an instance is of a type that encrypts between instances',
    breakers: ofInstances((inputs) => ENCRYPTS_IN_TRANSIT.test(String(inputs['instanceType']))),
    flaws: { 'another instance': withAnother(INSTANCE, { instanceType: 't4g.nano' }) },
  },
  {
    id: 'FY.EC2.1',
    asks: 'an instance gives its credentials by IMDSv2, and to itself alone',
    breakers: ofInstances(
      ({ metadataOptions }) =>
        at(metadataOptions, 'httpTokens') === 'required' &&
        at(metadataOptions, 'httpPutResponseHopLimit') === 1,
    ),
    flaws: {
      'without a token': instance({ metadataOptions: { httpPutResponseHopLimit: 1 } }),
      'over two hops': instance({
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 2 },
      }),
    },
  },
  {
    id: 'FY.EC2.2',
    asks: 'a security group lets nothing in',
    breakers: onGroups((inputs) => list(inputs['ingress']).length === 0),
    flaws: {
      'HTTPS from the own network': group({ ingress: [{ cidrBlocks: ['10.0.0.0/8'] }] }),
      'a rule beside the group': withAnother(
        'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      ),
    },
  },
  {
    id: 'FY.EC2.3',
    asks: 'a security group lets only HTTPS out, and says so',
    breakers: unless(
      GROUP,
      (inputs) =>
        list(inputs['egress']).every(
          (rule) =>
            at(rule, 'protocol') === 'tcp' &&
            at(rule, 'fromPort') === 443 &&
            at(rule, 'toPort') === 443,
        ) && list(inputs['egress']).length > 0,
    ),
    flaws: {
      'everything out': group({ egress: [{ protocol: '-1', fromPort: 0, toPort: 0 }] }),
      'nothing said, which is nothing out': group({ egress: undefined }),
    },
  },
  {
    id: 'FY.EC2.4',
    asks: 'an instance has no key pair: Session Manager opens its shell',
    breakers: ofInstances((inputs) => inputs['keyName'] === undefined),
    flaws: { 'a key pair': instance({ keyName: 'laptop' }) },
  },
];

/** Groups that are not as they should be, and every rule that stands beside a group. */
function onGroups(isSound: (inputs: Readonly<Record<string, unknown>>) => boolean) {
  const beside = /^aws:(?:vpc\/securityGroupIngressRule|ec2\/securityGroupRule):/;
  return (graph: Graph) => [
    ...unless(GROUP, isSound)(graph),
    ...graph.resources
      .filter(({ type }) => beside.test(type))
      .map(({ type, name }) => `${type}::${name}`),
  ];
}
