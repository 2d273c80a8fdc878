// Runs a proxy in front of the emulator, which records requests and answers those for which the emulator differs from
// AWS.
import { serveReplies } from './loopback.ts';

export interface FrontRequest {
  readonly path: string;
  readonly body: string;
}

interface FrontAnswer {
  readonly status: number;
  readonly body: string;
}

export interface AwsFront extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly FrontRequest[];
}

/** Of the headers that are the connection's own, not the request's. */
const HOP = new Set(['host', 'connection', 'content-length', 'expect', 'transfer-encoding']);

/** @param answer null hands the request on */
export async function awsFront(
  endpoint: string,
  answer: (request: FrontRequest) => FrontAnswer | null = () => null,
): Promise<AwsFront> {
  const requests: FrontRequest[] = [];
  const listening = await serveReplies(async (incoming, body) => {
    const request = { path: incoming.url ?? '/', body };
    requests.push(request);
    const own = answer(request);
    if (own !== null) return own;
    const headers = Object.entries(incoming.headers).flatMap(([name, value]) =>
      HOP.has(name) || value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const method = incoming.method ?? 'POST';
    const reply = await fetch(`${endpoint}${request.path}`, {
      method,
      headers,
      ...(method === 'GET' ? {} : { body }),
    });
    const type = reply.headers.get('content-type') ?? 'text/xml';
    const fault = reply.headers.get('x-amzn-errortype');
    return {
      status: reply.status,
      headers: { 'content-type': type, ...(fault && { 'x-amzn-errortype': fault }) },
      body: await reply.text(),
    };
  });
  return { ...listening, requests };
}
