// Reads from CloudTrail's event that a principal outside this stack read a secret, and writes the message to the operator.
import * as z from 'zod/mini';
import type { Message } from '../ports.ts';
import { type Instant, formatIst, parseInstant } from '../time.ts';

/** The reported part of CloudTrail's event (CloudTrail record contents): who, what, when and from where, never a value. */
export interface OutsideRead {
  /** The ARN of a principal, or the kind of one that has no ARN, such as `AWSService`. */
  readonly who: string;
  /** Such as `GetParameter`. */
  readonly call: string;
  /** The names in the request. */
  readonly what: readonly string[];
  readonly at: Instant;
  readonly from: string;
  readonly tool: string;
  /** AWS' error code if the read failed; null if the reader has the value. */
  readonly refused: string | null;
}

const MAX_TOOL_LENGTH = 60;

const text = z.optional(z.string());

const CloudTrailEvent = z.object({
  'detail-type': z.literal('AWS API Call via CloudTrail'),
  detail: z.object({
    eventName: z.string(),
    eventTime: z.iso.datetime(),
    userIdentity: z.object({ type: text, arn: text, invokedBy: text }),
    sourceIPAddress: text,
    userAgent: text,
    errorCode: text,
    requestParameters: z.nullish(
      z.object({ name: text, names: z.optional(z.array(z.string())), path: text, secretId: text }),
    ),
  }),
});

/** Null for an event of another kind. */
export function outsideReadIn(event: unknown): OutsideRead | null {
  const parsed = CloudTrailEvent.safeParse(event);
  if (!parsed.success) return null;
  const { detail } = parsed.data;
  const { userIdentity: by, requestParameters: asked } = detail;
  const what = [asked?.name, ...(asked?.names ?? []), asked?.secretId, asked?.path];
  return {
    who: by.arn ?? by.invokedBy ?? by.type ?? 'an unnamed principal',
    call: detail.eventName,
    what: what.filter((name) => name !== undefined),
    at: parseInstant(detail.eventTime),
    from: detail.sourceIPAddress ?? 'an unknown address',
    // The caller chooses this text, so keep only its first word.
    tool: detail.userAgent?.split(' ', 1)[0]?.slice(0, MAX_TOOL_LENGTH) ?? 'an unknown tool',
    refused: detail.errorCode ?? null,
  };
}

export function outsideReadMessage(read: OutsideRead): Message {
  const { who, call, what, at, from, tool, refused } = read;
  const did = refused === null ? 'read' : `tried to read, and was refused (${refused}):`;
  return {
    subject:
      refused === null
        ? 'A Fyers secret was read from outside this stack'
        : 'A read of a Fyers secret from outside this stack was refused',
    text: [
      `${who} ${did} ${what.join(', ')}, with ${call}, on ${formatIst(at)}, from ${from} (${tool}).`,
      '',
      'The principal is neither a role of this stack nor one of `readers`. Your own commands cause such a message, for example `pulumi up`, `pulumi refresh` and `./fyers tokens --use-ssm`: if this was you, there is nothing to do.',
      '',
      'If not: remove the rights or the keys of that principal at https://console.aws.amazon.com/iam/, then replace the secrets that it read. App secret: https://myapi.fyers.in/dashboard and `pulumi config set --secret secretKey`. PIN: at Fyers and `pulumi config set --secret pin`. Then run `pulumi up`. A token ends at 06:00 IST by itself.',
    ].join('\n'),
  };
}
