import type { Field } from '../fields.ts';

/** The members of a client that have an input of their own; `members` takes all others, as JSON. */
const CLIENT_FIELDS: readonly Field[] = [
  {
    ...{ name: 'client_id', label: 'client_id', kind: 'text', required: true },
    ...{ only: 'creation', hint: 'Unique across vendors; it stays.' },
  },
  { name: 'client_name', label: 'Name', kind: 'text' },
  { name: 'redirect_uris', label: 'Redirect URIs', kind: 'lines', hint: 'One a line.' },
  {
    ...{ name: 'post_logout_redirect_uris', label: 'Redirect URIs after a logout' },
    ...{ kind: 'lines', hint: 'One a line.' },
  },
  {
    ...{ name: 'client_secret', label: 'Secret at the proxy', kind: 'secret' },
    hint: 'What the vendor uses. Empty where one is made, or the present one stays.',
  },
  { name: 'generate_secret', label: 'Make a random secret', kind: 'check', only: 'creation' },
  {
    ...{ name: 'upstream.client_id', label: 'client_id at the provider', kind: 'text' },
    hint: 'Empty: the vendor’s own credentials are passed on (forwarded).',
  },
  {
    ...{ name: 'upstream.client_secret', label: 'Secret at the provider', kind: 'secret' },
    hint: 'What the vendor never had.',
  },
  {
    ...{ name: 'token_endpoint_auth_method', label: 'How it authenticates', kind: 'select' },
    options: [
      '',
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'none',
    ],
  },
  { name: 'scope', label: 'Scopes that it may ask for', kind: 'text' },
  {
    ...{ name: 'release_claims', label: 'Personal claims that it gets', kind: 'lines' },
    hint: 'One a line: a claim (name), a claim under another name (name as display_name), or scope:profile.',
  },
  {
    ...{ name: 'subject_type', label: 'Subject type', kind: 'select' },
    ...{ options: ['', 'pairwise', 'public'], only: 'creation' },
  },
  {
    ...{ name: 'phase', label: 'First phase', kind: 'select', only: 'creation' },
    options: ['', 'public', 'shadow', 'pairwise'],
  },
  {
    ...{ name: 'accept_bypass', label: 'Accept that it can go round the proxy', kind: 'check' },
    hint: 'Needed in the phase pairwise by a client that the provider would answer directly.',
  },
  { name: 'sector_identifier_uri', label: 'sector_identifier_uri', kind: 'text' },
  {
    ...{ name: 'id_token_signed_response_alg', label: 'Algorithm of its ID tokens' },
    ...{ kind: 'select', options: ['', 'RS256', 'ES256', 'PS256', 'EdDSA'] },
  },
  {
    ...{ name: 'front_channel', label: 'Front channel', kind: 'select' },
    options: ['', 'relay', 'callback'],
  },
  {
    ...{ name: 'continuity_days', label: 'Days for which an old subject goes on', kind: 'number' },
  },
  {
    ...{ name: 'members', label: 'Other members', kind: 'members' },
    hint: 'A JSON object, such as {"grant_types": ["authorization_code"]}; docs/clients.md lists them.',
  },
];

/** Those that a form shows. */
export function fieldsFor(form: 'creation' | 'change'): readonly Field[] {
  return CLIENT_FIELDS.filter(({ only }) => only === undefined || only === form);
}
