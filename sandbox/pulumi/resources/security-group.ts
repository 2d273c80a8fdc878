import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import * as z from 'zod/mini';
import { arn, ec2 } from './clients.ts';
import { given, resourceType, tags, text, texts, unlessGone, type ResourceType } from './type.ts';

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

const securityGroup = resourceType({
  inputs: z.strictObject({
    name: z.string(),
    vpcId: text,
    description: text,
    ingress: rules,
    egress: rules,
    tags,
  }),
  autoname: 'name',
  // ec2/vpc_security_group.go: name, name_prefix, description, vpc_id ForceNew (no prefix is used here).
  replaceOn: ['name', 'description', 'vpcId'],
  async create(inputs) {
    const answer = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: inputs.name,
        // ec2/vpc_security_group.go: the default.
        Description: inputs.description ?? 'Managed by Pulumi',
        VpcId: inputs.vpcId,
      }),
    );
    const id = given(answer.GroupId, 'security group id');
    await setRules(id, inputs);
    return { id, outputs: { arn: await arn('ec2', `security-group/${id}`) } };
  },
  async read(id) {
    return (await groupOf(id)) === null ? null : {};
  },
  async update(id, inputs) {
    await setRules(id, inputs);
    return {};
  },
  async delete(id) {
    const command = new DeleteSecurityGroupCommand({ GroupId: id });
    await unlessGone(ec2.send(command), 'InvalidGroup.NotFound');
  },
});

async function groupOf(id: string) {
  const command = new DescribeSecurityGroupsCommand({ GroupIds: [id] });
  const answer = await unlessGone(ec2.send(command), 'InvalidGroup.NotFound');
  return answer?.SecurityGroups?.[0] ?? null;
}

/** Also takes away AWS's own egress to everywhere, as upstream's create does. */
async function setRules(
  id: string,
  inputs: {
    readonly ingress?: z.output<typeof rules>;
    readonly egress?: z.output<typeof rules>;
  },
): Promise<void> {
  const live = given(await groupOf(id), 'security group');
  const old = { in: live.IpPermissions ?? [], out: live.IpPermissionsEgress ?? [] };
  const wanted = { in: permissions(inputs.ingress), out: permissions(inputs.egress) };
  const send = (IpPermissions: IpPermission[]) => ({ GroupId: id, IpPermissions });
  if (old.in.length > 0) await ec2.send(new RevokeSecurityGroupIngressCommand(send(old.in)));
  if (old.out.length > 0) await ec2.send(new RevokeSecurityGroupEgressCommand(send(old.out)));
  if (wanted.in.length > 0) {
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(send(wanted.in)));
  }
  if (wanted.out.length > 0) {
    await ec2.send(new AuthorizeSecurityGroupEgressCommand(send(wanted.out)));
  }
}

function permissions(given: z.output<typeof rules>): IpPermission[] {
  return (given ?? []).map((rule) => ({
    IpProtocol: rule.protocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    IpRanges: (rule.cidrBlocks ?? []).map((CidrIp) => ({
      CidrIp,
      Description: rule.description,
    })),
  }));
}

export const SECURITY_GROUP_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ec2/securityGroup:SecurityGroup': securityGroup,
};
