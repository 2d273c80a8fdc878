// Starts a function as Lambda's runtime does: imports the module, reports that it is ready, and
// invokes it once. Argument: the module. Reports go to descriptor 3, a line each. Plain JavaScript,
// so that no time is spent on stripping types.
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , file = ''] = process.argv;
const { handler } = await import(pathToFileURL(file).href);
writeSync(3, 'ready\n');
const answer = await handler({}, { getRemainingTimeInMillis: () => 60_000 });
writeSync(3, `${JSON.stringify(answer)}\n`);
process.exit();
