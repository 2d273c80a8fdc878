import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  ModifySubnetAttributeCommand,
  ModifyVpcAttributeCommand,
} from '@aws-sdk/client-ec2';
import * as z from 'zod/mini';
import { arn, ec2 } from './clients.ts';
import {
  flag,
  given,
  invoke,
  resourceType,
  tags,
  text,
  textOf,
  unlessGone,
  type Invoke,
  type ResourceType,
} from './type.ts';

const vpc = resourceType({
  inputs: z.strictObject({
    cidrBlock: z.string(),
    enableDnsSupport: flag,
    enableDnsHostnames: flag,
    tags,
  }),
  // ec2/vpc_.go: cidr_block ForceNew (ipv4_ipam_pool_id and ipv4_netmask_length too: not used here).
  replaceOn: ['cidrBlock'],
  async create(inputs) {
    const answer = await ec2.send(new CreateVpcCommand({ CidrBlock: inputs.cidrBlock }));
    const id = given(answer.Vpc?.VpcId, 'VPC id');
    await setDns(id, inputs);
    return { id, outputs: { arn: await arn('ec2', `vpc/${id}`) } };
  },
  async read(id) {
    const command = new DescribeVpcsCommand({ VpcIds: [id] });
    const answer = await unlessGone(ec2.send(command), 'InvalidVpcID.NotFound');
    return answer?.Vpcs?.[0] === undefined ? null : {};
  },
  async update(id, inputs) {
    await setDns(id, inputs);
    return {};
  },
  async delete(id) {
    await unlessGone(ec2.send(new DeleteVpcCommand({ VpcId: id })), 'InvalidVpcID.NotFound');
  },
});

async function setDns(
  id: string,
  inputs: {
    readonly enableDnsSupport?: boolean | undefined;
    readonly enableDnsHostnames?: boolean | undefined;
  },
): Promise<void> {
  // ec2/vpc_.go: enable_dns_support true and enable_dns_hostnames false by default.
  const support = { Value: inputs.enableDnsSupport ?? true };
  const hostnames = { Value: inputs.enableDnsHostnames ?? false };
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId: id, EnableDnsSupport: support }));
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId: id, EnableDnsHostnames: hostnames }));
}

const internetGateway = resourceType({
  inputs: z.strictObject({ vpcId: z.string(), tags }),
  // ec2/vpc_internet_gateway.go: nothing ForceNew; another VPC is detach and attach, which the program never does.
  replaceOn: [],
  async create({ vpcId }) {
    const answer = await ec2.send(new CreateInternetGatewayCommand({}));
    const id = given(answer.InternetGateway?.InternetGatewayId, 'internet gateway id');
    await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId }));
    return { id, outputs: { arn: await arn('ec2', `internet-gateway/${id}`) } };
  },
  async read(id) {
    const command = new DescribeInternetGatewaysCommand({ InternetGatewayIds: [id] });
    const answer = await unlessGone(ec2.send(command), 'InvalidInternetGatewayID.NotFound');
    return answer?.InternetGateways?.[0] === undefined ? null : {};
  },
  async delete(id, state) {
    const ids = { InternetGatewayId: id, VpcId: textOf(state, 'vpcId') };
    await unlessGone(
      ec2.send(new DetachInternetGatewayCommand(ids)),
      'InvalidInternetGatewayID.NotFound',
      'Gateway.NotAttached',
    );
    await unlessGone(
      ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id })),
      'InvalidInternetGatewayID.NotFound',
    );
  },
});

const subnet = resourceType({
  inputs: z.strictObject({
    vpcId: z.string(),
    cidrBlock: z.string(),
    availabilityZone: text,
    mapPublicIpOnLaunch: flag,
    tags,
  }),
  // ec2/vpc_subnet.go: vpc_id, cidr_block, availability_zone ForceNew; availability_zone_id, outpost_arn, ipv6_native
  // and the properties of address pools too, none of which is used here.
  replaceOn: ['vpcId', 'cidrBlock', 'availabilityZone'],
  async create(inputs) {
    const answer = await ec2.send(
      new CreateSubnetCommand({
        VpcId: inputs.vpcId,
        CidrBlock: inputs.cidrBlock,
        AvailabilityZone: inputs.availabilityZone,
      }),
    );
    const id = given(answer.Subnet?.SubnetId, 'subnet id');
    await setPublicIp(id, inputs.mapPublicIpOnLaunch);
    return { id, outputs: { arn: await arn('ec2', `subnet/${id}`) } };
  },
  async read(id) {
    const command = new DescribeSubnetsCommand({ SubnetIds: [id] });
    const answer = await unlessGone(ec2.send(command), 'InvalidSubnetID.NotFound');
    return answer?.Subnets?.[0] === undefined ? null : {};
  },
  async update(id, inputs) {
    await setPublicIp(id, inputs.mapPublicIpOnLaunch);
    return {};
  },
  async delete(id) {
    const command = new DeleteSubnetCommand({ SubnetId: id });
    await unlessGone(ec2.send(command), 'InvalidSubnetID.NotFound');
  },
});

