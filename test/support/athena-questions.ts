// Runs a saved query of Athena with DuckDB, over Parquet files in the bucket's layout.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { asRecord, type Graph, one } from './graph.ts';

export const BUCKET = 's3://fyers-depth-1234567/';

/** Answers each line of its input with a line. */
const PARSE_AND_RUN = `
import duckdb, json, sys
import sqlglot
from sqlglot.optimizer.qualify import qualify
for line in sys.stdin:
    given = json.loads(line)
    tree = sqlglot.parse_one(given['sql'], dialect='athena')
    qualify(tree.copy(), schema={given['table']: given['columns']}, dialect='athena', validate_qualify_columns=True)
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    instants = ', '.join(f'"{n}"::TIMESTAMP AS "{n}"' for n, kind in given['columns'].items() if kind == 'timestamp')
    db.execute(f"CREATE VIEW {given['table']} AS SELECT * REPLACE ({instants}) FROM read_parquet('{given['files']}', hive_partitioning = true, hive_types_autocast = false)")
    answer = db.execute(tree.sql(dialect='duckdb'), given['parameters'])
    names = [each[0] for each in answer.description]
    print(json.dumps([dict(zip(names, row)) for row in answer.fetchall()], default=str), flush=True)
`;

let program: ReturnType<typeof start> | undefined;

/** It ends with this process. */
async function start() {
  const { python } = await ensureVenv('sqlglot', ['sqlglot==30.30.0', 'duckdb==2.0.0']);
  const child = spawn(python, ['-c', PARSE_AND_RUN], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, answers: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

function listOf(value: unknown): readonly ReturnType<typeof asRecord>[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

interface Asked {
  readonly graph: Graph;
  /** The folder that has the bucket's objects. */
  readonly root: string;
  readonly table: string;
  readonly question: string;
  readonly parameters: readonly string[];
}

/** The question is read as Athena's SQL first. */
export async function askAthena({
  graph,
  root,
  table,
  question,
  parameters,
}: Asked): Promise<readonly Readonly<Record<string, unknown>>[]> {
  program ??= start();
  const { child, answers } = await program;
  const { inputs } = one(graph, 'aws:glue/catalogTable:CatalogTable', table);
  const { columns } = asRecord(inputs['storageDescriptor']);
  const all = [...listOf(columns), ...listOf(inputs['partitionKeys'])];
  const template = String(asRecord(inputs['parameters'])['storage.location.template']);
  const asked = {
    sql: one(graph, 'aws:athena/namedQuery:NamedQuery', question).inputs['query'],
    table,
    columns: Object.fromEntries(all.map(({ name, type }) => [String(name), String(type)])),
    // As Athena does: every object in the folder of each partition.
    files: `${template.replace(BUCKET, `${root}/`).replaceAll(/\$\{\w+\}/g, '*')}*`,
    parameters,
  };
  child.stdin.write(`${JSON.stringify(asked)}\n`);
  const { value } = await answers.next();
  return JSON.parse(String(value)) as readonly Readonly<Record<string, unknown>>[];
}
