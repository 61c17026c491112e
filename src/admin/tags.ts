/** The parts of the API, and what each is about. */
export const TAGS = {
  vendors: 'The organisations that own clients, and what they register clients with.',
  clients: 'The OAuth clients of the vendors.',
  rollout: 'Which subject the users of a client get.',
  subjects: 'The users behind the pseudonyms. Every question is recorded.',
  sectors: 'Which clients know a user by the same subject.',
  salts: 'What first pseudonyms are derived from.',
  keys: 'The keys that sign, and the key that wraps.',
  activity: 'What happens, in numbers, and which sectors there are.',
  audit: 'What was done, by whom, and whether that is true.',
  process: 'The running replica that is asked.',
  tokens: 'Who may use this API.',
} as const;
