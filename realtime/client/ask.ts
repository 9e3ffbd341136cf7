/** Asks the server, as who is signed in, for what it says as JSON. */
export const askAsJson = (address: string): Promise<Response> =>
  fetch(address, { headers: { Accept: "application/json" }, credentials: "same-origin" });
