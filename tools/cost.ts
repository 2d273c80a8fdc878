// Computes the cost of a month from the registered resources and a dated price list.
import { READ_TRAIL } from '../core/config/names.ts';
import prices from './prices.json' with { type: 'json' };

/** The fields of a registered resource that determine its price. */
export interface Priced {
  readonly type: string;
  /** Name in the program; distinguishes two buckets. */
  readonly name?: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface CostLine {
  readonly what: string;
  /** USD a month. */
  readonly usd: number;
}

/** Five years of recordings and of their segments, together about 1.5 MB a day. */
const RECORDED_GIB = 2;
/** A segment of two objects every five minutes of a session, and the day's four files. */
const PUTS_A_MONTH = 4_000;
/**
 * A file every five minutes with a read, and a digest every hour; megabytes, kept for two weeks.
 */
const TRAIL_PUTS_A_MONTH = 9_500;
const DAYS_A_MONTH = 30;
const QUERIES_A_MONTH = 200;
/** Each query reads a month of recordings. */
const MEGABYTES_A_QUERY = 15;
/** A run waits for Fyers; most take a third of this. */
const RUN_SECONDS = 15;

/** Resources without a price, or within an allowance that this use stays far below. */
const FREE: readonly RegExp[] = [
  /^(?:pulumi|fyers):/,
  /^aws:iam\//,
  /^aws:ec2\/(?:vpc|subnet|internetGateway|routeTable|routeTableAssociation|securityGroup):/,
  // Five gigabytes of log a month are free; the functions write some megabytes.
  /^aws:cloudwatch\/logGroup:/,
  // A million requests a month each are free; a thousand e-mails.
  /^aws:(?:sns|sqs)\//,
  /^aws:lambda\/(?:functionUrl|functionEventInvokeConfig|invocation|permission):/,
  /^aws:s3\/bucket(?:PublicAccessBlock|OwnershipControls|ServerSideEncryptionConfiguration|LifecycleConfiguration|Policy|Objectv2):/,
  /^aws:secretsmanager\/secretVersion:/,
  /^aws:kms\/alias:/,
  // A million objects of the catalog are free (AWS Glue pricing).
  /^aws:glue\/catalog(?:Database|Table):/,
  /^aws:athena\/namedQuery:/,
  // Without actions a budget is free (AWS Budgets pricing).
  /^aws:budgets\/budget:/,
  // The first copy of management events is free in each region (AWS CloudTrail pricing);
  // `existingTrail` is for accounts that already have one. Events of AWS' own services cost nothing
  // on the bus (Amazon EventBridge pricing).
  /^aws:cloudtrail\/trail:/,
  /^aws:cloudwatch\/event(?:Rule|Target):/,
  // Counted with the functions they start; fourteen million starts a month are free.
  /^aws:scheduler\/schedule:/,
];

type Rule = (all: readonly Priced[], others: readonly Priced[]) => readonly CostLine[];

const RULES: Readonly<Record<string, Rule>> = {
  'aws:ec2/instance:Instance': (all) => [...all.flatMap(instanceLines), ...moreUploads(all)],
  'aws:s3/bucket:Bucket': (all) => all.map(bucketLine),
  'aws:secretsmanager/secret:Secret': (all) => [
    { what: 'The PIN, in Secrets Manager', usd: all.length * prices.secretMonth },
  ],
  'aws:kms/key:Key': (all) => [
    { what: 'A key of your own (`customerKey`)', usd: all.length * prices.keyMonth },
  ],
  'aws:cloudwatch/metricAlarm:MetricAlarm': (all) => [
    {
      what: `Alarms; ${String(prices.freeAlarms)} are free`,
      usd: Math.max(0, all.length - prices.freeAlarms) * prices.alarmMonth,
    },
  ],
  'aws:cloudwatch/dashboard:Dashboard': (all) => [
    {
      what: `Dashboard (\`dashboard\`); ${String(prices.freeDashboards)} are free`,
      usd: Math.max(0, all.length - prices.freeDashboards) * prices.dashboardMonth,
    },
  ],
  'aws:lambda/function:Function': (all, others) => [
    { what: 'Functions; 400,000 GB-seconds are free', usd: functionsUsd(all, others) },
  ],
  // Priced by data scanned, at least ten megabytes a query; a month of five symbols is about
  // fifteen.
  'aws:athena/workgroup:Workgroup': (all) => [
    {
      what: `Athena (\`athena\`), at ${String(QUERIES_A_MONTH)} queries a month`,
      usd: all.length * QUERIES_A_MONTH * (MEGABYTES_A_QUERY / 1_000_000) * prices.scannedTb,
    },
  ],
  'aws:ssm/parameter:Parameter': (all) => {
    if (all.some(({ inputs }) => inputs['tier'] !== 'Standard')) {
      throw new Error('Only parameters of the standard tier cost nothing.');
    }
    return [{ what: 'Parameters, of the standard tier', usd: 0 }];
  },
};

/** @throws Error for a type, or a size, without a known price */
export function costLines(resources: readonly Priced[]): readonly CostLine[] {
  const types = [...new Set(resources.map(({ type }) => type))];
  return types.flatMap((type) => {
    const rule = RULES[type];
    if (rule !== undefined) {
      return rule(
        resources.filter((one) => one.type === type),
        resources,
      );
    }
    if (FREE.some((pattern) => pattern.test(type))) return [];
    throw new Error(`The price of ${type} is not known: look it up, and add it to tools/cost.ts.`);
  });
}

function bucketLine({ name }: Priced): CostLine {
  const puts = (count: number) => (count / 1_000) * prices.objectPutsPer1000;
  return name === READ_TRAIL
    ? {
        what: `Log of reads (\`watchReads\`): at most ${String(TRAIL_PUTS_A_MONTH)} uploads`,
        usd: puts(TRAIL_PUTS_A_MONTH),
      }
    : {
        what: `Recordings in S3: ${String(RECORDED_GIB)} GiB and ${String(PUTS_A_MONTH)} uploads`,
        usd: RECORDED_GIB * prices.objectGibMonth + puts(PUTS_A_MONTH),
      };
}

function instanceLines({ inputs }: Priced): readonly CostLine[] {
  const type = String(inputs['instanceType']);
  const perHour = Object.entries(prices.instanceHour).find(([name]) => name === type)?.[1];
  const { volumeType, volumeSize } = record(inputs['rootBlockDevice']);
  if (perHour === undefined || volumeType !== 'gp3' || typeof volumeSize !== 'number') {
    throw new Error(`The price of ${type} with ${String(volumeType)} is not in tools/prices.json.`);
  }
  return [
    { what: `Instance ${type}`, usd: perHour * prices.hoursPerMonth },
    {
      what: 'Its public IPv4 address',
      usd:
        inputs['associatePublicIpAddress'] === true
          ? prices.publicAddressHour * prices.hoursPerMonth
          : 0,
    },
    { what: `Its disk, ${String(volumeSize)} GiB of gp3`, usd: volumeSize * prices.volumeGibMonth },
  ];
}

/** The uploads of the first harvester are counted with the bucket. */
function moreUploads(instances: readonly Priced[]): readonly CostLine[] {
  const more = instances.length - 1;
  const usd = more * (PUTS_A_MONTH / 1_000) * prices.objectPutsPer1000;
  return more > 0 ? [{ what: 'Uploads of every other harvester (`harvesters`)', usd }] : [];
}

function functionsUsd(functions: readonly Priced[], others: readonly Priced[]): number {
  const starts = others.filter(({ type }) => type.startsWith('aws:scheduler/')).length;
  const largestMb = Math.max(...functions.map(({ inputs }) => Number(inputs['memorySize'])));
  const gibSeconds = starts * DAYS_A_MONTH * RUN_SECONDS * (largestMb / 1_024);
  return Math.max(0, gibSeconds - prices.freeFunctionGibSeconds) * prices.functionGibSecond;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/**
 * A Markdown table with a column for each profile, a row for each item of any profile, and the
 * sums.
 */
export function costTable(profiles: Readonly<Record<string, readonly Priced[]>>): string {
  const columns = Object.values(profiles).map(costLines);
  const things = new Set(columns.flatMap((lines) => lines.map(({ what }) => what)));
  const sumOf = (lines: readonly CostLine[]) => lines.reduce((sum, { usd }) => sum + usd, 0);
  const cells = (what: string) =>
    columns.map((lines) => {
      const found = lines.filter((line) => line.what === what);
      return found.length === 0 ? '' : money(sumOf(found));
    });
  return [
    row(['USD a month', ...Object.keys(profiles)]),
    row(['---', ...columns.map(() => '---:')]),
    ...[...things].map((what) => row([what, ...cells(what)])),
    row(['**Together**', ...columns.map((lines) => `**${money(sumOf(lines))}**`)]),
    row(['**Together, in rupees**', ...columns.map((lines) => rupees(sumOf(lines)))]),
    '',
    `Prices of Mumbai as of ${prices.readOn}, for ${String(prices.hoursPerMonth)} hours: [\`tools/prices.json\`](../tools/prices.json). ${unconfirmed()}`,
    '',
    `Rupees at ₹${prices.rupees.perDollar.toFixed(2)} to the dollar, the rate of ${prices.rupees.readOn}. It has moved since: check it before you compare. AWS uses a rate of its own.`,
  ].join('\n');
}

/** Lists the prices that are taken from another region's price list. */
function unconfirmed(): string {
  const names = prices.notConfirmedForTheRegion.map((name) => `\`${name}\``).join(', ');
  return `Not confirmed for this region: ${names}.`;
}

function money(usd: number): string {
  return usd.toFixed(2);
}

function rupees(usd: number): string {
  return `₹${Math.round(usd * prices.rupees.perDollar).toLocaleString('en-IN')}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
