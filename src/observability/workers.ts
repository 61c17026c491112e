/** What one worker asks of all workers of its process group. */
export interface Workers {
  /** The metrics of all of them, as one. */
  metrics(): Promise<string>;
}
