import {
  DescribeInstancesCommand,
  InstanceMetadataEndpointState,
  HttpTokensState,
  InstanceMetadataTagsState,
  RunInstancesCommand,
  TerminateInstancesCommand,
  VolumeType,
  _InstanceType,
} from '@aws-sdk/client-ec2';
import * as z from 'zod/mini';
import { arn, ec2 } from './clients.ts';
import {
  count,
  flag,
  given,
  resourceType,
  tags,
  text,
  texts,
  unlessGone,
  type ResourceType,
} from './type.ts';

const instance = resourceType({
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
  // ec2/ec2_instance.go: ami, subnet_id, associate_public_ip_address and root_block_device.encrypted ForceNew (others
  // too: none that is modelled); user_data by CustomizeDiff with user_data_replace_on_change, which the program always
  // sets. The volume's size and type, the instance's type, profile, groups and metadata options change in place.
  replaceOn: [
    'ami',
    'subnetId',
    'associatePublicIpAddress',
    'userData',
    'rootBlockDevice.encrypted',
  ],
  async create(inputs) {
    const answer = await ec2.send(
      new RunInstancesCommand({
        ImageId: inputs.ami,
        InstanceType: inputs.instanceType,
        MinCount: 1,
        MaxCount: 1,
        SubnetId: inputs.subnetId,
        SecurityGroupIds: inputs.vpcSecurityGroupIds,
        UserData: Buffer.from(inputs.userData ?? '').toString('base64'),
        ...(inputs.iamInstanceProfile === undefined
          ? {}
          : { IamInstanceProfile: { Name: inputs.iamInstanceProfile } }),
      }),
    );
    const live = given(answer.Instances?.[0], 'instance');
    const id = given(live.InstanceId, 'instance id');
    return {
      id,
      outputs: {
        arn: await arn('ec2', `instance/${id}`),
        privateIp: live.PrivateIpAddress,
        publicIp: live.PublicIpAddress,
        instanceState: 'running',
      },
    };
  },
  async read(id) {
    const command = new DescribeInstancesCommand({ InstanceIds: [id] });
    const answer = await unlessGone(ec2.send(command), 'InvalidInstanceID.NotFound');
    const state = answer?.Reservations?.[0]?.Instances?.[0]?.State?.Name;
    return state === undefined || state === 'terminated' ? null : {};
  },
  // The emulator runs no machine: a change in place is one of the state.
  update: () => Promise.resolve({}),
  async delete(id) {
    const command = new TerminateInstancesCommand({ InstanceIds: [id] });
    await unlessGone(ec2.send(command), 'InvalidInstanceID.NotFound');
  },
});

export const INSTANCE_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ec2/instance:Instance': instance,
};
