// Runs the broker's Node SDK (fyers-api-v3) in a process of its own, because it extends prototypes, sets the time zone
// and writes its log, with secrets, to the working directory. Its hosts are constants of its `config/config.js`, an
// object that all of its parts share and that is not frozen: this file replaces them with the simulator's address
// before the first call. Standard input: {@link Task} as JSON. Standard output: the answer or the refusal of each call.
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** What the test gives. */
export interface Task {
  /** Where the SDK is installed. */
  readonly folder: string;
  /** Stands in for `https://api-t1.fyers.in`. */
  readonly apiUrl: string;
  readonly app: { readonly id: string; readonly secret: string; readonly redirectUri: string };
  /** What a person types into the login page. */
  readonly person: { readonly otp: string; readonly pin: string };
  /** A date, for the history. */
  readonly date: string;
}

type Answer = Readonly<Record<string, unknown>>;

/** Those methods of the SDK that a reader of market data uses; it ships no types. */
interface FyersModel {
  setAppId(id: string): void;
  setRedirectUrl(url: string): void;
  setAccessToken(token: string): void;
  generateAuthCode(): string;
  generate_access_token(input: {
    readonly client_id: string;
    readonly secret_key: string;
    readonly auth_code: string;
  }): Promise<Answer>;
  get_profile(): Promise<Answer>;
  market_status(): Promise<Answer>;
  getQuotes(symbols: readonly string[]): Promise<Answer>;
  getMarketDepth(input: {
    readonly symbol: readonly string[];
    readonly ohlcv_flag: number;
  }): Promise<Answer>;
  getHistory(input: Readonly<Record<string, string>>): Promise<Answer>;
  logout_user(): Promise<Answer>;
}

interface Sdk {
  readonly fyersModel: new (options: {
    readonly path: string;
    readonly enableLogging: boolean;
  }) => FyersModel;
}

function sdkAt({ folder, apiUrl }: Task): Sdk {
  const load = createRequire(path.join(folder, 'package.json'));
  const { Config } = load('fyers-api-v3/config/config.js') as { Config: Record<string, string> };
  for (const [name, value] of Object.entries(Config)) {
    // Whatever is not called here must not reach the broker either: port 9 discards.
    if (/^(?:https|wss):/.test(value)) Config[name] = 'http://127.0.0.1:9';
  }
  Config['SYNC_API'] = `${apiUrl}/api/v3`;
  Config['data_Api1'] = `${apiUrl}/data`;
  return load('fyers-api-v3') as Sdk;
}

/** The person's part: the login page, and the code out of the address that it leads to. */
async function logIn(link: string, { otp, pin }: Task['person']): Promise<string> {
  const page = new URL(link);
  const form = new URLSearchParams({ ...Object.fromEntries(page.searchParams), otp, pin });
  const init = { method: 'POST', body: form, redirect: 'manual' } as const;
  const { headers } = await fetch(page.origin + page.pathname, init);
  return new URL(headers.get('location') ?? 'none:').searchParams.get('auth_code') ?? '';
}

/** The SDK rejects with the broker's refusal. */
async function outcome(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (caught) {
    return { rejected: caught };
  }
}

async function main(task: Task): Promise<Answer> {
  const { app, person, date } = task;
  const { fyersModel } = sdkAt(task);
  const fyers = new fyersModel({ path: process.cwd(), enableLogging: true });
  fyers.setAppId(app.id);
  fyers.setRedirectUrl(app.redirectUri);
  const login = { client_id: app.id, secret_key: app.secret };
  const auth_code = await logIn(fyers.generateAuthCode(), person);
  const token = await outcome(fyers.generate_access_token({ ...login, auth_code }));
  fyers.setAccessToken(String(token['access_token']));
  const depth = (symbol: readonly string[], ohlcv_flag: number) =>
    outcome(fyers.getMarketDepth({ symbol, ohlcv_flag }));
  const history = { symbol: 'NSE:SBIN-EQ', resolution: '1', date_format: '1', cont_flag: '1' };
  // Ten calls: the simulator's clock stands, and more are refused in one second.
  return {
    token,
    profile: await outcome(fyers.get_profile()),
    status: await outcome(fyers.market_status()),
    quotes: await outcome(fyers.getQuotes(['NSE:SBIN-EQ', 'NSE:M&M-EQ', 'NSE:NOBODY-EQ'])),
    depth: await depth(['NSE:M&M-EQ'], 1),
    book: await depth(['NSE:SBIN-EQ'], 0),
    both: await depth(['NSE:SBIN-EQ', 'NSE:INFY-EQ'], 1),
    history: await outcome(fyers.getHistory({ ...history, range_from: date, range_to: date })),
    logout: await outcome(fyers.logout_user()),
    afterwards: await outcome(fyers.get_profile()),
  };
}

const task = JSON.parse(await text(process.stdin)) as Task;
process.stdout.write(JSON.stringify(await main(task)));
