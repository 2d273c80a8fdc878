import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserPolicyCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import * as z from 'zod/mini';
import { iam } from './clients.ts';
import { emulatable } from './conditions.ts';
import {
  count,
  given,
  policy,
  resourceType,
  tags,
  text,
  textOf,
  unlessGone,
  type ResourceType,
} from './type.ts';

const GONE = 'NoSuchEntityException';

const role = resourceType({
  inputs: z.strictObject({
    name: z.string(),
    assumeRolePolicy: policy,
    description: text,
    path: text,
    maxSessionDuration: count,
    tags,
  }),
  autoname: 'name',
  // iam/role.go: name, name_prefix, path ForceNew (no prefix is used here, nor below).
  replaceOn: ['name', 'path'],
  async create(inputs) {
    const answer = await iam.send(
      new CreateRoleCommand({
        RoleName: inputs.name,
        AssumeRolePolicyDocument: emulatable(inputs.assumeRolePolicy, inputs.name, 'trust'),
        Description: inputs.description,
        Path: inputs.path,
        MaxSessionDuration: inputs.maxSessionDuration,
      }),
    );
    const { Arn, RoleId } = given(answer.Role, 'role');
    return { id: inputs.name, outputs: { arn: Arn, uniqueId: RoleId } };
  },
  async read(id) {
    const answer = await unlessGone(iam.send(new GetRoleCommand({ RoleName: id })), GONE);
    return answer === null ? null : { arn: answer.Role?.Arn };
  },
  async update(id, inputs, changed) {
    if (changed.has('assumeRolePolicy')) {
      await iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: id,
          PolicyDocument: emulatable(inputs.assumeRolePolicy, id, 'trust'),
        }),
      );
    }
    if (changed.has('description') || changed.has('maxSessionDuration')) {
      await iam.send(
        new UpdateRoleCommand({
          RoleName: id,
          Description: inputs.description,
          MaxSessionDuration: inputs.maxSessionDuration,
        }),
      );
    }
    return {};
  },
  async delete(id) {
    await unlessGone(iam.send(new DeleteRoleCommand({ RoleName: id })), GONE);
  },
});

const rolePolicy = resourceType({
  inputs: z.strictObject({ name: z.string(), role: z.string(), policy }),
  autoname: 'name',
  // iam/role_policy.go: name, name_prefix, role ForceNew.
  replaceOn: ['name', 'role'],
  async create(inputs) {
    await putRolePolicy(inputs);
    return { id: `${inputs.role}:${inputs.name}` };
  },
  async read(_id, state) {
    const command = new GetRolePolicyCommand({
      RoleName: textOf(state, 'role'),
      PolicyName: textOf(state, 'name'),
    });
    return (await unlessGone(iam.send(command), GONE)) === null ? null : {};
  },
  async update(_id, inputs) {
    await putRolePolicy(inputs);
    return {};
  },
  async delete(_id, state) {
    const command = new DeleteRolePolicyCommand({
      RoleName: textOf(state, 'role'),
      PolicyName: textOf(state, 'name'),
    });
    await unlessGone(iam.send(command), GONE);
  },
});

async function putRolePolicy(inputs: {
  readonly name: string;
  readonly role: string;
  readonly policy: z.output<typeof policy>;
}): Promise<void> {
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: inputs.role,
      PolicyName: inputs.name,
      PolicyDocument: emulatable(inputs.policy, inputs.role, 'role'),
    }),
  );
}

const userPolicy = resourceType({
  inputs: z.strictObject({ name: z.string(), user: z.string(), policy }),
  autoname: 'name',
  // iam/user_policy.go: name, name_prefix, user ForceNew.
  replaceOn: ['name', 'user'],
  async create(inputs) {
    await putUserPolicy(inputs);
    return { id: `${inputs.user}:${inputs.name}` };
  },
  async read(_id, state) {
    const command = new GetUserPolicyCommand({
      UserName: textOf(state, 'user'),
      PolicyName: textOf(state, 'name'),
    });
    return (await unlessGone(iam.send(command), GONE)) === null ? null : {};
  },
  async update(_id, inputs) {
    await putUserPolicy(inputs);
    return {};
  },
  async delete(_id, state) {
    const command = new DeleteUserPolicyCommand({
      UserName: textOf(state, 'user'),
      PolicyName: textOf(state, 'name'),
    });
    await unlessGone(iam.send(command), GONE);
  },
});

async function putUserPolicy(inputs: {
  readonly name: string;
  readonly user: string;
  readonly policy: z.output<typeof policy>;
}): Promise<void> {
  await iam.send(
    new PutUserPolicyCommand({
      UserName: inputs.user,
      PolicyName: inputs.name,
      PolicyDocument: emulatable(inputs.policy, inputs.user, 'role'),
    }),
  );
}

const instanceProfile = resourceType({
  inputs: z.strictObject({ name: z.string(), role: text, path: text, tags }),
  autoname: 'name',
  // iam/instance_profile.go: name, name_prefix, path ForceNew; role changes in place.
  replaceOn: ['name', 'path'],
  async create(inputs) {
    const answer = await iam.send(
      new CreateInstanceProfileCommand({ InstanceProfileName: inputs.name, Path: inputs.path }),
    );
    if (inputs.role !== undefined) await addRole(inputs.name, inputs.role);
    return {
      id: inputs.name,
      outputs: { arn: given(answer.InstanceProfile, 'instance profile').Arn },
    };
  },
  async read(id) {
    const command = new GetInstanceProfileCommand({ InstanceProfileName: id });
    const answer = await unlessGone(iam.send(command), GONE);
    return answer === null ? null : { arn: answer.InstanceProfile?.Arn };
  },
  async update(id, inputs, changed) {
    if (changed.has('role')) {
      await removeRoles(id);
      if (inputs.role !== undefined) await addRole(id, inputs.role);
    }
    return {};
  },
  async delete(id) {
    await removeRoles(id);
    const command = new DeleteInstanceProfileCommand({ InstanceProfileName: id });
    await unlessGone(iam.send(command), GONE);
  },
});

async function addRole(profile: string, name: string): Promise<void> {
  await iam.send(
    new AddRoleToInstanceProfileCommand({ InstanceProfileName: profile, RoleName: name }),
  );
}

async function removeRoles(profile: string): Promise<void> {
  const command = new GetInstanceProfileCommand({ InstanceProfileName: profile });
  const answer = await unlessGone(iam.send(command), GONE);
  for (const { RoleName } of answer?.InstanceProfile?.Roles ?? []) {
    await iam.send(
      new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: profile, RoleName }),
    );
  }
}

export const IAM_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:iam/role:Role': role,
  'aws:iam/rolePolicy:RolePolicy': rolePolicy,
  'aws:iam/userPolicy:UserPolicy': userPolicy,
  'aws:iam/instanceProfile:InstanceProfile': instanceProfile,
};
