/** Where `path` of this server is: relative, so that it may live under a prefix. */
export const address = (path: string): URL => new URL(path, document.baseURI);
