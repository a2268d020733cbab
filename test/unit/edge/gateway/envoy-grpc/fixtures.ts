import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { fromCheckRequest } from '../../../../../src/edge/gateway/envoy-grpc/request.ts';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/envoy', import.meta.url));

/** The decoded message that was recorded beside each fixture, as far as Tollgate reads it. Absent fields are at their default. */
export interface RecordedCheck {
  readonly attributes: {
    readonly source?: { readonly address?: { readonly socketAddress?: { readonly address?: string } } };
    readonly request: {
      readonly time: { readonly seconds: number; readonly nanos?: number };
      readonly http: {
        readonly id?: string;
        readonly method?: string;
        readonly path?: string;
        readonly host?: string;
        readonly headers?: Readonly<Record<string, string>>;
        readonly headerMap?: {
          readonly headers: readonly { readonly key: string; readonly rawValue?: string }[];
        };
      };
    };
    readonly contextExtensions?: Readonly<Record<string, string>>;
  };
}

export const FIXTURES: readonly string[] = globSync('*.bin', { cwd: FOLDER })
  .map((file) => basename(file, '.bin'))
  .sort();

export function readBytes(name: string): Buffer {
  return readFileSync(join(FOLDER, `${name}.bin`));
}

export function readRecorded(name: string): RecordedCheck {
  const file = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as { check: RecordedCheck };
  return file.check;
}

export function readRequest(name: string): AuthzRequest {
  return fromCheckRequest(readBytes(name));
}
