import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, graphOf } from '../support/graph.ts';
import { ATHENA_RULES } from './athena.ts';
import { CLOUDTRAIL_RULES } from './cloudtrail.ts';
import { CLOUDWATCH_RULES } from './cloudwatch.ts';
import { EC2_RULES } from './ec2.ts';
import { EXEMPTIONS } from './exemptions.ts';
import { IAM_RULES } from './iam.ts';
import { KMS_RULES } from './kms.ts';
import { LAMBDA_RULES } from './lambda.ts';
import { LOOKED_UP } from './looked-up.ts';
import { MESSAGING_RULES } from './messaging.ts';
import { PUBLIC_RULES } from './public.ts';
import type { Rule } from './rule.ts';
import { S3_RULES } from './s3.ts';
import { SCHEDULER_RULES } from './scheduler.ts';
import { SECRET_RULES } from './secrets.ts';
import { WORLDS } from './worlds.ts';

const RULES: readonly Rule[] = [
  ...EC2_RULES,
  ...S3_RULES,
  ...LAMBDA_RULES,
  ...SCHEDULER_RULES,
  ...MESSAGING_RULES,
  ...ATHENA_RULES,
  ...CLOUDTRAIL_RULES,
  ...CLOUDWATCH_RULES,
  ...IAM_RULES,
  ...KMS_RULES,
  ...SECRET_RULES,
  ...PUBLIC_RULES,
];

const graphs = new Map<string, Graph>();
let whole: Graph;
beforeAll(async () => {
  // One after the other: the SDK has one monitor.
  for (const [name, world] of Object.entries(WORLDS)) graphs.set(name, await graphOf(world));
  [whole] = [...graphs.values()] as [Graph];
});

function isExempt(rule: string, resource: string): boolean {
  return EXEMPTIONS.some((each) => each.rule === rule && each.resource === resource);
}

describe('In every world', () => {
  test.each(RULES)('$id: $asks', ({ id, breakers }) => {
    const broken = [...graphs].flatMap(([world, graph]) =>
      breakers(graph)
        .filter((resource) => !isExempt(id, resource))
        .map((resource) => `${resource} with ${world}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('The rule sees', () => {
  const flaws = RULES.flatMap(({ id, breakers, flaws }) =>
    Object.entries(flaws).map(([flaw, make]) => ({ id, flaw, breakers, make })),
  );

  test.each(flaws)('$id: $flaw', ({ id, breakers, make }) => {
    const before = breakers(whole);
    const after = breakers(make(whole)).filter((each) => !before.includes(each));
    expect(after).toHaveLength(1);
    expect(after.filter((each) => isExempt(id, each))).toEqual([]);
  });

  test('at least one flaw each', () => {
    expect(RULES.filter(({ flaws }) => Object.keys(flaws).length === 0)).toEqual([]);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });
});

describe('The exemption', () => {
  test.each(EXEMPTIONS)('of $resource from $rule is still needed', ({ rule, resource, reason }) => {
    const breakers = RULES.find(({ id }) => id === rule)?.breakers ?? (() => []);
    const needed = [...graphs.values()].some((graph) => breakers(graph).includes(resource));
    expect(needed, 'take the row away').toBe(true);
    expect(reason.length).toBeGreaterThan(20);
  });
});

describe('Of AWS Control Tower', () => {
  test('each registered type is looked up', () => {
    const types = [...graphs.values()].flatMap(({ resources }) =>
      resources.map(({ type }) => type),
    );
    const unknown = new Set(
      types.filter((type) => type.startsWith('aws:') && !(type in LOOKED_UP)),
    );
    expect([...unknown], 'look its controls up, and add them to test/rules/looked-up.ts').toEqual(
      [],
    );
  });

  test('each control that was found for them is a rule here, and no other', () => {
    const asked = new Set(Object.values(LOOKED_UP).flat());
    const ruled = RULES.map(({ id }) => id).filter((id) => id.startsWith('CT.'));
    expect(ruled.toSorted()).toEqual([...asked].toSorted());
  });
});
