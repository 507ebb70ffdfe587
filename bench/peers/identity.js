// Who asks: the same token, checked for the same claims as Storycast does. Verified tokens are kept until they
// expire, as fast-jwt offers it; by the token itself, as its default of hashing each is slower.
import { createVerifier } from 'fast-jwt';

const env = process.env;
const verify = createVerifier({
  key: env.JWT_SECRET,
  algorithms: ['HS256'],
  allowedAud: env.JWT_AUDIENCE,
  allowedIss: env.JWT_ISSUER,
  requiredClaims: ['exp', 'sub', 'aud', 'iss'],
  cache: 10_000,
  cacheTTL: Infinity,
  cacheKeyBuilder: (token) => token,
});

/** The user's id, or null where the Authorization header proves none. */
export function identify(authorization) {
  if (!authorization?.startsWith('Bearer ')) return null;
  try {
    return verify(authorization.slice(7)).sub;
  } catch {
    return null;
  }
}
