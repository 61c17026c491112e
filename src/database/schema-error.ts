import type { SchemaState } from './migrations.ts';

/** The database's schema is not the one that this version works with. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly state: SchemaState;

  constructor(state: SchemaState) {
    super(
      state === 'ahead'
        ? 'The database schema is newer than this version of pairwise-proxy; run the newer version.'
        : 'The database schema is not up to date; run `pairwise-proxy migrate up` first.',
    );
    this.state = state;
  }
}
