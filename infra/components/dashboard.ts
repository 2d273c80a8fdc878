// Defines one dashboard for the token, the recording, the machine, the functions, and the alarms.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  type FunctionActor,
  METRICS,
  METRIC_NAMESPACE,
  type Names,
  REGION,
  harvesterDimensions,
} from '../../core/config/names.ts';
import { FUNCTION_ACTORS } from '../iam/policies.ts';
import type { Harvester } from './harvester.ts';
import type { Keeper } from './keeper.ts';
import type { Watch } from './watch.ts';

/** A dashboard has 24 columns. */
const WIDGET_WIDTH = 12;
const WIDGET_HEIGHT = 6;

export interface DashboardArgs {
  readonly names: Names;
  readonly suffix: string;
  readonly keeper: Pick<Keeper, 'functionNames'>;
  /** Null without an instance: its widgets are then left out. */
  readonly harvester: Pick<Harvester, 'recorders'> | null;
  readonly watch: Pick<Watch, 'alarmArns'>;
}

interface Widget {
  readonly type: 'alarm' | 'log' | 'metric';
  readonly properties: Readonly<Record<string, unknown>>;
}

export class Dashboard extends pulumi.ComponentResource {
  readonly dashboardName: pulumi.Output<string>;

  constructor(name: string, args: DashboardArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Dashboard', name, {}, opts);
    const widgets = [
      { type: 'alarm', properties: { title: 'Alarms', alarms: args.watch.alarmArns } },
      tokenWidget(args),
      errorWidget(args),
      ...recordingWidgets(args),
    ] satisfies readonly Widget[];
    const made = new aws.cloudwatch.Dashboard(
      'fyers',
      {
        dashboardName: args.names.dashboard,
        dashboardBody: pulumi.jsonStringify({ widgets: widgets.map(placeWidget) }),
      },
      { parent: this },
    );
    this.dashboardName = made.dashboardName;
    this.registerOutputs({ dashboardName: this.dashboardName });
  }
}

/** Places two widgets in a row. */
function placeWidget(widget: Widget, index: number) {
  const [x, y] = [(index % 2) * WIDGET_WIDTH, Math.floor(index / 2) * WIDGET_HEIGHT];
  return { ...widget, x, y, width: WIDGET_WIDTH, height: WIDGET_HEIGHT };
}

/** The functions send no metrics, so this counts their log lines. */
function tokenWidget({ names }: DashboardArgs): Widget {
  const sources = FUNCTION_ACTORS.map((actor) => `SOURCE '${names.logGroup(actor)}'`);
  const query = [
    ...sources,
    'fields @timestamp, metric.name, message',
    'filter ispresent(metric.name)',
    'sort @timestamp desc',
    'limit 20',
  ];
  return {
    type: 'log',
    properties: { title: 'Token', region: REGION, view: 'table', query: query.join(' | ') },
  };
}

function errorWidget({ keeper }: DashboardArgs): Widget {
  const series = (actor: FunctionActor) => [
    'AWS/Lambda',
    'Errors',
    'FunctionName',
    keeper.functionNames[actor],
  ];
  return graph('Errors of the functions', 'Sum', FUNCTION_ACTORS.map(series));
}

/** One line per harvester. */
function recordingWidgets({ suffix, harvester }: DashboardArgs): readonly Widget[] {
  const recorders = harvester?.recorders ?? [];
  if (recorders.length === 0) return [];
  const lines = (metric: string) =>
    recorders.map(({ plan: { shard } }) => [
      METRIC_NAMESPACE,
      metric,
      ...Object.entries(harvesterDimensions(suffix, String(shard))).flat(),
    ]);
  return [
    graph('Minutes without a token', 'Sum', lines('TokenMissing')),
    graph('Slots missed', 'Sum', lines(METRICS.slotsMissed)),
    graph('Heartbeat', 'SampleCount', lines(METRICS.heartbeat)),
    graph('Disk used, percent', 'Maximum', lines(METRICS.diskUsedPercent)),
  ];
}

function graph(title: string, stat: string, metrics: readonly unknown[]): Widget {
  const properties = { title, region: REGION, view: 'timeSeries', stat, period: 300, metrics };
  return { type: 'metric', properties };
}
