// Serves the part of S3 that the harvester uses (conditional put, head, get), on real sockets, with objects in memory.
import { type IncomingHttpHeaders, createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { listenOnLoopback } from './loopback.ts';

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** By path: `/bucket/key`. */
  readonly objects: ReadonlyMap<
    string,
    { readonly body: Buffer; readonly headers: IncomingHttpHeaders }
  >;
  /** Changes the content of an object, which the bucket of a stack does not allow; null removes it. */
  replace(key: string, body: Buffer | null): void;
  /** The lines of the day's pieces in their order, without headers. */
  lines(log: 'day' | 'events'): readonly string[];
}

/** How a call ends. hang: without an answer, before anything is done · skewed: 403, because of the caller's clock. */
export type Fate = 'answer' | 'refuse' | 'skewed' | 'hang';

/** @param fateOf of each call · @param stored is called when a put has stored, before its answer */
export async function startS3(
  fateOf: (method: string, key: string) => Fate = () => 'answer',
  stored: (key: string) => void = () => undefined,
): Promise<S3Server> {
  const objects = new Map<
    string,
    { readonly body: Buffer; readonly headers: IncomingHttpHeaders }
  >();
  const server = createServer((request, response) => {
    buffer(request).then(
      (body) => {
        const key = new URL(request.url ?? '/', 'http://s3').pathname;
        const kept = objects.get(key);
        const fate = fateOf(request.method ?? '', key);
        if (fate === 'hang') return;
        if (fate === 'refuse') response.writeHead(403).end(DENIED);
        else if (fate === 'skewed') response.writeHead(403).end(SKEWED);
        else if (request.method === 'PUT') {
          if (kept !== undefined && request.headers['if-none-match'] === '*') {
            response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
            return;
          }
          objects.set(key, { body, headers: request.headers });
          stored(key);
          response.writeHead(200).end();
        } else if (kept === undefined) response.writeHead(404).end();
        else {
          const sha256 = kept.headers['x-amz-meta-sha256'];
          response.writeHead(200, {
            'content-length': String(kept.body.length),
            ...(sha256 === undefined ? {} : { 'x-amz-meta-sha256': sha256 }),
          });
          response.end(request.method === 'HEAD' ? undefined : kept.body);
        }
      },
      // Its sender was killed within the body.
      () => response.destroy(),
    );
  });
  const { url, ...listening } = await listenOnLoopback(server);
  return {
    ...listening,
    endpoint: url,
    objects,
    replace(key, body) {
      const kept = objects.get(key);
      if (kept === undefined) throw new Error(`there is no ${key}`);
      if (body === null) objects.delete(key);
      else objects.set(key, { ...kept, body });
    },
    lines: (log) =>
      [...objects.keys()]
        .filter((key) => key.includes(`/${log}-`))
        .toSorted()
        .flatMap((key) =>
          gunzipSync(objects.get(key)?.body ?? '')
            .toString('utf8')
            .split('\n'),
        )
        .filter((line) => line !== '' && !line.startsWith('timestamp,')),
  };
}

const SKEWED =
  '<Error><Code>RequestTimeTooSkewed</Code><Message>the clocks differ too much</Message></Error>';
const DENIED =
  '<Error><Code>AccessDenied</Code><Message>not authorized to perform: s3:PutObject</Message></Error>';
