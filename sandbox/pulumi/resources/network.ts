// Rows of EC2: the network and the instance.
import {
  EC2,
  HttpTokensState,
  InstanceMetadataEndpointState,
  InstanceMetadataTagsState,
  VolumeType,
  _InstanceType,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import * as z from 'zod/mini';
import type { Props } from '../values.ts';
import { arn, options } from './clients.ts';
import {
  count,
  defineFunction,
  defineType,
  expectValue,
  flag,
  nullIfGone,
  tags,
  text,
  texts,
  toList,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const ec2 = new EC2(options);

const rules = z.optional(
  z.array(
    z.strictObject({
      description: text,
      protocol: z.string(),
      fromPort: z.number(),
      toPort: z.number(),
      cidrBlocks: texts,
    }),
  ),
);

const routes = z.array(z.strictObject({ cidrBlock: z.string(), gatewayId: z.string() }));

export const NETWORK_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ec2/vpc:Vpc': defineType({
    inputs: z.strictObject({
      cidrBlock: z.string(),
      enableDnsSupport: flag,
      enableDnsHostnames: flag,
      tags,
    }),
    // ec2/vpc_.go: cidr_block ForceNew. (ipv4_ipam_pool_id and ipv4_netmask_length too, which the program does not use.)
    replaceOn: ['cidrBlock'],
    cloudFormation: 'AWS::EC2::VPC',
    properties: (inputs) => ({
      CidrBlock: inputs.cidrBlock,
      // ec2/vpc_.go: enable_dns_support true and enable_dns_hostnames false by default.
      EnableDnsSupport: inputs.enableDnsSupport ?? true,
      EnableDnsHostnames: inputs.enableDnsHostnames ?? false,
      Tags: toList(inputs.tags, 'Key'),
    }),
    create: async (_inputs, { CidrBlock, ...dns }) => {
      const id = expectValue((await ec2.createVpc({ CidrBlock })).Vpc?.VpcId, 'VPC id');
      await setDns(id, dns);
      return { id, arn: await arn('ec2', `vpc/${id}`) };
    },
    read: async (id) => confirmListed((await ec2.describeVpcs({ VpcIds: [id] })).Vpcs),
    update: async (id, _inputs, properties) => {
      await setDns(id, properties);
    },
    delete: async (id) => await ec2.deleteVpc({ VpcId: id }),
  }),

  'aws:ec2/internetGateway:InternetGateway': defineType({
    inputs: z.strictObject({ vpcId: z.string(), tags }),
    // ec2/vpc_internet_gateway.go: nothing ForceNew; another VPC is detach and attach, which the program never does.
    replaceOn: [],
    cloudFormation: 'AWS::EC2::InternetGateway',
    properties: (inputs) => ({ Tags: toList(inputs.tags, 'Key') }),
    create: async ({ vpcId: VpcId }) => {
      const { InternetGateway } = await ec2.createInternetGateway();
      const id = expectValue(InternetGateway?.InternetGatewayId, 'internet gateway id');
      await ec2.attachInternetGateway({ InternetGatewayId: id, VpcId });
      return { id, arn: await arn('ec2', `internet-gateway/${id}`) };
    },
    read: async (id) =>
      confirmListed(
        (await ec2.describeInternetGateways({ InternetGatewayIds: [id] })).InternetGateways,
      ),
    delete: async (InternetGatewayId, { vpcId: VpcId }) => {
      await nullIfGone(async () => await ec2.detachInternetGateway({ InternetGatewayId, VpcId }));
      await ec2.deleteInternetGateway({ InternetGatewayId });
    },
  }),

  'aws:ec2/subnet:Subnet': defineType({
    inputs: z.strictObject({
      vpcId: z.string(),
      cidrBlock: z.string(),
      availabilityZone: text,
      mapPublicIpOnLaunch: flag,
      tags,
    }),
    // ec2/vpc_subnet.go: vpc_id, cidr_block, availability_zone ForceNew. (availability_zone_id, outpost_arn, ipv6_native
    // and the properties of address pools too, which the program does not use.)
    replaceOn: ['vpcId', 'cidrBlock', 'availabilityZone'],
    cloudFormation: 'AWS::EC2::Subnet',
    properties: (inputs) => ({ ...toPascalCase(inputs), Tags: toList(inputs.tags, 'Key') }),
    create: async (inputs, { VpcId, CidrBlock, AvailabilityZone }) => {
      const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock, AvailabilityZone });
      const id = expectValue(Subnet?.SubnetId, 'subnet id');
      await setPublicIp(id, inputs.mapPublicIpOnLaunch);
      return { id, arn: await arn('ec2', `subnet/${id}`) };
    },
    read: async (id) => confirmListed((await ec2.describeSubnets({ SubnetIds: [id] })).Subnets),
    update: async (id, { mapPublicIpOnLaunch }) => {
      await setPublicIp(id, mapPublicIpOnLaunch);
    },
    delete: async (id) => await ec2.deleteSubnet({ SubnetId: id }),
  }),

  'aws:ec2/routeTable:RouteTable': defineType({
    inputs: z.strictObject({ vpcId: z.string(), routes, tags }),
    // ec2/vpc_route_table.go: vpc_id ForceNew.
    replaceOn: ['vpcId'],
    cloudFormation: 'AWS::EC2::RouteTable',
    properties: (inputs) => ({ VpcId: inputs.vpcId, Tags: toList(inputs.tags, 'Key') }),
    create: async (inputs, { VpcId }) => {
      const { RouteTable } = await ec2.createRouteTable({ VpcId });
      const id = expectValue(RouteTable?.RouteTableId, 'route table id');
      await setRoutes(id, inputs.routes);
      return { id, arn: await arn('ec2', `route-table/${id}`) };
    },
    read: async (id) =>
      confirmListed((await ec2.describeRouteTables({ RouteTableIds: [id] })).RouteTables),
    update: async (id, inputs) => {
      await setRoutes(id, inputs.routes);
    },
    delete: async (id) => await ec2.deleteRouteTable({ RouteTableId: id }),
  }),

  'aws:ec2/routeTableAssociation:RouteTableAssociation': defineType({
    inputs: z.strictObject({ subnetId: z.string(), routeTableId: z.string() }),
    // ec2/vpc_route_table_association.go: subnet_id, gateway_id ForceNew (the program has only subnets); another table
    // changes in place, which the program never does.
    replaceOn: ['subnetId'],
    cloudFormation: 'AWS::EC2::SubnetRouteTableAssociation',
    properties: (inputs) => toPascalCase(inputs),
    create: async (_inputs, properties) => ({
      id: expectValue((await ec2.associateRouteTable(properties)).AssociationId, 'association id'),
    }),
    read: async (id, { routeTableId }) => {
      const { RouteTables = [] } = await ec2.describeRouteTables({ RouteTableIds: [routeTableId] });
      const associations = RouteTables[0]?.Associations ?? [];
      return associations.some((one) => one.RouteTableAssociationId === id) ? {} : null;
    },
    delete: async (id) => await ec2.disassociateRouteTable({ AssociationId: id }),
  }),

  'aws:ec2/securityGroup:SecurityGroup': defineType({
    inputs: z.strictObject({
      name: z.string(),
      vpcId: text,
      description: text,
      ingress: rules,
      egress: rules,
      tags,
    }),
    autoname: 'name',
    // ec2/vpc_security_group.go: name, name_prefix, description, vpc_id ForceNew. (The program uses no prefix.)
    replaceOn: ['name', 'description', 'vpcId'],
    cloudFormation: 'AWS::EC2::SecurityGroup',
    properties: (inputs) => ({
      GroupName: inputs.name,
      // ec2/vpc_security_group.go: the default.
      GroupDescription: inputs.description ?? 'Managed by Pulumi',
      VpcId: inputs.vpcId,
      SecurityGroupIngress: rulesOf(inputs.ingress),
      SecurityGroupEgress: rulesOf(inputs.egress),
      Tags: toList(inputs.tags, 'Key'),
    }),
    create: async (_inputs, { GroupName, GroupDescription: Description, VpcId, ...wanted }) => {
      const answer = await ec2.createSecurityGroup({ GroupName, Description, VpcId });
      const id = expectValue(answer.GroupId, 'security group id');
      await setRules(id, wanted);
      return { id, arn: await arn('ec2', `security-group/${id}`) };
    },
    read: async (id) =>
      confirmListed((await ec2.describeSecurityGroups({ GroupIds: [id] })).SecurityGroups),
    update: async (id, _inputs, properties) => {
      await setRules(id, properties);
    },
    delete: async (id) => await ec2.deleteSecurityGroup({ GroupId: id }),
  }),

  'aws:ec2/instance:Instance': defineType({
    inputs: z.strictObject({
      ami: z.string(),
      instanceType: z.enum(_InstanceType),
      iamInstanceProfile: text,
      subnetId: text,
      vpcSecurityGroupIds: texts,
      associatePublicIpAddress: flag,
      userData: text,
      userDataReplaceOnChange: flag,
      metadataOptions: z.optional(
        z.strictObject({
          httpEndpoint: z.optional(z.enum(InstanceMetadataEndpointState)),
          httpTokens: z.optional(z.enum(HttpTokensState)),
          httpPutResponseHopLimit: count,
          instanceMetadataTags: z.optional(z.enum(InstanceMetadataTagsState)),
        }),
      ),
      rootBlockDevice: z.optional(
        z.strictObject({
          volumeType: z.optional(z.enum(VolumeType)),
          volumeSize: count,
          encrypted: flag,
          deleteOnTermination: flag,
        }),
      ),
      creditSpecification: z.optional(z.strictObject({ cpuCredits: text })),
      tags,
    }),
    // ec2/ec2_instance.go: ami, subnet_id, associate_public_ip_address and root_block_device.encrypted ForceNew (and
    // others, none of which is modelled); user_data by CustomizeDiff with user_data_replace_on_change, which the program
    // always sets. The volume's size and type, the instance's type, profile, groups and metadata options change in place.
    replaceOn: [
      'ami',
      'subnetId',
      'associatePublicIpAddress',
      'userData',
      'rootBlockDevice.encrypted',
    ],
    cloudFormation: 'AWS::EC2::Instance',
    properties: ({ instanceType, iamInstanceProfile, subnetId, ...inputs }) => ({
      ...toPascalCase({ instanceType, iamInstanceProfile, subnetId }),
      ImageId: inputs.ami,
      SecurityGroupIds: inputs.vpcSecurityGroupIds,
      UserData: Buffer.from(inputs.userData ?? '').toString('base64'),
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: toPascalCase(inputs.rootBlockDevice) }],
      CreditSpecification: inputs.creditSpecification && {
        CPUCredits: inputs.creditSpecification.cpuCredits,
      },
      Tags: toList(inputs.tags, 'Key'),
    }),
    create: async ({ iamInstanceProfile: Name }, properties) => {
      const { ImageId, InstanceType, SubnetId, SecurityGroupIds, UserData } = properties;
      const answer = await ec2.runInstances({
        ...{ ImageId, InstanceType, SubnetId, SecurityGroupIds, UserData },
        MinCount: 1,
        MaxCount: 1,
        IamInstanceProfile: Name === undefined ? Name : { Name },
      });
      const live = expectValue(answer.Instances?.[0], 'instance');
      const id = expectValue(live.InstanceId, 'instance id');
      const { PrivateIpAddress: privateIp, PublicIpAddress: publicIp } = live;
      const outputs = { privateIp, publicIp, instanceState: 'running' };
      return { id, arn: await arn('ec2', `instance/${id}`), ...outputs };
    },
    read: async (id) => {
      const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] });
      const state = Reservations?.[0]?.Instances?.[0]?.State?.Name;
      return state === undefined || state === 'terminated' ? null : {};
    },
    // The emulator runs no machine, so a change in place concerns only the state.
    update: () => Promise.resolve(),
    delete: async (id) => await ec2.terminateInstances({ InstanceIds: [id] }),
  }),
};

