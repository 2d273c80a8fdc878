// Runs the sockets of the broker's Node SDK (fyers-api-v3) in a process of its own. Replaces its addresses with the
// simulator's, in the constructor of its WebSocket and in its HTTP client. Standard input: {@link StreamTask} as a line
// of JSON; the process ends when its input ends. Standard output: a line for each call of a callback, {@link Heard}.
import { Console } from 'node:console';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface StreamTask {
  /** Where the SDK is installed; the Python SDK is in its environment. */
  readonly folder: string;
  /** Stands in for `https://api-t1.fyers.in`. */
  readonly apiUrl: string;
  /** `<app id>:<access token>`. */
  readonly authorization: string;
  /** A time at which the token is valid, in epoch seconds. */
  readonly now: number;
  readonly symbols: readonly string[];
  /** An index, which has prices and no book. */
  readonly index: string;
}

/** `symbol` is set for a book of fifty levels; messages of HSM have their own. */
export interface Heard {
  readonly from: 'tbt' | 'hsm' | 'error' | 'end';
  readonly symbol?: string;
  readonly message: unknown;
}

interface TbtSocket {
  on(event: 'open', callback: () => void): void;
  on(event: 'depth', callback: (symbol: string, book: object) => void): void;
  on(event: 'error' | 'servererror', callback: (message: unknown) => void): void;
  subscribe(symbols: readonly string[], channel: string, mode: string): void;
  switchChannel(paused: readonly string[], resumed: readonly string[]): void;
  connect(): void;
}

interface DataSocket {
  readonly FullMode: unknown;
  on(event: 'connect' | 'message' | 'error', callback: (message: unknown) => void): void;
  subscribe(symbols: readonly string[], isDepth: boolean, channel: number): void;
  mode(mode: unknown, channel: number): void;
  connect(): void;
}

interface Sdk {
  readonly fyersTbtSocket: new (authorization: string) => TbtSocket;
  readonly fyersDataSocket: { getInstance(authorization: string): DataSocket };
}

type Socket = new (url: string, ...rest: readonly unknown[]) => object;

interface Http {
  readonly axiosInstance: {
    readonly interceptors: {
      readonly request: { use(change: (call: { url: string }) => object): void };
    };
  };
}

function sdkAt({ folder, apiUrl }: StreamTask): Sdk {
  const load = createRequire(path.join(folder, 'package.json'));
  const Original = load('ws') as Socket;
  const streamUrl = apiUrl.replace('http:', 'ws:');
  const ws = load.cache[load.resolve('ws')];
  if (ws === undefined) throw new Error('the SDK has no ws');
  ws.exports = class extends Original {
    constructor(url: string, ...rest: readonly unknown[]) {
      super(streamUrl + new URL(url).pathname, ...rest);
    }
  };
  const { axiosInstance } = load('fyers-api-v3/apiService/apiService.js') as Http;
  axiosInstance.interceptors.request.use((call) => {
    call.url = apiUrl + new URL(call.url).pathname;
    return call;
  });
  return load('fyers-api-v3') as Sdk;
}

function tell(heard: Heard): void {
  process.stdout.write(`${JSON.stringify(heard)}\n`);
}

function listen(task: StreamTask): void {
  const { authorization, symbols, index } = task;
  const sdk = sdkAt(task);
  const onError = (message: unknown): void => {
    tell({ from: 'error', message: message instanceof Error ? message.message : message });
  };
  const tbt = new sdk.fyersTbtSocket(authorization);
  tbt.on('open', () => {
    tbt.subscribe(symbols, '1', 'depth');
    tbt.switchChannel([], ['1']);
  });
  tbt.on('depth', (symbol, message) => {
    tell({ from: 'tbt', symbol, message });
  });
  tbt.on('error', onError);
  tbt.on('servererror', onError);
  tbt.connect();
  // The SDK refuses a token that has expired by the clock of this machine.
  const { now } = Date;
  Date.now = () => task.now * 1_000;
  const hsm = sdk.fyersDataSocket.getInstance(authorization);
  Date.now = now;
  // The order of the SDK's README.
  hsm.on('connect', () => {
    hsm.subscribe([...symbols, index], false, 1);
    hsm.subscribe(symbols, true, 1);
    hsm.mode(hsm.FullMode, 1);
  });
  hsm.on('message', (message) => {
    tell({ from: 'hsm', message });
  });
  hsm.on('error', onError);
  hsm.connect();
}

// The SDK writes to the console, and standard output is for the calls only.
globalThis.console = new Console(process.stderr);
const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  listen(JSON.parse(line) as StreamTask);
});
input.once('close', () => {
  process.stdout.write(`${JSON.stringify({ from: 'end', message: null })}\n`, () => process.exit());
});
