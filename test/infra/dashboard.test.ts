import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, allOf, asRecord, graphOf, one } from '../support/graph.ts';
import { APP_ONLY } from '../support/stack-configs.ts';

const DASHBOARD = 'aws:cloudwatch/dashboard:Dashboard';
const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const CONFIG = { dashboard: 'true' };

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf({ ...APP_ONLY, config: CONFIG });
});

interface Widget {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

function widgetsOf(of: Graph): readonly Widget[] {
  const body = String(one(of, DASHBOARD).inputs['dashboardBody']);
  return (JSON.parse(body) as { readonly widgets: readonly Widget[] }).widgets;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The position of a dimension in a row has no meaning. */
const toMetricKey = (series: readonly unknown[]) => JSON.stringify(series.map(String).toSorted());

const titles = (of: Graph) => widgetsOf(of).map(({ properties }) => properties['title']);

describe('The dashboard', () => {
  test('is created only if it is enabled', async () => {
    expect(allOf(await graphOf(APP_ONLY), DASHBOARD)).toEqual([]);
    expect(graph.outputs['dashboard']).toBe('Fyers');
  });

  test('shows alarms, token, functions and recording in widgets that start at different places', () => {
    expect(titles(graph)).toEqual([
      'Alarms',
      'Token',
      'Errors of the functions',
      'Minutes without a token',
      'Slots missed',
      'Heartbeat',
      'Disk used, percent',
    ]);
    const places = widgetsOf(graph).map(({ x, y }) => `${String(x)},${String(y)}`);
    expect(new Set(places).size).toBe(places.length);
    expect(widgetsOf(graph).every(({ x, width }) => x + width <= 24)).toBe(true);
  });

  test('shows every alarm, and only metrics that have an alarm, except the missing token', () => {
    const alarms = allOf(graph, ALARM);
    const [first] = widgetsOf(graph);
    expect(new Set(listOf(first?.properties['alarms']))).toEqual(
      new Set(alarms.map(({ name }) => `arn:aws:mock:::MetricAlarm/${name}`)),
    );
    const known = alarms.map(({ inputs }) =>
      toMetricKey([
        inputs['namespace'],
        inputs['metricName'],
        ...Object.entries(asRecord(inputs['dimensions'])).flat(),
      ]),
    );
    const shown = widgetsOf(graph).flatMap(({ properties }) => listOf(properties['metrics']));
    const unknown = shown.filter((series) => !known.includes(toMetricKey(listOf(series))));
    expect(unknown).toEqual([
      ['FyersTokenRefresh', 'TokenMissing', 'Suffix', 'none', 'Shard', '0'],
    ]);
  });

  test('queries the log groups of its own functions', async () => {
    const second = await graphOf({ ...APP_ONLY, config: { ...CONFIG, suffix: 'paper' } });
    const query = String(widgetsOf(second)[1]?.properties['query']);
    for (const { inputs } of allOf(second, 'aws:cloudwatch/logGroup:LogGroup')) {
      expect(query).toContain(`SOURCE '${String(inputs['name'])}'`);
    }
    expect(second.outputs['dashboard']).toBe('Fyers-paper');
  });

  test('has no widget of the harvester if there is no harvester', async () => {
    const without = await graphOf({ ...APP_ONLY, config: { ...CONFIG, harvester: 'false' } });
    expect(titles(without)).toEqual(['Alarms', 'Token', 'Errors of the functions']);
  });
});
