// Converts the engine's wire values: plain JSON in which objects with a signature represent secrets, references and assets
// (github.com/pulumi/pulumi sdk/go/common/resource/properties.go and sig/sig.go).
import { asset } from '@pulumi/pulumi';

export type Props = Readonly<Record<string, unknown>>;

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const REFERENCE = '5cf8f73096256a8f31e491e813e4eb8e';
const ASSET = 'c44067f5952c0a294b673a41bacd8c17';
const ARCHIVE = '0def7320c3a5731c473e5ecbe6d01bc7';
/** What a preview sends for a value that only an update can know. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export function isProps(value: unknown): value is Props {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArchive(value: unknown): value is Props {
  return isProps(value) && value[SIGNATURE] === ARCHIVE;
}

export function isAsset(value: unknown): value is Props {
  return isProps(value) && value[SIGNATURE] === ASSET;
}

function isSecret(value: Props): boolean {
  return value[SIGNATURE] === SECRET;
}

function hasSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  return isProps(value) && (isSecret(value) || Object.values(value).some(hasSecret));
}

export function hasUnknown(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  return value === UNKNOWN || (isProps(value) && Object.values(value).some(hasUnknown));
}

/** The value without markers: secrets in clear, references as ids. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isProps(value)) return value;
  if (isSecret(value)) return plain(value['value']);
  if (value[SIGNATURE] === REFERENCE) return value['id'];
  return plainProps(value);
}

/** An absent value and an undefined or null one are the same to the engine. */
export function plainProps(props: Props): Props {
  return Object.fromEntries(
    Object.entries(props)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key, plain(value)]),
  );
}

/** Marks the named properties as secret, for the engine to encrypt in its state. */
export function markSecrets(props: Props, names: ReadonlySet<string>): Props {
  return Object.fromEntries(
    Object.entries(props).map(([key, value]) => [
      key,
      names.has(key) && value !== undefined ? { [SIGNATURE]: SECRET, value } : value,
    ]),
  );
}

export function secretNames(props: Props): readonly string[] {
  return Object.keys(props).filter((key) => hasSecret(props[key]));
}

/** Without secrets, for people and files. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (!isProps(value)) return value;
  if (isSecret(value)) return '[secret]';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner)]));
}

/** The SDK's own asset objects, as its mock monitor hands them over, in the engine's form. */
export async function wired(value: unknown): Promise<unknown> {
  if (value instanceof asset.AssetArchive) {
    return { [SIGNATURE]: ARCHIVE, assets: await wired(await value.assets) };
  }
  if (value instanceof asset.StringAsset) return { [SIGNATURE]: ASSET, text: await value.text };
  if (value instanceof asset.FileAsset) return { [SIGNATURE]: ASSET, path: await value.path };
  if (Array.isArray(value)) return await Promise.all(value.map(wired));
  if (!isProps(value)) return value;
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await wired(inner)]);
  return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
}
