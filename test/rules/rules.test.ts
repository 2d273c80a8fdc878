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
  // One after another: the SDK has one global monitor.
  for (const [name, world] of Object.entries(WORLDS)) graphs.set(name, await graphOf(world));
  [whole] = [...graphs.values()] as [Graph];
});

function isExempt(rule: string, resource: string): boolean {
  return EXEMPTIONS.some((each) => each.rule === rule && each.resource === resource);
}

describe('Every configuration follows', () => {
  test.each(RULES)('$id: $requirement', ({ id, findViolations }) => {
    const broken = [...graphs].flatMap(([world, graph]) =>
      findViolations(graph)
        .filter((resource) => !isExempt(id, resource))
        .map((resource) => `${resource} with ${world}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('A rule detects', () => {
  const flaws = RULES.flatMap(({ id, findViolations, flaws }) =>
    Object.entries(flaws).map(([flaw, make]) => ({ id, flaw, findViolations, make })),
  );

  test.each(flaws)('$id: $flaw', ({ id, findViolations, make }) => {
    const before = findViolations(whole);
    const after = findViolations(make(whole)).filter((each) => !before.includes(each));
    expect(after).toHaveLength(1);
    expect(after.filter((each) => isExempt(id, each))).toEqual([]);
  });

  test('at least one flaw, and has a unique id', () => {
    expect(RULES.filter(({ flaws }) => Object.keys(flaws).length === 0)).toEqual([]);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });
});

describe('The exemption', () => {
  test.each(EXEMPTIONS)('of $resource from $rule is still needed', ({ rule, resource, reason }) => {
    const findViolations = RULES.find(({ id }) => id === rule)?.findViolations ?? (() => []);
    const needed = [...graphs.values()].some((graph) => findViolations(graph).includes(resource));
    expect(needed, 'remove the row').toBe(true);
    expect(reason.length).toBeGreaterThan(20);
  });
});

describe('The controls of AWS Control Tower', () => {
  test('are listed for each registered type', () => {
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

  test('are exactly the rules with the prefix CT', () => {
    const asked = new Set(Object.values(LOOKED_UP).flat());
    const ruled = RULES.map(({ id }) => id).filter((id) => id.startsWith('CT.'));
    expect(ruled.toSorted()).toEqual([...asked].toSorted());
  });
});
