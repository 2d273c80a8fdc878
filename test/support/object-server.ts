// As much of S3 as is used here: conditional put, head, get.
import { once } from 'node:events';
import { type IncomingHttpHeaders, createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface ObjectServer extends AsyncDisposable {
  /** For every client. */
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  /** By `/bucket/key`. */
  readonly objects: Map<string, { readonly body: Buffer; readonly headers: IncomingHttpHeaders }>;
}

/** @param refused everything is answered `AccessDenied` */
export async function startObjectServer(refused = false): Promise<ObjectServer> {
  const objects: ObjectServer['objects'] = new Map();
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const key = new URL(request.url ?? '/', 'http://s3').pathname;
      const kept = objects.get(key);
      if (refused) {
        response
          .writeHead(403)
          .end(
            '<Error><Code>AccessDenied</Code><Message>not authorized to perform: s3:PutObject</Message></Error>',
          );
      } else if (request.method === 'PUT') {
        if (kept !== undefined && request.headers['if-none-match'] === '*') {
          response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
          return;
        }
        objects.set(key, { body, headers: request.headers });
        response.writeHead(200).end();
      } else if (kept === undefined) response.writeHead(404).end();
      else {
        const sha256 = kept.headers['x-amz-meta-sha256'] ?? '';
        response.writeHead(200, { 'x-amz-meta-sha256': sha256 });
        response.end(request.method === 'HEAD' ? undefined : kept.body);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    aws: {
      endpoint: `http://127.0.0.1:${String(address.port)}`,
      region: 'ap-south-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    objects,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
