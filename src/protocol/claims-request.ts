import { Refusal } from '../errors.ts';

/** What the proxy takes from a `claims` request (OpenID Connect Core 5.5). */
export interface ClaimsRequest {
  /** `auth_time` is asked for in the ID token. */
  readonly authTime: boolean;
  /** The subjects that are asked for; undefined: none. */
  readonly subjects: readonly string[] | undefined;
}

/**
 * Reads a `claims` parameter. Which personal claims leave is for the release
 * policy alone, so all but `sub` and `auth_time` is left aside.
 */
export function readClaimsRequest(claims: string | undefined): ClaimsRequest {
  if (claims === undefined) return { authTime: false, subjects: undefined };
  const request = parsed(claims);
  const idToken = memberOf(request, 'id_token');
  const asked = [idToken, memberOf(request, 'userinfo')].flatMap((part) =>
    part === undefined || !Object.hasOwn(part, 'sub') ? [] : (subjectsOf(part['sub']) ?? []),
  );
  const named = [idToken, memberOf(request, 'userinfo')].some(
    (part) => part !== undefined && subjectsOf(part['sub']) !== undefined,
  );
  return {
    authTime: idToken !== undefined && Object.hasOwn(idToken, 'auth_time'),
    subjects: named ? asked : undefined,
  };
}

/** The values of a request for `sub`; undefined where it names none (`null`, or only `essential`). */
function subjectsOf(sub: unknown): readonly string[] | undefined {
  if (!isObject(sub)) return undefined;
  const values = [
    ...(Object.hasOwn(sub, 'value') ? [sub['value']] : []),
    ...(Array.isArray(sub['values']) ? (sub['values'] as unknown[]) : []),
  ];
  if (values.length === 0) return undefined;
  return values.filter((value) => typeof value === 'string');
}

function parsed(claims: string): Record<string, unknown> {
  let request: unknown;
  try {
    request = JSON.parse(claims);
  } catch {
    throw new Refusal('request_malformed', 'claims is not JSON');
  }
  if (!isObject(request)) throw new Refusal('request_malformed', 'claims is not an object');
  return request;
}

function memberOf(
  request: Readonly<Record<string, unknown>>,
  name: string,
): Record<string, unknown> | undefined {
  const part = request[name];
  return isObject(part) ? part : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
