// Lists the differences that two runs with different secrets on the real engine may have, each with its reason.
import type { ExpectedDifference } from '../scenarios/expected-differences.ts';

export const ENGINE_DIFFERENCES: readonly ExpectedDifference[] = [
  {
    pattern: /^\{.*"severity":"debug"\}\}$/gm,
    reason:
      'Pulumi’s SDK tells in debug messages what it registers, secrets in clear; `--json` prints them, as `--debug` does.',
  },
  {
    pattern:
      /(?<=\\?"ciphertext\\?": ?\\?"|\bsecure: |"secure":"|"salt": ?"|encryptionsalt: )[\w+/=:]+/g,
    reason: 'What is encrypted, and the salt of its key.',
  },
  {
    pattern: /(?<=fingerprint\\*": ?\\*"|fingerprint: "(?:[0-9a-f]{8}" => ")?)[0-9a-f]{8}(?=\\*")/g,
    reason: 'A token is shown on purpose by eight hex digits of its SHA-256: people compare them.',
  },
  {
    pattern: /(?<=FyersTokenRefresh,\$LATEST,)[0-9a-f]{32}/g,
    reason:
      'The MD5 of the tokens that were handed over, which the AWS provider makes the id of an invocation; never of a PIN.',
  },
  {
    pattern: /(?<=\b(?:undelivered|fyers-[a-z]+(?:-[a-z]+)*)-)[0-9a-f]{7}\b/g,
    reason: 'What Pulumi appends at random to a name that may be any.',
  },
  {
    pattern: /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g,
    reason: 'Ids that are random: of providers, versions and subscriptions.',
  },
  {
    pattern: /(?<=\b[a-z]+(?:-[a-z]+)*-)(?:[0-9a-f]{17}|[0-9a-f]{8})\b/g,
    reason: 'Ids that EC2 gives at random: instances, networks and what belongs to them.',
  },
  {
    pattern: /(?<=secret:FYERS_PIN-)\w{6}\b/g,
    reason: 'What Secrets Manager appends at random to the name of a secret.',
  },
  {
    pattern: /\b\w+(?=\.lambda-url\.)|(?<="?urlId *"?: ?")\w+/g,
    reason: 'The address of a function, which is random.',
  },
  {
    pattern: /(?<=127\.0\.0\.1:)\d+/g,
    reason: 'The ports of the stand-ins, which the system chooses.',
  },
  { pattern: /(?<=\/fyers-life-)\w{6}/g, reason: 'A temporary folder, which the system names.' },
  {
    pattern: /\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| \+0000 UTC|[+-]\d\d:?\d\d)?/g,
    reason: 'Times, as they are written for people and for the state.',
  },
  {
    pattern:
      /(?<="(?:timestamp|sequence|durationSeconds|startTime|endTime)": ?|Duration: |\bdev[-.])\d+/g,
    reason: 'Times, durations and numbers of the engine’s events and of its files.',
  },
  {
    pattern: /(?<="md5":")[\w+/=]+/g,
    reason: 'Sums of the backend’s files, which hold what is masked here.',
  },
  {
    pattern: /\b10\.0(?:\.\d+){2}\b|(?<="?publicIp *"?: ?")[\d.]+/g,
    reason: 'The addresses that EC2 gives.',
  },
  { pattern: /\bAROA\w{17}/g, reason: 'Ids that IAM gives roles at random.' },
  {
    pattern: /(?<=\b(?:in|out)put *"?: ?")[0-9a-f]{64}(?=")/g,
    reason: 'The sum of the instance’s plan, in which the bucket has its random name.',
  },
  { pattern: /(?<=Last updated: )[^(\n]+/g, reason: 'How long ago the stack was updated.' },
  {
    pattern: /^ *[│├└][│├└─ ]*/gmu,
    reason: 'The branches of the drawn tree: which resource is the last of its parent is chance.',
  },
];

export function maskEngineDifferences(text: string): string {
  return ENGINE_DIFFERENCES.reduce(
    (clean, { pattern }) => clean.replaceAll(pattern, '[masked]'),
    text,
  );
}
