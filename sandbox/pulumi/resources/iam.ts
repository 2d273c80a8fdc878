// Rows of IAM. The emulator enforces the policies that it gets here.
import { IAM } from '@aws-sdk/client-iam';
import * as z from 'zod/mini';
import { options } from './clients.ts';
import { emulatable } from './conditions.ts';
import {
  confirmFound,
  defineType,
  expectValue,
  policy,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const iam = new IAM(options);

export const IAM_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:iam/role:Role': defineType({
    inputs: z.strictObject({
      name: z.string(),
      assumeRolePolicy: policy,
      description: text,
      path: text,
      tags,
    }),
    autoname: 'name',
    // iam/role.go: name, name_prefix, path ForceNew. (The program uses no prefix, here or below.)
    replaceOn: ['name', 'path'],
    cloudFormation: 'AWS::IAM::Role',
    properties: ({ name, description, path, assumeRolePolicy }) => ({
      ...toPascalCase({ description, path }),
      RoleName: name,
      AssumeRolePolicyDocument: assumeRolePolicy,
    }),
    create: async ({ name }, properties) => {
      const AssumeRolePolicyDocument = trust(properties);
      const { Role } = await iam.createRole({ ...properties, AssumeRolePolicyDocument });
      const { Arn: arn, RoleId: uniqueId } = expectValue(Role, 'role');
      return { id: name, arn, uniqueId };
    },
    read: async (id) => ({ arn: (await iam.getRole({ RoleName: id })).Role?.Arn }),
    update: async (RoleName, _inputs, properties) => {
      await iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: trust(properties) });
      await iam.updateRole({ RoleName, Description: properties.Description });
    },
    delete: async (id) => await iam.deleteRole({ RoleName: id }),
  }),

  'aws:iam/rolePolicy:RolePolicy': defineType({
    inputs: z.strictObject({ name: z.string(), role: z.string(), policy }),
    autoname: 'name',
    // iam/role_policy.go: name, name_prefix, role ForceNew.
    replaceOn: ['name', 'role'],
    cloudFormation: 'AWS::IAM::Policy',
    properties: ({ name, role, policy: PolicyDocument }) => ({
      PolicyName: name,
      Roles: [role],
      PolicyDocument,
    }),
    create: async ({ name, role, policy: document }) => {
      const PolicyDocument = emulatable(document, role, 'role');
      await iam.putRolePolicy({ RoleName: role, PolicyName: name, PolicyDocument });
      return { id: `${role}:${name}` };
    },
    read: async (_id, { role, name }) =>
      await confirmFound(iam.getRolePolicy({ RoleName: role, PolicyName: name })),
    update: 'create',
    delete: async (_id, { role, name }) =>
      await iam.deleteRolePolicy({ RoleName: role, PolicyName: name }),
  }),

  'aws:iam/userPolicy:UserPolicy': defineType({
    inputs: z.strictObject({ name: z.string(), user: z.string(), policy }),
    autoname: 'name',
    // iam/user_policy.go: name, name_prefix, user ForceNew.
    replaceOn: ['name', 'user'],
    cloudFormation: 'AWS::IAM::UserPolicy',
    properties: ({ name, user, policy: PolicyDocument }) => ({
      PolicyName: name,
      UserName: user,
      PolicyDocument,
    }),
    create: async ({ name, user }, properties) => {
      const PolicyDocument = emulatable(properties.PolicyDocument, user, 'role');
      await iam.putUserPolicy({ ...properties, PolicyDocument });
      return { id: `${user}:${name}` };
    },
    read: async (_id, { user, name }) =>
      await confirmFound(iam.getUserPolicy({ UserName: user, PolicyName: name })),
    update: 'create',
    delete: async (_id, { user, name }) =>
      await iam.deleteUserPolicy({ UserName: user, PolicyName: name }),
  }),

  'aws:iam/instanceProfile:InstanceProfile': defineType({
    inputs: z.strictObject({ name: z.string(), role: text, path: text, tags }),
    autoname: 'name',
    // iam/instance_profile.go: name, name_prefix, path ForceNew; role changes in place.
    replaceOn: ['name', 'path'],
    cloudFormation: 'AWS::IAM::InstanceProfile',
    properties: ({ name, role, path: Path }) => ({
      InstanceProfileName: name,
      Path,
      Roles: role === undefined ? [] : [role],
    }),
    create: async ({ name }, { Roles, ...properties }) => {
      const { InstanceProfile } = await iam.createInstanceProfile(properties);
      await setRoles(name, Roles);
      return { id: name, arn: expectValue(InstanceProfile, 'instance profile').Arn };
    },
    read: async (id) => {
      const { InstanceProfile } = await iam.getInstanceProfile({ InstanceProfileName: id });
      return { arn: InstanceProfile?.Arn };
    },
    update: async (id, _inputs, { Roles }) => {
      await setRoles(id, Roles);
    },
    delete: async (id) => {
      await setRoles(id, []);
      await iam.deleteInstanceProfile({ InstanceProfileName: id });
    },
  }),
};

function trust(properties: {
  RoleName: string;
  AssumeRolePolicyDocument: z.output<typeof policy>;
}) {
  return emulatable(properties.AssumeRolePolicyDocument, properties.RoleName, 'trust');
}

async function setRoles(InstanceProfileName: string, roles: readonly string[]): Promise<void> {
  const live = await iam.getInstanceProfile({ InstanceProfileName });
  for (const { RoleName } of live.InstanceProfile?.Roles ?? []) {
    await iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName });
  }
  for (const RoleName of roles) {
    await iam.addRoleToInstanceProfile({ InstanceProfileName, RoleName });
  }
}
