// Creates a minimal network with outgoing access only: one public subnet, no NAT, no ingress.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface Network {
  readonly subnetId: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** True in our own network; undefined uses the setting of the operator's subnet. */
  readonly publicAddress: boolean | undefined;
  /** Resources that must exist before a machine can reach the internet. */
  readonly route: readonly pulumi.Resource[];
}

const TAGS = { Name: 'fyers' };

/** @param subnetId the operator's own subnet, or null to create one */
export function network(parent: pulumi.ComponentResource, subnetId: string | null): Network {
  if (subnetId === null) return ownNetwork(parent);
  const { vpcId } = aws.ec2.getSubnetOutput({ id: subnetId }, { parent });
  return {
    subnetId: pulumi.output(subnetId),
    securityGroupId: securityGroup(parent, vpcId).id,
    publicAddress: undefined,
    route: [],
  };
}

function ownNetwork(parent: pulumi.ComponentResource): Network {
  const vpc = new aws.ec2.Vpc(
    'fyers',
    {
      cidrBlock: '10.71.0.0/24',
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: TAGS,
    },
    { parent },
  );
  const gateway = new aws.ec2.InternetGateway('fyers', { vpcId: vpc.id, tags: TAGS }, { parent });
  const subnet = new aws.ec2.Subnet(
    'fyers',
    { vpcId: vpc.id, cidrBlock: '10.71.0.0/28', mapPublicIpOnLaunch: false, tags: TAGS },
    { parent },
  );
  const routes = new aws.ec2.RouteTable(
    'fyers',
    { vpcId: vpc.id, routes: [{ cidrBlock: '0.0.0.0/0', gatewayId: gateway.id }], tags: TAGS },
    { parent },
  );
  const association = new aws.ec2.RouteTableAssociation(
    'fyers',
    { subnetId: subnet.id, routeTableId: routes.id },
    { parent },
  );
  return {
    subnetId: subnet.id,
    securityGroupId: securityGroup(parent, vpc.id).id,
    publicAddress: true,
    route: [association],
  };
}

/** Rules are inline in the group, so that a rule added by hand is detected and removed. */
function securityGroup(
  parent: pulumi.ComponentResource,
  vpcId: pulumi.Output<string>,
): aws.ec2.SecurityGroup {
  return new aws.ec2.SecurityGroup(
    'fyers-harvester',
    {
      vpcId,
      description: 'The harvester: nothing comes in, only HTTPS goes out',
      ingress: [],
      egress: [
        {
          description: 'Fyers, AWS and package repositories',
          protocol: 'tcp',
          fromPort: 443,
          toPort: 443,
          cidrBlocks: ['0.0.0.0/0'],
        },
      ],
      tags: TAGS,
    },
    { parent },
  );
}
