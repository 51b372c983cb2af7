/** The token of an `Authorization: Bearer` header. Undefined without a header, or for one that carries no bearer token. */
export const readBearer = (header: string | null): string | undefined => /^Bearer +([^\s,]+)$/i.exec(header ?? '')?.[1]
