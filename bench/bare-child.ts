// Does the minimum that any collector must do: `node bare-child.ts API_URL CONTROL_URL START
// APP:TOKEN SYMBOLS CLOSE`. It creates the same clients and requests the same books on the same
// virtual clock; the books are parsed and discarded.
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import got from 'got';
import { SECOND, parseInstant } from '../core/time.ts';

const [apiUrl = '', controlUrl = '', start = '', authorization = '', symbols = '', close = ''] =
  process.argv.slice(2);
const clients = [CloudWatchClient, S3Client, SSMClient].map(
  (Client) => new Client({ region: 'ap-south-1' }),
);
let books = 0;
for (let slot = parseInstant(start) as number; slot < parseInstant(close); slot += 5 * SECOND) {
  await got.post(`${controlUrl}/clock`, { json: { now: slot } });
  const answers = await Promise.all(
    symbols.split(',').map((symbol) =>
      got(`${apiUrl}/data/depth`, {
        searchParams: { symbol, ohlcv_flag: '1' },
        headers: { authorization, 'user-agent': 'bare' },
      }).json(),
    ),
  );
  books += answers.length;
}
for (const client of clients) client.destroy();
process.stdout.write(`${String(books)}\n`);
