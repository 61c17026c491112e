/** Everything that the audit log tells of: its name there, and what it says. */
export const AUDIT_ACTS = {
  'vendor.created': 'A vendor was added.',
  'vendor.updated': 'Members of a vendor were changed; `fields` names them.',
  'vendor.deleted': 'A vendor was removed.',
  'client.created': 'A client was added, in its first phase.',
  'client.updated': 'Members of a client were changed; `fields` names them.',
  'client.deleted': 'A client was removed with its recorded phases.',
  'client.bypass_accepted': 'An operator accepted that a client can go round the proxy.',
  'client.sector_changed': 'A client moved to another sector, which changes the `sub` of `users`.',
  'client.sessions_ended': 'The tokens that a client had were ended; its phase stayed.',
  'phase.set': 'A client was put into a phase.',
  'phase.rolled_back': 'A client was put back into a recorded phase.',
  'key.created': 'A signing key was made; it is published, and signs later.',
  'key.activated': 'A signing key signs from now on.',
  'key.retired': 'A signing key signs no more; it is published for a while.',
  'key.forgotten': 'A retired signing key was removed.',
  'master_key.rewrapped': 'The roots were wrapped anew by the present `MASTER_KEY`.',
  'subject.looked_up': 'An operator asked for the local subject behind a pseudonym.',
  'grant.revoked': 'A grant was ended, with everything that it had yielded.',
} as const satisfies Readonly<Record<string, string>>;

export type AuditAct = keyof typeof AUDIT_ACTS;