async function setPublicIp(id: string, value: boolean | undefined): Promise<void> {
  const attribute = { Value: value ?? false };
  await ec2.send(
    new ModifySubnetAttributeCommand({ SubnetId: id, MapPublicIpOnLaunch: attribute }),
  );
}

const routeTable = resourceType({
  inputs: z.strictObject({
    vpcId: z.string(),
    routes: z.array(z.strictObject({ cidrBlock: z.string(), gatewayId: z.string() })),
    tags,
  }),
  // ec2/vpc_route_table.go: vpc_id ForceNew.
  replaceOn: ['vpcId'],
  async create({ vpcId, routes }) {
    const answer = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }));
    const id = given(answer.RouteTable?.RouteTableId, 'route table id');
    await addRoutes(id, routes);
    return { id, outputs: { arn: await arn('ec2', `route-table/${id}`) } };
  },
  async read(id) {
    return (await routesOf(id)) === null ? null : {};
  },
  async update(id, { routes }) {
    for (const route of (await routesOf(id)) ?? []) {
      if (route.GatewayId === 'local') continue;
      const { DestinationCidrBlock } = route;
      await ec2.send(new DeleteRouteCommand({ RouteTableId: id, DestinationCidrBlock }));
    }
    await addRoutes(id, routes);
    return {};
  },
  async delete(id) {
    const command = new DeleteRouteTableCommand({ RouteTableId: id });
    await unlessGone(ec2.send(command), 'InvalidRouteTableID.NotFound');
  },
});

async function routesOf(id: string) {
  const command = new DescribeRouteTablesCommand({ RouteTableIds: [id] });
  const answer = await unlessGone(ec2.send(command), 'InvalidRouteTableID.NotFound');
  const table = answer?.RouteTables?.[0];
  return table === undefined ? null : (table.Routes ?? []);
}

async function addRoutes(
  id: string,
  routes: readonly { readonly cidrBlock: string; readonly gatewayId: string }[],
): Promise<void> {
  for (const { cidrBlock, gatewayId } of routes) {
    await ec2.send(
      new CreateRouteCommand({
        RouteTableId: id,
        DestinationCidrBlock: cidrBlock,
        GatewayId: gatewayId,
      }),
    );
  }
}

const routeTableAssociation = resourceType({
  inputs: z.strictObject({ subnetId: z.string(), routeTableId: z.string() }),
  // ec2/vpc_route_table_association.go: subnet_id, gateway_id ForceNew (only subnets here); another table changes in
  // place, which we never do.
  replaceOn: ['subnetId'],
  async create({ subnetId, routeTableId }) {
    const answer = await ec2.send(
      new AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: routeTableId }),
    );
    return { id: given(answer.AssociationId, 'association id') };
  },
  async read(id, state) {
    const command = new DescribeRouteTablesCommand({
      RouteTableIds: [textOf(state, 'routeTableId')],
    });
    const answer = await unlessGone(ec2.send(command), 'InvalidRouteTableID.NotFound');
    const associations = answer?.RouteTables?.[0]?.Associations ?? [];
    return associations.some((one) => one.RouteTableAssociationId === id) ? {} : null;
  },
  async delete(id) {
    await unlessGone(
      ec2.send(new DisassociateRouteTableCommand({ AssociationId: id })),
      'InvalidAssociationID.NotFound',
    );
  },
});

const getSubnet = invoke(z.strictObject({ id: z.string() }), async ({ id }) => {
  const answer = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id] }));
  const live = given(answer.Subnets?.[0], 'subnet');
  return { id, vpcId: live.VpcId, cidrBlock: live.CidrBlock };
});

export const NETWORK_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ec2/vpc:Vpc': vpc,
  'aws:ec2/internetGateway:InternetGateway': internetGateway,
  'aws:ec2/subnet:Subnet': subnet,
  'aws:ec2/routeTable:RouteTable': routeTable,
  'aws:ec2/routeTableAssociation:RouteTableAssociation': routeTableAssociation,
};
export const NETWORK_INVOKES: Readonly<Record<string, Invoke>> = {
  'aws:ec2/getSubnet:getSubnet': getSubnet,
};
