// Finds the addresses of the streams. If another server replaces Fyers' API, that server also has the
// streams, so that nothing reaches Fyers by accident.
import * as z from 'zod/mini';
import { FYERS_API_URL, FYERS_HSM_URL, FYERS_TBT_URL } from '../../../core/config/names.ts';
import { SECOND } from '../../../core/time.ts';
import { callFyers } from '../http.ts';
import type { Target } from './connection.ts';

export function hsmTarget(apiUrl: string): Target {
  // An `Authorization` header would make the stream accept us and then stay silent.
  const url = apiUrl === FYERS_API_URL ? FYERS_HSM_URL : streamUrl(apiUrl, '/hsm/v1-5/prod');
  return { url, headers: {} };
}

const ASK_TIMEOUT_MS = 5 * SECOND;

interface TbtTarget extends Target {
  /** Whether Fyers named the address; otherwise it is the usual one. */
  readonly isNamed: boolean;
}

/** @param authorization `<app id>:<access token>` */
export async function tbtTarget(apiUrl: string, authorization: string): Promise<TbtTarget> {
  const reply = await callFyers({
    url: `${apiUrl}/indus/home/tbtws`,
    method: 'GET',
    authorization,
    timeoutMs: ASK_TIMEOUT_MS,
    // The timeout is an answer, after which the usual address is tried.
    signal: new AbortController().signal,
  });
  const isFyers = apiUrl === FYERS_API_URL;
  const found = reply.kind === 'answered' ? socketUrlIn(reply.body, isFyers) : null;
  const url = found ?? (isFyers ? FYERS_TBT_URL : streamUrl(apiUrl, '/versova'));
  return { url, headers: { Authorization: authorization }, isNamed: found !== null };
}

const AddressAnswer = z.object({ data: z.object({ socket_url: z.string() }) });

/** The token goes to this address, so it must be the broker's, or this machine's in a sandbox. */
function socketUrlIn(body: unknown, isFyers: boolean): string | null {
  const parsed = AddressAnswer.safeParse(body);
  const text = parsed.success ? parsed.data.data.socket_url : '';
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, hash } = new URL(text);
  if (hash !== '') return null;
  if (isFyers) return protocol === 'wss:' && hostname.endsWith('.fyers.in') ? text : null;
  return protocol === 'ws:' && hostname === '127.0.0.1' ? text : null;
}

function streamUrl(apiUrl: string, path: string): string {
  return `${apiUrl.replace(/^http/, 'ws')}${path}`;
}
