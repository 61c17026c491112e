import { z } from 'zod';

import { RELEASABLE_SCOPES, readReleaseEntry, releasedNames } from '../tokens/released-names.ts';

/** Claims that the protocol itself sets; none of them is anybody's to release. */
const PROTOCOL_CLAIMS: ReadonlySet<string> = new Set(
  (
    'iss sub aud exp nbf iat jti azp nonce auth_time sid at_hash c_hash s_hash act may_act cnf ' +
    'events client_id scope _claim_names _claim_sources authorization_details'
  ).split(' '),
);

const FORMS = 'name a claim (name, name as display_name) or a scope (scope:profile)';

const releaseEntry = z.string().superRefine((value, context) => {
  const refuse = (wrong: string, right: string): void =>
    context.addIssue({ code: 'custom', message: wrong, params: { right } });
  const entry = /^[\x20-\x7e]{1,200}$/.test(value) ? readReleaseEntry(value) : undefined;
  if (entry === undefined) refuse('is not an entry of a release policy', FORMS);
  else if (entry.kind === 'scope') {
    if (RELEASABLE_SCOPES.includes(entry.scope)) return;
    const scopes = RELEASABLE_SCOPES.map((scope) => `scope:${scope}`).join(', ');
    refuse(`"${value}" releases nothing`, `use ${scopes}, or name the claims themselves`);
  } else {
    const own = [entry.claim, entry.as].find((name) => PROTOCOL_CLAIMS.has(name));
    if (own !== undefined) refuse(`"${own}" is set by the protocol`, 'leave it out');
  }
});

/** Personal claims that a pairwise client gets; no two of them under one name. */
export const releasePolicy = z.array(releaseEntry).superRefine((values, context) => {
  const refuse = (name: string): void =>
    context.addIssue({
      code: 'custom',
      message: `names "${name}" twice`,
      params: { right: 'name it once' },
    });
  const twice = values.find((value, position) => values.indexOf(value) !== position);
  if (twice !== undefined) return refuse(twice);
  const sources = values.flatMap((value) => {
    const entry = readReleaseEntry(value);
    return entry?.kind === 'claim' ? [entry.claim] : [];
  });
  const targets = [...releasedNames(values).values()];
  for (const names of [sources, targets]) {
    const again = names.find((name, position) => names.indexOf(name) !== position);
    if (again !== undefined) return refuse(again);
  }
});

/** A mail domain in lower case, as in `relay.example`. */
export const relayEmailDomain = z.string().superRefine((value, context) => {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  if (value.length <= 190 && new RegExp(`^${label}(?:\\.${label})+$`).test(value)) return;
  const params = { right: 'write it in lower case, as in relay.example' };
  context.addIssue({ code: 'custom', message: 'is not a mail domain', params });
});

/** What a relay domain does not go together with. */
export function relayEmailProblems(entry: {
  readonly relay_email_domain?: string | undefined;
  readonly release_claims: readonly string[];
}): readonly { readonly member: string; readonly wrong: string; readonly right: string }[] {
  if (entry.relay_email_domain === undefined) return [];
  const names = [...releasedNames(entry.release_claims).values()];
  return names
    .filter((name) => /^email(_verified)?(#|$)/.test(name))
    .map((name) => ({
      member: 'relay_email_domain',
      wrong: 'goes together with no other e-mail address',
      right: `leave out "${name}" or relay_email_domain`,
    }));
}