export const getSubnet = defineFunction(z.strictObject({ id: z.string() }), async ({ id }) => {
  const answer = await ec2.describeSubnets({ SubnetIds: [id] });
  const live = expectValue(answer.Subnets?.[0], 'subnet');
  return { id, vpcId: live.VpcId, cidrBlock: live.CidrBlock };
});

function confirmListed(found: readonly unknown[] = []): Props | null {
  return found.length === 0 ? null : {};
}

async function setDns(
  VpcId: string,
  dns: { readonly EnableDnsSupport: boolean; readonly EnableDnsHostnames: boolean },
): Promise<void> {
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: dns.EnableDnsSupport } });
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: dns.EnableDnsHostnames } });
}

async function setPublicIp(SubnetId: string, Value = false): Promise<void> {
  await ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value } });
}

async function setRoutes(RouteTableId: string, wanted: z.output<typeof routes>): Promise<void> {
  const { RouteTables = [] } = await ec2.describeRouteTables({ RouteTableIds: [RouteTableId] });
  for (const { GatewayId, DestinationCidrBlock } of RouteTables[0]?.Routes ?? []) {
    if (GatewayId !== 'local') await ec2.deleteRoute({ RouteTableId, DestinationCidrBlock });
  }
  for (const { cidrBlock: DestinationCidrBlock, gatewayId: GatewayId } of wanted) {
    await ec2.createRoute({ RouteTableId, DestinationCidrBlock, GatewayId });
  }
}

