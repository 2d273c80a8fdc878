// Pins the names that users have in their accounts, scripts and recordings: commands, flags, exit codes, parameters,
// resources and their number, metrics, events, columns and object keys. To add one, run this file with `--update`; the diff of
// contract.json shows it. If a name leaves that file, a user's script breaks.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { environmentName, HARVESTER_KEYS, KEY_NAMES } from '../core/config/keys.ts';
import { ENVIRONMENT, METRICS, METRIC_NAMESPACE, OBJECTS, namesFor } from '../core/config/names.ts';
import { type ErrorCode, FyersError, exitCodeOf } from '../core/errors.ts';
import { COLUMNS, RECORDED_COLUMNS } from '../core/recording/columns.ts';
import { HOLE_REASONS } from '../core/recording/coverage.ts';
import { REFERENCE_CSV_HEADER } from '../core/recording/csv-files.ts';
import { MARKS } from '../core/recording/quality.ts';
import { stage } from './cli/cli-harness.ts';
import { type Graph, graphOf } from './support/graph.ts';
import { ROOT, repositoryFiles } from './support/source-tree.ts';
import { WHOLE } from './support/stack-configs.ts';

const at = await stage();
afterAll(() => at[Symbol.asyncDispose]());

test('The names that users rely on are those of contract.json', async () => {
  const graph = await graphOf({
    ...WHOLE,
    config: {
      ...WHOLE.config,
      email: 'operator@example.com',
      athena: 'true',
      dashboard: 'true',
      watchReads: 'true',
      budgetDollars: '10',
    },
  });
  const named = graph.resources.flatMap(({ type, inputs }) => {
    const name = inputs['name'] ?? inputs['dashboardName'] ?? inputs['alarmName'];
    return typeof name === 'string' && type.startsWith('aws:') ? [`${type} ${name}`] : [];
  });
  const alarmed = graph.resources.flatMap(({ inputs }) =>
    typeof inputs['metricName'] === 'string' ? [inputs['metricName']] : [],
  );
  const contract = {
    commands: await commandsBelow([]),
    exitCodes: exitCodes(),
    configuration: KEY_NAMES,
    environment: [
      ...new Set([...Object.values(ENVIRONMENT), ...HARVESTER_KEYS.map(environmentName)]),
    ].toSorted(),
    resources: [...new Set(named)].toSorted(),
    resourceTypes: {
      withEverything: countTypes(graph),
      withoutApp: countTypes(await graphOf({})),
    },
    outputs: Object.keys(graph.outputs).toSorted(),
    metrics: {
      namespace: METRIC_NAMESPACE,
      harvester: Object.values(METRICS).toSorted(),
      alarmed: [...new Set(alarmed)].toSorted(),
      logged: literalsOf('metric'),
    },
    events: literalsOf('event'),
    columns: {
      dayLog: COLUMNS.map(({ name, kind, unit }) => `${name} ${kind} ${unit}`),
      parquet: RECORDED_COLUMNS.map(({ name, kind, nullable }) =>
        nullable ? `${name} ${kind}` : `${name} ${kind} required`,
      ),
      pythonOriginal: REFERENCE_CSV_HEADER,
    },
    holeReasons: HOLE_REASONS,
    marks: MARKS,
    objects: objectKeys(),
    claims: [namesFor('').claim('2026-01-05', 1), namesFor('paper').askLock('2026-01-05')],
  };
  await expect(`${JSON.stringify(contract, null, 2)}\n`).toMatchFileSnapshot('contract.json');
});

/** How many resources of each type are registered. */
function countTypes({ resources }: Graph): Readonly<Record<string, number>> {
  const types = resources.map(({ type }) => type).toSorted();
  return Object.fromEntries(
    types.map((type) => [type, types.filter((each) => each === type).length]),
  );
}

/** Each command with its flags, as `--help` shows them. */
async function commandsBelow(path: readonly string[]): Promise<Record<string, readonly string[]>> {
  const { out } = await at.run(...path, '--help');
  const usage = /^Usage: (.*)$/m.exec(out)?.[1] ?? '';
  const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+(?: <[^>]+>| \[[^\]]+\])?)/gm)];
  const commands = /^Commands:\n((?: {2,}.*\n?)+)/m.exec(out)?.[1] ?? '';
  const names = [...commands.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = '']) => name);
  const own = { [usage]: flags.map(([, flag = '']) => flag) };
  const below = [];
  for (const name of names) below.push(await commandsBelow([...path, name]));
  return Object.assign(own, ...below) as Record<string, readonly string[]>;
}

function exitCodes(): Readonly<Record<string, number>> {
  const code = (error: ErrorCode) => exitCodeOf(new FyersError(error, 'A.', 'B.'));
  return {
    operator: code('operator.config'),
    broker: code('broker.unreachable'),
    platform: code('platform.store'),
    bug: code('bug.unexpected'),
  };
}

function objectKeys(): readonly string[] {
  const day = ['2026-01-05', '0'] as const;
  return Object.values(OBJECTS).map((key) => {
    if (typeof key === 'string') return key;
    const made = key === OBJECTS.artifact ? OBJECTS.artifact('SHA256') : key(...day, 'x.csv.gz');
    return typeof made === 'string' ? made : made.join(' ');
  });
}

/** Names of events, or of the metrics logged with them: the literals given to `…Event(level, name, …)` and in `event:`. */
function literalsOf(what: 'event' | 'metric'): readonly string[] {
  const found = new Set<string>();
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.add(node.text);
  };
  const property = (node: ts.Node, name: string): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === name) add(node.initializer);
  };
  const visit = (node: ts.Node): void => {
    const isEvent =
      ts.isCallExpression(node) && /(?:Event|Record)$/.test(node.expression.getText());
    if (isEvent && what === 'event') add(node.arguments[1]);
    if (what === 'event') property(node, 'event');
    const isMetric =
      ts.isObjectLiteralExpression(node) &&
      node.properties.length === 2 &&
      node.properties.some((each) => each.name?.getText() === 'value');
    if (isMetric && what === 'metric') for (const each of node.properties) property(each, 'name');
    ts.forEachChild(node, visit);
  };
  const files = repositoryFiles().filter((file) =>
    /^(?:adapters|core|functions|harvester|keeper)\/.*\.ts$/.test(file),
  );
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  return [...found].toSorted();
}
