import { Refusal } from '../errors.ts';
import { isObject } from '../tokens/json-object.ts';
import type { Members } from '../tokens/json-object.ts';

/** Each of them is looked for in the database. */
const MOST_SUBJECTS = 20;

/** What the proxy takes from a `claims` request (OpenID Connect Core 5.5). */
export interface ClaimsRequest {
  /** `auth_time` is asked for in the ID token. */
  readonly authTime: boolean;
  /** For each part that asks for a subject, those that would do; one of each must log in. */
  readonly subjects: readonly (readonly string[])[];
}

/**
 * Reads a `claims` parameter. Which personal claims leave is for the release
 * policy alone, so all but `sub` and `auth_time` is left aside.
 */
export function readClaimsRequest(claims: string | undefined): ClaimsRequest {
  if (claims === undefined) return { authTime: false, subjects: [] };
  const request = parsed(claims);
  const idToken = memberOf(request, 'id_token');
  const asked = [idToken, memberOf(request, 'userinfo')].flatMap((part) => {
    const subjects = part === undefined ? undefined : subjectsOf(part['sub']);
    return subjects === undefined ? [] : [subjects];
  });
  if (asked.flat().length > MOST_SUBJECTS) {
    throw new Refusal('request_malformed', `claims names more than ${MOST_SUBJECTS} subjects`);
  }
  return {
    authTime: idToken !== undefined && Object.hasOwn(idToken, 'auth_time'),
    subjects: asked,
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

function parsed(claims: string): Members {
  let request: unknown;
  try {
    request = JSON.parse(claims);
  } catch {
    throw new Refusal('request_malformed', 'claims is not JSON');
  }
  if (!isObject(request)) throw new Refusal('request_malformed', 'claims is not an object');
  return request;
}

function memberOf(request: Members, name: string): Members | undefined {
  const part = request[name];
  return isObject(part) ? part : undefined;
}