function rulesOf(given: z.output<typeof rules> = []) {
  return given.flatMap(({ protocol: IpProtocol, cidrBlocks = [], ...rule }) =>
    cidrBlocks.map((CidrIp) => ({ ...toPascalCase(rule), IpProtocol, CidrIp })),
  );
}

type Rules = ReturnType<typeof rulesOf>;

/** Replaces every rule. As upstream's create does, it also removes the egress to everywhere that AWS adds. */
async function setRules(
  GroupId: string,
  wanted: { readonly SecurityGroupIngress: Rules; readonly SecurityGroupEgress: Rules },
): Promise<void> {
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [GroupId] });
  const live = expectValue(SecurityGroups?.[0], 'security group');
  const { IpPermissions = [], IpPermissionsEgress = [] } = live;
  const ingress = permissions(wanted.SecurityGroupIngress);
  const egress = permissions(wanted.SecurityGroupEgress);
  const rules = (IpPermissions: IpPermission[]) => ({ GroupId, IpPermissions });
  if (IpPermissions.length > 0) await ec2.revokeSecurityGroupIngress(rules(IpPermissions));
  if (IpPermissionsEgress.length > 0) {
    await ec2.revokeSecurityGroupEgress(rules(IpPermissionsEgress));
  }
  if (ingress.length > 0) await ec2.authorizeSecurityGroupIngress(rules(ingress));
  if (egress.length > 0) await ec2.authorizeSecurityGroupEgress(rules(egress));
}

function permissions(wanted: Rules): IpPermission[] {
  return wanted.map(({ CidrIp, Description, ...rule }) => ({
    ...rule,
    IpRanges: [{ CidrIp, Description }],
  }));
}
