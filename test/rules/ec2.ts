// Defines the rules for the instance and its network.
import type { Graph } from '../support/graph.ts';
import { editInputs, addResource } from './flaws.ts';
import { type Rule, at, list, texts, unless } from './rule.ts';

const INSTANCE = 'aws:ec2/instance:Instance';
const GROUP = 'aws:ec2/securityGroup:SecurityGroup';
const SUBNET = 'aws:ec2/subnet:Subnet';

const instance = (inputs: Readonly<Record<string, unknown>>) =>
  editInputs(`${INSTANCE}::harvester`, inputs);
const group = (inputs: Readonly<Record<string, unknown>>) =>
  editInputs(`${GROUP}::fyers-harvester`, inputs);
const openPorts = (fromPort: number, toPort: number, protocol = 'tcp', cidr = '0.0.0.0/0') =>
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

/** Arm families that encrypt traffic between instances in hardware, by CT.EC2.PR.19. */
const ENCRYPTS_IN_TRANSIT = /^(?:c6gn|c7gn?|c7gd|hpc7g|i4g|im4gn|is4gen|m7gd?|r7gd?)\./;

interface Opening {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
}

/** Returns the port ranges that a group opens to the whole internet. */
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

const unlessInstance = (isSound: (inputs: Readonly<Record<string, unknown>>) => boolean) =>
  unless(INSTANCE, isSound);

export const EC2_RULES: readonly Rule[] = [
  {
    id: 'CT.EC2.PR.3',
    requirement: 'a security group opens at most the ports 80 and 443 to the internet',
    findViolations: unless(GROUP, (inputs) =>
      openings(inputs).every(({ from, to }) => from === to && [80, 443].includes(from)),
    ),
    flaws: { 'port 8443': openPorts(8443, 8443) },
  },
  {
    id: 'CT.EC2.PR.4',
    requirement: 'a security group opens no high-risk port to the internet',
    findViolations: unless(GROUP, (inputs) =>
      openings(inputs).every(
        ({ protocol, from, to }) =>
          protocol !== '-1' && !HIGH_RISK.some((port) => from <= port && port <= to),
      ),
    ),
    flaws: {
      'SSH from anywhere': openPorts(22, 22),
      'a range of ports with SSH in it': openPorts(1, 1_024, 'tcp', '::/0'),
      'every protocol': openPorts(0, 0, '-1'),
    },
  },
  {
    id: 'CT.EC2.PR.7',
    requirement: 'every volume is encrypted',
    findViolations: unlessInstance((inputs) =>
      [inputs['rootBlockDevice'], ...list(inputs['ebsBlockDevices'])].every(
        (volume) => at(volume, 'encrypted') === true,
      ),
    ),
    flaws: {
      'an unencrypted root volume': instance({ rootBlockDevice: { volumeType: 'gp3' } }),
      'an unencrypted second volume': instance({ ebsBlockDevices: [{ deviceName: '/dev/sdf' }] }),
    },
  },
  {
    id: 'CT.EC2.PR.8',
    requirement: 'an instance has no public IP address',
    findViolations: unlessInstance((inputs) => inputs['associatePublicIpAddress'] === false),
    flaws: { 'another instance': addResource(INSTANCE, { associatePublicIpAddress: true }) },
  },
  {
    id: 'CT.EC2.PR.11',
    requirement: 'a subnet assigns no public IP addresses',
    findViolations: unless(SUBNET, (inputs) => inputs['mapPublicIpOnLaunch'] !== true),
    flaws: {
      'a subnet that assigns them': editInputs(`${SUBNET}::fyers`, { mapPublicIpOnLaunch: true }),
    },
  },
  {
    id: 'CT.EC2.PR.12',
    requirement: 'an instance has one network interface',
    findViolations: unlessInstance((inputs) => list(inputs['networkInterfaces']).length <= 1),
    flaws: { 'a second interface': instance({ networkInterfaces: [{}, {}] }) },
  },
  {
    id: 'CT.EC2.PR.13',
    requirement: 'an instance has detailed monitoring',
    findViolations: unlessInstance((inputs) => inputs['monitoring'] === true),
    flaws: { 'another instance': addResource(INSTANCE) },
  },
  {
    id: 'CT.EC2.PR.16',
    requirement: 'an instance has a Nitro type: Graviton of the second generation or later',
    findViolations: unlessInstance((inputs) =>
      /^[a-z]+[4-9]g[a-z]*\./.test(String(inputs['instanceType'])),
    ),
    flaws: { 'a Xen type': instance({ instanceType: 't2.micro' }) },
  },
  {
    id: 'CT.EC2.PR.19',
    requirement: 'an instance has a type that encrypts traffic between instances',
    findViolations: unlessInstance((inputs) =>
      ENCRYPTS_IN_TRANSIT.test(String(inputs['instanceType'])),
    ),
    flaws: { 'another instance': addResource(INSTANCE, { instanceType: 't4g.nano' }) },
  },
  {
    id: 'FY.EC2.1',
    requirement: 'an instance requires IMDSv2 with one hop',
    findViolations: unlessInstance(
      ({ metadataOptions }) =>
        at(metadataOptions, 'httpTokens') === 'required' &&
        at(metadataOptions, 'httpPutResponseHopLimit') === 1,
    ),
    flaws: {
      'no token required': instance({ metadataOptions: { httpPutResponseHopLimit: 1 } }),
      'two hops': instance({
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 2 },
      }),
    },
  },
  {
    id: 'FY.EC2.2',
    requirement: 'a security group allows no inbound traffic',
    findViolations: onGroups((inputs) => list(inputs['ingress']).length === 0),
    flaws: {
      'inbound HTTPS from the same network': group({ ingress: [{ cidrBlocks: ['10.0.0.0/8'] }] }),
      'a separate inbound rule': addResource(
        'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule',
      ),
    },
  },
  {
    id: 'FY.EC2.3',
    requirement: 'a security group allows only outbound HTTPS, explicitly',
    findViolations: unless(
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
      'all outbound traffic': group({ egress: [{ protocol: '-1', fromPort: 0, toPort: 0 }] }),
      'no outbound rule': group({ egress: undefined }),
    },
  },
  {
    id: 'FY.EC2.4',
    requirement: 'an instance has no SSH key pair',
    findViolations: unlessInstance((inputs) => inputs['keyName'] === undefined),
    flaws: { 'a key pair': instance({ keyName: 'laptop' }) },
  },
];

/** Finds groups that fail the condition, and every rule outside of a group. */
function onGroups(isSound: (inputs: Readonly<Record<string, unknown>>) => boolean) {
  const SEPARATE_RULE = /^aws:(?:vpc\/securityGroupIngressRule|ec2\/securityGroupRule):/;
  return (graph: Graph) => [
    ...unless(GROUP, isSound)(graph),
    ...graph.resources
      .filter(({ type }) => SEPARATE_RULE.test(type))
      .map(({ type, name }) => `${type}::${name}`),
  ];
}
