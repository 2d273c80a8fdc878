// Checks the registered resources with tools that know their grammar; slower checks are in
// test/full/validity.test.ts.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { filesOf, userDataOf } from '../support/boot-script.ts';
import { type Graph, allOf, graphOf } from '../support/graph.ts';
import { ROOT, sourceFiles, withoutComments } from '../support/source-tree.ts';
import { cronProblems, shellCheck } from '../support/validators.ts';
import { WHOLE } from '../support/stack-configs.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf(WHOLE);
});

describe('The schedules, checked with EventBridge’s grammar', () => {
  const cronFields = (expression: unknown) => /^cron\((.*)\)$/.exec(String(expression))?.[1] ?? '';

  test('have six valid fields', async () => {
    const expressions = allOf(graph, 'aws:scheduler/schedule:Schedule').map(({ inputs }) =>
      cronFields(inputs['scheduleExpression']),
    );
    expect(expressions.length).toBeGreaterThan(0);
    expect(await cronProblems(expressions)).toEqual(expressions.map(() => ''));
  });

  test('are rejected with five fields, with both kinds of day, or with minute 60', async () => {
    const problems = await cronProblems(['0 7 * * *', '0 7 * * MON-FRI *', '60 7 * * ? *']);
    expect(problems.every((problem) => problem !== '')).toBe(true);
  });
});

describe('The boot script, checked with ShellCheck', () => {
  test('has no finding, including the scripts that it writes', async () => {
    const script = userDataOf(graph);
    const written = Object.entries(filesOf(script)).filter(([, text]) => text.startsWith('#!'));
    expect(written.map(([file]) => file)).toEqual([
      '/opt/fyers/prepare',
      '/opt/fyers/fetch',
      '/opt/fyers/upgrade',
    ]);
    for (const [file, text] of [['user data', script] as const, ...written]) {
      expect(await shellCheck(text), file).toBe('');
    }
  });

  test('has a finding if a quote is removed', async () => {
    const fetch = filesOf(userDataOf(graph))['/opt/fyers/fetch'] ?? '';
    const doctored = fetch.replace('"$FYERS_BUCKET"', '$FYERS_BUCKET');
    expect(doctored).not.toBe(fetch);
    expect(await shellCheck(doctored)).toContain('SC2086');
  });

  test('is as clean as the script .ci/run', async () => {
    expect(await shellCheck(readFileSync(path.join(ROOT, '.ci', 'run'), 'utf8'))).toBe('');
  });
});

describe('The program, checked with the types of @pulumi/aws', () => {
  const PAST_THE_TYPES = /\bas (?!const\b)\w+|\bany\b(?=[,;>)\]])|\w!(?=[.[;,)])/;

  test('contains no cast, so that the compiler checks every property', () => {
    const infra = sourceFiles().filter(({ file }) => file.startsWith('infra/'));
    const lines = infra.flatMap(({ file, text }) =>
      withoutComments(text)
        .split('\n')
        .filter((line) => !/^\s*(?:import|export) |['"`]/.test(line) && PAST_THE_TYPES.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(infra.length).toBeGreaterThan(15);
    expect(lines).toEqual([]);
    for (const cast of ['x as Foo', 'x as unknown', 'a: any;', 'x!.y']) {
      expect(cast).toMatch(PAST_THE_TYPES);
    }
  });
});
