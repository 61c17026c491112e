/** What the upstream knows of a user beside the identifiers; none of it holds the local subject. */
export const TELLTALE = {
  nickname: 'Ally-of-the-Archers',
  website: 'https://archers.example/ally-7',
  profile: 'https://social.example/ally-7',
  updated_at: 1_577_836_813,
  payment: 'a statement of the bank',
  _claim_names: { payment: 'bank', shipping: 'bank' },
  _claim_sources: {
    bank: { endpoint: 'https://bank.example/claims', access_token: 'bank-secret' },
  },
};
