// Writes the registered graph as a CloudFormation template, for tools that know AWS by its resource schemas. The sandbox's
// table of types has the names of types and properties.
import { RESOURCE_TYPES } from '../../../sandbox/pulumi/resources/table.ts';
import type { ResourceType } from '../../../sandbox/pulumi/resources/type.ts';
import { ACCOUNT, type Graph, type Registered, asRecord, mockId } from '../graph.ts';

type Properties = Readonly<Record<string, unknown>>;

export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: Properties }>
  >;
}

/** Properties that CloudFormation requires and that no call takes. */
const ONLY_IN_TEMPLATES: Readonly<Record<string, Properties>> = {
  'AWS::Glue::Database': { CatalogId: ACCOUNT },
  'AWS::Glue::Table': { CatalogId: ACCOUNT },
  'AWS::Lambda::Function': { Code: { ZipFile: 'exports.handler = () => {};' } },
};

/** @throws Error for a type that the table does not have */
export function templateOf(graph: Graph): Template {
  const resources = graph.resources.filter(({ type }) => type.startsWith('aws:'));
  const entries = resources.flatMap((resource) => {
    const { cloudFormation: Type } = rowOf(resource);
    if (typeof Type !== 'string') return [];
    const own = [propertiesOf(resource), ONLY_IN_TEMPLATES[Type] ?? {}];
    const parts = resources.filter((part) => isPartOf(part, resource)).map(propertiesOf);
    const Properties = withRealArns(withReferences([...own, ...parts].reduce(joined), graph));
    return [[logicalId(resource), { Type, Properties }] as const];
  });
  return { Resources: Object.fromEntries(entries) };
}

function rowOf({ type }: Registered): ResourceType {
  const row = RESOURCE_TYPES.get(type);
  if (row === undefined) throw new Error(`no row for ${type}`);
  return row;
}

/** With the resource's name where the provider would make one from it. */
function propertiesOf(resource: Registered): Properties {
  const row = rowOf(resource);
  const name = row.autoname === null ? {} : { [row.autoname]: resource.name };
  return row.template({ ...name, ...resource.inputs });
}

/** Both together; lists that both have are put one after the other. */
function joined(first: Properties, second: Properties): Properties {
  const lists = Object.entries(second).map(([key, value]) => {
    const before = first[key];
    const both = Array.isArray(before) && Array.isArray(value);
    return [key, both ? (before.concat(value) as unknown) : value] as const;
  });
  return { ...first, ...Object.fromEntries(lists) };
}

/** Whether CloudFormation has the first as properties of the second. */
function isPartOf(part: Registered, whole: Registered): boolean {
  const { cloudFormation } = rowOf(part);
  if (typeof cloudFormation === 'string' || !('partOf' in cloudFormation)) return false;
  const { partOf } = cloudFormation;
  const isKind = whole.type.toLowerCase().endsWith(partOf);
  const owner = part.inputs[partOf];
  return isKind && (owner === mockId(whole.name) || owner === whole.inputs['name']);
}

/** Every policy document by what it belongs to, with addresses as AWS writes them. */
export function policiesOf(graph: Graph, type: string): Readonly<Record<string, unknown>> {
  const policies = graph.resources
    .filter((each) => each.type === type)
    .map(({ name, inputs }) => [name, inputs['policy']] as const);
  return withRealArns(Object.fromEntries(policies));
}

/** By the property that refers: the type whose id the program puts there, and the attribute that CloudFormation wants. */
const REFERENCES: Readonly<Record<string, { readonly type: string; readonly attribute?: string }>> =
  {
    VpcId: { type: 'aws:ec2/vpc:Vpc' },
    SubnetId: { type: 'aws:ec2/subnet:Subnet' },
    RouteTableId: { type: 'aws:ec2/routeTable:RouteTable' },
    SecurityGroupIds: { type: 'aws:ec2/securityGroup:SecurityGroup', attribute: 'GroupId' },
    IamInstanceProfile: { type: 'aws:iam/instanceProfile:InstanceProfile' },
    Roles: { type: 'aws:iam/role:Role' },
    TargetKeyId: { type: 'aws:kms/key:Key' },
    Bucket: { type: 'aws:s3/bucket:Bucket' },
    S3BucketName: { type: 'aws:s3/bucket:Bucket' },
  };

function withReferences(properties: Properties, { resources }: Graph): Properties {
  const referring = (key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((each) => referring(key, each));
    const reference = REFERENCES[key];
    const target = resources.find(
      ({ type, name }) => type === reference?.type && mockId(name) === value,
    );
    if (target === undefined || reference === undefined) return value;
    const id = logicalId(target);
    return reference.attribute === undefined
      ? { Ref: id }
      : { 'Fn::GetAtt': [id, reference.attribute] };
  };
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, referring(key, value)]),
  );
}

/** How AWS writes the address of each kind that the mock monitor names `arn:aws:mock:::<kind>/<name>`. */
const REAL_ARNS: Readonly<Record<string, (name: string) => string>> = {
  Function: (name) => `arn:aws:lambda:ap-south-1:${ACCOUNT}:function:${name}`,
  Queue: (name) => `arn:aws:sqs:ap-south-1:${ACCOUNT}:${name}`,
  Role: (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`,
  Secret: (name) => `arn:aws:secretsmanager:ap-south-1:${ACCOUNT}:secret:${name}-a1B2c3`,
  Topic: (name) => `arn:aws:sns:ap-south-1:${ACCOUNT}:${name}`,
  EventRule: (name) => `arn:aws:events:ap-south-1:${ACCOUNT}:rule/${name}`,
  Key: (name) => `arn:aws:kms:ap-south-1:${ACCOUNT}:key/${name}`,
};

function withRealArns(value: Properties): Properties {
  const text = JSON.stringify(value).replaceAll(
    /arn:aws:mock:::(\w+)\/([\w-]+)/g,
    (found, kind: string, name: string) => REAL_ARNS[kind]?.(name) ?? found,
  );
  const parsed: unknown = JSON.parse(text);
  return asRecord(parsed);
}

function logicalId({ type, name }: Registered): string {
  return `${type.split(':').at(-1) ?? ''}${name.replaceAll(/[^A-Za-z0-9]/g, '')}`;
}
