/** An address with more parameters; its own query stays in front, to the letter. */
export function appendedQuery(
  address: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const location = new URL(address);
  const own = location.search === '' ? '' : `${location.search}&`;
  location.search = own + new URLSearchParams({ ...parameters }).toString();
  return location.href;
}
